//! Derive Key (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicParameters, Link};
use kmip_ttlv::enums::{
    DerivationMethod as Method, HashingAlgorithm, LinkType, ObjectType, SecretDataType,
};
use kmip_ttlv::object::{ManagedObject, SecretData};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::derive_key::{Request, Response};
use kmip_ttlv::structure::DerivationParameters;
use zeroize::Zeroizing;

use super::context::{Context, Held, Right};
use super::creation::{self, Origin};
use super::prf::{self, Meant};
use super::{Failure, Outcome, cipher_parameters, create, defaults, kem, key_length};
use super::{key_use, signing, value};
use crate::access::Usage;
use crate::crypto;
use crate::crypto::cipher::{self, Parameters};
use crate::crypto::derive::{self, Derived, KbkdfMode, Prf};
use crate::object::{AttributeSet, Object};

/// The longest key or secret that is derived, in bits.
const BITS_MAX: i32 = 8 * 8 * 1024;
/// The most objects that one is derived from.
const BASES_MAX: usize = 4;
/// How often PBKDF2 may compute its function for one key: iterations, times the outputs of the
/// function that the key takes; some seconds of one processor.
const PBKDF2_ROUNDS_MAX: u64 = 2_000_000;

/// Makes a key or a secret from objects that the server has.
pub(super) async fn derive_key(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    let (mut attributes, format) = creation::asked(cx, Some(&request.attributes)).await?;
    defaults::apply(cx, request.object_type, &mut attributes).await?;
    let bits = bits(cx, request, &attributes)?;
    let bytes = usize::try_from(bits / 8).map_err(|_| Failure::Internal("a negative length"))?;
    let mut bases = Vec::new();
    if request.uids.is_empty() || request.uids.len() > BASES_MAX {
        return Err(Failure::InvalidField("one to four objects can be derived from".into()));
    }
    for uid in &request.uids {
        bases.push(cx.object(Some(uid), Right::Use(Usage::DeriveKey)).await?);
    }
    let Derivation { bytes: mut derived, ciphertext } = derive(cx, request, &bases, bytes).await?;
    if derived.len() < bytes {
        let text = "the method does not give as many bits as the Cryptographic Length asks for";
        return Err(Failure::CryptographicFailure(text));
    }
    derived.truncate(bytes);
    attributes.put(Attribute::CryptographicLength(bits));
    if let Some(ciphertext) = ciphertext {
        attributes.add(kem::attribute(ciphertext));
    }
    for base in &bases {
        let link = Link {
            kind: LinkType::DerivationBaseObjectLink,
            object: base.object().uid.as_str().into(),
        };
        attributes.add(Attribute::Link(link));
    }
    let value = made(request.object_type, &attributes, bits, &derived);
    let value = value::in_format(cx.version(), &attributes, value, format, None)?;
    let object_type = request.object_type;
    let object = creation::object(cx, object_type, attributes, &value, Origin::Made, |_| true)?;
    let uid = object.uid.clone();
    let mut changes = vec![cx.insert(object, &value).await?];
    for base in &bases {
        let mut object = base.object().clone();
        let link = Link { kind: LinkType::DerivedKeyLink, object: uid.as_str().into() };
        object.attributes.add(Attribute::Link(link));
        object.touch(cx.now());
        creation::check_size(cx, &object)?;
        changes.push(cx.update(base, object));
    }
    let response = Response { uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, changes, ResponsePayload::DeriveKey(response)))
}

/// The length of the new object, in bits, if it is one that such an object can have.
fn bits(
    cx: &Context<'_>,
    request: &Request<'_>,
    attributes: &AttributeSet,
) -> Result<i32, Failure> {
    let Some(Attribute::CryptographicLength(bits)) =
        attributes.first(AttributeKind::CryptographicLength)
    else {
        return Err(Failure::InvalidField("Cryptographic Length is required".into()));
    };
    if *bits <= 0 || bits % 8 != 0 || *bits > BITS_MAX {
        return Err(Failure::InvalidField("the Cryptographic Length is no number of bytes".into()));
    }
    match request.object_type {
        ObjectType::SecretData => Ok(*bits),
        ObjectType::SymmetricKey => {
            let Some(Attribute::CryptographicAlgorithm(algorithm)) =
                attributes.first(AttributeKind::CryptographicAlgorithm)
            else {
                return Err(Failure::InvalidField("Cryptographic Algorithm is required".into()));
            };
            create::check_quantum_safety(attributes, *bits)?;
            // Of a length that the algorithm has not, nobody can use the key here.
            if cx.imitates_pykmip() {
                creation::allowed(cx, *algorithm, Some(*bits))?;
                return Ok(*bits);
            }
            key_length::bits(cx, *algorithm, Some(*bits))
        }
        _ => Err(Failure::WrongObjectType("objects of this type cannot be derived")),
    }
}

/// What comes of a method.
pub(super) struct Derivation {
    pub(super) bytes: Derived,
    /// Of an encapsulation, what the holder of the private key needs.
    pub(super) ciphertext: Option<Vec<u8>>,
}

impl From<Derived> for Derivation {
    fn from(bytes: Derived) -> Self {
        Self { bytes, ciphertext: None }
    }
}

/// What comes of the method: as many bytes as it gives, up to what is asked for.
async fn derive(
    cx: &Context<'_>,
    request: &Request<'_>,
    bases: &[Held],
    bytes: usize,
) -> Result<Derivation, Failure> {
    let asked = &request.parameters;
    if request.method == Method::AsymmetricKey {
        return asymmetric(cx, bases, asked).await;
    }
    let [base, more @ ..] = bases else { return Err(Failure::Internal("no base object")) };
    let meant = Meant::of(asked, base.object());
    let key = base_bytes(cx, base).await?;
    let data = data(cx, asked, more).await?;
    let fixed = data.first().map(|data| data.as_slice());
    let derived = match request.method {
        Method::Hash => {
            let text = match (fixed, data.len()) {
                (None, _) => key.as_slice(),
                (Some(data), 1) if more.is_empty() => data,
                _ => return Err(Failure::InvalidField("one text alone can be hashed".into())),
            };
            derive::hashed(meant.hash(cx)?, text)?
        }
        Method::Hmac if asked.salt.is_some() && cx.imitates_pykmip() => {
            let salt = asked.salt.as_deref().unwrap_or_default();
            derive::hkdf(meant.prf(cx)?, &key, salt, fixed.unwrap_or_default(), bytes)?
        }
        Method::Hmac => derive::hmac(meant.prf(cx)?, &key, required(fixed)?)?,
        Method::Encrypt => encrypted(cx, asked, bases, &key, required(fixed)?)?,
        Method::Pbkdf2 => pbkdf2(cx, asked, meant, key, bytes).await?,
        Method::Nist800_108C => {
            kbkdf(cx, KbkdfMode::Counter, asked, meant, &key, required(fixed)?, bytes)?
        }
        Method::Nist800_108F => {
            kbkdf(cx, KbkdfMode::Feedback, asked, meant, &key, required(fixed)?, bytes)?
        }
        Method::Nist800_108Dpi => {
            kbkdf(cx, KbkdfMode::DoublePipeline, asked, meant, &key, required(fixed)?, bytes)?
        }
        Method::Hkdf => {
            let salt = asked.salt.as_deref().unwrap_or_default();
            derive::hkdf(meant.prf(cx)?, &key, salt, fixed.unwrap_or_default(), bytes)?
        }
        Method::AwsSignatureVersion4 => {
            prf::allowed(cx, Prf::of_hash(HashingAlgorithm::Sha256)?)?;
            let scope: Vec<&[u8]> = data.iter().map(|part| part.as_slice()).collect();
            derive::aws_signature(&key, &scope)?
        }
        _ => return Err(Failure::InvalidField("the Derivation Method is not known".into())),
    };
    Ok(derived.into())
}

/// The bytes of a symmetric key or a secret.
async fn base_bytes(cx: &Context<'_>, held: &Held) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if !matches!(held.object().object_type, ObjectType::SymmetricKey | ObjectType::SecretData) {
        return Err(Failure::NotUsable("by this method, only keys and secrets are derived from"));
    }
    let value = cx.value(held).await?;
    Ok(Zeroizing::new(key_use::bytes(&value)?.to_vec()))
}

/// The Derivation Data: those in the request, or the value of a further base object.
async fn data(
    cx: &Context<'_>,
    asked: &DerivationParameters,
    more: &[Held],
) -> Result<Vec<Zeroizing<Vec<u8>>>, Failure> {
    if !more.is_empty() && !asked.data.is_empty() {
        let text = "the Derivation Data is an object or in the request, not both";
        return Err(Failure::InvalidMessage(text.into()));
    }
    let mut data: Vec<_> =
        asked.data.iter().map(|it| Zeroizing::new(it.expose().clone())).collect();
    for held in more {
        data.push(base_bytes(cx, held).await?);
    }
    Ok(data)
}

fn required(data: Option<&[u8]>) -> Result<&[u8], Failure> {
    data.ok_or_else(|| Failure::InvalidField("the Derivation Data is missing".into()))
}

fn kbkdf(
    cx: &Context<'_>,
    mode: KbkdfMode,
    asked: &DerivationParameters,
    meant: Meant<'_>,
    key: &[u8],
    fixed: &[u8],
    bytes: usize,
) -> Result<Derived, Failure> {
    let iv = asked.iv.as_deref().unwrap_or_default();
    Ok(derive::kbkdf(mode, meant.prf(cx)?, key, iv, fixed, bytes)?)
}

/// PBKDF2, where it disturbs nobody.
async fn pbkdf2(
    cx: &Context<'_>,
    asked: &DerivationParameters,
    meant: Meant<'_>,
    password: Zeroizing<Vec<u8>>,
    bytes: usize,
) -> Result<Derived, Failure> {
    let bad = |text: &str| Failure::InvalidField(text.into());
    let salt = asked.salt.clone().ok_or_else(|| bad("the Salt is missing"))?;
    let count = asked.iteration_count.ok_or_else(|| bad("the Iteration Count is missing"))?;
    let count = u32::try_from(count).ok().filter(|count| *count > 0);
    let count = count.ok_or_else(|| bad("the Iteration Count must be 1 or more"))?;
    let prf = meant.prf_of_pbkdf2(cx)?;
    check_rounds(derive::pbkdf2_rounds(prf, count, bytes)?)?;
    let work = move || derive::pbkdf2(prf, &password, &salt, count, bytes);
    Ok(cx.parts().workers.run(cx.tenant(), work).await??)
}

fn check_rounds(rounds: u64) -> Result<(), Failure> {
    if rounds > PBKDF2_ROUNDS_MAX {
        return Err(Failure::LimitExceeded("so much is not computed for one key"));
    }
    Ok(())
}

/// The data, encrypted under the base key.
fn encrypted(
    cx: &Context<'_>,
    asked: &DerivationParameters,
    bases: &[Held],
    key: &[u8],
    data: &[u8],
) -> Result<Derived, Failure> {
    let own = bases.first().map(Held::object);
    let parameters = Parameters::resolve(
        own.and_then(Object::algorithm),
        asked.parameters.as_ref().map(without_hash).as_ref(),
        own.and_then(key_use::parameters),
    )?;
    cipher_parameters::allowed(cx, &parameters, || own.and_then(Object::length_bits))?;
    // What the client cannot know it could not derive again.
    let iv = asked.iv.as_deref();
    if iv.is_none() && parameters.needs_iv() {
        return Err(crypto::Error::MissingIv.into());
    }
    let sealed = cipher::encrypt(&parameters, key, iv, &[], data, &*cx.parts().random)?;
    Ok(Zeroizing::new(sealed.data))
}

fn without_hash(asked: &CryptographicParameters) -> CryptographicParameters {
    CryptographicParameters { hashing_algorithm: None, ..asked.clone() }
}

/// What one key encapsulates, or two agree on.
async fn asymmetric(
    cx: &Context<'_>,
    bases: &[Held],
    asked: &DerivationParameters,
) -> Result<Derivation, Failure> {
    if cx.version() < Version::V1_4 {
        return Err(Failure::InvalidField("the Derivation Method is not known".into()));
    }
    match bases {
        [one] => kem::derive(cx, one, asked).await,
        [one, other] => agreed(cx, one, other).await.map(Derivation::from),
        _ => Err(Failure::InvalidField("a private and a public key are needed".into())),
    }
}

/// What a private key of the caller and a public key agree on.
async fn agreed(cx: &Context<'_>, one: &Held, other: &Held) -> Result<Derived, Failure> {
    let (mine, theirs) = match one.object().object_type {
        ObjectType::PrivateKey => (one, other),
        _ => (other, one),
    };
    let is_pair = mine.object().object_type == ObjectType::PrivateKey
        && theirs.object().object_type == ObjectType::PublicKey;
    if !is_pair {
        return Err(Failure::NotUsable("a private and a public key are needed"));
    }
    let mine = signing::private_key(cx, mine).await?;
    let theirs = signing::public_key(cx, theirs).await?;
    let work = move || crypto::key::ecdh(&mine, &theirs);
    let secret = cx.parts().workers.run(cx.tenant(), work).await?;
    let secret = secret.ok_or(crypto::Error::WrongAlgorithm)?;
    Ok(Zeroizing::new(secret.expose().clone()))
}

/// The new object's value.
fn made(
    object_type: ObjectType,
    attributes: &AttributeSet,
    bits: i32,
    derived: &Derived,
) -> ManagedObject {
    if object_type == ObjectType::SecretData {
        let key_block = value::raw(derived.to_vec());
        return ManagedObject::SecretData(SecretData { kind: SecretDataType::Seed, key_block });
    }
    let algorithm = match attributes.first(AttributeKind::CryptographicAlgorithm) {
        Some(Attribute::CryptographicAlgorithm(algorithm)) => Some(*algorithm),
        _ => None,
    };
    value::raw_key(algorithm, bits, derived.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_computed_as_the_limit_says_and_no_more() {
        assert!(check_rounds(PBKDF2_ROUNDS_MAX).is_ok());
        assert!(matches!(check_rounds(PBKDF2_ROUNDS_MAX + 1), Err(Failure::LimitExceeded(_))));
    }
}
