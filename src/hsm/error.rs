//! What goes wrong with tokens, in one line that says what to do.

use std::path::PathBuf;

use cryptoki::error::{Error as CallError, RvError};

use super::settings::TokenName;
use crate::keys::secret_file::SecretFileError;

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The module's library cannot be loaded.
    #[error(
        "the PKCS#11 module {} cannot be loaded ({reason}): install it, or correct its path",
        path.display()
    )]
    Module {
        /// The library.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// `SoftHSM` is not installed.
    #[error("SoftHSM is not installed: install it (on Debian: apt-get install softhsm2)")]
    NoSoftHsm,
    /// The process has no or another value of a variable that the module reads.
    #[error("the PKCS#11 module needs the environment variable {0}={path}", path = .1.display())]
    Environment(&'static str, PathBuf),
    /// The module serves somebody else in this process.
    #[error("the PKCS#11 module is already in use in this process: use it one after the other")]
    ModuleInUse,
    /// The module does not start.
    #[error("the PKCS#11 module cannot be initialised ({0}): check its own configuration")]
    Initialise(String),
    /// No token of that name is there.
    #[error("there is no token with {wanted} (there is: {found}): insert it, or correct the name")]
    TokenMissing {
        /// Which one was looked for.
        wanted: TokenName,
        /// The labels of those that are there.
        found: String,
    },
    /// Several tokens have the name.
    #[error("{count} tokens have {wanted}: name the token by its serial number")]
    TokenAmbiguous {
        /// Which one was looked for.
        wanted: TokenName,
        /// How many there are.
        count: usize,
    },
    /// The token offers nothing that can seal.
    #[error("the token with {0} offers neither CKM_AES_GCM nor an AES key wrap: use one that does")]
    NothingOffered(TokenName),
    /// What the token offers does not work.
    #[error("the token with {token} cannot hold a root key ({why}): see `keystrata hsm probe`")]
    NoMethod {
        /// The token.
        token: TokenName,
        /// What has failed, method by method.
        why: String,
    },
    /// An answer of the token is not what it must be.
    #[error("{0}")]
    Unfit(String),
    /// A method does not do what it must.
    #[error("{why}")]
    SelfTest {
        /// The method.
        method: &'static str,
        /// What went wrong.
        why: &'static str,
    },
    /// The PIN is wrong. It is not tried again, because tokens lock after a few wrong ones.
    #[error(
        "the token with {0} refused the PIN: correct it (its file is read again once it is written)"
    )]
    WrongPin(TokenName),
    /// The token was locked by wrong PINs.
    #[error("the PIN of the token with {0} is locked: have its security officer set a new one")]
    PinLocked(TokenName),
    /// The token has no user PIN yet.
    #[error("the token with {0} has no user PIN: have its security officer set one")]
    NoPin(TokenName),
    /// The token has no key of that label.
    #[error(
        "the token with {token} has no root key labelled `{label}`: make it, or correct the label"
    )]
    KeyMissing {
        /// The token.
        token: TokenName,
        /// The label.
        label: String,
    },
    /// A version of the root key that was there is not there any more.
    #[error("the token with {token} has lost version {version} of root key `{label}`")]
    VersionMissing {
        /// The token.
        token: TokenName,
        /// The label.
        label: String,
        /// The version.
        version: u32,
    },
    /// Two keys have the same label and identifier.
    #[error("the token has version {version} of root key `{label}` twice: remove the wrong one")]
    KeyTwice {
        /// The label.
        label: String,
        /// The version.
        version: u32,
    },
    /// A key has the label and an identifier that is no version.
    #[error("a root key `{label}` has a CKA_ID that is no version (1 to 4 bytes, not 0): {id}")]
    KeyId {
        /// The label.
        label: String,
        /// The identifier, in hexadecimal.
        id: String,
    },
    /// The key could leave the token, so it is no root key.
    #[error("version {version} of root key `{label}` can leave the token ({why}): make another")]
    KeyExtractable {
        /// The label.
        label: String,
        /// The version.
        version: u32,
        /// The attribute that is wrong.
        why: &'static str,
    },
    /// Behind the label is another key than before.
    #[error(
        "version {version} of root key `{label}` is another key than before: insert the right token"
    )]
    WrongKey {
        /// The label.
        label: String,
        /// The version.
        version: u32,
    },
    /// The version exists.
    #[error("the token already has version {version} of root key `{label}`: nothing was made")]
    KeyExists {
        /// The label.
        label: String,
        /// The version.
        version: u32,
    },
    /// A PIN's file was not used.
    #[error(transparent)]
    PinFile(#[from] SecretFileError),
    /// A file or directory of the token in software cannot be made.
    #[error("{} cannot be made: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] crate::crypto::random::RandomError),
    /// The threads could not be started.
    #[error("the threads for the token cannot be started: {0}")]
    Threads(std::io::Error),
    /// A worker could not be started, or says what is wrong with the token.
    #[error("{0}")]
    Worker(String),
    /// A PKCS#11 function failed.
    #[error("{function} answered {answer}")]
    Call {
        /// The function, such as `C_Encrypt`.
        function: String,
        /// The return value, without `CKR_`.
        answer: String,
    },
}

impl HsmError {
    /// Whether trying again cannot help and may do harm (a token locks after a few wrong PINs).
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::WrongPin(_) | Self::PinLocked(_) | Self::NoPin(_))
    }

    /// A failed login to `token`.
    pub(super) fn login(error: CallError, token: &TokenName) -> Self {
        use RvError::{
            PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, UserPinNotInitialized,
        };
        match error {
            CallError::Pkcs11(PinIncorrect | PinInvalid | PinLenRange | PinExpired, _) => {
                Self::WrongPin(token.clone())
            }
            CallError::Pkcs11(PinLocked, _) => Self::PinLocked(token.clone()),
            CallError::Pkcs11(UserPinNotInitialized, _) => Self::NoPin(token.clone()),
            other => other.into(),
        }
    }
}

impl From<CallError> for HsmError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Pkcs11(RvError::CryptokiAlreadyInitialized, _) => Self::ModuleInUse,
            // `Display` of the crate's values is a paragraph of the specification each.
            CallError::Pkcs11(answer, function) => {
                Self::Call { function: format!("C_{function:?}"), answer: format!("{answer:?}") }
            }
            other => Self::Call { function: "the module".into(), answer: other.to_string() },
        }
    }
}
