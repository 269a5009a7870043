//! What is wrong in a `pinnace.yaml`, where, and what to do.

use std::fmt;

use serde_saphyr::Location;

/// All that is wrong with a `pinnace.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name as it was given.
    pub file: String,
    /// What is wrong, in the order of the file; at least one.
    pub problems: Vec<ConfigProblem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Line, counted from 1.
    pub line: u64,
    /// Column in characters, counted from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to do; empty where the message says it.
    pub help: String,
    /// The line of the file.
    pub snippet: String,
}

impl ConfigError {
    pub(super) fn new(file: &str, mut problems: Vec<ConfigProblem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup();
        Self { file: file.to_owned(), problems }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}:{}: {}", self.file, problem.line, problem.column, problem.message)?;
            if !problem.snippet.is_empty() {
                write!(f, "\n{}", pointed(problem))?;
            }
            if !problem.help.is_empty() {
                write!(f, "\n  help: {}", problem.help)?;
            }
        }
        Ok(())
    }
}

/// The line with a caret under the column, cropped so that neither a terminal nor a chat breaks it.
fn pointed(problem: &ConfigProblem) -> String {
    const WIDTH: usize = 120;
    let column = usize::try_from(problem.column.saturating_sub(1)).unwrap_or(0);
    let from = if column < WIDTH - 20 { 0 } else { column - 40 };
    let line: String = problem.snippet.chars().skip(from).take(WIDTH).collect();
    let line = printable(&line);
    let number = problem.line.to_string();
    let margin = " ".repeat(number.len());
    format!("  {number} | {}\n  {margin} | {}^", line.trim_end(), " ".repeat(column - from))
}

/// Without what a terminal would obey: the text may repeat what stands in the file.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl ConfigProblem {
    pub(super) fn at(text: &str, at: Location, message: impl Into<String>, help: impl Into<String>) -> Self {
        // Serde has no place for some errors (an empty file); the top of the file is then the best there is.
        let (line, column) = (at.line().max(1), at.column().max(1));
        let index = usize::try_from(line - 1).unwrap_or(usize::MAX);
        let snippet = text.lines().nth(index).unwrap_or_default().chars().take(2000).collect();
        Self { line, column, message: printable(&message.into()), help: printable(&help.into()), snippet }
    }
}
