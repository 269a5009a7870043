//! Which values of a file are encrypted: by the end of a key, by a pattern of keys, or by a comment above.

use regex::{Regex, RegexBuilder};

/// What a file or a rule says, as written; an empty text says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawRules {
    /// Keys that end so stay in the clear, with all below them.
    pub unencrypted_suffix: String,
    /// Only keys that end so are encrypted.
    pub encrypted_suffix: String,
    /// Keys that match stay in the clear.
    pub unencrypted_regex: String,
    /// Only keys that match are encrypted.
    pub encrypted_regex: String,
    /// What stands below a comment that matches stays in the clear.
    pub unencrypted_comment_regex: String,
    /// Only what stands below a comment that matches is encrypted.
    pub encrypted_comment_regex: String,
    /// Whether values in the clear are left out of the MAC.
    pub mac_only_encrypted: bool,
}

/// What stays in the clear where no rule says anything.
const USUAL_SUFFIX: &str = "_unencrypted";

impl RawRules {
    /// Whether only what a pattern or an ending of keys names is encrypted: more may be left than somebody meant.
    pub(super) fn is_partial(&self) -> bool {
        !self.encrypted_regex.is_empty() || !self.encrypted_suffix.is_empty()
    }

    /// Where nothing is said, in a rule or in a file, SOPS has a rule of its own.
    pub(super) fn or_usual(mut self) -> Self {
        if self.said() == 0 {
            USUAL_SUFFIX.clone_into(&mut self.unencrypted_suffix);
        }
        self
    }

    /// The texts with their names.
    pub(super) fn texts(&self) -> [(&'static str, &str); 6] {
        [
            ("unencrypted_suffix", &self.unencrypted_suffix),
            ("encrypted_suffix", &self.encrypted_suffix),
            ("unencrypted_regex", &self.unencrypted_regex),
            ("encrypted_regex", &self.encrypted_regex),
            ("unencrypted_comment_regex", &self.unencrypted_comment_regex),
            ("encrypted_comment_regex", &self.encrypted_comment_regex),
        ]
    }

    /// How many of them say something; a rule may have one.
    pub(super) fn said(&self) -> usize {
        self.texts().iter().filter(|(_, text)| !text.is_empty()).count()
    }
}

/// The rules, ready to be asked.
#[derive(Default)]
pub(super) struct Rules {
    raw: RawRules,
    unencrypted: Option<Regex>,
    encrypted: Option<Regex>,
    unencrypted_comment: Option<Regex>,
    encrypted_comment: Option<Regex>,
}

impl Rules {
    /// An error has the name of the field.
    pub(super) fn new(raw: RawRules) -> Result<Self, (&'static str, String)> {
        let [_, _, unencrypted, encrypted, unencrypted_comment, encrypted_comment] =
            raw.texts().map(|(name, text)| (!text.is_empty()).then(|| pattern(text).ok_or(name)).transpose());
        let no_pattern = |name| (name, "it is not a regular expression that can be used".to_owned());
        Ok(Self {
            unencrypted: unencrypted.map_err(no_pattern)?,
            encrypted: encrypted.map_err(no_pattern)?,
            unencrypted_comment: unencrypted_comment.map_err(no_pattern)?,
            encrypted_comment: encrypted_comment.map_err(no_pattern)?,
            raw,
        })
    }

    pub(super) fn raw(&self) -> &RawRules {
        &self.raw
    }

    /// Whether an encrypted comment would itself switch encryption off, so that the file could not be read again.
    pub(super) fn comment_switches_off(&self, sealed: &str) -> bool {
        self.unencrypted_comment.as_ref().is_some_and(|pattern| pattern.is_match(sealed))
    }

    /// Whether what stands at this path, below these comments, is encrypted. The last comment of the last list is the
    /// one that is asked about, where `is_comment`.
    pub(super) fn encrypt(&self, path: &[String], comments: &[Vec<&str>], is_comment: bool) -> bool {
        let any_ends = |suffix: &str| path.iter().any(|key| key.ends_with(suffix));
        let any_matches = |pattern: &Regex| path.iter().any(|key| pattern.is_match(key));
        let mut encrypt = true;
        if !self.raw.unencrypted_suffix.is_empty() && any_ends(&self.raw.unencrypted_suffix) {
            encrypt = false;
        }
        if !self.raw.encrypted_suffix.is_empty() {
            encrypt = any_ends(&self.raw.encrypted_suffix);
        }
        if self.unencrypted.as_ref().is_some_and(any_matches) {
            encrypt = false;
        }
        if let Some(pattern) = &self.encrypted {
            encrypt = any_matches(pattern);
        }
        if let Some(pattern) = &self.unencrypted_comment
            && comments.iter().flatten().any(|comment| pattern.is_match(comment))
        {
            encrypt = false;
        }
        if let Some(pattern) = &self.encrypted_comment {
            // The comment that switches encryption on stays readable.
            let all = comments.iter().flatten().count();
            let asked = if is_comment { all.saturating_sub(1) } else { all };
            encrypt = comments.iter().flatten().take(asked).any(|comment| pattern.is_match(comment));
        }
        encrypt
    }
}

/// A pattern whose size is bounded.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(1 << 20).build().ok()
}
