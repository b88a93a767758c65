//! Which token, which key, and how it is called.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::error::HsmError;
use crate::keys::secret_file;

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
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// A PIN that `main` has read from the environment.
    #[must_use]
    pub fn new(pin: Zeroizing<String>) -> Self {
        Self(pin)
    }

    /// The PIN in a file that only its owner can read; a line end is not part of it.
    ///
    /// # Errors
    /// [`HsmError::PinFile`].
    pub fn from_file(path: &Path) -> Result<Self, HsmError> {
        Ok(Self(secret_file::read(path)?))
    }

    /// The PIN, to be handed to a worker.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        self.0.clone()
    }

    pub(super) fn to_auth_pin(&self) -> AuthPin {
        AuthPin::from(self.0.as_str())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({} bytes)", self.0.len())
    }
}

/// A token and the root key in it.
#[derive(Debug, Clone)]
pub struct TokenSettings {
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
        Self { module, token, pin, key_label, sessions: 2, queue: 1024, timeout }
    }
}
