//! Texts that are known to be secret, found in one pass over a text however many they are.
//!
//! Nothing is made anew when one is added: a pass over thousands of files adds tens of thousands, between lines that are logged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::text::CUT;

/// All are at least as long.
const BEGIN: usize = super::SHORTEST_REGISTERED;
/// Most places of a text are passed over by one look into a table of so many bits.
const BITS: usize = 1 << 18;

type Begin = [u8; BEGIN];
/// Those that begin alike, by their length.
type Alike = BTreeMap<usize, HashSet<Box<[u8]>>>;

/// The texts, by how they begin and how long they are.
pub(super) struct Known {
    /// The values themselves.
    values: HashSet<String>,
    /// All ways in which they are written.
    all: HashMap<Begin, Alike>,
    /// Where a bit is not set nothing begins.
    table: Vec<u64>,
}

impl Default for Known {
    fn default() -> Self {
        Self { values: HashSet::new(), all: HashMap::new(), table: vec![0; BITS / 64] }
    }
}

impl Known {
    /// Whether this is a value that was added.
    pub(super) fn holds(&self, value: &str) -> bool {
        self.values.contains(value)
    }

    /// Adds a value with the ways in which it is written.
    pub(super) fn add(&mut self, value: &str, texts: Vec<String>) {
        self.values.insert(value.to_owned());
        for text in texts {
            let bytes = text.into_bytes().into_boxed_slice();
            let Some(begin) = begin_of(&bytes, 0) else { continue };
            let (word, bit) = place(begin);
            if let Some(word) = self.table.get_mut(word) {
                *word |= bit;
            }
            self.all.entry(begin).or_default().entry(bytes.len()).or_default().insert(bytes);
        }
    }

    /// Where they are, in the order of their begin; they may overlap. They begin and end between characters, as they are text.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        if self.values.is_empty() {
            return found;
        }
        for at in 0..bytes.len() {
            let Some(begin) = begin_of(bytes, at) else { break };
            let (word, bit) = place(begin);
            if self.table.get(word).is_none_or(|word| word & bit == 0) {
                continue;
            }
            let Some(alike) = self.all.get(&begin) else { continue };
            for (length, texts) in alike {
                let end = at + length;
                if bytes.get(at..end).is_some_and(|part| texts.contains(part)) {
                    found.push(at..end);
                }
            }
            found.extend(cut_off(text, at, alike));
        }
        found
    }
}

/// What a cut left of a text that begins here: what was said may have been cut before it came to us.
fn cut_off(text: &str, at: usize, alike: &Alike) -> Option<Range<usize>> {
    let longest = *alike.keys().next_back()?;
    let (length, _) = text.get(at..)?.char_indices().take(longest).find(|(_, char)| *char == CUT)?;
    let end = at + length;
    let part = text.get(at..end)?.as_bytes();
    alike.values().flatten().any(|one| one.starts_with(part)).then_some(at..end)
}

fn begin_of(bytes: &[u8], at: usize) -> Option<Begin> {
    bytes.get(at..at + BEGIN)?.try_into().ok()
}

/// A begin's bit in the table.
fn place(begin: Begin) -> (usize, u64) {
    let number = begin.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46;
    let bit = usize::try_from(mixed).unwrap_or_default() % BITS;
    (bit / 64, 1 << (bit % 64))
}
