//! Times, and tables of them.

use std::fmt::Write as _;
use std::time::Duration;

/// Times of one thing that was done often.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Half of them were no longer.
    pub(crate) fn p50(&self) -> Option<Duration> {
        self.part(50)
    }

    /// All but one in a hundred were no longer; of less than a hundred, the longest.
    pub(crate) fn p99(&self) -> Option<Duration> {
        self.part(99)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn part(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied()
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

impl Extend<Duration> for Times {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, times: I) {
        self.0.extend(times);
    }
}

/// A table as Markdown has it.
#[derive(Debug)]
pub(crate) struct Table(String);

impl Table {
    /// An empty one.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let rule = vec!["---"; columns.len()].join("|");
        Self(format!("| {} |\n|{rule}|\n", columns.join(" | ")))
    }

    /// One line.
    pub(crate) fn row(&mut self, cells: &[String]) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    /// A line of times: what, how often, p50, p99, and what else there is to say.
    pub(crate) fn times(&mut self, what: &str, times: &Times, note: &str) {
        self.row(&[what.to_owned(), times.count().to_string(), ms(times.p50()), ms(times.p99()), note.to_owned()]);
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// Milliseconds, as people read them.
pub(crate) fn ms(time: Option<Duration>) -> String {
    let Some(time) = time else { return "none".to_owned() };
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// How many times as long.
pub(crate) fn ratio(ours: Option<Duration>, bare: Option<Duration>) -> String {
    match (ours, bare) {
        (Some(ours), Some(bare)) if !bare.is_zero() => format!("{:.1} x", ours.as_secs_f64() / bare.as_secs_f64()),
        _ => "none".to_owned(),
    }
}

/// `1.2 s`
pub(crate) fn secs(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_few_times_the_longest_is_the_99th_of_a_hundred() {
        let times: Times = (1..=10).map(Duration::from_millis).collect();
        assert_eq!((times.p50(), times.p99()), (Some(Duration::from_millis(5)), Some(Duration::from_millis(10))));
        let many: Times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!((many.p50(), many.p99()), (Some(Duration::from_millis(100)), Some(Duration::from_millis(198))));
        assert_eq!(Times::default().p99(), None);
    }
}
