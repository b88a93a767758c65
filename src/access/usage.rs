//! What a key may be used for: state, dates and usage mask (KMIP 1.4 §3.19, §3.22; KMIP 2.1
//! §4.17, §4.57).

use kmip_ttlv::enums::{CryptographicUsageMask, ObjectType, State};

use super::Denied;
use crate::object::Object;

/// A cryptographic use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Applies protection to data.
    Encrypt,
    /// Takes protection off data.
    Decrypt,
    /// Makes a signature.
    Sign,
    /// Checks a signature.
    Verify,
    /// Makes a message authentication code.
    MacGenerate,
    /// Checks a message authentication code.
    MacVerify,
    /// Is the base of a derived key.
    DeriveKey,
    /// Wraps a key that leaves the server.
    WrapKey,
    /// Unwraps a key that came wrapped.
    UnwrapKey,
}

/// What a use does with respect to the key's life: protection ends earlier than processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Protect,
    Process,
}

impl Usage {
    /// Every use, for tests and tables.
    pub const ALL: [Self; 9] = [
        Self::Encrypt,
        Self::Decrypt,
        Self::Sign,
        Self::Verify,
        Self::MacGenerate,
        Self::MacVerify,
        Self::DeriveKey,
        Self::WrapKey,
        Self::UnwrapKey,
    ];

    /// The bit of the usage mask that allows it.
    #[must_use]
    pub fn mask(self) -> CryptographicUsageMask {
        match self {
            Self::Encrypt => CryptographicUsageMask::ENCRYPT,
            Self::Decrypt => CryptographicUsageMask::DECRYPT,
            Self::Sign => CryptographicUsageMask::SIGN,
            Self::Verify => CryptographicUsageMask::VERIFY,
            Self::MacGenerate => CryptographicUsageMask::MAC_GENERATE,
            Self::MacVerify => CryptographicUsageMask::MAC_VERIFY,
            Self::DeriveKey => CryptographicUsageMask::DERIVE_KEY,
            Self::WrapKey => CryptographicUsageMask::WRAP_KEY,
            Self::UnwrapKey => CryptographicUsageMask::UNWRAP_KEY,
        }
    }

    /// The objects that are for it, as far as the server computes with them.
    #[must_use]
    pub fn holders(self) -> &'static [ObjectType] {
        use ObjectType as T;
        match self {
            Self::Encrypt => &[T::SymmetricKey, T::PublicKey, T::PrivateKey],
            Self::WrapKey => &[T::SymmetricKey, T::PublicKey, T::PrivateKey, T::Certificate],
            Self::Decrypt | Self::UnwrapKey => &[T::SymmetricKey, T::PrivateKey],
            Self::Sign => &[T::PrivateKey],
            Self::Verify => &[T::PublicKey],
            Self::MacGenerate | Self::MacVerify => &[T::SymmetricKey],
            Self::DeriveKey => &[T::SymmetricKey, T::SecretData, T::PublicKey, T::PrivateKey],
        }
    }

    /// Whether data are encrypted or decrypted: what any object can do that is a one-time pad.
    fn is_cipher(self) -> bool {
        matches!(self, Self::Encrypt | Self::Decrypt)
    }

    fn direction(self) -> Direction {
        match self {
            Self::Encrypt | Self::Sign | Self::MacGenerate | Self::DeriveKey | Self::WrapKey => {
                Direction::Protect
            }
            Self::Decrypt | Self::Verify | Self::MacVerify | Self::UnwrapKey => Direction::Process,
        }
    }
}

/// Whether `object`, as it is at `now` (seconds since the epoch), may be used like this.
///
/// # Errors
/// [`Denied::ObjectType`], [`Denied::State`] or [`Denied::UsageMask`]; the first that applies.
pub fn check_usage(object: &Object, usage: Usage, now: i64) -> Result<(), Denied> {
    check_type(object, usage)?;
    check_life(object, usage, now)?;
    check_mask(object, usage)
}

/// Whether `object` is of a type and has a mask for this use, whatever its state.
///
/// # Errors
/// [`Denied::ObjectType`] or [`Denied::UsageMask`].
pub fn check_purpose(object: &Object, usage: Usage) -> Result<(), Denied> {
    check_type(object, usage)?;
    check_mask(object, usage)
}

fn check_type(object: &Object, usage: Usage) -> Result<(), Denied> {
    let is_used_pad = usage.is_cipher() && object.is_pad();
    if is_used_pad || usage.holders().contains(&object.object_type) {
        return Ok(());
    }
    Err(Denied::ObjectType("objects of this type are not for this use"))
}

fn check_life(object: &Object, usage: Usage, now: i64) -> Result<(), Denied> {
    match (usage.direction(), object.state()) {
        (_, State::Active) | (Direction::Process, State::Deactivated | State::Compromised) => {}
        (Direction::Protect, _) => return Err(Denied::State("the object is not Active")),
        (Direction::Process, _) => {
            return Err(Denied::State("the object is neither Active, Deactivated nor Compromised"));
        }
    }
    match usage.direction() {
        Direction::Protect if object.protect_stop_date().is_some_and(|date| date <= now) => {
            Err(Denied::State("the Protect Stop Date has passed"))
        }
        Direction::Process if object.process_start_date().is_some_and(|date| date > now) => {
            Err(Denied::State("the Process Start Date has not come"))
        }
        _ => Ok(()),
    }
}

fn check_mask(object: &Object, usage: Usage) -> Result<(), Denied> {
    if allows(object, usage.mask()) { Ok(()) } else { Err(Denied::UsageMask) }
}

/// Whether the usage mask of `object` has all these bits, or the one that stands for every other.
#[must_use]
pub fn allows(object: &Object, uses: CryptographicUsageMask) -> bool {
    let mask = object.usage_mask();
    mask.contains(uses) || mask.contains(CryptographicUsageMask::UNRESTRICTED)
}

/// The uses with which a client protects something.
const PROTECTION: [CryptographicUsageMask; 5] = [
    CryptographicUsageMask::ENCRYPT,
    CryptographicUsageMask::SIGN,
    CryptographicUsageMask::MAC_GENERATE,
    CryptographicUsageMask::WRAP_KEY,
    CryptographicUsageMask::UNRESTRICTED,
];

/// Whether anything is ever protected with this object: it is a key, and its usage mask says so
/// (KMIP 1.4 §4.18).
#[must_use]
pub fn can_protect(object: &Object) -> bool {
    let keys = [ObjectType::SymmetricKey, ObjectType::PublicKey, ObjectType::PrivateKey];
    keys.contains(&object.object_type)
        && PROTECTION.iter().any(|uses| object.usage_mask().contains(*uses))
}

/// Whether an object that protects may do so at `now` (seconds since the epoch): it is Active, and
/// its Protect Stop Date has not come.
#[must_use]
pub fn protects_now(object: &Object, now: i64) -> bool {
    object.state() == State::Active && object.protect_stop_date().is_none_or(|date| date > now)
}
