//! Requests, counted by what they do.

use std::collections::BTreeMap;

use testkit::fleet::Request;

/// What the server asked of the cluster.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// All but watches.
    pub(super) all: usize,
    /// Those that write.
    pub(super) writes: usize,
    sorts: BTreeMap<String, usize>,
}

impl Counted {
    /// Counts them.
    pub(super) fn of(requests: &[Request]) -> Self {
        let mut counted = Self::default();
        for request in requests {
            counted.all += 1;
            counted.writes += usize::from(request.writes());
            *counted.sorts.entry(request.sort()).or_default() += 1;
        }
        counted
    }

    /// What they were, the most frequent first.
    pub(super) fn said(&self) -> String {
        let mut sorts: Vec<_> = self.sorts.iter().collect();
        sorts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let lines: Vec<String> = sorts.iter().take(12).map(|(sort, count)| format!("{count} {sort}")).collect();
        lines.join("; ")
    }
}

/// `10.3`: how many of them each has.
pub(super) fn each(all: usize, of: usize) -> String {
    let tenths = (all * 10).checked_div(of).unwrap_or_default();
    format!("{}.{}", tenths / 10, tenths % 10)
}
