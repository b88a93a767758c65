//! Which token, which key, and how it is called.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cryptoki::types::AuthPin;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::error::HsmError;
use crate::keys::{Whose, secret_file};

/// How a token is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// By its label.
    Label(String),
    /// By its serial number.
    Serial(String),
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "label `{label}`"),
            Self::Serial(serial) => write!(f, "serial number `{serial}`"),
        }
    }
}

/// A token's user PIN. Wiped on drop.
#[derive(Clone)]
pub struct Pin {
    text: Zeroizing<String>,
    /// Where it was read, to be read again.
    file: Option<PathBuf>,
    /// When the file was written, in seconds and nanoseconds since the epoch.
    written: Option<(i64, i64)>,
}

impl Pin {
    /// A PIN that `main` has read from the environment.
    #[must_use]
    pub fn new(pin: Zeroizing<String>) -> Self {
        Self { text: pin, file: None, written: None }
    }

    /// The PIN in a file that only its owner can read; a line end is not part of it.
    ///
    /// # Errors
    /// [`HsmError::PinFile`].
    pub fn from_file(path: &Path) -> Result<Self, HsmError> {
        // Before it is read: what is written meanwhile is read again.
        let written = std::fs::metadata(path).ok().map(|it| (it.mtime(), it.mtime_nsec()));
        Ok(Self { text: secret_file::read(path)?, file: Some(path.to_owned()), written })
    }

    /// The PIN as its file has it now; as it was, if the file cannot be read.
    pub(super) fn now(&self) -> Self {
        let read = self.file.as_deref().map(Self::from_file);
        read.and_then(Result::ok).unwrap_or_else(|| self.clone())
    }

    /// Whether the other one is this one, and its file was not written since.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = self.text.as_bytes().ct_eq(other.text.as_bytes());
        bool::from(same) && self.written == other.written
    }

    /// The PIN, to be handed to a worker.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        self.text.clone()
    }

    pub(super) fn to_auth_pin(&self) -> AuthPin {
        AuthPin::from(self.text.as_str())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({} bytes)", self.text.len())
    }
}

/// A token and the root key in it.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Whose token it is. One of a tenant's own is called for the first time when it is asked for
    /// something, and may have no key yet.
    pub whose: Whose,
    /// The library of the token's maker.
    pub module: PathBuf,
    /// Which token.
    pub token: TokenName,
    /// Its user PIN.
    pub pin: Pin,
    /// The label of all versions of the root key; a version is its `CKA_ID`.
    pub key_label: String,
    /// How many sessions, each on its own thread; at least 1.
    pub sessions: usize,
    /// How many calls may wait.
    pub queue: usize,
    /// How long a caller waits for an answer.
    pub timeout: Duration,
}

impl TokenSettings {
    /// The settings with the usual bounds.
    #[must_use]
    pub fn new(module: PathBuf, token: TokenName, pin: Pin, key_label: String) -> Self {
        let timeout = Duration::from_secs(5);
        let whose = Whose::Shared;
        Self { whose, module, token, pin, key_label, sessions: 2, queue: 1024, timeout }
    }

    /// The same for a token of a tenant's own, which few keys are sealed by.
    #[must_use]
    pub fn of_tenant(self) -> Self {
        Self { whose: Whose::Own, sessions: 1, queue: 64, ..self }
    }
}
