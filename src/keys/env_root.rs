//! Provider `env`: root keys from environment variables or files.
//!
//! For development and small installations. What is sealed is, with a key of its own:
//!
//! ```text
//! offset  bytes  field
//!      0     16  salt
//!     16     12  nonce
//!     28      n  ciphertext
//!   28+n     16  tag
//! ```
//!
//! AES-256-GCM under HKDF-SHA256(root key, salt, [`INFO`]).

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::root::{BoxFuture, Provider, ROOT_PLAIN_BYTES_MAX, Random, RootError, RootKey};
use super::secret_file::{self, SecretFileError};
use crate::crypto::aead::{KEY_BYTES, Key};
use crate::crypto::random::RandomError;

/// HKDF's info for what this provider seals.
pub const INFO: &[u8] = b"keystrata root env 1";
/// In front of a variable's value that names a file.
pub const FILE_PREFIX: &str = "file:";

/// Where one version of the root key is.
#[derive(Clone)]
pub enum KeySource {
    /// In an environment variable, which `main` has read.
    Variable {
        /// The variable's name, for messages.
        name: String,
        /// Its value: 64 hexadecimal digits, or `file:` and a path.
        value: Zeroizing<String>,
    },
    /// In a file with 64 hexadecimal digits and mode 0600 or stricter.
    File(PathBuf),
}

impl KeySource {
    fn name(&self) -> String {
        match self {
            Self::Variable { name, .. } => name.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// What an operator has to remove for the key to be gone.
    fn place(&self) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Variable { name, value } => match value.strip_prefix(FILE_PREFIX) {
                Some(path) => format!("the file {path} and the variable {name}"),
                None => format!("the variable {name}"),
            },
        }
    }

    fn digits(&self) -> Result<Zeroizing<String>, EnvRootError> {
        match self {
            Self::File(path) => Ok(secret_file::read(path)?),
            Self::Variable { name, value } => match value.strip_prefix(FILE_PREFIX) {
                Some(path) => secret_file::read(Path::new(path))
                    .map_err(|error| EnvRootError::FileOf { variable: name.clone(), error }),
                None => Ok(value.clone()),
            },
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySource({})", self.name())
    }
}

/// Why the root keys were not taken. One line that says what to do, without the key.
#[derive(Debug, thiserror::Error)]
pub enum EnvRootError {
    /// There is none.
    #[error("no version of the root key is given")]
    None,
    /// Versions are counted from 1.
    #[error("{0}: versions of the root key are counted from 1")]
    VersionZero(String),
    /// A version is given twice.
    #[error("{0}: version {1} of the root key is given twice")]
    VersionTwice(String, u32),
    /// It has another length.
    #[error("{name}: a root key is 64 hexadecimal digits, not {characters} characters")]
    Length {
        /// Where it was.
        name: String,
        /// How long it is.
        characters: usize,
    },
    /// It is not hexadecimal.
    #[error("{0}: a root key is 64 hexadecimal digits, and this has other characters")]
    NotHexadecimal(String),
    /// The same key under two versions.
    #[error("{0}: this key is already version {1}; a new version needs a new key")]
    SameKey(String, u32),
    /// A version has another key than before.
    #[error("version {0} of the root key is another key than before: a new key is a new version")]
    Changed(u32),
    /// Its file was not used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file that a variable names was not used.
    #[error("{variable}: {error}")]
    FileOf {
        /// The variable's name.
        variable: String,
        /// What is wrong with the file.
        error: SecretFileError,
    },
    /// There is no randomness to make a key.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A root key in memory, and where it was.
struct Held {
    key: Key,
    place: String,
}

/// The versions that there are.
type Versions = BTreeMap<u32, Arc<Held>>;

/// Root keys in memory.
pub struct EnvRoot {
    keys: ArcSwap<Versions>,
    random: Arc<dyn Random>,
}

impl EnvRoot {
    /// The root with these versions.
    ///
    /// # Errors
    /// [`EnvRootError`], which names the variable or file.
    pub fn new(
        versions: impl IntoIterator<Item = (u32, KeySource)>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EnvRootError> {
        let keys = ArcSwap::from_pointee(read(versions)?);
        Ok(Self { keys, random })
    }

    /// Takes versions that it has not got yet. Those that it has stay, and must be the same.
    ///
    /// # Errors
    /// [`EnvRootError`], which names the variable or file; nothing was taken.
    pub fn reload(
        &self,
        versions: impl IntoIterator<Item = (u32, KeySource)>,
    ) -> Result<(), EnvRootError> {
        let mut keys = read(versions)?;
        for (version, known) in self.keys.load().iter() {
            match keys.get(version) {
                Some(it) if !bool::from(it.key.ct_eq(&known.key)) => {
                    return Err(EnvRootError::Changed(*version));
                }
                Some(_) => {}
                None => {
                    let same = |it: &Held| bool::from(it.key.ct_eq(&known.key));
                    if let Some((other, _)) = keys.iter().find(|(_, it)| same(it)) {
                        let name = format!("version {other}");
                        return Err(EnvRootError::SameKey(name, *version));
                    }
                    keys.insert(*version, Arc::clone(known));
                }
            }
        }
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    fn held(&self, version: u32) -> Result<Arc<Held>, RootError> {
        self.keys.load().get(&version).cloned().ok_or(RootError::NoSuchVersion(version))
    }

    fn seal_now(&self, version: u32, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, RootError> {
        let held = self.held(version)?;
        if plain.len() > ROOT_PLAIN_BYTES_MAX {
            return Err(RootError::Unavailable("the text is too long for a root key".into()));
        }
        let mut sealed = Vec::new();
        held.key
            .seal_salted(&*self.random, &[INFO], aad, plain, &mut sealed)
            .map_err(|error| RootError::Unavailable(error.to_string()))?;
        Ok(sealed)
    }

    fn open_now(
        &self,
        version: u32,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let held = self.held(version)?;
        held.key.open_salted(&[INFO], aad, sealed).map_err(|_| RootError::NotAuthentic)
    }
}

impl RootKey for EnvRoot {
    fn provider(&self) -> Provider {
        Provider::Env
    }

    fn versions(&self) -> Vec<u32> {
        self.keys.load().keys().copied().collect()
    }

    fn place_of(&self, version: u32) -> String {
        let held = self.held(version).map(|held| held.place.clone());
        held.unwrap_or_else(|_| format!("version {version} of root provider `env`"))
    }

    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>> {
        Box::pin(async move { self.seal_now(version, aad, plain) })
    }

    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>> {
        Box::pin(async move { self.open_now(version, aad, sealed) })
    }
}

impl fmt::Debug for EnvRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvRoot").field("versions", &self.versions()).finish_non_exhaustive()
    }
}

/// Makes a root key in a new file that only its owner can read, for [`KeySource::File`].
///
/// # Errors
/// [`EnvRootError::File`] if the file exists or cannot be made, or [`EnvRootError::Random`].
pub fn create_key_file(path: &Path, random: &dyn Random) -> Result<(), EnvRootError> {
    let key = Key::random(random)?;
    let digits = secret_file::hexadecimal(key.as_bytes());
    Ok(secret_file::create(path, &digits)?)
}

/// The keys behind their sources.
fn read(versions: impl IntoIterator<Item = (u32, KeySource)>) -> Result<Versions, EnvRootError> {
    let mut keys = Versions::new();
    for (version, source) in versions {
        if version == 0 {
            return Err(EnvRootError::VersionZero(source.name()));
        }
        let key = parse(&source.digits()?, || source.name())?;
        let same = keys.iter().find(|(_, known)| bool::from(key.ct_eq(&known.key)));
        if keys.contains_key(&version) {
            return Err(EnvRootError::VersionTwice(source.name(), version));
        }
        if let Some((other, _)) = same {
            return Err(EnvRootError::SameKey(source.name(), *other));
        }
        keys.insert(version, Arc::new(Held { key, place: source.place() }));
    }
    if keys.is_empty() { Err(EnvRootError::None) } else { Ok(keys) }
}

fn parse(digits: &str, name: impl Fn() -> String) -> Result<Key, EnvRootError> {
    let characters = digits.chars().count();
    if characters != 2 * KEY_BYTES {
        return Err(EnvRootError::Length { name: name(), characters });
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        let value = high.zip(low).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        *byte = value.ok_or_else(|| EnvRootError::NotHexadecimal(name()))?;
    }
    Key::from_slice(bytes.as_slice()).ok_or_else(|| EnvRootError::NotHexadecimal(name()))
}
