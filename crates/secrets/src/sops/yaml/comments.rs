//! Which mapping or list a comment belongs to: SOPS encrypts it under that one's path.

use super::super::tree::{Comment, Content, Entry, Item, Node, Tree};

/// Puts each comment between the entries beside which it stands, and one at the end of a line before that line's entry.
pub(super) fn place(text: &str, tree: &mut Tree, starts: &[usize], comments: Vec<Comment>) {
    for comment in comments {
        let document = starts.iter().rposition(|start| *start <= comment.span.start).unwrap_or(0);
        let Some(document) = tree.documents.get_mut(document) else { continue };
        let column =
            text.get(..comment.span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default().chars().count();
        insert(&mut document.root, comment, column);
    }
}

fn insert(node: &mut Node, comment: Comment, column: usize) {
    let at = comment.span.start;
    let mut into = node;
    loop {
        let parent_column = into.column;
        let (Content::Map(entries) | Content::List(entries)) = &mut into.content else { return };
        // Comments come in their order, so that all before this one are in place.
        let follows = entries.partition_point(|entry| begin(entry) <= at);
        let place = follows.checked_sub(1);
        let goes_on = place.is_some_and(|place| match entries.get(place) {
            Some(Entry::Item(item)) => belongs_inside(item, &comment, column, parent_column),
            _ => false,
        });
        if !goes_on {
            let before_entry =
                comment.inline && matches!(place.and_then(|place| entries.get(place)), Some(Entry::Item(_)));
            entries.insert(if before_entry { follows - 1 } else { follows }, Entry::Comment(comment));
            return;
        }
        let Some(Entry::Item(item)) = place.and_then(|place| entries.get_mut(place)) else { return };
        into = &mut item.node;
    }
}

fn belongs_inside(item: &Item, comment: &Comment, column: usize, parent_column: usize) -> bool {
    let at = comment.span.start;
    let node = &item.node;
    let Some(first) = node.entries().first().map(begin) else { return false };
    if node.flow {
        return node.span.contains(&at);
    }
    let ended = node.entries().last().is_none_or(|last| begin(last) <= at);
    match (comment.inline, first <= at) {
        // After `key:` on its line.
        (true, false) => false,
        (true, true) | (false, false) => true,
        (false, true) if !ended => true,
        // After its last entry: by how far it is indented.
        (false, true) => {
            let same_column_list = matches!(node.content, Content::List(_)) && node.column <= parent_column;
            column >= node.column && !same_column_list
        }
    }
}

fn begin(entry: &Entry) -> usize {
    match entry {
        Entry::Comment(comment) => comment.span.start,
        Entry::Item(item) => item.start,
    }
}
