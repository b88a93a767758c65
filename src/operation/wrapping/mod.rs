//! Keys that leave the server wrapped, and keys that came so (KMIP 1.4 §2.1.5 and §2.1.6, KMIP 2.1
//! §3.3 and §7.18).

mod accept;
mod certificate;
mod encoding;
mod error;
mod key;

use kmip_ttlv::attribute::{AttributeList, AttributeReference, InlineAttributes};
use kmip_ttlv::enums::WrappingMethod;
use kmip_ttlv::object::{
    KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingData, KeyWrappingSpecification,
    ManagedObject,
};

pub(super) use accept::{check, link};
pub(super) use error::Error;

use super::context::{Context, Held};
use super::{Failure, key_use, shown};
use crate::crypto;
use crate::store::Change;
use encoding::Place;
use key::{Role, WrappingKey, rejected};

/// What is done to a key, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Encrypt,
    Sign,
    EncryptThenSign,
    SignThenEncrypt,
}

impl Method {
    fn of(method: WrappingMethod) -> Result<Self, Failure> {
        Ok(match method {
            WrappingMethod::Encrypt => Self::Encrypt,
            WrappingMethod::MacSign => Self::Sign,
            WrappingMethod::EncryptThenMacSign => Self::EncryptThenSign,
            WrappingMethod::MacSignThenEncrypt => Self::SignThenEncrypt,
            WrappingMethod::Tr31 | WrappingMethod::Unknown(_) => {
                return Err(Failure::FeatureNotSupported("the Wrapping Method is not supported"));
            }
        })
    }

    fn encrypts(self) -> bool {
        self != Self::Sign
    }

    fn signs(self) -> bool {
        self != Self::Encrypt
    }

    /// Holds that the keys are named that the method needs.
    fn check(self, encryption_key: bool, signature_key: bool) -> Result<(), Failure> {
        let missing = |what: &str| Err(Failure::InvalidMessage(format!("the {what} is missing")));
        match (self.encrypts() && !encryption_key, self.signs() && !signature_key) {
            (true, _) => missing("Encryption Key Information"),
            (_, true) => missing("MAC/Signature Key Information"),
            (false, false) => Ok(()),
        }
    }
}

/// Whether a key that is wrapped by this method cannot be read by everybody who has it.
pub(super) fn hides(method: WrappingMethod) -> bool {
    Method::of(method).is_ok_and(Method::encrypts)
}

/// Wraps a value as the client wants it. What that takes off the Usage Limits of the wrapping keys
/// goes into `changes`.
///
/// # Errors
/// [`Failure::Wrapping`], what forbids the use of a wrapping key, or what is wrong with the
/// specification.
pub(super) async fn wrap(
    cx: &Context<'_>,
    specification: &KeyWrappingSpecification,
    held: &Held,
    (mut value, place): (ManagedObject, Place),
    changes: &mut Vec<Change>,
) -> Result<ManagedObject, Failure> {
    let method = Method::of(specification.method)?;
    method
        .check(specification.encryption_key.is_some(), specification.mac_signature_key.is_some())?;
    let is_ttlv = encoding::is_ttlv(specification.encoding_option)?;
    if !is_ttlv && !specification.attribute_names.is_empty() {
        return Err(Error::Encoding("attributes are wrapped in TTLV Encoding only").into());
    }
    let block = value.key_block_mut().ok_or(Error::NotWrappable)?;
    let material = match block.value.take() {
        Some(KeyValue::Plain { material, .. }) => material,
        Some(KeyValue::Wrapped(_)) => return Err(Failure::Internal("a key is wrapped twice")),
        None => return Err(Failure::KeyValueAbsent),
    };
    let attributes = attributes(cx, held, &specification.attribute_names).await?;
    let keys = Keys::find(
        cx,
        method,
        [specification.encryption_key.as_ref(), specification.mac_signature_key.as_ref()],
        [Role::Wrap, Role::Sign],
    )
    .await?;
    let plain = encoding::to_bytes(material, attributes, is_ttlv, cx.version())?;
    keys.take_off(cx, plain.len(), changes)?;
    let mut signature = None;
    if method == Method::SignThenEncrypt {
        signature = keys.sign(cx, &plain).await?;
    }
    let (bytes, iv) = match &keys.encryption {
        Some(key) => {
            let wrapped = key.encrypt(cx, &plain).await.map_err(|failure| match failure {
                Failure::Crypto(crypto::Error::NotWholeBlocks) if is_ttlv => {
                    Error::Parameters.into()
                }
                Failure::Crypto(crypto::Error::NotWholeBlocks) => {
                    Error::Encoding("a key of this length cannot be wrapped without encoding")
                        .into()
                }
                other => other,
            })?;
            (wrapped.bytes, wrapped.iv)
        }
        None => (plain.to_vec(), None),
    };
    if matches!(method, Method::Sign | Method::EncryptThenSign) {
        signature = keys.sign(cx, &bytes).await?;
    }
    let told = |key: &Option<WrappingKey>, asked: &Option<KeyInformation>| {
        Some(key.as_ref()?.information(asked.as_ref()?))
    };
    block.wrapping = Some(Box::new(KeyWrappingData {
        method: specification.method,
        encryption_key: told(&keys.encryption, &specification.encryption_key),
        mac_signature_key: told(&keys.signature, &specification.mac_signature_key),
        mac_signature: signature,
        iv_counter_nonce: iv,
        encoding_option: specification.encoding_option,
    }));
    // PyKMIP, which makes such wrapping keys, and so VAST read the wrapped bytes in the place of the
    // Key Material alone.
    let is_bare = keys.encryption.as_ref().is_some_and(WrappingKey::is_bare);
    let place = match (is_ttlv, is_bare) {
        // Only bytes that stand for the key alone can stand in its place.
        (true, _) => Place::KeyValue,
        (false, true) => Place::KeyMaterial,
        (false, false) => place,
    };
    block.value = Some(place.holding(bytes));
    Ok(value)
}

/// A value that came wrapped, in the clear, and where its bytes stood; one that did not as it is.
///
/// # Errors
/// [`Failure::Wrapping`], what forbids the use of a wrapping key, or
/// [`Failure::CryptographicFailure`] for a key that does not come out of its wrapping.
pub(super) async fn unwrap(
    cx: &Context<'_>,
    mut value: ManagedObject,
) -> Result<(ManagedObject, Place), Failure> {
    let place = value.key_block().map_or(Place::KeyValue, Place::of);
    let Some(block) = value.key_block_mut() else { return Ok((value, place)) };
    let Some(data) = block.wrapping.take() else { return Ok((value, place)) };
    let method = Method::of(data.method)?;
    method.check(data.encryption_key.is_some(), data.mac_signature_key.is_some())?;
    let is_ttlv = encoding::is_ttlv(data.encoding_option)?;
    let keys = Keys::find(
        cx,
        method,
        [data.encryption_key.as_ref(), data.mac_signature_key.as_ref()],
        [Role::Unwrap, Role::Verify],
    )
    .await?;
    let bytes = bytes(block)?;
    let signature = data.mac_signature.as_deref();
    if matches!(method, Method::Sign | Method::EncryptThenSign) {
        keys.verify(cx, bytes, signature).await?;
    }
    let opened = match &keys.encryption {
        Some(key) => Some(key.decrypt(cx, bytes, data.iv_counter_nonce.as_deref()).await?),
        None => None,
    };
    let plain = opened.as_ref().map_or(bytes, |opened| opened.as_slice());
    if method == Method::SignThenEncrypt {
        keys.verify(cx, plain, signature).await?;
    }
    block.value = Some(encoding::from_bytes(plain, block.format, is_ttlv, cx.version())?);
    Ok((value, place))
}

fn bytes(block: &KeyBlock) -> Result<&[u8], Failure> {
    match &block.value {
        Some(
            KeyValue::Wrapped(bytes) | KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. },
        ) => Ok(bytes.expose()),
        Some(_) => Err(rejected()),
        None => Err(Failure::KeyValueAbsent),
    }
}

/// The attributes that are wrapped with a key. One that is not set is left out, as by Get
/// Attributes.
async fn attributes(
    cx: &Context<'_>,
    held: &Held,
    names: &[String],
) -> Result<InlineAttributes, Failure> {
    if names.is_empty() {
        return Ok(InlineAttributes::default());
    }
    if names.len() > cx.parts().facts.attributes_max {
        return Err(Failure::InvalidField("more Attribute Names than an object can have".into()));
    }
    let mut meant: Vec<AttributeReference> = Vec::new();
    for name in names {
        let one = AttributeReference::from_name(name, cx.version());
        if matches!(one, AttributeReference::UnknownName(_)) {
            return Err(Failure::InvalidField(format!("{name:.64} is not an attribute")));
        }
        if !meant.contains(&one) {
            meant.push(one);
        }
    }
    let mut shown = shown::shown(held.object(), cx.version())?;
    shown.extend(shown::secret_digest(cx, held).await?.map(Into::into));
    let attributes = shown::pick(&shown, &meant);
    Ok(AttributeList { templates: Vec::new(), attributes }.into())
}

/// The keys of one wrapping.
struct Keys {
    encryption: Option<WrappingKey>,
    signature: Option<WrappingKey>,
}

impl Keys {
    /// Finds those that the method needs.
    async fn find(
        cx: &Context<'_>,
        method: Method,
        [encryption, signature]: [Option<&KeyInformation>; 2],
        [encrypts, signs]: [Role; 2],
    ) -> Result<Self, Failure> {
        let encryption = match encryption.filter(|_| method.encrypts()) {
            Some(information) => Some(WrappingKey::find(cx, information, encrypts).await?),
            None => None,
        };
        let signature = match signature.filter(|_| method.signs()) {
            Some(information) => Some(WrappingKey::find(cx, information, signs).await?),
            None => None,
        };
        Ok(Self { encryption, signature })
    }

    fn take_off(
        &self,
        cx: &Context<'_>,
        bytes: usize,
        changes: &mut Vec<Change>,
    ) -> Result<(), Failure> {
        for key in [&self.encryption, &self.signature].into_iter().flatten() {
            key_use::take_off(cx, &key.held, bytes, true, changes)?;
        }
        Ok(())
    }

    async fn sign(&self, cx: &Context<'_>, data: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        match &self.signature {
            Some(key) => key.sign(cx, data).await.map(Some),
            None => Ok(None),
        }
    }

    async fn verify(
        &self,
        cx: &Context<'_>,
        data: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(), Failure> {
        match (&self.signature, signature) {
            (Some(key), Some(signature)) => key.verify(cx, data, signature).await,
            _ => Err(rejected()),
        }
    }
}
