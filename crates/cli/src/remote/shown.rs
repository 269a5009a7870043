//! What the API says, as people read it at a terminal.

mod app;
mod fleet;

use std::fmt::Write as _;

use serde::Deserialize;

use app::{AppShown, NeedShown};
pub(crate) use fleet::FleetShown;

/// A list, and what to ask for to see what follows.
#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<i64>,
}

/// A pin.
#[derive(Debug, Deserialize)]
pub(crate) struct PinShown {
    pub(crate) number: u64,
    pub(crate) instance: String,
    pub(crate) stage: String,
    pub(crate) ended: bool,
    pub(crate) headline: String,
    pub(crate) sentence: String,
    pub(crate) since: String,
    from: Option<ImageShown>,
    to: ImageShown,
    chart: Option<ChartShown>,
    failure: Option<FailureShown>,
    /// Names what people are asked.
    pub(crate) shown: Option<String>,
    #[serde(default)]
    pub(crate) steps: Vec<StepShown>,
    proposal: Option<ProposalShown>,
}

#[derive(Debug, Deserialize)]
struct ImageShown {
    version: String,
}

/// A chart's version that is pinned, with the image or alone.
#[derive(Debug, Deserialize)]
struct ChartShown {
    name: String,
    version: String,
    alone: bool,
    from: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FailureShown {
    technical: String,
    log: Vec<String>,
}

/// A step of a pin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct StepShown {
    name: String,
    state: String,
    at: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ProposalShown {
    git_diff: String,
    rendered_diff: String,
    commits: Vec<CommitShown>,
}

#[derive(Debug, Deserialize)]
struct CommitShown {
    commit: String,
    author: String,
    subject: String,
}

/// An instance.
#[derive(Debug, Deserialize)]
pub(crate) struct InstanceShown {
    pub(crate) instance: String,
    pub(crate) state: String,
    pub(crate) sentence: String,
    version: Option<ImageShown>,
    /// What is held back until a person confirms.
    #[serde(default)]
    pub(crate) held: Vec<String>,
    /// Names what is held.
    pub(crate) held_shown: Option<String>,
    #[serde(default)]
    apps: Vec<AppShown>,
    #[serde(default)]
    databases: Vec<NeedShown>,
}

/// A difference between desired and live.
#[derive(Debug, Deserialize)]
pub(crate) struct DriftShown {
    object: String,
    field: String,
    desired: String,
    live: String,
    by: String,
}

/// A build.
#[derive(Debug, Deserialize)]
pub(crate) struct BuildShown {
    build: i64,
    project: String,
    tag: Option<String>,
    digest: Option<String>,
    chart: Option<String>,
    state: String,
    why: Option<String>,
    received_at: String,
}

impl PinShown {
    /// From where to where.
    pub(crate) fn versions(&self) -> String {
        let from = self.from.as_ref().map_or("nothing", |from| from.version.as_str());
        let image = format!("{from} -> {}", self.to.version);
        let Some(chart) = &self.chart else { return image };
        let before = chart.from.as_deref().unwrap_or("nothing");
        let moved = format!("chart {} {before} -> {}", chart.name, chart.version);
        if chart.alone { moved } else { format!("{image}, {moved}") }
    }

    /// A line in a list.
    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            format!("#{}", self.number),
            self.instance.clone(),
            self.versions(),
            self.stage.clone(),
            self.since.clone(),
        ]
    }

    /// All of it.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("{}\n{}\n\n", self.headline, self.sentence);
        for step in &self.steps {
            let _ = writeln!(text, "  {}", step.line());
        }
        if let Some(failure) = &self.failure {
            let _ = writeln!(text, "\n{}", failure.technical);
            for line in &failure.log {
                let _ = writeln!(text, "  | {line}");
            }
        }
        if let Some(proposal) = &self.proposal {
            text.push_str(&proposal.whole());
        }
        secrets::clean_terminal(&text)
    }
}

impl ProposalShown {
    fn whole(&self) -> String {
        let mut text = String::new();
        if !self.commits.is_empty() {
            text.push_str("\ncommits that nobody deployed yet and that go along:\n");
        }
        for line in &self.commits {
            let _ = writeln!(text, "  {:.8}  {}  {}", line.commit, line.author, line.subject);
        }
        let _ = write!(text, "\ngit diff:\n{}\nrendered diff:\n{}", self.git_diff, self.rendered_diff);
        text
    }
}

impl StepShown {
    /// The step in a line, with its shape.
    pub(crate) fn line(&self) -> String {
        let shape = match self.state.as_str() {
            "done" => '✓',
            "now" => '●',
            "failed" => '✖',
            _ => '○',
        };
        let at = self.at.as_deref().map_or(String::new(), |at| format!("  {at}"));
        let detail = self.detail.as_deref().map_or(String::new(), |detail| format!("  {detail}"));
        secrets::clean_terminal(&format!("{shape} {}{at}{detail}", self.name))
    }

    /// Whether it was reached.
    pub(crate) fn reached(&self) -> bool {
        self.state == "done" || self.state == "failed"
    }
}

impl InstanceShown {
    /// Whether nobody has to look.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self.state.as_str(), "healthy" | "locked")
    }

    /// A line in a list.
    pub(crate) fn row(&self) -> Vec<String> {
        let version = self.version.as_ref().map_or("-", |version| version.version.as_str());
        let apps = self.apps.iter().map(AppShown::brief);
        let now = std::iter::once(self.sentence.clone()).chain(apps).collect::<Vec<_>>().join("; ");
        vec![self.state.clone(), self.instance.clone(), version.to_owned(), now]
    }

    /// How its Apps and databases stand, line by line; empty where it has none.
    pub(crate) fn apps(&self) -> String {
        let apps = self.apps.iter().map(AppShown::whole);
        apps.chain(self.databases.iter().map(|need| need.line() + "\n")).collect()
    }
}

impl DriftShown {
    /// A line.
    pub(crate) fn line(&self) -> String {
        let Self { object, field, desired, live, by } = self;
        secrets::clean_terminal(format!("  {object} {field}: desired {desired}, live {live} {by}").trim_end())
    }
}

impl BuildShown {
    /// A line in a list.
    pub(crate) fn row(&self) -> Vec<String> {
        let digest = self.digest.as_deref().unwrap_or("-");
        let state = self.why.as_deref().map_or(self.state.clone(), |why| format!("{}: {why}", self.state));
        let chart = self.chart.as_ref().map(|chart| format!("chart {chart}"));
        let version = self.tag.clone().into_iter().chain(chart).collect::<Vec<_>>().join(" with ");
        let tag = if version.is_empty() { "-".to_owned() } else { version };
        vec![
            self.build.to_string(),
            self.project.clone(),
            tag,
            digest.chars().take(19).collect(),
            self.received_at.clone(),
            state,
        ]
    }
}

/// Columns as wide as their widest entry, the last one as it comes.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.iter().map(|cell| secrets::clean_terminal(&cell.replace('\n', " "))).collect())
        .collect();
    let head: Vec<String> = head.iter().map(|&word| word.to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    std::iter::once(&head).chain(&rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_breaks_out_of_its_line() {
        let rows = vec![vec!["#1".to_owned(), "a\nb".to_owned()], vec!["#117".to_owned(), "\u{1b}[2Jc".to_owned()]];
        let shown = table(&["PIN", "WHAT"], rows);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert_eq!(lines[0], "PIN   WHAT");
        assert_eq!(lines[1], "#1    a b");
        assert!(!shown.contains('\u{1b}'));
    }
}
