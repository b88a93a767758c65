//! Why a key is not wrapped, or not unwrapped.

use kmip_ttlv::Version;
use kmip_ttlv::enums::ResultReason;

use super::super::Failure;
use crate::crypto;

/// Why a key is not wrapped, or not unwrapped; what other operations fail of as well is a [`Failure`]
/// of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such wrapping key, or none that this caller may know of.
    #[error("the wrapping key is not found")]
    NotFound,
    /// The wrapping key was destroyed.
    #[error("the wrapping key is destroyed")]
    Destroyed,
    /// The wrapping key is in the archive.
    #[error("the wrapping key is archived and must be recovered first")]
    Archived,
    /// What is named as wrapping key is no key.
    #[error("the object that is to wrap is not a key")]
    NotAKey,
    /// The wrapping key's state or dates forbid the use.
    #[error("the wrapping key cannot be used: {0}")]
    State(&'static str),
    /// The key's Cryptographic Parameters do not say how, or say something else than the request.
    #[error("the Cryptographic Parameters do not fit the wrapping key")]
    Parameters,
    /// The object cannot be given in this Encoding Option.
    #[error("{0}")]
    Encoding(&'static str),
    /// The Key Wrap Type is unknown, or means nothing here.
    #[error("the Key Wrap Type is not supported")]
    WrapType,
    /// The object has no Key Block.
    #[error("objects of this type are not wrapped")]
    NotWrappable,
}

impl Error {
    /// The Result Reasons of 1.x (KMIP 1.4 §11.12) and of 2.x (KMIP 2.1 §6.1.19.1).
    #[must_use]
    pub fn reasons(self, version: Version) -> (ResultReason, ResultReason) {
        use ResultReason as R;
        match self {
            Self::NotFound => (R::ItemNotFound, R::WrappingObjectNotFound),
            Self::Destroyed => (R::ItemNotFound, R::WrappingObjectDestroyed),
            Self::Archived => (R::ObjectArchived, R::WrappingObjectArchived),
            Self::NotAKey | Self::NotWrappable => (R::IllegalOperation, R::InvalidObjectType),
            // Get has no Wrong Key Lifecycle State.
            Self::State(_) => (R::PermissionDenied, R::PermissionDenied),
            Self::Parameters => (R::ItemNotFound, R::BadCryptographicParameters),
            Self::Encoding(_) if version < Version::V1_1 => (R::InvalidField, R::InvalidField),
            Self::Encoding(_) => (R::EncodingOptionError, R::EncodingOptionError),
            // 1.4 says "Not Supported", and has no number for it.
            Self::WrapType => (R::FeatureNotSupported, R::KeyWrapTypeNotSupported),
        }
    }
}

/// A failure to find or to use a wrapping key, told apart from one of the object that is wrapped.
pub(super) fn of_key(failure: Failure) -> Failure {
    match failure {
        Failure::NotFound => Error::NotFound.into(),
        Failure::Destroyed => Error::Destroyed.into(),
        Failure::Archived => Error::Archived.into(),
        Failure::WrongState(rule) => Error::State(rule).into(),
        Failure::Crypto(error) => of_crypto(error),
        other => other,
    }
}

/// A refused computation: what the parameters are to blame for is one answer.
pub(super) fn of_crypto(error: crypto::Error) -> Failure {
    use crypto::Error as E;
    match error {
        E::Unsupported
        | E::UnsupportedMac
        | E::UnsupportedHash
        | E::WrongAlgorithm
        | E::BadParameters
        | E::BadIvLength
        | E::BadTagLength
        | E::MissingIv
        | E::NotAuthenticating => Error::Parameters.into(),
        other => other.into(),
    }
}
