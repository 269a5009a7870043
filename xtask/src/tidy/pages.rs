//! What a page names is there: files in backticks, and links to pages beside it.

use super::{Complaints, File, House};

/// Words in backticks that begin so are paths from the root.
const BEGINNINGS: [&str; 8] = [".ci/", "crates/", "crds/", "devcluster/", "docs/", "engines/", "scripts/", "xtask/"];

/// Every path that a page names and that is not there.
pub(super) fn check(house: &House) -> Complaints {
    let pages = house.files.iter().filter(|file| file.is("md"));
    pages.flat_map(|page| named_in_vain(house, page)).collect()
}

fn named_in_vain(house: &House, page: &File) -> Complaints {
    let folder = house.root.join(&page.path);
    let folder = folder.parent().unwrap_or(&house.root);
    let from_root = paths(&page.text).filter(|path| !house.has(path));
    let beside = links(&page.text).filter(|link| !folder.join(link).exists());
    from_root.chain(beside).map(|path| format!("{} names {path}, which is not there", page.path)).collect()
}

fn paths(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split('`').skip(1).step_by(2);
    words.filter(|word| BEGINNINGS.iter().any(|start| word.starts_with(start))).filter(|word| is_plain(word))
}

/// Not a pattern, not an example, and not a picture: those are taken by the browser tests.
fn is_plain(word: &str) -> bool {
    !word.contains(['<', '*', '{', ' ', '$']) && word.rsplit('.').next() != Some("png")
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://") && is_plain(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_links_are_found_and_patterns_are_not() {
        let text =
            "`crates/model` and `crates/*` and `docs/adding/<name>.md`, [a](docs/a.md#b), [c](https://example.org)";
        assert_eq!(paths(text).collect::<Vec<_>>(), ["crates/model"]);
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md"]);
    }
}
