//! Which loader a program asks for. Helm's and Kustomize's own builds ask for none; a distribution's may.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// `PT_INTERP`: the program header that names the loader.
const INTERPRETER: u32 = 3;
/// The length of a program header of 64 bits.
const HEADER: usize = 56;

/// The loader of a 64-bit little-endian program, if it has one.
pub(super) fn of(program: &Path) -> Option<PathBuf> {
    let mut file = File::open(program).ok()?;
    let mut head = [0_u8; 64];
    file.read_exact(&mut head).ok()?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = number(&head, 32, 8)?;
    let count = number(&head, 56, 2)?.min(64);
    for index in 0..count {
        let mut header = [0_u8; HEADER];
        file.read_exact_at(&mut header, table + index * u64::try_from(HEADER).ok()?).ok()?;
        if number(&header, 0, 4)? != u64::from(INTERPRETER) {
            continue;
        }
        let (at, length) = (number(&header, 8, 8)?, number(&header, 32, 8)?);
        let mut name = vec![0_u8; usize::try_from(length.min(4096)).ok()?];
        file.read_exact_at(&mut name, at).ok()?;
        let name = String::from_utf8(name).ok()?;
        return Some(PathBuf::from(name.trim_end_matches('\0')));
    }
    None
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + length)?;
    Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}
