//! Why a file was refused: the file, the key in it, and what to do. Never a value.

use super::scope::Scope;
use super::value::Kind;

/// What is said of a conflict.
pub(super) const CONFLICT: &str = "a conflict of git stands in the file (`<<<<<<<`). Take one side of it as a whole, with `git \
                                   checkout --ours FILE` or `--theirs`, and make the other's changes again with `pinnace secrets edit` \
                                   or `set`: encrypted values of both sides together do not open";

/// A file that was refused.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct SopsError {
    /// As the caller named it.
    pub file: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Too much to be read.
    #[error("the file has {bytes} bytes, and at most {most} are read: split it")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Not a text.
    #[error("the file is not UTF-8 text: encrypt it as binary (--format binary)")]
    NotText,
    /// Not what its format wants.
    #[error("line {line}: {what}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// Git left a conflict in it.
    #[error("line {line}: {}", CONFLICT)]
    Conflict {
        /// Where it begins, counted from 1.
        line: usize,
    },
    /// A tag that would be lost, or does not fit.
    #[error("line {line}: `{path}` has the tag `{tag}`{why}: write the value without it")]
    Tag {
        /// Counted from 1.
        line: usize,
        /// Which key.
        path: String,
        /// As written.
        tag: String,
        /// Why it can't stay.
        why: &'static str,
    },
    /// A file that SOPS keeps in a format that is not known here.
    #[error(
        "files of the kind `.ini` are not read or written here, and SOPS has a format of its own for them: open it with `sops`, and keep \
         its values as YAML, JSON or `KEY=value` lines (.env)"
    )]
    Ini,
    /// It holds what SOPS has no place for.
    #[error("line {line}: {what} can't be in an encrypted file: write it out")]
    Unsupported {
        /// Counted from 1.
        line: usize,
        /// What.
        what: &'static str,
    },
    /// There is no block `sops`.
    #[error(
        "the file is not encrypted with SOPS: it has no `sops` metadata. Encrypt it with `pinnace secrets encrypt`"
    )]
    NotEncrypted,
    /// There is a block `sops` already.
    #[error(
        "the file has a key `{key}` already, as encrypted files have: change one with `edit`, `set` or `rotate`, or rename the key"
    )]
    AlreadyEncrypted {
        /// Which.
        key: String,
    },
    /// Ciphertext in a file without a block `sops`.
    #[error("`{path}` is ciphertext already, and the file has no `sops` metadata: restore it from git")]
    Orphan {
        /// The key.
        path: String,
    },
    /// The block `sops` can't be understood.
    #[error("`sops.{field}`: {why}: restore the file from git")]
    Metadata {
        /// Which part.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// Plaintext where ciphertext should be.
    #[error(
        "`{path}` is in the clear and should be encrypted: take the value out, and set it with `pinnace secrets set`"
    )]
    InTheClear {
        /// Which key.
        path: String,
    },
    /// A ciphertext that is cut or garbled.
    #[error("`{path}` is not an encrypted value as SOPS writes it ({why}): restore it from git")]
    BadCiphertext {
        /// Which key.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A ciphertext that does not open.
    #[error(
        "`{path}` does not open with the file's key: the value was changed, or moved here from another key or file; \
         restore it from git"
    )]
    DoesNotOpen {
        /// Which key.
        path: String,
    },
    /// A plaintext that is not what its type says.
    #[error("`{path}` is marked as {} and holds something else: restore it from git", .kind.name())]
    WrongKind {
        /// Which key.
        path: String,
        /// What it should be.
        kind: Kind,
    },
    /// The MAC over all values is another.
    #[error(
        "the MAC does not match: values were added, removed or reordered without the key, as a merge of two branches does; restore the \
         file from git, and change it with `pinnace secrets edit` or `set`"
    )]
    MacMismatch,
    /// No key opens it.
    #[error("{}", no_key(*given, .wanted))]
    NoKey {
        /// How many were tried.
        given: usize,
        /// Who can read it.
        wanted: String,
    },
    /// Only keys in the cloud open it.
    #[error(
        "the file is only for keys that are not asked for here: {wanted}. Who may use one of them adds an age key: \
         `sops rotate --in-place --add-age age1... FILE`"
    )]
    OnlyCloud {
        /// Which.
        wanted: String,
    },
    /// Too few of the groups were opened.
    #[error("of the {groups} key groups {} opened, and {threshold} are needed; missing: {wanted}", were(*opened))]
    TooFewGroups {
        /// How many were opened.
        opened: usize,
        /// How many there are.
        groups: usize,
        /// How many are needed.
        threshold: usize,
        /// Who can open the others.
        wanted: String,
    },
    /// A recipient that can't be written to.
    #[error("`{recipient}` is not an age recipient: give the public key, as in `age1...` or `ssh-ed25519 ...`")]
    NotARecipient {
        /// As given.
        recipient: String,
    },
    /// No name of a PGP key.
    #[error(
        "`{text}` is no fingerprint of a PGP key: give its 40 hexadecimal digits, as `gpg --list-keys` prints them"
    )]
    NotAFingerprint {
        /// As given.
        text: String,
    },
    /// A PGP key that can't be encrypted for.
    #[error("encrypting for the PGP key {fingerprint} failed: {why}")]
    NotSealed {
        /// Which.
        fingerprint: String,
        /// What `gpg` says.
        why: String,
    },
    /// Nobody could read the file.
    #[error("there is no recipient: give one with --age or --pgp, or a rule in .sops.yaml")]
    NoRecipient,
    /// It is for keys that we can't encrypt for.
    #[error("the file is also for `{key}`, and files can be encrypted for age and PGP keys only")]
    OtherKeys {
        /// The first of them.
        key: String,
    },
    /// One key more has no place of its own.
    #[error("the file has key groups: change them in .sops.yaml, and run `pinnace secrets rotate`")]
    KeyGroups,
    /// A rule that can't be used.
    #[error("{what}: correct the rule")]
    Rule {
        /// What is wrong with it.
        what: String,
    },
    /// A rule for keys that we can't encrypt for.
    #[error(
        "`creation_rules[{at}]` also names keys of the kind `{kind}`, and new files can be encrypted for age and PGP keys only: take \
         them out of the rule, or encrypt the file with `sops`"
    )]
    CloudRule {
        /// Which rule.
        at: usize,
        /// Which keys.
        kind: &'static str,
    },
    /// A scope that can't be one.
    #[error(
        "`{scope}` is no scope: write a project, `shop`, or one of its environments, `shop/prod`; `*` stands for any"
    )]
    BadScope {
        /// As given.
        scope: String,
    },
    /// A scope that anybody could change.
    #[error(
        "the file's scope is not under its MAC, since `mac_only_encrypted` leaves out what is in the clear: encrypt the file \
         again without that rule"
    )]
    ScopeNotBound,
    /// The one that stands there is not the one that the file's key is for, or none stands there.
    #[error(
        "its scope is not the one that it was encrypted with, or another program gave it a new key: restore the file, or decrypt it and \
         encrypt it again with --scope"
    )]
    ScopeChanged,
    /// Two of them.
    #[error(
        "the file is for `{other}` already and not for `{scope}`: take the key `pinnace_scope_unencrypted` out, or correct it"
    )]
    TwoScopes {
        /// The one.
        scope: Scope,
        /// The other.
        other: Scope,
    },
    /// No rule is for the file.
    #[error("no rule in `creation_rules` matches `{path}`: add one, or give the recipient with --age")]
    NoRule {
        /// The file.
        path: String,
    },
    /// Nothing at a path.
    #[error("there is nothing at `{path}`: see the keys with `pinnace secrets view`")]
    NoSuchPath {
        /// As given.
        path: String,
    },
    /// Not written as paths are.
    #[error(
        "`{path}` is no path to a value: write it as `database.users[0].password`, or `[\"a.b\"]` for a key with other characters"
    )]
    BadPath {
        /// As given.
        path: String,
    },
    /// Something at a path that is no single value.
    #[error("`{path}` is {what}: name a single value in it")]
    NotAValue {
        /// As given.
        path: String,
        /// What is there.
        what: &'static str,
    },
    /// It can't be a variable of a program.
    #[error(
        "`{path}` is {what}, and a variable is a single value: open such a file with `pinnace secrets open`, or put the value into a \
         file of `KEY=value` lines"
    )]
    NotAVariable {
        /// Which key.
        path: String,
        /// What is there.
        what: &'static str,
    },
    /// No program can have a variable of that name.
    #[error("`{path}` can't be the name of a variable: use letters, digits and `_`, and no digit first")]
    BadVariable {
        /// Which key.
        path: String,
    },
    /// A value that the format can't hold.
    #[error("`{path}` can't be written in this format: {why}")]
    Unwritable {
        /// Which key.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// The new text, read again, was not what it should be.
    #[error("`{path}` would not be read back as it was: nothing was written. Write that part of the file more plainly")]
    NotProven {
        /// The first key that differs.
        path: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: try again")]
    NoRandomness,
}

fn were(count: usize) -> String {
    if count == 1 { "1 was".to_owned() } else { format!("{count} were") }
}

fn no_key(given: usize, wanted: &str) -> String {
    match given {
        0 => format!("there is no private key that opens the file; it opens with: {wanted}"),
        1 => format!("the private key that was given does not open the file; it opens with: {wanted}"),
        given => format!("none of the {given} private keys opens the file; it opens with: {wanted}"),
    }
}

impl Problem {
    pub(super) fn of(self, file: &str) -> SopsError {
        SopsError { file: file.to_owned(), problem: self }
    }

    pub(super) fn syntax(line: usize, what: impl Into<String>) -> Self {
        Self::Syntax { line, what: what.into() }
    }
}
