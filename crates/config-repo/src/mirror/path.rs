//! Paths inside the tree, checked before git sees them.

use super::MirrorError;

/// Checks a path to a file or directory; the empty path is the root.
pub(super) fn checked(path: &str) -> Result<&str, MirrorError> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    match fault(trimmed) {
        None => Ok(trimmed),
        Some(why) => Err(MirrorError::BadPath { path: path.chars().take(200).collect(), why }),
    }
}

/// As [`checked`], and not the root.
pub(super) fn checked_file(path: &str) -> Result<&str, MirrorError> {
    if path.is_empty() || path.ends_with('/') {
        return Err(MirrorError::BadPath { path: path.chars().take(200).collect(), why: "it names no file" });
    }
    checked(path)
}

fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        None
    } else if path.len() > 1000 {
        Some("it is longer than 1000 bytes")
    } else if path.starts_with('/') {
        Some("it begins with a slash")
    } else if path.chars().any(char::is_control) {
        Some("it holds a control character")
    } else if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        Some("a part of it is empty, `.` or `..`")
    } else if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        Some("a part of it is `.git`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_taken_and_a_last_slash_is_dropped() {
        assert_eq!(checked("apps/shop/").unwrap(), "apps/shop");
        assert_eq!(checked("").unwrap(), "");
        assert_eq!(checked("-x/:(top)y").unwrap(), "-x/:(top)y");
    }

    #[test]
    fn paths_that_leave_the_tree_are_refused() {
        for bad in ["/etc", "../x", "a/../b", "a//b", "./a", "a\nb", ".git/config", "a/.GIT/x", "//", &"a".repeat(1001)]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert!(checked_file("").is_err());
        assert!(checked_file("a/").is_err());
    }
}
