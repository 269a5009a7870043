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
        Self {
            sentence: report.sentence.clone(),
            technical: report.technical.clone(),
            object: report.object.clone(),
            log: report.log.iter().map(|text| LogLine::of(text)).collect(),
        }
    }
}

impl LogLine {
    /// A line as it came.
    pub(crate) fn of(text: &str) -> Self {
        const SIGNS: [&str; 7] = ["error", "exception", "fatal", "panic", "traceback", "killed", "cannot"];
        let lower = text.to_lowercase();
        Self { text: text.to_owned(), marked: SIGNS.iter().any(|sign| lower.contains(sign)) }
    }
}
