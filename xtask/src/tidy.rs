//! The rules of the house that no compiler knows. `cargo xtask tidy` says what breaks them, and so does a test each.

mod dependencies;
mod edges;
mod growth;
mod length;
mod pages;
mod words;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What breaks a rule: a sentence each, with the place and what to do.
type Complaints = Vec<String>;

/// Says everything that breaks a rule, and what comes near to it.
pub(crate) fn run() -> anyhow::Result<()> {
    let house = House::read(root())?;
    let mut out = io::stdout().lock();
    for note in length::notes(&house) {
        writeln!(out, "note: {note}")?;
    }
    let complaints: Complaints = [
        dependencies::check(&house)?,
        edges::check(&house)?,
        growth::check(&house),
        length::check(&house),
        pages::check(&house),
        words::check(&house),
    ]
    .concat();
    anyhow::ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    writeln!(out, "tidy")?;
    Ok(())
}

/// The checkout's folder.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Every text file of the checkout.
struct House {
    root: PathBuf,
    files: Vec<File>,
}

struct File {
    /// Below the root, with slashes.
    path: String,
    text: String,
}

/// What is not ours: made by tools, or put there by them.
const LEFT_OUT: [&str; 4] = [".git", "target", "node_modules", "test-results"];

impl House {
    fn read(root: &Path) -> anyhow::Result<Self> {
        let mut house = Self { root: root.to_path_buf(), files: Vec::new() };
        house.gather(root)?;
        house.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(house)
    }

    fn gather(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| LEFT_OUT.iter().any(|left| name == *left)) || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                self.gather(&path)?;
            } else if let Ok(text) = fs::read_to_string(&path) {
                let below = path.strip_prefix(&self.root).unwrap_or(&path);
                self.files.push(File { path: below.to_string_lossy().into_owned(), text });
            }
        }
        Ok(())
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// Rust that ships: no tests, and nothing that only tests use.
    fn production(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is("rs") && !file.is_test())
    }
}

impl File {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }

    fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        parts.iter().any(|part| matches!(*part, "tests" | "tests.rs" | "examples" | "fuzz"))
    }

    /// Its lines up to the tests within it.
    fn production_lines(&self) -> impl Iterator<Item = &str> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|two| two[0] == "#[cfg(test)]" && two[1].starts_with("mod tests {"));
        lines.into_iter().take(tests.unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> House {
        House::read(root()).unwrap()
    }

    fn assert_none(complaints: &[String]) {
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[test]
    fn nothing_banned_is_in_use() {
        assert_none(&dependencies::check(&house()).unwrap());
    }

    #[test]
    fn crates_use_only_what_architecture_allows() {
        assert_none(&edges::check(&house()).unwrap());
    }

    #[test]
    fn every_growth_point_has_its_page() {
        assert_none(&growth::check(&house()));
    }

    #[test]
    fn files_are_short() {
        assert_none(&length::check(&house()));
    }

    #[test]
    fn what_pages_name_is_there() {
        assert_none(&pages::check(&house()));
    }

    #[test]
    fn nothing_stands_where_it_may_not() {
        assert_none(&words::check(&house()));
    }

    #[test]
    fn tests_within_a_file_are_not_counted() {
        let text = "fn one() {}\n\n#[cfg(test)]\nmod tests {\n}\n".to_owned();
        assert_eq!(File { path: "one.rs".to_owned(), text }.production_lines().count(), 2);
        let text = "fn one() {}\n#[cfg(test)]\nmod tests;\nfn two() {}\n".to_owned();
        assert_eq!(File { path: "one.rs".to_owned(), text }.production_lines().count(), 4);
    }
}
