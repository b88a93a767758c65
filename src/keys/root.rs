//! The root of the hierarchy, as its providers see it.

use std::fmt;

use zeroize::Zeroizing;

/// What an implementation of [`RootKey`] needs from the rooms below.
pub use crate::crypto::random::Random;
pub use crate::store::BoxFuture;
pub use crate::tenant::Whose;

/// Where the root key lives. The number is part of every L1 envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// In the environment or a file.
    Env = 1,
    /// In a PKCS#11 token.
    Pkcs11 = 2,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 2] = [Self::Env, Self::Pkcs11];

    /// Whether it destroys its keys when it is asked to. Those of others are their operators' to
    /// remove.
    #[must_use]
    pub fn can_destroy(self) -> bool {
        self == Self::Pkcs11
    }

    /// Its name, as in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The longest text that a root key is asked to seal, in bytes.
pub const ROOT_PLAIN_BYTES_MAX: usize = 64;

/// Why the root key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// The blob was not sealed by this key for this place.
    #[error("the root key did not accept the envelope")]
    NotAuthentic,
    /// There is no such version of the root key here.
    #[error("version {0} of the root key is not available")]
    NoSuchVersion(u32),
    /// The provider is gone or in trouble; the text is for operators.
    #[error("the root key is unavailable: {0}")]
    Unavailable(String),
    /// The provider answers, and does not do what it was asked for; the text is for operators.
    #[error("{0}")]
    Refused(String),
    /// Too many calls wait for the root key.
    #[error("too many calls wait for the root key")]
    Overloaded,
}

/// A provider of a root key (L1), with all its versions.
pub trait RootKey: Send + Sync + fmt::Debug {
    /// Which provider this is.
    fn provider(&self) -> Provider;

    /// Whose root key it is. The number is part of every L1 envelope.
    fn whose(&self) -> Whose {
        Whose::Shared
    }

    /// The versions that it has, ascending; none before a provider that is called late was
    /// [reached](RootKey::reach).
    fn versions(&self) -> Vec<u32>;

    /// Sees to it that the provider is in reach and [`RootKey::versions`] knows what it has.
    fn reach(&self) -> BoxFuture<'_, Result<(), RootError>> {
        Box::pin(async { Ok(()) })
    }

    /// Whether [`RootKey::make`] can make keys.
    fn can_make(&self) -> bool {
        false
    }

    /// Makes a version of the key, which must not exist. It never leaves the provider.
    fn make(&self, version: u32) -> BoxFuture<'_, Result<(), RootError>> {
        Box::pin(async move { Err(RootError::NoSuchVersion(version)) })
    }

    /// Destroys the version of the key that has sealed `sealed`, bound to `aad`, and no other; then it has
    /// looked whether it is gone. One that is not there is [`RootError::NoSuchVersion`].
    fn destroy<'a>(
        &'a self,
        _version: u32,
        _aad: &'a [u8],
        _sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<(), RootError>> {
        let provider = self.provider();
        let line = format!("root provider `{provider}` destroys no keys");
        Box::pin(async move { Err(RootError::Refused(line)) })
    }

    /// Where operators find a version of the key.
    fn place_of(&self, version: u32) -> String {
        format!("version {version} of root provider `{}`", self.provider())
    }

    /// Seals `plain` (at most [`ROOT_PLAIN_BYTES_MAX`]) under `version`, bound to `aad`. The result
    /// is opaque to everybody but the provider (it holds nonce, ciphertext and tag, or a wrapped
    /// key).
    fn seal<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, RootError>>;

    /// Opens what [`RootKey::seal`] made.
    fn open<'a>(
        &'a self,
        version: u32,
        aad: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, RootError>>;
}
