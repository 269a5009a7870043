//! Opens the files of an instance that lie encrypted in git, in memory and just before they are rendered.
//!
//! The private key is a mounted file, read when something is to be opened and gone from memory right after: a key that is
//! exchanged counts from the next file on. What was opened is kept by what stands in git, so that a file that did not change
//! is not opened again; a change of the key forgets nothing, since the same bytes would give the same.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::InstanceId;
use render::engine::carried;
use secrets::sops::{Encrypted, Format, Identities, Problem, SEALED, Scope, SopsError};
use secrets::{Redactor, Secret};
use sha2::{Digest as _, Sha256};

use crate::sources::Files;

/// A key is a line.
const LARGEST_KEYS: u64 = 1 << 20;
/// So many bytes of opened files are kept; then all are forgotten.
const MOST_KEPT: usize = 32 << 20;

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file itself, or that it is for others.
    #[error(transparent)]
    Sops(#[from] SopsError),
    /// The server has no key.
    #[error(
        "`{file}` is encrypted, and there is no private key to open it: mount one, and name its file with --age-key-file or \
         PINNACE_AGE_KEY_FILE; it opens with: {wanted}"
    )]
    NoKey {
        /// The encrypted file.
        file: String,
        /// Who can read it.
        wanted: String,
    },
    /// It is for other instances.
    #[error(
        "`{file}` is for `{scope}` and not for {instance}, so it is not opened here: encrypt what this instance needs in a file of its \
         own"
    )]
    Scope {
        /// The encrypted file.
        file: String,
        /// For which it is.
        scope: Scope,
        /// The one that is rendered.
        instance: InstanceId,
    },
    /// The key can't be read.
    #[error("the private keys in {place} can't be read: {why}")]
    Keys {
        /// The file of keys.
        place: String,
        /// What is wrong with it; never what stands in it.
        why: String,
    },
    /// It did not come to an end.
    #[error("opening encrypted files was broken off: {0}")]
    Broken(String),
}

impl OpenError {
    /// What is wrong with the file in git, and stays so until somebody changes it.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self, Self::Sops(_) | Self::Scope { .. })
    }
}

/// Opens encrypted files with one file of keys. Clones share what was opened.
#[derive(Clone)]
pub struct Opener {
    keys: Option<PathBuf>,
    redactor: Redactor,
    kept: Arc<Mutex<Kept>>,
    /// How many files were opened.
    count: Arc<AtomicU64>,
}

type Name = [u8; 32];

/// A file in the clear.
struct Plain {
    bytes: Secret<Vec<u8>>,
    /// For which instances it is; none: for all.
    scope: Option<Scope>,
}

#[derive(Default)]
struct Kept {
    files: HashMap<Name, Arc<Plain>>,
    bytes: usize,
}

/// The files of an instance, opened.
pub(crate) struct OpenedFiles<'f> {
    pub(crate) files: Cow<'f, Files>,
    /// Whether one of them was encrypted: what is in the clear now may only be written to memory.
    pub(crate) any: bool,
}

impl Opener {
    /// One that reads its keys from this file, as `age-keygen` writes it. Every value that it opens is given to the redactor.
    pub fn new(keys: Option<PathBuf>, redactor: Redactor) -> Self {
        Self { keys, redactor, kept: Arc::default(), count: Arc::default() }
    }

    /// How many files were opened so far. What is remembered is not opened again.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// A text without the values that it opened.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.redactor.redact(text).into_owned()
    }

    /// Opens those that are encrypted for this instance, and are not carried to an app as they are; the others stay as they are.
    pub(crate) async fn open<'f>(
        &self,
        files: Cow<'f, Files>,
        instance: &InstanceId,
    ) -> Result<OpenedFiles<'f>, OpenError> {
        if !files.values().any(|bytes| is_sealed(bytes)) {
            return Ok(OpenedFiles { files, any: false });
        }
        let carried = carried(&files);
        let sealed: Vec<(String, Vec<u8>)> = files
            .iter()
            .filter(|(path, bytes)| is_sealed(bytes) && !carried.contains(*path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect();
        if sealed.is_empty() {
            return Ok(OpenedFiles { files, any: false });
        }
        let this = self.clone();
        let opening = tokio::task::spawn_blocking(move || this.open_all(sealed));
        // What a panic says may hold what was just opened and is not known yet.
        let opened = opening.await.map_err(|_| OpenError::Broken("opening it panicked".to_owned()))??;
        let any = !opened.is_empty();
        let mut files = files.into_owned();
        for (file, plain) in opened {
            if let Some(scope) = plain.scope.as_ref().filter(|scope| !scope.holds(&instance.to_string())) {
                return Err(OpenError::Scope { file, scope: scope.clone(), instance: instance.clone() });
            }
            files.insert(file, plain.bytes.expose().clone());
        }
        Ok(OpenedFiles { files: Cow::Owned(files), any })
    }

    fn open_all(&self, sealed: Vec<(String, Vec<u8>)>) -> Result<Vec<(String, Arc<Plain>)>, OpenError> {
        let (mut keys, mut opened) = (None, Vec::new());
        for (path, bytes) in sealed {
            let name = name(&path, &bytes);
            if let Some(plain) = self.kept(&name) {
                opened.push((path, plain));
                continue;
            }
            let Some(file) = encrypted(&path, &bytes)? else { continue };
            let keys = match &mut keys {
                Some(keys) => &*keys,
                none => &*none.insert(self.keys()?),
            };
            let plain = Arc::new(self.open_one(&path, &file, keys)?);
            self.keep(name, &plain);
            opened.push((path, plain));
        }
        Ok(opened)
    }

    fn open_one(&self, path: &str, file: &Encrypted, keys: &Identities) -> Result<Plain, OpenError> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let opened = file.open(keys).map_err(|error| match error.problem {
            Problem::NoKey { given: 0, wanted } => OpenError::NoKey { file: path.to_owned(), wanted },
            _ => error.into(),
        })?;
        for value in opened.secrets() {
            let value = value.expose();
            if let Ok(text) = str::from_utf8(value.expose()) {
                self.redactor.register(text);
            }
        }
        Ok(Plain { bytes: opened.content()?, scope: opened.scope()? })
    }

    fn keys(&self) -> Result<Identities, OpenError> {
        let Some(place) = &self.keys else { return Ok(Identities::default()) };
        read_keys(place).map_err(|why| OpenError::Keys { place: place.display().to_string(), why })
    }

    fn kept(&self, name: &Name) -> Option<Arc<Plain>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).files.get(name).cloned()
    }

    fn keep(&self, name: Name, plain: &Arc<Plain>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = plain.bytes.expose().len();
        if kept.bytes + bytes > MOST_KEPT {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.files.insert(name, Arc::clone(plain));
    }
}

/// None: it holds ciphertext and is no SOPS file, which rendering refuses by the object that it is in.
fn encrypted(path: &str, bytes: &[u8]) -> Result<Option<Encrypted>, SopsError> {
    match Encrypted::parse(path, bytes, Format::of_name(path)) {
        Err(SopsError { problem: Problem::NotEncrypted, .. }) => Ok(None),
        parsed => parsed.map(Some),
    }
}

/// Whether it may be such a file: they are all text, whatever is in them.
fn is_sealed(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| text.contains(SEALED))
}

fn name(path: &str, bytes: &[u8]) -> Name {
    let mut digest = Sha256::new();
    digest.update(path.len().to_be_bytes());
    digest.update(path);
    digest.update(bytes);
    digest.finalize().into()
}

/// Reads a file of private keys, as `age-keygen` writes it; why not, in words that show nothing of it.
pub fn read_keys(place: &Path) -> Result<Identities, String> {
    let file = File::open(place).map_err(|error| error.to_string())?;
    // Room for all, so that no half of a key is left where a smaller buffer was.
    let length = file.metadata().map_or(0, |facts| facts.len()).min(LARGEST_KEYS);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    let read = file.take(LARGEST_KEYS).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    read.map_err(|error| error.to_string())?;
    let text = str::from_utf8(bytes.expose()).map_err(|_| "it is no text".to_owned())?;
    Identities::parse(&Secret::new(text.to_owned())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use secrets::sops::{Creation, Recipient, encrypt, generate};

    use super::*;

    const PLAIN: &str = "password: hunter22-of-the-test\n";

    struct Scene {
        folder: tempfile::TempDir,
        files: Files,
        redactor: Redactor,
    }

    fn scene() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = generate();
        std::fs::write(folder.path().join("key.txt"), private.expose()).unwrap();
        let creation = Creation::for_recipients(vec![Recipient::parse(&public).unwrap()]);
        let bytes = encrypt("s.yaml", PLAIN.as_bytes(), Format::Yaml, &creation, "2026-11-26T10:00:00Z").unwrap();
        let other = b"kind: ConfigMap\n".to_vec();
        let files = Files::from([("prod/secrets.yaml".to_owned(), bytes), ("prod/web.yaml".to_owned(), other)]);
        Scene { folder, files, redactor: Redactor::new() }
    }

    fn instance() -> InstanceId {
        "shop/prod".parse().unwrap()
    }

    impl Scene {
        fn opener(&self, key: &str) -> Opener {
            Opener::new(Some(self.folder.path().join(key)), self.redactor.clone())
        }
    }

    #[tokio::test]
    async fn what_is_encrypted_is_opened_and_its_values_are_known_to_be_secret() {
        let scene = scene();
        let opened = scene.opener("key.txt").open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        assert!(opened.any);
        assert_eq!(opened.files["prod/secrets.yaml"], PLAIN.as_bytes());
        assert_eq!(opened.files["prod/web.yaml"], scene.files["prod/web.yaml"]);
        assert_eq!(scene.redactor.redact("it is hunter22-of-the-test"), "it is •••");
    }

    #[tokio::test]
    async fn what_did_not_change_is_not_opened_again_and_needs_no_key() {
        let scene = scene();
        let opener = scene.opener("key.txt");
        opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        std::fs::remove_file(scene.folder.path().join("key.txt")).unwrap();
        assert!(opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap().any);
    }

    #[tokio::test]
    async fn of_many_files_only_those_that_changed_are_opened_again() {
        let mut scene = scene();
        let sealed = scene.files["prod/secrets.yaml"].clone();
        scene.files.extend((0..50).map(|at| (format!("prod/{at}.yaml"), sealed.clone())));
        let opener = scene.opener("key.txt");
        opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        assert_eq!(opener.count(), 51);
        opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        assert_eq!(opener.count(), 51);
        let other = [sealed, b"# changed\n".to_vec()].concat();
        scene.files.insert("prod/7.yaml".to_owned(), other);
        opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        assert_eq!(opener.count(), 52);
    }

    #[tokio::test]
    async fn without_a_key_or_with_another_it_says_which_would_open_it() {
        let scene = scene();
        let none =
            Opener::new(None, Redactor::new()).open(Cow::Borrowed(&scene.files), &instance()).await.err().unwrap();
        assert!(!none.is_content() && none.to_string().contains("it opens with: age age1"), "{none}");
        let gone = scene.opener("gone.txt").open(Cow::Borrowed(&scene.files), &instance()).await.err().unwrap();
        assert!(!gone.is_content() && gone.to_string().contains("gone.txt"), "{gone}");
        std::fs::write(scene.folder.path().join("other.txt"), generate().0.expose()).unwrap();
        let other = scene.opener("other.txt").open(Cow::Borrowed(&scene.files), &instance()).await.err().unwrap();
        assert!(other.is_content() && other.to_string().contains("prod/secrets.yaml"), "{other}");
    }

    #[tokio::test]
    async fn a_file_that_was_changed_is_refused_by_name() {
        let mut scene = scene();
        let text = String::from_utf8(scene.files["prod/secrets.yaml"].clone()).unwrap();
        let cut = text.replacen("password: ENC[AES256_GCM,data:", "password: ENC[AES256_GCM,data:AA", 1);
        scene.files.insert("prod/secrets.yaml".to_owned(), cut.into_bytes());
        let error = scene.opener("key.txt").open(Cow::Borrowed(&scene.files), &instance()).await.err().unwrap();
        assert!(error.is_content() && error.to_string().contains("prod/secrets.yaml"), "{error}");
    }

    #[tokio::test]
    async fn ciphertext_in_what_is_no_such_file_is_left_to_the_render() {
        let files = Files::from([("a.yaml".to_owned(), b"data: {a: 'ENC[AES256_GCM,data:x]'}\n".to_vec())]);
        let opened = Opener::new(None, Redactor::new()).open(Cow::Borrowed(&files), &instance()).await.unwrap();
        assert!(!opened.any && *opened.files == files);
    }

    #[tokio::test]
    async fn a_file_of_another_scope_is_not_opened_and_its_own_hands_the_scope_not_on() {
        let mut scene = scene();
        let key = read_keys(&scene.folder.path().join("key.txt")).unwrap();
        let own = Encrypted::parse("s.yaml", &scene.files["prod/secrets.yaml"], Format::Yaml).unwrap();
        assert!(own.open(&key).is_ok());
        let recipient = own.metadata().groups[0].age[0].recipient.clone();
        let creation = Creation::for_recipients(vec![Recipient::parse(&recipient).unwrap()]);
        let creation = creation.within(Scope::parse("shop/prod").unwrap());
        let bytes = encrypt("s.yaml", PLAIN.as_bytes(), Format::Yaml, &creation, "2026-11-26T10:00:00Z").unwrap();
        scene.files.insert("prod/secrets.yaml".to_owned(), bytes);
        let opener = scene.opener("key.txt");
        let opened = opener.open(Cow::Borrowed(&scene.files), &instance()).await.unwrap();
        assert_eq!(opened.files["prod/secrets.yaml"], PLAIN.as_bytes());
        // What was opened before is known, and still not given to others.
        let stage = "shop/stage".parse().unwrap();
        let error = opener.open(Cow::Borrowed(&scene.files), &stage).await.err().unwrap();
        let told = "`prod/secrets.yaml` is for `shop/prod` and not for shop/stage";
        assert!(error.is_content() && error.to_string().contains(told), "{error}");
    }
}
