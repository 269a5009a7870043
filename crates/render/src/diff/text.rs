//! The diff as text.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::{Change, FieldChange, RenderedDiff};

/// Longer values are cut: what is shown is for deciding, the whole is in git.
const LONGEST_VALUE: usize = 200;
/// Lines of one changed value.
const MOST_LINES: usize = 40;

pub(super) fn diff(diff: &RenderedDiff) -> String {
    let mut text = String::new();
    for object in &diff.objects {
        let mark = match object.change {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed => '~',
        };
        line(&mut text, format_args!("{mark} {}", object.key));
        // What goes is told by its name.
        if object.change != Change::Removed {
            object.fields.iter().for_each(|change| field(&mut text, change));
        }
    }
    text
}

fn field(text: &mut String, change: &FieldChange) {
    let path = &change.path;
    match (change.from.as_deref(), change.to.as_deref()) {
        (Some(from), Some(to)) if from.contains('\n') || to.contains('\n') => {
            line(text, format_args!("    {path}:"));
            lines(text, from, to);
        }
        (Some(from), Some(to)) if from.starts_with("•••• ") && to.starts_with("•••• ") => {
            line(text, format_args!("  ~ {path}: •••• changed"));
        }
        (Some(from), Some(to)) => line(text, format_args!("  ~ {path}: {} -> {}", short(from), short(to))),
        (None, Some(to)) => line(text, format_args!("  + {path}: {}", short(to))),
        (Some(from), None) => line(text, format_args!("  - {path}: {}", short(from))),
        (None, None) => {}
    }
}

/// The lines that differ, with one around them.
fn lines(text: &mut String, from: &str, to: &str) {
    let diff = TextDiff::from_lines(from, to);
    let mut left = MOST_LINES;
    for group in diff.grouped_ops(1) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if left == 0 {
                line(text, format_args!("      … and more"));
                return;
            }
            left -= 1;
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            line(text, format_args!("    {mark} {}", short(change.value().trim_end_matches(['\n', '\r']))));
        }
    }
}

fn short(value: &str) -> String {
    let value = value.replace('\n', "⏎");
    if value.is_empty() { "\"\"".to_owned() } else { secrets::clip(&value, LONGEST_VALUE) }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = writeln!(text, "{arguments}");
}
