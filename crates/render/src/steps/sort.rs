//! Things that come after others, sorted into levels.

/// What a node comes after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    to: usize,
    /// Whether it is a level later, or may be on the same.
    later: bool,
}

impl Edge {
    /// It waits for the other.
    pub(super) fn after(to: usize) -> Self {
        Self { to, later: true }
    }

    /// It is not before the other.
    pub(super) fn with(to: usize) -> Self {
        Self { to, later: false }
    }
}

/// Who comes after whom.
pub(super) struct Graph(Vec<Vec<Edge>>);

impl Graph {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![Vec::new(); nodes])
    }

    pub(super) fn add_node(&mut self) -> usize {
        self.0.push(Vec::new());
        self.0.len() - 1
    }

    pub(super) fn add(&mut self, node: usize, edge: Edge) {
        if let Some(edges) = self.0.get_mut(node) {
            edges.push(edge);
        }
    }

    /// Whether nothing comes after anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// What a node waits for; a node from `own` on stands for those that it comes with.
    pub(super) fn awaited_by(&self, node: usize, own: usize) -> Vec<usize> {
        let edges = |node: usize| self.0.get(node).into_iter().flatten();
        let later = edges(node).filter(|edge| edge.later).map(|edge| edge.to);
        later.flat_map(|to| if to < own { vec![to] } else { edges(to).map(|edge| edge.to).collect() }).collect()
    }

    /// The level of each node, or a circle: each needs the next, and the last the first.
    pub(super) fn levels(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut after: Vec<Vec<(usize, bool)>> = vec![Vec::new(); self.0.len()];
        let mut open: Vec<usize> = self.0.iter().map(Vec::len).collect();
        for (node, edges) in self.0.iter().enumerate() {
            for edge in edges {
                if let Some(after) = after.get_mut(edge.to) {
                    after.push((node, edge.later));
                }
            }
        }
        let mut levels = vec![0; self.0.len()];
        let mut ready: Vec<usize> =
            open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(node, _)| node).collect();
        while let Some(node) = ready.pop() {
            let level = levels.get(node).copied().unwrap_or_default();
            for (next, later) in after.get(node).into_iter().flatten().copied() {
                if let (Some(of_next), Some(open)) = (levels.get_mut(next), open.get_mut(next)) {
                    *of_next = (*of_next).max(level + usize::from(later));
                    *open -= 1;
                    if *open == 0 {
                        ready.push(next);
                    }
                }
            }
        }
        if open.iter().all(|open| *open == 0) { Ok(levels) } else { Err(self.circle(&open)) }
    }

    /// Whatever is left open leads into a circle: it is walked until a node comes again.
    fn circle(&self, open: &[usize]) -> Vec<usize> {
        let is_open = |node: usize| open.get(node).is_some_and(|open| *open > 0);
        let mut path: Vec<usize> = Vec::new();
        let mut node = (0..open.len()).find(|node| is_open(*node));
        while let Some(here) = node {
            if let Some(begin) = path.iter().position(|before| *before == here) {
                return path.split_off(begin);
            }
            path.push(here);
            node = self.0.get(here).and_then(|edges| edges.iter().map(|edge| edge.to).find(|to| is_open(*to)));
        }
        path
    }
}
