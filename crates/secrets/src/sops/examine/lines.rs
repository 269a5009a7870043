//! A text that is nearly YAML, read line by line: templates of charts, and what has anchors. Nothing of it is wrong here; what is not
//! understood is passed over.

use super::entries::{Entry, Value};

/// The entries of each document.
pub(super) fn documents(text: &str) -> Vec<Vec<Entry>> {
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        reader.line(at + 1, line);
    }
    reader.documents.push(reader.entries);
    reader.documents
}

#[derive(Default)]
struct Reader {
    documents: Vec<Vec<Entry>>,
    entries: Vec<Entry>,
    /// What the next line may stand in.
    open: Vec<Open>,
    /// A block scalar goes on with lines that are deeper than this.
    block: Option<usize>,
    items: usize,
}

struct Open {
    column: usize,
    name: String,
    item: bool,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        let bare = line.trim_start();
        let mut column = line.len() - bare.len();
        if let Some(depth) = self.block {
            if bare.is_empty() || column > depth {
                if let Some(entry) = self.entries.last_mut() {
                    entry.value.text.push_str(bare);
                    entry.value.text.push('\n');
                }
                return;
            }
            self.block = None;
        }
        if line.starts_with("---") {
            self.documents.push(std::mem::take(&mut self.entries));
            self.open.clear();
            return;
        }
        // A line of a template says what to do with others.
        if bare.is_empty() || bare.starts_with('#') || bare.starts_with("{{") {
            return;
        }
        let mut rest = bare;
        while let Some(after) = rest.strip_prefix("- ") {
            self.open.retain(|open| open.column < column || (open.column == column && !open.item));
            self.items += 1;
            self.open.push(Open { column, name: format!("[{}]", self.items), item: true });
            let inner = after.trim_start();
            column += rest.len() - inner.len();
            rest = inner;
        }
        self.entry(number, column, rest);
    }

    fn entry(&mut self, line: usize, column: usize, text: &str) {
        let Some((key, value)) = pair(text) else {
            self.add(line, None, text);
            return;
        };
        self.open.retain(|open| open.column < column);
        let value = without_anchor(value);
        if value.starts_with(['|', '>']) {
            self.add(line, Some(key), "");
            if let Some(entry) = self.entries.last_mut() {
                entry.value.block = true;
            }
            self.block = Some(column);
        } else if value.is_empty() || value.starts_with('#') {
            self.open.push(Open { column, name: key, item: false });
        } else if !value.starts_with(['[', '*']) && (!value.starts_with('{') || value.starts_with("{{")) {
            self.add(line, Some(key), value);
        }
    }

    fn add(&mut self, line: usize, key: Option<String>, value: &str) {
        let path = self.open.iter().map(|open| open.name.clone()).chain(key).collect();
        self.entries.push(Entry { line, path, value: Value { text: scalar(value), block: false } });
    }
}

/// A key and what stands behind its colon.
fn pair(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| "\"'".contains(*c));
    let (key, rest) = match quote {
        Some(quote) => {
            let (key, rest) = text.get(1..)?.split_once(quote)?;
            (key, rest.trim_start().strip_prefix(':')?)
        }
        None => match text.split_once(": ") {
            Some(pair) => pair,
            None => (text.trim_end().strip_suffix(':')?, ""),
        },
    };
    (!key.trim().is_empty()).then(|| (key.trim().to_owned(), rest.trim()))
}

/// `&db hunter22` without the anchor, or a tag.
fn without_anchor(value: &str) -> &str {
    if value.starts_with(['&', '!']) { value.split_once(' ').map_or("", |(_, rest)| rest.trim()) } else { value }
}

/// A value without its quotes and without the comment behind it.
fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(quote) = text.chars().next().filter(|c| "\"'".contains(*c)) {
        return text.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or_default().to_owned();
    }
    text.split(" #").next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_the_keys_that_they_stand_in() {
        let text = "{{- if .x }}\na: b # c\nd:\n  e: \"f: g\"\n  h:\n  - name: X\n    value: y\n  - z\ni: |\n  one\n  two\nj: &x\n  k: 'l'\n---\nm: {{ .n }}\n";
        let shown: Vec<String> = documents(text)
            .into_iter()
            .flatten()
            .map(|entry| format!("{} {}={}", entry.line, entry.path.join("."), entry.value.text))
            .collect();
        let want = [
            "2 a=b",
            "4 d.e=f: g",
            "6 d.h.[1].name=X",
            "7 d.h.[1].value=y",
            "8 d.h.[2]=z",
            "9 i=one\ntwo\n",
            "13 j.k=l",
            "15 m={{ .n }}",
        ];
        assert_eq!(shown, want);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_text_is_it_is_read(text in "[-a:|>{}\"' #\n&]{0,80}") {
            documents(&text);
        }
    }
}
