//! How our own custom resources stand, as people are shown it.

use model::Timestamp;

/// What of an instance is of our own kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppsView {
    /// Its Apps.
    pub apps: Vec<AppView>,
    /// Databases and the like that it has beside them.
    pub databases: Vec<NeedView>,
    /// Why nothing newer can be seen, where that is so.
    pub unseen: Option<String>,
}

/// An App as it was seen last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppView {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How far it is; none where no operator has looked after it yet.
    pub phase: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether it runs as it should.
    pub ready: bool,
    /// Whether it can't go on by itself.
    pub stalled: bool,
    /// Why it is so, in one word for programs.
    pub reason: String,
    /// Why it is so, with what to do.
    pub message: String,
    /// The version that serves.
    pub version: Option<String>,
    /// The version that is on its way.
    pub to: Option<String>,
    /// Where people reach it.
    pub url: Option<String>,
    /// What says that it is left as it is: `spec.pause`, or an annotation.
    pub paused: Option<&'static str>,
    /// How its migration does, where it has migrations.
    pub migration: Option<MigrationView>,
    /// What runs once more what failed, ready to be copied.
    pub retry: Option<String>,
    /// The last lines of what is not well.
    pub lines: Vec<String>,
    /// What said them: `pod web-7c9, container web, the run before`.
    pub lines_of: String,
    /// What it needs.
    pub needs: Vec<NeedView>,
}

/// How the migration of a version does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationView {
    /// How far it is.
    pub state: MigrationState,
    /// The version that it belongs to.
    pub version: String,
    /// The beginning of its digest.
    pub digest: String,
    /// The version whose migration was done last, where it is another one.
    pub done_last: Option<String>,
}

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// It has not begun.
    Waits,
    /// It runs.
    Runs,
    /// It failed, or the backup before it.
    Failed,
    /// It is done.
    Done,
}

impl MigrationState {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Runs => "runs",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// What an App needs, or has: a database, a Redis, a virtual host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedView {
    /// `database`, `redis`, `rabbit`, or the kind of another object.
    pub what: String,
    /// Its name.
    pub name: String,
    /// The kind of server that it lies on.
    pub server: Option<String>,
    /// How it is.
    pub state: NeedState,
    /// Why it is not ready, with what to do.
    pub why: String,
    /// When it was backed up last.
    pub backed_up: Option<Timestamp>,
    /// What is to be said of the backup that is being made, or could not be made.
    pub backup: Option<String>,
    /// What it was filled from, where it was made anew, and what did not come back.
    pub restored: Option<String>,
}

/// How what is needed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedState {
    /// It takes connections.
    Ready,
    /// It is on its way.
    Waits,
    /// It can't go on by itself.
    Stalled,
    /// It can't be seen from here.
    Unseen,
    /// Nobody here looks after it.
    Elsewhere,
}

impl NeedState {
    /// In few words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waits => "not ready",
            Self::Stalled => "can't go on",
            Self::Unseen => "not seen",
            Self::Elsewhere => "looked after elsewhere",
        }
    }
}

impl AppView {
    /// Whether it runs, and no more is to be known: what is, stands in its message after what is usual.
    pub fn is_all_well(&self) -> bool {
        self.ready && !self.message.contains("; ")
    }

    /// How it is in one word: its phase, unless it is paused or nobody looked after it yet.
    pub fn word(&self) -> &str {
        match (&self.paused, &self.phase) {
            (Some(_), _) => "Paused",
            (None, Some(phase)) => phase,
            (None, None) => "Not taken up",
        }
    }

    /// Its versions, as in `1.4.2`, or `1.4.2 → 1.5.0` while another is on its way.
    pub fn versions(&self) -> String {
        match (&self.version, &self.to) {
            (Some(version), Some(to)) => format!("{version} → {to}"),
            (None, Some(to)) => format!("nothing → {to}"),
            (Some(version), None) => version.clone(),
            (None, None) => String::new(),
        }
    }

    /// Whether somebody has to act.
    pub fn is_in_error(&self) -> bool {
        self.stalled && self.paused.is_none()
    }

    /// In one line: `shop Ready 1.4.2`.
    pub fn line(&self) -> String {
        let line = format!("{} {} {}", self.name, self.word(), self.versions());
        line.trim_end().to_owned()
    }
}

impl AppsView {
    /// The App that people should look at first.
    pub fn worst(&self) -> Option<&AppView> {
        self.apps.iter().min_by_key(|app| (!app.is_in_error(), app.ready))
    }

    /// The same with every text that others wrote made fit to be shown.
    #[must_use]
    pub(crate) fn shown(mut self, clean: &dyn Fn(&str) -> String) -> Self {
        let every = |texts: &mut dyn Iterator<Item = &mut String>| texts.for_each(|text| *text = clean(text));
        for app in &mut self.apps {
            every(&mut [&mut app.reason, &mut app.message, &mut app.lines_of].into_iter());
            every(&mut app.phase.iter_mut().chain(&mut app.version).chain(&mut app.to).chain(&mut app.lines));
            app.url = app.url.take().map(|url| clean(&url)).filter(|url| secrets::safe_url(url).is_some());
            app.needs.iter_mut().for_each(|need| need.shown(clean));
        }
        self.databases.iter_mut().for_each(|need| need.shown(clean));
        every(&mut self.unseen.iter_mut());
        self
    }
}

impl NeedView {
    fn shown(&mut self, clean: &dyn Fn(&str) -> String) {
        self.why = clean(&self.why);
        let said = self.server.iter_mut().chain(&mut self.backup).chain(&mut self.restored);
        said.for_each(|text| *text = clean(text));
    }
}
