//! What broke, as pages show it: the cause, the failing container's last lines, the technical words.

/// A failure as a page shows it.
pub(crate) struct FailureText {
    pub(crate) sentence: String,
    pub(crate) technical: String,
    pub(crate) object: String,
    pub(crate) log: Vec<LogLine>,
}

/// A line of a log, and whether it looks like the cause.
pub(crate) struct LogLine {
    pub(crate) text: String,
    pub(crate) marked: bool,
}

impl FailureText {
    /// What a report says.
    pub(crate) fn of(report: &model::FailureReport) -> Self {
        const SIGNS: [&str; 7] = ["error", "exception", "fatal", "panic", "traceback", "killed", "cannot"];
        let marked = |line: &str| {
            let line = line.to_lowercase();
            SIGNS.iter().any(|sign| line.contains(sign))
        };
        Self {
            sentence: report.sentence.clone(),
            technical: report.technical.clone(),
            object: report.object.clone(),
            log: report.log.iter().map(|text| LogLine { text: text.clone(), marked: marked(text) }).collect(),
        }
    }
}
