//! The editor that people chose, on a file in memory.

use std::path::{Path, PathBuf};

use anyhow::bail;
use tokio::process::Command;

use super::super::keys::KEY_VARIABLES;

/// As git does, and before that what is said for such files alone.
const VARIABLES: [&str; 3] = ["SOPS_EDITOR", "VISUAL", "EDITOR"];
const DEFAULT: &str = "vi";
/// Vim keeps its swap file, registers, undone text and copies in the home otherwise. Small builds of it do not know every one of these.
const OF_VIM: [&str; 3] =
    ["-n", "-c", "silent! set viminfo= | silent! set noundofile | silent! set nobackup | silent! set nowritebackup"];

/// Which program, with its arguments.
pub(in super::super) struct Editor(Vec<String>);

impl Editor {
    /// From the environment.
    pub(in super::super) fn chosen() -> anyhow::Result<Self> {
        let found = VARIABLES.iter().find_map(|name| crate::commands::secret(name).map(|value| (*name, value)));
        let (name, value) = found.unwrap_or(("EDITOR", DEFAULT.to_owned()));
        let Some(mut words) = words(&value).filter(|words| !words.is_empty()) else {
            bail!("{name} is no command: a quote in it has no end");
        };
        if words.first().is_some_and(|program| is_vim(program)) {
            words.extend(OF_VIM.map(str::to_owned));
        }
        Ok(Self(words))
    }

    /// Comes back when the person ended it.
    pub(in super::super) async fn run(&self, file: &Path) -> anyhow::Result<()> {
        let [program, arguments @ ..] = self.0.as_slice() else { bail!("no editor is set") };
        let mut command = Command::new(program);
        command.args(arguments).arg(file);
        // Copies that it makes while it works stay in memory.
        command.env("TMPDIR", file.parent().unwrap_or(file));
        // It needs no key.
        for name in KEY_VARIABLES {
            command.env_remove(name);
        }
        let told = || format!("starting the editor `{}` failed: set EDITOR", secrets::clean_terminal(program));
        let status = super::child::run(command, told).await?;
        if !status.success() {
            bail!("the editor failed ({status}): nothing was written");
        }
        Ok(())
    }
}

/// Whether it is Vim or one like it, whatever the link to it is called: on many machines `vi` is.
fn is_vim(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let whole = if program.contains('/') {
        Some(PathBuf::from(program))
    } else {
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
    };
    let real = whole.and_then(|path| path.canonicalize().ok()).unwrap_or_else(|| PathBuf::from(program));
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ["vim", "nvim", "gvim"].iter().any(|vim| name == *vim || name.starts_with(&format!("{vim}.")))
}

/// The words of a command as a shell would part them, and nothing else that a shell does.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vim_is_known_by_what_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("vim.basic"), folder.path().join("vi"));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(is_vim(link.to_str().unwrap()) && is_vim("/nowhere/nvim"));
        for other in ["/nowhere/vimdiffer", "/nowhere/ed", "sh"] {
            assert!(!is_vim(other), "{other}");
        }
    }

    #[test]
    fn a_command_is_parted_as_a_shell_would() {
        for (text, parts) in [
            ("vi", vec!["vi"]),
            ("  code --wait ", vec!["code", "--wait"]),
            ("'/opt/my editor/ed' -a \"b c\"", vec!["/opt/my editor/ed", "-a", "b c"]),
            (r#"a\ b "c\"d" 'e\f' """#, vec!["a b", "c\"d", "e\\f", ""]),
        ] {
            assert_eq!(words(text).unwrap(), parts, "{text}");
        }
        assert!(words("vi 'x").is_none() && words("vi \\").is_none());
    }
}
