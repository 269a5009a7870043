//! How long a file may be. Functions are held by clippy (`too_many_lines`, with its threshold in clippy.toml).

use super::{Complaints, House};

/// From here on a file should be split.
const LONG: usize = 300;
/// A file must not be longer.
const TOO_LONG: usize = 500;

/// Files that may be longer, with the reason. Short, and to be kept short.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// Every file that is too long.
pub(super) fn check(house: &House) -> Complaints {
    let long = longer_than(house, TOO_LONG).filter(|(path, _)| !EXCEPTIONS.iter().any(|(name, _)| name == path));
    let mut complaints: Complaints = long
        .map(|(path, lines)| format!("{path} has {lines} lines without its tests; {TOO_LONG} is the most: split it"))
        .collect();
    let gone = EXCEPTIONS.iter().filter(|(path, _)| !house.has(path));
    complaints
        .extend(gone.map(|(path, _)| format!("{path} is gone and still an exception in xtask/src/tidy/length.rs")));
    complaints
}

/// Every file that is getting long.
pub(super) fn notes(house: &House) -> Vec<String> {
    longer_than(house, LONG)
        .map(|(path, lines)| format!("{path} has {lines} lines without its tests; it should have less than {LONG}"))
        .collect()
}

fn longer_than(house: &House, limit: usize) -> impl Iterator<Item = (&str, usize)> {
    let counted = house.production().map(|file| (file.path.as_str(), file.production_lines().count()));
    counted.filter(move |(_, lines)| *lines > limit)
}
