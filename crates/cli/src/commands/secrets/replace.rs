//! A file replaced in one step, such that nothing in the clear is left beside it when we are killed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

/// Where the new bytes stand for the moment between two calls of the kernel. There is one of it in a folder, since those who
/// write wait for each other ([`super::file::FileArgs::alone`]).
const NEW: &str = ".pinnace-secrets-new";

/// Gives the file these bytes. The caller is alone in the folder.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // Without a name, the kernel takes it away when we end.
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let Ok(unnamed) = open(folder, flags, Mode::RUSR | Mode::WUSR) else {
        // Not every file system can do that.
        return config_repo::write_atomically(&path, bytes);
    };
    let mut file = File::from(unnamed);
    file.write_all(bytes)?;
    file.set_permissions(path.metadata()?.permissions())?;
    file.sync_all()?;
    let new = folder.join(NEW);
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, own, CWD, &new, AtFlags::SYMLINK_FOLLOW)?;
    std::fs::rename(&new, &path).inspect_err(|_| sweep(folder))
}

/// Takes away what one left that was killed in that moment.
pub(super) fn sweep(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(NEW));
}
