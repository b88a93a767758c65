//! How a token seals: the ways that there are, tried in order.
//!
//! A blob's first byte is its method ([`Method`]); then comes
//!
//! ```text
//! AES-GCM      IV (12), ciphertext (n), tag (16); the associated data is authenticated, and with an
//!              IV by the token the method's byte before it
//! key wrap     the wrapped form of: SHA-256 of the associated data (32), length of the text (1),
//!              the text, zeros up to 104 bytes
//! ```
//!
//! A key wrap has no associated data, so its hash is wrapped with the text. Whoever unwraps compares
//! it.

use std::borrow::Cow;

use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error as CallError, RvError};
use cryptoki::mechanism::aead::{GcmMessageParams, GcmParams, GeneratorFunction};
use cryptoki::mechanism::{Mechanism, MechanismInfo, MechanismType, MessageParam};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki::types::Ulong;
use kmip_ttlv::enums::HashingAlgorithm;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::error::HsmError;
use crate::crypto::hash::hash;
use crate::keys::Random;

/// Bytes of the IV.
const IV_BYTES: usize = 12;
/// Bytes of the tag.
const TAG_BYTES: usize = 16;
/// Bits of the tag.
const TAG_BITS: u64 = 128;
/// Bytes of a hash of associated data.
const HASH_BYTES: usize = 32;
/// Bytes of what is wrapped: hash, length, and the longest text that a root key seals, in whole
/// blocks of the key wrap.
const WRAPPED_PLAIN_BYTES: usize = 104;

/// A way to seal. The number is the first byte of what it seals, and is never given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// AES-GCM with an IV that this host makes.
    GcmHostIv = 1,
    /// AES-GCM with an IV that the token makes, by the message functions of PKCS#11 3.0.
    GcmMessage = 2,
    /// AES-GCM with an IV that the token makes and writes over the zeros that it is given, as tokens
    /// before PKCS#11 3.0 do that let nobody choose.
    GcmTokenIv = 3,
    /// AES key wrap with padding, `CKM_AES_KEY_WRAP_PAD`: RFC 5649 (KWP) in most tokens.
    WrapPad = 4,
    /// AES key wrap, `CKM_AES_KEY_WRAP` (RFC 3394).
    Wrap = 5,
}

impl Method {
    /// All of them, the preferred ones first.
    pub const ALL: [Self; 5] =
        [Self::GcmHostIv, Self::GcmMessage, Self::GcmTokenIv, Self::WrapPad, Self::Wrap];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GcmHostIv => "AES-GCM, IV by host",
            Self::GcmMessage => "AES-GCM, IV by token (message functions)",
            Self::GcmTokenIv => "AES-GCM, IV by token (in place)",
            Self::WrapPad => "AES key wrap with padding",
            Self::Wrap => "AES key wrap",
        }
    }

    /// The method of a blob, and the rest of it.
    pub(super) fn of(blob: &[u8]) -> Option<(Self, &[u8])> {
        let (byte, rest) = blob.split_first()?;
        Self::ALL.into_iter().find(|known| *known as u8 == *byte).map(|known| (known, rest))
    }

    /// Whether its keys wrap other keys, and encrypt nothing.
    pub(super) fn wraps(self) -> bool {
        matches!(self, Self::WrapPad | Self::Wrap)
    }

    fn mechanism(self) -> MechanismType {
        match self {
            Self::GcmHostIv | Self::GcmMessage | Self::GcmTokenIv => MechanismType::AES_GCM,
            Self::WrapPad => MechanismType::AES_KEY_WRAP_PAD,
            Self::Wrap => MechanismType::AES_KEY_WRAP,
        }
    }

    /// Whether a token says that it can do this.
    pub(super) fn is_offered(self, pkcs11: &Pkcs11, slot: Slot) -> Result<bool, HsmError> {
        let does: fn(&MechanismInfo) -> bool = match self {
            Self::GcmHostIv | Self::GcmTokenIv => |info| info.encrypt() && info.decrypt(),
            Self::GcmMessage => {
                if !pkcs11.is_fn_supported(Function::MessageEncryptInit) {
                    return Ok(false);
                }
                |info| info.message_encrypt() && info.message_decrypt()
            }
            Self::WrapPad | Self::Wrap => |info| info.wrap() && info.unwrap(),
        };
        match pkcs11.get_mechanism_info(slot, self.mechanism()) {
            Ok(info) => Ok(does(&info)),
            Err(CallError::Pkcs11(RvError::MechanismInvalid, _)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Seals a text under a key in the token.
    pub(super) fn seal(
        self,
        session: &Session,
        key: ObjectHandle,
        random: &dyn Random,
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, HsmError> {
        let mut iv = [0; IV_BYTES];
        let aad = &self.with_method(aad);
        let sealed = match self {
            Self::GcmHostIv => {
                random.fill(&mut iv)?;
                // The token may write into it; what counts is what the host has chosen.
                let mut given = iv;
                encrypt(session, key, &mut given, aad, plain)?
            }
            Self::GcmTokenIv => encrypt(session, key, &mut iv, aad, plain)?,
            Self::GcmMessage => encrypt_message(session, key, &mut iv, aad, plain)?,
            Self::WrapPad | Self::Wrap => {
                let wrapped = wrap(session, key, &self.key_wrap(), &bound(aad, plain)?)?;
                return Ok([&[self as u8], wrapped.as_slice()].concat());
            }
        };
        // Zeros that the token has left: another text under them would undo both.
        if iv == [0; IV_BYTES] {
            return Err(refused("the token made no IV"));
        }
        Ok([&[self as u8], iv.as_slice(), &sealed].concat())
    }

    /// Associated data of this method.
    fn with_method(self, aad: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::GcmHostIv => Cow::Borrowed(aad),
            _ => Cow::Owned([&[self as u8], aad].concat()),
        }
    }

    fn key_wrap(self) -> Mechanism<'static> {
        if self == Self::WrapPad { Mechanism::AesKeyWrapPad } else { Mechanism::AesKeyWrap }
    }
}

/// Opens what [`Method::seal`] made.
pub(super) fn open(
    session: &Session,
    key: ObjectHandle,
    aad: &[u8],
    blob: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let (method, rest) = Method::of(blob).ok_or_else(|| refused("this is no blob"))?;
    let aad = &method.with_method(aad);
    if method.wraps() {
        let plain = unwrap(session, key, &method.key_wrap(), rest)?;
        return unbound(aad, &plain);
    }
    let (iv, sealed) =
        rest.split_first_chunk::<IV_BYTES>().ok_or_else(|| refused("this is no blob"))?;
    let mut iv = *iv;
    if method == Method::GcmMessage {
        return decrypt_message(session, key, &mut iv, aad, sealed);
    }
    let parameters = GcmParams::new(&mut iv, aad, Ulong::new(TAG_BITS))?;
    Ok(Zeroizing::new(session.decrypt(&Mechanism::AesGcm(parameters), key, sealed)?))
}

fn refused(answer: &str) -> HsmError {
    HsmError::Unfit(answer.to_owned())
}

fn encrypt(
    session: &Session,
    key: ObjectHandle,
    iv: &mut [u8; IV_BYTES],
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, HsmError> {
    let parameters = GcmParams::new(iv, aad, Ulong::new(TAG_BITS))?;
    let sealed = session.encrypt(&Mechanism::AesGcm(parameters), key, plain)?;
    whole(&sealed, plain)?;
    Ok(sealed)
}

/// A token that has put anything else behind the ciphertext but the tag is not understood.
fn whole(sealed: &[u8], plain: &[u8]) -> Result<(), HsmError> {
    let as_it_should_be = sealed.len() == plain.len() + TAG_BYTES;
    if as_it_should_be { Ok(()) } else { Err(refused("the ciphertext has another length")) }
}

fn encrypt_message(
    session: &Session,
    key: ObjectHandle,
    iv: &mut [u8; IV_BYTES],
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, HsmError> {
    let mut tag = [0; TAG_BYTES];
    // Not `CKG_GENERATE`, which leaves the way to the token: some count from zero each time.
    let parameters =
        GcmMessageParams::new(iv, Ulong::new(0), GeneratorFunction::GenerateRandom, &mut tag)?;
    session.message_encrypt_init(&Mechanism::AesGcmMessage(parameters), key)?;
    let sealed = session.encrypt_message(&MessageParam::AesGcmMessage(parameters), aad, plain);
    let ended = session.message_encrypt_final();
    let mut sealed = sealed?;
    ended?;
    sealed.extend_from_slice(&tag);
    whole(&sealed, plain)?;
    Ok(sealed)
}

fn decrypt_message(
    session: &Session,
    key: ObjectHandle,
    iv: &mut [u8; IV_BYTES],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let (sealed, tag) =
        sealed.split_last_chunk::<TAG_BYTES>().ok_or_else(|| refused("this is no blob"))?;
    let mut tag = *tag;
    let parameters =
        GcmMessageParams::new(iv, Ulong::new(0), GeneratorFunction::NoGenerate, &mut tag)?;
    session.message_decrypt_init(&Mechanism::AesGcmMessage(parameters), key)?;
    let plain = session.decrypt_message(&MessageParam::AesGcmMessage(parameters), aad, sealed);
    let ended = session.message_decrypt_final();
    let plain = Zeroizing::new(plain?);
    ended?;
    Ok(plain)
}

/// Text and associated data as one, to be wrapped.
fn bound(aad: &[u8], plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let too_long = || refused("the text is too long for a root key");
    let length = u8::try_from(plain.len()).map_err(|_| too_long())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(WRAPPED_PLAIN_BYTES));
    bytes.extend_from_slice(&hashed(aad)?);
    bytes.push(length);
    bytes.extend_from_slice(plain);
    if bytes.len() > WRAPPED_PLAIN_BYTES {
        return Err(too_long());
    }
    bytes.resize(WRAPPED_PLAIN_BYTES, 0);
    Ok(bytes)
}

/// The text of what [`bound`] made, if it belongs to the associated data.
fn unbound(aad: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let other = || refused("what was wrapped belongs to another place");
    let (hash, rest) = bytes.split_first_chunk::<HASH_BYTES>().ok_or_else(other)?;
    let (length, text) = rest.split_first().ok_or_else(other)?;
    let is_here = bool::from(hash.as_slice().ct_eq(&hashed(aad)?));
    let text = text.get(..usize::from(*length)).filter(|_| is_here).ok_or_else(other)?;
    Ok(Zeroizing::new(text.to_vec()))
}

fn hashed(aad: &[u8]) -> Result<Vec<u8>, HsmError> {
    hash(HashingAlgorithm::Sha256, aad).map_err(|error| refused(&error.to_string()))
}

/// Wraps bytes, which become a key of the session for as long as it takes.
fn wrap(
    session: &Session,
    key: ObjectHandle,
    mechanism: &Mechanism<'_>,
    plain: &[u8],
) -> Result<Vec<u8>, HsmError> {
    let mut template = passing().to_vec();
    template.push(Attribute::Value(plain.to_vec()));
    let made = session.create_object(&template);
    for attribute in &mut template {
        if let Attribute::Value(value) = attribute {
            drop(Zeroizing::new(std::mem::take(value)));
        }
    }
    let made = made?;
    let wrapped = session.wrap_key(mechanism, key, made);
    session.destroy_object(made)?;
    let mut wrapped = wrapped?;
    // Tokens may ask for more room than they fill.
    wrapped.truncate(WRAPPED_PLAIN_BYTES + 8);
    Ok(wrapped)
}

/// Unwraps what [`wrap`] made.
fn unwrap(
    session: &Session,
    key: ObjectHandle,
    mechanism: &Mechanism<'_>,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HsmError> {
    let made = session.unwrap_key(mechanism, key, wrapped, &passing())?;
    let value = session.get_attributes(made, &[AttributeType::Value]);
    session.destroy_object(made)?;
    let value = value?.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(value) => Some(Zeroizing::new(value)),
        _ => None,
    });
    value.ok_or_else(|| refused("the token does not give out what was wrapped"))
}

/// What a text is while it is wrapped or unwrapped: a key that may leave the token, and goes with
/// the session.
fn passing() -> [Attribute; 5] {
    [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::ROOT_PLAIN_BYTES_MAX;

    #[test]
    fn a_method_is_known_by_the_first_byte_of_its_blobs() {
        for method in Method::ALL {
            assert_eq!(Method::of(&[method as u8, 7]), Some((method, &[7][..])));
        }
        assert_eq!(Method::of(&[0, 7]), None);
        assert_eq!(Method::of(&[]), None);
    }

    #[test]
    fn what_is_wrapped_belongs_to_its_associated_data() {
        for length in [0, 1, 32, ROOT_PLAIN_BYTES_MAX] {
            let plain = vec![7; length];
            let bytes = bound(b"here", &plain).expect("short enough");
            assert_eq!(bytes.len(), WRAPPED_PLAIN_BYTES, "no length shows");
            assert_eq!(*unbound(b"here", &bytes).expect("is here"), plain);
            assert!(unbound(b"there", &bytes).is_err());
            assert!(unbound(b"here", &bytes[..HASH_BYTES]).is_err());
        }
        let mut longer = bound(b"here", b"text").expect("short enough");
        longer[HASH_BYTES] = 200;
        assert!(unbound(b"here", &longer).is_err());
        assert!(bound(b"here", &[0; 72]).is_err());
    }
}
