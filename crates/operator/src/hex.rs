//! Hashes in names.

/// The first digits of a hash.
pub(crate) fn hex(bytes: &[u8], digits: usize) -> String {
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(digits).collect()
}
