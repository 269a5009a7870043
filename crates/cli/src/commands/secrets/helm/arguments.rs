//! Which of Helm's arguments name files of values.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// One word of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Other(OsString),
    /// What stands before the files, and each with what stands before it alone: `key=` of `--set-file`.
    Files {
        before: OsString,
        files: Vec<(OsString, PathBuf)>,
    },
}

/// What a flag is followed by.
#[derive(Clone, Copy)]
enum Takes {
    Files,
    KeysWithFiles,
}

const FLAGS: [(&str, Takes); 3] =
    [("-f", Takes::Files), ("--values", Takes::Files), ("--set-file", Takes::KeysWithFiles)];

/// The words, with those told apart that name files. After `--` there are none.
pub(super) fn parts(words: &[OsString]) -> Vec<Part> {
    let (mut parts, mut waiting, mut ended) = (Vec::new(), None, false);
    for word in words {
        if let Some(takes) = waiting.take() {
            parts.push(files(OsString::new(), word, takes));
            continue;
        }
        ended |= word == "--";
        if ended {
            parts.push(Part::Other(word.clone()));
            continue;
        }
        waiting = FLAGS.iter().find(|(flag, _)| word == *flag).map(|(_, takes)| *takes);
        parts.push(joined(word).unwrap_or_else(|| Part::Other(word.clone())));
    }
    parts
}

/// `--values=a`, `-f=a` and `-fa`.
fn joined(word: &OsStr) -> Option<Part> {
    FLAGS.iter().find_map(|(flag, takes)| {
        let rest = word.as_bytes().strip_prefix(flag.as_bytes()).filter(|rest| !rest.is_empty())?;
        let (before, rest) = match rest.strip_prefix(b"=") {
            Some(rest) => (format!("{flag}="), rest),
            None if flag.starts_with("--") => return None,
            None => ((*flag).to_owned(), rest),
        };
        Some(files(before.into(), OsStr::from_bytes(rest), *takes))
    })
}

fn files(before: OsString, value: &OsStr, takes: Takes) -> Part {
    let one = |bytes: &[u8]| {
        let at = match takes {
            Takes::Files => 0,
            Takes::KeysWithFiles => bytes.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1),
        };
        let (key, path) = bytes.split_at(at);
        (OsString::from_vec(key.to_vec()), PathBuf::from(OsString::from_vec(path.to_vec())))
    };
    Part::Files { before, files: value.as_bytes().split(|byte| *byte == b',').map(one).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Vec<String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let shown = |(key, path): &(OsString, PathBuf)| format!("{}<{}>", key.to_string_lossy(), path.display());
        let part = |part: Part| match part {
            Part::Other(word) => word.into_string().unwrap(),
            Part::Files { before, files } => {
                format!("{}{}", before.to_string_lossy(), files.iter().map(shown).collect::<Vec<_>>().join(","))
            }
        };
        parts(&words).into_iter().map(part).collect()
    }

    #[test]
    fn files_of_values_are_found_however_the_flag_is_written() {
        let words = [
            "upgrade",
            "-f",
            "a",
            "--values",
            "b,c",
            "--values=d",
            "-f=e",
            "-fg",
            "--set-file",
            "k=h,l=i",
            "--set",
            "f=x",
        ];
        let want = [
            "upgrade",
            "-f",
            "<a>",
            "--values",
            "<b>,<c>",
            "--values=<d>",
            "-f=<e>",
            "-f<g>",
            "--set-file",
            "k=<h>,l=<i>",
            "--set",
            "f=x",
        ];
        assert_eq!(found(&words), want);
        assert_eq!(found(&["x", "--", "-f", "a"]), ["x", "--", "-f", "a"]);
        assert_eq!(found(&["x", "-f"]), ["x", "-f"]);
    }
}
