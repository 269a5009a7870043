//! What stands around every page.

use control::Part;

use super::Shape;
use crate::app::App;
use crate::session::Viewer;

/// What stands around every page.
pub(crate) struct Frame {
    pub title: String,
    pub icon: String,
    pub style: String,
    pub script: String,
    pub person: Option<String>,
    pub tab: Tab,
    /// Where the page itself is read again; empty when it does not change by itself.
    pub live: String,
    /// One sentence that is read out when it changes.
    pub said: String,
    /// The text in the search field.
    pub search: String,
    /// The tool's own parts, when this page knows them.
    pub parts: Vec<Part>,
    /// Whether the demo's buttons are shown.
    pub demo: bool,
    pub version: &'static str,
    pub shapes: [Shape; 9],
}

/// Which of the main pages it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Builds,
    Activity,
    None,
}

impl Frame {
    /// Around a page whose state has this shape.
    pub(crate) fn new(app: &App, viewer: Option<&Viewer>, tab: Tab, shape: Shape, title: &str) -> Self {
        let person = viewer.and_then(|viewer| viewer.person.as_ref());
        Self {
            title: format!("{title} – Pinnace"),
            icon: app.assets.path(shape.icon_name()).to_owned(),
            style: app.assets.path("page.css").to_owned(),
            script: app.assets.path("page.js").to_owned(),
            person: person.map(ToString::to_string),
            tab,
            live: String::new(),
            said: String::new(),
            search: String::new(),
            parts: Vec::new(),
            demo: app.demo_desk.is_some(),
            version: env!("CARGO_PKG_VERSION"),
            shapes: Shape::ALL,
        }
    }

    /// It is read again from this path whenever something changes, and this sentence is read out when it differs.
    pub(crate) fn live(mut self, path: impl Into<String>, said: impl Into<String>) -> Self {
        self.live = path.into();
        self.said = said.into();
        self
    }

    /// Whether it belongs to this main page.
    pub(crate) fn on(&self, tab: &str) -> bool {
        matches!((self.tab, tab), (Tab::Overview, "overview") | (Tab::Builds, "builds") | (Tab::Activity, "activity"))
    }

    /// The first letter of who is signed in.
    pub(crate) fn initial(&self) -> String {
        let first = self.person.as_ref().and_then(|person| person.chars().next());
        first.map(|letter| letter.to_uppercase().to_string()).unwrap_or_default()
    }

    /// Parts that are not well.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.trouble.is_some())
    }
}
