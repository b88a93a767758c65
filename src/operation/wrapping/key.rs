//! The keys that wrap, unwrap, sign and verify: found, checked, and used.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters};
use kmip_ttlv::enums::{BlockCipherMode, CryptographicUsageMask, LinkType, ObjectType};
use kmip_ttlv::object::KeyInformation;
use kmip_ttlv::{OwnedIdentifier, UniqueIdentifier};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::context::{Context, Held, Right};
use super::super::mac::allowed;
use super::super::signing::{self, Digested};
use super::super::{Failure, key_use, rsa_cipher};
use super::certificate;
use super::error::{Error, of_crypto, of_key};
use crate::access::{self, Usage};
use crate::crypto;
use crate::crypto::mac;
use crate::crypto::rsa_cipher::Padding;
use crate::crypto::wrap::{Wrap, Wrapped};
use crate::object::Object;

/// What a key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Wrap,
    Unwrap,
    Sign,
    Verify,
}

impl Role {
    fn usage(self, object_type: ObjectType) -> Usage {
        let is_symmetric = object_type == ObjectType::SymmetricKey;
        match self {
            Self::Wrap => Usage::WrapKey,
            Self::Unwrap => Usage::UnwrapKey,
            Self::Sign if is_symmetric => Usage::MacGenerate,
            Self::Sign => Usage::Sign,
            Self::Verify if is_symmetric => Usage::MacVerify,
            Self::Verify => Usage::Verify,
        }
    }

    fn is_of_new_key(self) -> bool {
        matches!(self, Self::Wrap | Self::Sign)
    }
}

/// A key that wraps or signs, and how.
pub(super) struct WrappingKey {
    pub(super) held: Held,
    role: Role,
    /// What is to be done; `None` leaves it to the key's algorithm.
    parameters: Option<CryptographicParameters>,
}

impl WrappingKey {
    /// The key that this information names, for this role.
    ///
    /// # Errors
    /// [`Failure::Wrapping`], or what forbids the use.
    pub(super) async fn find(
        cx: &Context<'_>,
        information: &KeyInformation,
        role: Role,
    ) -> Result<Self, Failure> {
        let mut held = existing(cx, &information.uid, role).await?;
        let asked = information.cryptographic_parameters.as_ref();
        let parameters = settle(held.object(), asked, role)?.cloned();
        // From a certificate to its public key, and on to the private one.
        for _ in 0..2 {
            let Some(uid) = other_half(held.object(), role) else { break };
            held = existing(cx, &uid, role).await?;
        }
        if role == Role::Wrap {
            certificate::check_now(cx, &held).await?;
        }
        let object = held.object();
        let usage = role.usage(object.object_type);
        match cx.object(Some(&object.uid.as_str().into()), Right::Use(usage)).await {
            Ok(held) => Ok(Self { held, role, parameters }),
            Err(Failure::UsageMask) if may_unwrap_in_1x(cx, object, role) => {
                Ok(Self { held, role, parameters })
            }
            Err(failure) => Err(of_key(failure)),
        }
    }

    /// Whether the key has no Cryptographic Parameters of its own: a client that follows the
    /// specification does not wrap with it.
    pub(super) fn is_bare(&self) -> bool {
        key_use::parameters(self.held.object()).is_none()
    }

    /// What the client is told of the key.
    pub(super) fn information(&self, asked: &KeyInformation) -> KeyInformation {
        let object = self.held.object();
        let mut told = asked.cryptographic_parameters.clone();
        // Where nobody says how, the answer does.
        if self.parameters.is_none() && self.role == Role::Wrap {
            told = Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::NistKeyWrap),
                ..CryptographicParameters::default()
            });
        }
        KeyInformation { uid: object.uid.as_str().into(), cryptographic_parameters: told }
    }

    /// Encrypts a key.
    ///
    /// # Errors
    /// [`Failure::Wrapping`], [`Failure::Crypto`], or with too much under way.
    pub(super) async fn encrypt(&self, cx: &Context<'_>, plain: &[u8]) -> Result<Wrapped, Failure> {
        let parameters = self.parameters.as_ref();
        if self.held.object().object_type != ObjectType::SymmetricKey {
            let padding = Padding::resolve(parameters, None).map_err(of_crypto)?;
            let sealed = rsa_cipher::seal(cx, padding, &self.held, plain).await;
            let bytes = sealed.map_err(|failure| match failure {
                Failure::Crypto(crypto::Error::TooMuchData) => {
                    Failure::CryptographicFailure("the key is too long for the wrapping key")
                }
                other => of_key(other),
            })?;
            return Ok(Wrapped { bytes, iv: None });
        }
        let wrap = self.resolve(cx)?;
        let key = cx.value(&self.held).await?;
        wrap.wrap(key_use::bytes(&key)?, plain, &*cx.parts().random).map_err(of_crypto)
    }

    fn resolve(&self, cx: &Context<'_>) -> Result<Wrap, Failure> {
        let algorithm = self.held.object().algorithm();
        let wrap = Wrap::resolve(algorithm, self.parameters.as_ref()).map_err(of_crypto)?;
        let allowed = cx.policy().check_mode(wrap.mode());
        allowed.map_err(|forbidden| of_crypto(forbidden.into()))?;
        Ok(wrap)
    }

    /// Decrypts a key. Whatever is wrong with the bytes is one answer.
    ///
    /// # Errors
    /// [`Failure::Wrapping`], [`Failure::CryptographicFailure`], or with too much under way.
    pub(super) async fn decrypt(
        &self,
        cx: &Context<'_>,
        wrapped: &[u8],
        iv: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let parameters = self.parameters.as_ref();
        if self.held.object().object_type != ObjectType::SymmetricKey {
            let padding = Padding::resolve(parameters, None).map_err(of_crypto)?;
            let opened = rsa_cipher::open(cx, padding, &self.held, wrapped).await;
            return opened.map_err(of_bytes);
        }
        let wrap = self.resolve(cx)?;
        let key = cx.value(&self.held).await?;
        let plain = wrap.unwrap(key_use::bytes(&key)?, wrapped, iv);
        plain.map_err(|error| of_bytes(error.into()))
    }

    /// The MAC or signature of a Key Value.
    ///
    /// # Errors
    /// Those of [`WrappingKey::encrypt`].
    pub(super) async fn sign(&self, cx: &Context<'_>, data: &[u8]) -> Result<Vec<u8>, Failure> {
        if self.held.object().object_type == ObjectType::SymmetricKey {
            return self.mac(cx, data).await;
        }
        let key = signing::private_key(cx, &self.held).await?;
        let scheme = signing::scheme(key.family(), &self.held, self.parameters.as_ref());
        let digested = Digested::of(scheme.map_err(of_key)?, data, None).map_err(of_key)?;
        signing::sign(cx, key, digested).await.map_err(of_key)
    }

    /// Holds that this is the MAC or signature of a Key Value.
    ///
    /// # Errors
    /// Those of [`WrappingKey::decrypt`].
    pub(super) async fn verify(
        &self,
        cx: &Context<'_>,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Failure> {
        let is_genuine = if self.held.object().object_type == ObjectType::SymmetricKey {
            self.mac(cx, data).await?.ct_eq(signature).into()
        } else {
            let key = signing::public_key(cx, &self.held).await?;
            let scheme = signing::scheme(key.family(), &self.held, self.parameters.as_ref());
            let signature = Some(signature.to_vec());
            let digested =
                Digested::of(scheme.map_err(of_key)?, data, signature).map_err(of_key)?;
            signing::verify(cx, key, digested).await.map_err(of_key)?
        };
        if is_genuine { Ok(()) } else { Err(rejected()) }
    }

    async fn mac(&self, cx: &Context<'_>, data: &[u8]) -> Result<Vec<u8>, Failure> {
        let algorithm = self.held.object().algorithm();
        let algorithm =
            mac::resolve(algorithm, self.parameters.as_ref(), None).map_err(of_crypto)?;
        allowed(cx, algorithm).map_err(of_crypto)?;
        let key = cx.value(&self.held).await?;
        mac::mac(algorithm, key_use::bytes(&key)?, data).map_err(of_crypto)
    }
}

/// What a client is told of a key that does not come out of its wrapping, whatever the cause.
pub(super) fn rejected() -> Failure {
    Failure::CryptographicFailure("the key cannot be unwrapped")
}

fn of_bytes(failure: Failure) -> Failure {
    use crypto::Error as E;
    match failure {
        Failure::Crypto(E::Rejected | E::NotWholeBlocks | E::TooMuchData | E::MissingTag) => {
            rejected()
        }
        other => of_key(other),
    }
}

/// The object that is named as a key. Of those that the server computes with, it is one; what encrypts
/// may be the certificate of one.
async fn existing(
    cx: &Context<'_>,
    uid: &UniqueIdentifier<'_>,
    role: Role,
) -> Result<Held, Failure> {
    let held = cx.object(Some(uid), Right::Attributes).await.map_err(of_key)?;
    let object = held.object();
    let is_key = match object.object_type {
        ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::PrivateKey => true,
        ObjectType::Certificate => matches!(role, Role::Wrap | Role::Unwrap),
        _ => false,
    };
    match (is_key, object.is_destroyed()) {
        (false, _) => Err(Error::NotAKey.into()),
        (true, true) => Err(Error::Destroyed.into()),
        (true, false) => {
            cx.check_policy(object).map_err(of_key)?;
            Ok(held)
        }
    }
}

/// Of a key pair, the key that signed or encrypted may be named where the other half is needed
/// (KMIP 1.4 §2.1.5).
fn other_half(object: &Object, role: Role) -> Option<OwnedIdentifier> {
    let kind = match (object.object_type, role) {
        (ObjectType::PublicKey, Role::Unwrap | Role::Sign) => LinkType::PrivateKeyLink,
        (ObjectType::Certificate, Role::Unwrap) | (ObjectType::PrivateKey, Role::Verify) => {
            LinkType::PublicKeyLink
        }
        _ => return None,
    };
    object.attributes.linked(kind).cloned()
}

/// The official cases of 1.4 unwrap with a key that is for wrapping alone; those of 2.0 do not.
fn may_unwrap_in_1x(cx: &Context<'_>, object: &Object, role: Role) -> bool {
    role == Role::Unwrap
        && !cx.version().is_2x()
        && access::allows(object, CryptographicUsageMask::WRAP_KEY)
}

/// The parameters that count: an instance of the key's own that has all that is asked for, or that
/// of lowest index where nothing is asked (KMIP 1.4 §2.1.6). A key that was wrapped elsewhere was
/// wrapped as it says.
///
/// The specification wants an error for a wrapping key that has none at all. `PyKMIP` makes its
/// wrapping keys without and says in the request how; VAST does not say it there either and means
/// AES Key Wrap.
fn settle<'a>(
    key: &'a Object,
    asked: Option<&'a CryptographicParameters>,
    role: Role,
) -> Result<Option<&'a CryptographicParameters>, Failure> {
    let Some(lowest) = key_use::parameters(key) else { return Ok(asked) };
    let Some(asked) = asked else { return Ok(Some(lowest)) };
    let meant = AttributeReference::Known(AttributeKind::CryptographicParameters);
    let own = key.attributes.instances(&meant).filter_map(|instance| match &instance.attribute {
        Attribute::CryptographicParameters(own) => Some(&**own),
        _ => None,
    });
    match own.into_iter().find(|own| says_all(own, asked)) {
        Some(own) => Ok(Some(own)),
        None if role.is_of_new_key() => Err(Error::Parameters.into()),
        None => Ok(Some(asked)),
    }
}

/// Whether `own` says all that `asked` says.
fn says_all(own: &CryptographicParameters, asked: &CryptographicParameters) -> bool {
    macro_rules! completed {
        ($($field:ident)+) => {
            CryptographicParameters { $($field: asked.$field.clone().or(own.$field.clone())),+ }
        };
    }
    let completed = completed! {
        block_cipher_mode padding_method hashing_algorithm key_role_type
        digital_signature_algorithm cryptographic_algorithm random_iv iv_length tag_length
        fixed_field_length invocation_field_length counter_length initial_counter_value salt_length
        mask_generator mask_generator_hashing_algorithm p_source trailer_field
    };
    completed == *own
}
