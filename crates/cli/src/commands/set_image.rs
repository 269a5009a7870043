//! `pinnace set-image`: sets an image in files, without server, cluster or git.

use std::collections::BTreeMap;
use std::io::{Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use config_repo::{FilesEdit, git_diff, reference, set_image_in, write_atomically};
use model::{ImageRef, ImageRepository};

/// Set an image in YAML or JSON files and change not one other byte.
///
/// Every place of the repository is set: `image:` of workloads, Kustomize `images`, Helm values (`repository` with `tag` or
/// `digest`), and Apps. The diff is printed. All files are checked before the first is written.
///
/// Exit codes: 0 done, 1 failed, 2 usage, 3 files would change (with --check).
#[derive(Debug, clap::Args)]
pub(crate) struct SetImage {
    /// The image's repository, as in `registry.example/acme/shop`
    #[arg(long, value_name = "REPO")]
    image: ImageRepository,
    /// What to set: a tag, `tag@sha256:...`, a digest, or a whole reference of that repository
    #[arg(long, value_name = "REF")]
    to: String,
    /// Change nothing, and exit with 3 when files would change
    #[arg(long)]
    check: bool,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs the command and prints to the terminal.
pub(crate) fn run(args: &SetImage) -> anyhow::Result<ExitCode> {
    let code = match run_to(args, &mut stdout().lock(), &mut stderr().lock())? {
        Outcome::Done => 0,
        Outcome::Usage => 2,
        Outcome::WouldChange => 3,
    };
    Ok(ExitCode::from(code))
}

/// How it ended, when it did not fail.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Usage,
    WouldChange,
}

fn run_to(args: &SetImage, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<Outcome> {
    let to = match wanted(args) {
        Ok(to) => to,
        Err(problem) => {
            writeln!(notes, "error: {problem}")?;
            return Ok(Outcome::Usage);
        }
    };
    let files = read(&args.files)?;
    let edit = set_image_in(files.iter().map(|(name, file)| (name.as_str(), file.bytes.as_slice())), &args.image, &to)?;
    for (name, new) in &edit.changed {
        let old = files.get(name).map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        let path = name.trim_start_matches("./").trim_start_matches('/');
        out.write_all(git_diff(path, &old, &String::from_utf8_lossy(new)).as_bytes())?;
    }
    note(&edit, &to, notes)?;
    if args.check {
        return Ok(if edit.changed.is_empty() { Outcome::Done } else { Outcome::WouldChange });
    }
    write(&files, &edit)?;
    Ok(Outcome::Done)
}

/// The reference that `--to` means.
fn wanted(args: &SetImage) -> Result<ImageRef, String> {
    let to = reference(&args.image, &args.to).map_err(|error| format!("--to: {error}"))?;
    let tag = to.tag.as_ref().map(model::Tag::as_str);
    if to.repository != args.image {
        return Err(format!(
            "--to: `{to}` is not of `{}`: give a tag or digest alone, or set --image to it",
            args.image
        ));
    }
    if tag.is_none() && to.digest.is_none() {
        return Err(format!("--to: `{to}` names neither tag nor digest: add one, as in `{to}:1.2`"));
    }
    if tag == Some("latest") && to.digest.is_none() {
        return Err(
            "--to: `latest` is another image tomorrow: give its digest too, as in `latest@sha256:...`".to_owned()
        );
    }
    Ok(to)
}

struct File {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn read(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<String, File>> {
    let mut files = BTreeMap::new();
    for path in paths {
        let name = path.display().to_string();
        if path.is_dir() {
            bail!("{name}: is a folder: name its files, as in `{name}/*.yaml`");
        }
        let bytes = std::fs::read(path).with_context(|| format!("{name}: reading the file failed"))?;
        files.insert(name, File { path: path.clone(), bytes });
    }
    Ok(files)
}

/// Says what a diff does not show.
fn note(edit: &FilesEdit, to: &ImageRef, notes: &mut impl Write) -> std::io::Result<()> {
    if edit.changed.is_empty() {
        writeln!(notes, "nothing to change: `{to}` stands there already")?;
    }
    for place in edit.places.iter().filter(|place| to.digest.is_some() && !place.place.holds_digest) {
        let at = format!("{}:{}", place.file, place.place.line);
        writeln!(notes, "note: {at}: only the tag can stand here: add a `digest` beside it to pin the content")?;
    }
    if edit.all_from.len() > 1 {
        let from: Vec<_> = edit.all_from.iter().map(ToString::to_string).collect();
        writeln!(notes, "note: the places differed before: {}", from.join(", "))?;
    }
    Ok(())
}

fn write(files: &BTreeMap<String, File>, edit: &FilesEdit) -> anyhow::Result<()> {
    let mut written: Vec<&str> = Vec::new();
    for (name, bytes) in &edit.changed {
        let Some(file) = files.get(name) else { continue };
        let done = if written.is_empty() {
            "no file was changed".to_owned()
        } else {
            format!("changed before: {}", written.join(", "))
        };
        write_atomically(&file.path, bytes).with_context(|| format!("{name}: writing the file failed ({done})"))?;
        written.push(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: registry.example/acme/shop:1 # x\n";

    struct Ran {
        outcome: anyhow::Result<Outcome>,
        out: String,
        notes: String,
    }

    fn ran(check: bool, to: &str, files: &[&Path]) -> Ran {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let args = SetImage {
            image: "registry.example/acme/shop".parse().unwrap(),
            to: to.to_owned(),
            check,
            files: files.iter().map(|file| file.to_path_buf()).collect(),
        };
        let outcome = run_to(&args, &mut out, &mut notes);
        Ran { outcome, out: String::from_utf8(out).unwrap(), notes: String::from_utf8(notes).unwrap() }
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_file_is_changed_and_the_diff_printed() {
        let folder = folder(&[("a.yaml", POD)]);
        let file = folder.path().join("a.yaml");
        let ran = ran(false, "2", &[&file]);
        assert_eq!(ran.outcome.unwrap(), Outcome::Done);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), POD.replace("shop:1", "shop:2"));
        assert!(
            ran.out.contains(
                "-  - image: registry.example/acme/shop:1 # x\n+  - image: registry.example/acme/shop:2 # x\n"
            ),
            "{}",
            ran.out
        );
    }

    #[test]
    fn check_changes_nothing_and_says_whether_it_would() {
        let folder = folder(&[("a.yaml", POD)]);
        let file = folder.path().join("a.yaml");
        assert_eq!(ran(true, "2", &[&file]).outcome.unwrap(), Outcome::WouldChange);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), POD);
        let same = ran(true, "1", &[&file]);
        assert_eq!(same.outcome.unwrap(), Outcome::Done);
        assert_eq!(same.notes, "nothing to change: `registry.example/acme/shop:1` stands there already\n");
    }

    #[test]
    fn one_file_that_cannot_be_edited_leaves_all_as_they_are() {
        let folder = folder(&[("a.yaml", POD), ("b.yaml", "shop: [")]);
        let (a, b) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        let error = ran(false, "2", &[&a, &b]).outcome.unwrap_err().to_string();
        assert!(error.contains("b.yaml: line 1, column "), "{error}");
        assert_eq!(std::fs::read_to_string(&a).unwrap(), POD);
    }

    #[test]
    fn what_can_not_be_meant_is_a_usage_error() {
        for (to, told) in [
            ("a b", "--to: \"a b\" is not an image tag"),
            (
                "registry.example/acme/other:2",
                "--to: `registry.example/acme/other:2` is not of `registry.example/acme/shop`",
            ),
            ("registry.example/acme/shop", "--to: `registry.example/acme/shop` names neither tag nor digest"),
            ("latest", "--to: `latest` is another image tomorrow"),
            ("1\n", "--to: \"1\\n\" is not an image tag"),
        ] {
            let ran = ran(false, to, &[]);
            assert_eq!(ran.outcome.unwrap(), Outcome::Usage);
            assert!(ran.notes.starts_with(&format!("error: {told}")), "{}", ran.notes);
        }
    }

    #[test]
    fn files_that_are_not_there_are_named() {
        let folder = folder(&[("a.yaml", POD.replace("shop", "blog").as_str())]);
        let error = ran(false, "2", &[folder.path()]).outcome.unwrap_err().to_string();
        assert!(error.contains("is a folder: name its files"), "{error}");
        let error = ran(false, "2", &[&folder.path().join("b.yaml")]).outcome.unwrap_err().to_string();
        assert!(error.ends_with("b.yaml: reading the file failed"), "{error}");
        let error = ran(false, "2", &[&folder.path().join("a.yaml")]).outcome.unwrap_err().to_string();
        assert!(
            error.starts_with(
                "no image of `registry.example/acme/shop` in the 1 file read; there are `registry.example/acme/blog:1"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_digest_that_could_not_be_written_is_told() {
        let folder = folder(&[("values.yaml", "image: {repository: registry.example/acme/shop, tag: v1}\n")]);
        let to = format!("v2@sha256:{}", "2".repeat(64));
        let ran = ran(true, &to, &[&folder.path().join("values.yaml")]);
        assert!(ran.notes.contains("values.yaml:1: only the tag can stand here"), "{}", ran.notes);
    }
}
