//! An App, and what it needs, at a terminal.

use serde::Deserialize;

/// An App.
#[derive(Debug, Deserialize)]
pub(crate) struct AppShown {
    name: String,
    phase: Option<String>,
    since: Option<String>,
    ready: bool,
    message: String,
    version: Option<String>,
    to: Option<String>,
    url: Option<String>,
    paused: Option<String>,
    migration: Option<MigrationShown>,
    retry: Option<String>,
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    needs: Vec<NeedShown>,
}

#[derive(Debug, Deserialize)]
struct MigrationShown {
    state: String,
    version: String,
    done_last: Option<String>,
}

/// A database, or something else that is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct NeedShown {
    what: String,
    name: String,
    server: Option<String>,
    state: String,
    why: String,
    backed_up: Option<String>,
    backup: Option<String>,
    restored: Option<String>,
}

impl AppShown {
    /// `App Migrating 1.4.2 -> 1.5.0`
    pub(crate) fn brief(&self) -> String {
        format!("App {} {}", self.word(), self.versions()).trim_end().to_owned()
    }

    fn word(&self) -> &str {
        match (&self.paused, &self.phase) {
            (Some(_), _) => "Paused",
            (None, Some(phase)) => phase,
            (None, None) => "Not taken up",
        }
    }

    fn versions(&self) -> String {
        match (&self.version, &self.to) {
            (Some(version), Some(to)) => format!("{version} -> {to}"),
            (None, Some(to)) => format!("nothing -> {to}"),
            (version, None) => version.clone().unwrap_or_default(),
        }
    }

    /// All that is known of it.
    pub(crate) fn whole(&self) -> String {
        let since = self.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        let mut lines = vec![String::new(), format!("App {}: {}{since} {}", self.name, self.word(), self.versions())];
        // What is to be known though it runs stands after what is usual.
        if !self.ready || self.message.contains("; ") {
            lines.push(format!("  {}", self.message));
        }
        lines.extend(self.url.iter().map(|url| format!("  address: {url}")));
        lines.extend(self.migration.iter().map(MigrationShown::line));
        lines.extend(self.retry.iter().map(|retry| format!("  to run it once more: {retry}")));
        lines.extend(self.needs.iter().map(NeedShown::line));
        if !self.lines.is_empty() {
            lines.push("  last lines:".to_owned());
            lines.extend(self.lines.iter().map(|line| format!("    {line}")));
        }
        let lines = lines.iter().map(|line| secrets::clean_terminal(line.trim_end()));
        lines.chain([String::new()]).collect::<Vec<_>>().join("\n")
    }
}

impl MigrationShown {
    fn line(&self) -> String {
        let last = self.done_last.as_ref().map(|last| format!("; done last: {last}")).unwrap_or_default();
        format!("  migration of {}: {}{last}", self.version, self.state)
    }
}

impl NeedShown {
    /// `  database shop: ready, cluster, backed up 2026-07-15T14:02:11Z`
    pub(crate) fn line(&self) -> String {
        let Self { what, name, state, .. } = self;
        let backed_up = self.backed_up.as_ref().map(|at| format!("backed up {at}"));
        let backup = self.backup.as_ref().map(|backup| format!("backup: {backup}"));
        let said = [Some(state.clone()), self.server.clone(), backed_up, backup];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        let restored = self.restored.as_ref().map(|said| format!("\n    restored: {said}")).unwrap_or_default();
        secrets::clean_terminal(&format!("  {what} {name}: {said}{why}{restored}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_app_that_failed_says_why_what_to_do_and_what_it_needs() {
        let app: AppShown = serde_json::from_value(json!({
            "name": "shop", "phase": "Error", "since": "2026-07-15T14:02:11Z", "ready": false, "message": "the migration failed",
            "version": "1.4.2", "to": "1.5.0", "url": null, "paused": null,
            "migration": {"state": "failed", "version": "1.5.0", "done_last": "1.4.2"},
            "retry": "pinnace app retry --context prod -n shop shop", "lines": ["KeyError\u{1b}[2J"],
            "needs": [{"what": "database", "name": "shop", "server": "cluster", "state": "not ready", "why": "starts",
                       "backed_up": null, "backup": null, "restored": "it was filled from shop-1"}],
        }))
        .unwrap();
        assert_eq!(app.brief(), "App Error 1.4.2 -> 1.5.0");
        let wanted = "
App shop: Error since 2026-07-15T14:02:11Z 1.4.2 -> 1.5.0
  the migration failed
  migration of 1.5.0: failed; done last: 1.4.2
  to run it once more: pinnace app retry --context prod -n shop shop
  database shop: not ready, cluster: starts
    restored: it was filled from shop-1
  last lines:
    KeyError
";
        assert_eq!(app.whole(), wanted);
    }
}
