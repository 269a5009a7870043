//! What lies directly in folders of a commit's tree: how instances are found, whatever they hold.

use std::collections::{BTreeMap, BTreeSet};

use model::CommitId;

use super::path::checked;
use super::{Mirror, MirrorError, explain};

/// No listing is longer: 50,000 entries with paths of 200 bytes are 12 MB.
const LISTING_BYTES: usize = 16 << 20;
/// So many folders are named to git at a time, far below what a command line may hold.
const AT_A_TIME: usize = 200;

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Child {
    /// Its name in the folder.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: ChildKind,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildKind {
    Folder,
    File,
    /// A symbolic link or a submodule.
    Link,
}

impl Mirror {
    /// The entries of each of these folders; a folder that is not there has none.
    pub(crate) async fn children(
        &self,
        commit: &CommitId,
        folders: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Vec<Child>>, MirrorError> {
        let mut children: BTreeMap<String, Vec<Child>> = BTreeMap::new();
        let _in_place = self.in_place().await;
        let below: Vec<&str> = folders.iter().copied().filter(|folder| !folder.is_empty()).collect();
        for some in below.chunks(AT_A_TIME) {
            let paths: Vec<String> =
                some.iter().map(|folder| Ok(format!("{}/", checked(folder)?))).collect::<Result<_, MirrorError>>()?;
            self.list_children(commit, &paths, &mut children).await?;
        }
        if folders.contains("") {
            self.list_children(commit, &[], &mut children).await?;
        }
        for folder in below.iter().filter(|folder| !children.contains_key(**folder)) {
            self.refuse_links_on_the_way(commit, &format!("{folder}/")).await?;
        }
        Ok(children)
    }

    async fn list_children(
        &self,
        commit: &CommitId,
        paths: &[String],
        children: &mut BTreeMap<String, Vec<Child>>,
    ) -> Result<(), MirrorError> {
        let call = self.local("ls-tree", "list folders of a commit").at_most(LISTING_BYTES).args(["-z", "--full-tree"]);
        let call = call.outside(std::iter::once(commit.as_str()).chain(paths.iter().map(String::as_str)));
        let listing = match call.bytes().await {
            Ok(listing) => listing,
            Err(error) => return Err(self.about(commit, error).await),
        };
        for line in listing.split(|&byte| byte == 0).filter(|line| !line.is_empty()) {
            // A name that is not UTF-8 is no instance's, and no reason to find no others.
            let Some((folder, child)) = std::str::from_utf8(line).ok().and_then(parse) else { continue };
            children.entry(folder).or_default().push(child);
        }
        Ok(())
    }

    /// Which of these paths are folders or files of a commit.
    pub(crate) async fn which_are_there(
        &self,
        commit: &CommitId,
        paths: Vec<String>,
    ) -> Result<BTreeSet<String>, MirrorError> {
        // A path with a line's end would be two questions.
        let paths: Vec<String> = paths.into_iter().filter(|path| !path.contains('\n')).collect();
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        let _in_place = self.in_place().await;
        let asked = paths.iter().fold(String::new(), |asked, path| asked + &format!("{commit}:{path}\n"));
        let call = self.local("cat-file", "look up paths of a commit");
        let call = call.args(["--batch-check=%(objecttype)", "--buffer"]).stdin(asked.into_bytes());
        let said = call.at_most(LISTING_BYTES).text().await.map_err(explain::local)?;
        let there = |said: &str| matches!(said, "tree" | "blob");
        Ok(paths.into_iter().zip(said.lines()).filter(|(_, said)| there(said)).map(|(path, _)| path).collect())
    }
}

/// Reads `<mode> <type> <id>\t<path>`.
fn parse(line: &str) -> Option<(String, Child)> {
    let (facts, path) = line.split_once('\t')?;
    let kind = match facts.split(' ').next()? {
        "040000" => ChildKind::Folder,
        "120000" | "160000" => ChildKind::Link,
        _ => ChildKind::File,
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    Some((folder.to_owned(), Child { name: name.to_owned(), kind }))
}
