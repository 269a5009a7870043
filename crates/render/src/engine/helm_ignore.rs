//! A chart's `.helmignore`: what Helm leaves out of the chart, and what its render does not depend on. Only rules that are read
//! here just as Helm reads them are used; where there is another one everything counts as read.

/// The name of the file.
pub(super) const FILE: &str = ".helmignore";

/// The rules of a chart.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    pattern: String,
    /// Whether it is about folders only.
    folder: bool,
    /// Whether it is about the whole path, and not only the name.
    whole: bool,
}

impl Rules {
    /// Reads the rules; none where one of them is beyond what is read here.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules: Option<Vec<Rule>> = lines.map(Rule::parse).collect();
        Self(rules.unwrap_or_default())
    }

    /// Whether a file of the chart is left out: itself, or a folder that it lies in.
    pub(super) fn leave_out(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        let is_left = |path: &str, folder: bool| self.0.iter().any(|rule| rule.holds(path, folder));
        is_left(path, false) || folders.into_iter().any(|folder| is_left(folder, true))
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        // Each star is one more loop in the others.
        let is_costly = line.len() > 200 || line.matches('*').count() > 4;
        if is_costly || line.contains(['[', '\\']) || line.contains("**") || line.starts_with('!') {
            return None;
        }
        let (line, folder) = line.strip_suffix('/').map_or((line, false), |line| (line, true));
        let (pattern, rooted) = line.strip_prefix('/').map_or((line, false), |line| (line, true));
        Some(Self { pattern: pattern.to_owned(), folder, whole: rooted || pattern.contains('/') })
    }

    fn holds(&self, path: &str, folder: bool) -> bool {
        let name = if self.whole { path } else { path.rsplit('/').next().unwrap_or(path) };
        (folder || !self.folder) && matches(self.pattern.as_bytes(), name.as_bytes())
    }
}

/// `*` stands for what holds no `/`, and `?` for one letter that is none.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => matches(rest, text),
        (Some((b'*', rest)), Some((first, after))) => matches(rest, text) || *first != b'/' && matches(pattern, after),
        (Some((b'?', rest)), Some((first, after))) => *first != b'/' && matches(rest, after),
        (Some((one, rest)), Some((first, after))) => one == first && matches(rest, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(rules: &str) -> Vec<&'static str> {
        let rules = Rules::parse(rules.as_bytes());
        let all = ["README.md", "Chart.yaml", "docs/a.md", "docs/deep/b.md", "templates/web.yaml", "ci/values.yaml"];
        all.into_iter().filter(|path| rules.leave_out(path)).collect()
    }

    #[test]
    fn rules_mean_what_they_mean_to_helm() {
        assert_eq!(left_out("# none\n\n"), Vec::<&str>::new());
        assert_eq!(left_out("*.md\n"), ["README.md", "docs/a.md", "docs/deep/b.md"]);
        assert_eq!(left_out("docs/\n"), ["docs/a.md", "docs/deep/b.md"]);
        assert_eq!(left_out("/*.md\n"), ["README.md"]);
        assert_eq!(left_out("docs/?.md\nci"), ["docs/a.md", "ci/values.yaml"]);
        assert_eq!(
            left_out("*.md\n!README.md\n"),
            Vec::<&str>::new(),
            "what is not read as Helm reads it leaves nothing out"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_rules_are_read(rules in "[a-z*?!/\\[\n.#]{0,30}", path in "[a-z/.]{0,20}") {
            let _ = Rules::parse(rules.as_bytes()).leave_out(&path);
        }
    }
}
