//! What an engine printed, taken apart into texts with one object each (Kustomize), or of one template each (Helm).

/// One part: what people know it by, and its text.
pub(super) type Part = (String, Vec<u8>);

/// What is made of one source.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The objects' texts.
    pub(super) parts: Vec<Part>,
    /// What is not among them, in words.
    pub(super) left_out: Vec<String>,
}

/// The comment by which Helm names a template: `# Source: <chart>/templates/web.yaml`.
const SOURCE: &str = "# Source: ";

/// The templates of a chart, in their order. A template that gives several objects gives several parts.
pub(super) fn of_helm(chart: &str, text: &str) -> Vec<Part> {
    let named = documents(text).map(|document| {
        let source = document.lines().find_map(|line| line.strip_prefix(SOURCE)).unwrap_or_default();
        // The first part is the chart's name and not its folder.
        let file = source.split_once('/').map_or(source, |(_, file)| file);
        let name = if file.is_empty() { chart.to_owned() } else { super::source::below(chart, file) };
        (name, document.as_bytes().to_vec())
    });
    named.filter(|(_, text)| holds_something(text)).collect()
}

/// The objects of a kustomization.
pub(super) fn of_kustomize(path: &str, text: &str) -> Vec<Part> {
    let parts = documents(text).filter(|document| holds_something(document.as_bytes()));
    parts
        .enumerate()
        .map(|(index, document)| (format!("{path} (object {})", index + 1), document.as_bytes().to_vec()))
        .collect()
}

/// The first part that is not the same in both.
pub(super) fn first_difference(one: &[Part], other: &[Part]) -> Option<String> {
    let differs = one.iter().zip(other).find(|(one, other)| one != other).map(|(one, _)| one.0.clone());
    let longer = if one.len() > other.len() { one } else { other };
    differs.or_else(|| longer.get(one.len().min(other.len())).map(|part| part.0.clone()))
}

/// A line of three dashes at the left begins a document: neither engine writes one inside of a text.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix("---\n").unwrap_or(text);
    text.split("\n---\n")
}

fn holds_something(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| !line.is_empty() && !line.starts_with(b"#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_named_by_their_file() {
        let text = "---\n# Source: web/templates/a.yaml\na: 1\n---\n# Source: web/charts/db/templates/b.yaml\n# nothing\n---\n# Source: web/templates/a.yaml\nb: 2\n";
        let parts = of_helm("apps/todo", text);
        let names: Vec<_> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["apps/todo/templates/a.yaml", "apps/todo/templates/a.yaml"]);
    }

    #[test]
    fn the_first_part_that_differs_is_named() {
        let part = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let (a, b, c) = (part("a", "1"), part("b", "1"), part("b", "2"));
        assert_eq!(first_difference(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), None);
        assert_eq!(first_difference(&[a.clone(), b.clone()], &[a.clone(), c]), Some("b".to_owned()));
        assert_eq!(first_difference(std::slice::from_ref(&a), &[a.clone(), b]), Some("b".to_owned()));
    }
}
