//! Join Split Key (KMIP 1.4 §4.39, KMIP 2.1 §6.1.27).

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, OpaqueDataType, SecretDataType,
};
use kmip_ttlv::object::{
    KeyBlock, ManagedObject, OpaqueObject, PrivateKey, PublicKey, SecretData, SplitKey,
    SymmetricKey,
};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::join_split_key::{Request, Response};

use super::context::{Context, Held, Right};
use super::creation::{self, Origin};
use super::{Failure, Outcome, defaults, key_pair_value, key_use, register, split, value};
use crate::crypto::split::{PARTS_MAX, Part, Plan, SplitError};
use crate::object::AttributeSet;

/// What the joined object has from its parts unless the request says otherwise.
const OF_THE_PARTS: &[AttributeKind] = &[
    AttributeKind::CryptographicAlgorithm,
    AttributeKind::CryptographicLength,
    AttributeKind::CryptographicDomainParameters,
    AttributeKind::CryptographicUsageMask,
];

/// Makes an object of parts. They are read for it, and stay as they are.
pub(super) async fn join_split_key(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    creation::check_storage(request.protection_storage_masks.as_ref())?;
    let list = request.attributes.clone().unwrap_or_default();
    let mut attributes = creation::given(cx, &list).await?;
    let (held, parts) = parts(cx, request).await?;
    let [first, ..] = held.as_slice() else {
        return Err(Failure::InvalidMessage("no parts are named".into()));
    };
    let plan = plan(cx, &held, &parts)?;
    let bytes = secret_bytes(&first.object().attributes);
    let parts = parts.into_iter().map(bytes_of).collect::<Result<Vec<_>, _>>()?;
    let work = move || plan.join(&parts, bytes);
    let secret = cx.parts().workers.run(cx.tenant(), work).await??;
    inherit(request.object_type, &held, &mut attributes)?;
    let value = joined(cx, request, &attributes, &secret)?;
    let value = register::accept(cx, value, &mut attributes)?;
    let object_type = request.object_type;
    // Behind what the parts and the value say, which no default contradicts.
    defaults::apply(cx, object_type, &mut attributes).await?;
    let mut object =
        creation::object(cx, object_type, attributes, &value, Origin::Brought, |_| true)?;
    split::remember(&mut object, held.iter());
    let uid = object.uid.clone();
    let change = cx.insert_beside(first, object, &value).await?;
    let response = Response { object_type: None, uid: uid.clone().into(), attributes: None };
    Ok(Outcome::meant(uid, vec![change], ResponsePayload::JoinSplitKey(response)))
}

/// The parts that are named, and their values.
async fn parts(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<(Vec<Held>, Vec<SplitKey>), Failure> {
    if request.uids.len() > usize::from(PARTS_MAX) {
        return Err(Failure::LimitExceeded("so many parts are not joined"));
    }
    let (mut held, mut parts) = (Vec::new(), Vec::new());
    for uid in &request.uids {
        // Whoever has the parts has the key: to join them is as much as to read it.
        let part = cx.object(Some(uid), Right::Value).await?;
        if part.object().object_type != ObjectType::SplitKey {
            return Err(Failure::WrongObjectType("only Split Keys can be joined"));
        }
        match cx.value(&part).await? {
            ManagedObject::SplitKey(value) => parts.push(value),
            _ => return Err(Failure::Internal("the value of a Split Key is none")),
        }
        held.push(part);
    }
    Ok((held, parts))
}

/// How the key was split, if the parts agree about it.
fn plan(cx: &Context<'_>, held: &[Held], parts: &[SplitKey]) -> Result<Plan, Failure> {
    let [first, others @ ..] = parts else { return Err(SplitError::TooFew.into()) };
    let is_like = |other: &SplitKey| {
        (other.parts, other.threshold, other.method, &other.prime_field_size)
            == (first.parts, first.threshold, first.method, &first.prime_field_size)
    };
    let own = |held: &Held| split::polynomial_of(&held.object().attributes);
    let polynomial = held.first().and_then(own);
    let mut splittings = held.iter().filter_map(|it| split::splitting_of(&it.object().attributes));
    let is_one = splittings.next().is_none_or(|one| splittings.all(|other| other == one));
    if !others.iter().all(is_like) || !held.iter().all(|it| own(it) == polynomial) || !is_one {
        return Err(SplitError::Inconsistent.into());
    }
    let polynomial = polynomial.unwrap_or_else(|| split::polynomial(cx.version()));
    split::plan(cx.version(), first, polynomial)
}

fn bytes_of(part: SplitKey) -> Result<Part, Failure> {
    let number = u16::try_from(part.part).map_err(|_| SplitError::Inconsistent)?;
    let value = ManagedObject::SplitKey(part);
    Ok(Part { number, bytes: Secret::new(key_use::bytes(&value)?.to_vec()) })
}

/// How many bytes the key has that the parts are of, if its length says so: those of key pairs say
/// something else, and of DES keys 7 in 8 bits count.
fn secret_bytes(attributes: &AttributeSet) -> Option<usize> {
    use CryptographicAlgorithm as A;
    let Some(Attribute::CryptographicLength(bits)) =
        attributes.first(AttributeKind::CryptographicLength)
    else {
        return None;
    };
    let bits = usize::try_from(*bits).ok()?;
    match attributes.first(AttributeKind::CryptographicAlgorithm) {
        Some(Attribute::CryptographicAlgorithm(A::Des | A::Des3)) if bits.is_multiple_of(56) => {
            Some(bits / 7)
        }
        Some(Attribute::CryptographicAlgorithm(algorithm)) if is_of_pair(*algorithm) => None,
        _ => Some(bits.div_ceil(8)),
    }
}

fn is_of_pair(algorithm: CryptographicAlgorithm) -> bool {
    use CryptographicAlgorithm as A;
    let pairs = [A::Rsa, A::Dsa, A::Dh, A::Ec, A::Ecdsa, A::Ecdh, A::Ecmqv, A::Ed25519, A::Ed448];
    pairs.contains(&algorithm)
}

/// Takes over from the parts what the request does not say. The joined object is as sensitive as
/// any of them, and only as extractable as all.
///
/// # Errors
/// [`Failure::InvalidField`] if the request calls the key one of another algorithm.
fn inherit(
    object_type: ObjectType,
    held: &[Held],
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let is_key = matches!(
        object_type,
        ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::PrivateKey
    );
    let of_parts = held.first().map(|part| &part.object().attributes);
    let kinds = OF_THE_PARTS
        .iter()
        .filter(|kind| is_key || **kind == AttributeKind::CryptographicUsageMask);
    for known in kinds.filter_map(|kind| of_parts.and_then(|of_parts| of_parts.first(*kind))) {
        if attributes.first(known.kind()).is_none() {
            attributes.put(known.clone());
        }
        let is_other = attributes.first(known.kind()) != Some(known);
        if is_other && known.kind() == AttributeKind::CryptographicAlgorithm {
            let text = "the parts are of a key of another Cryptographic Algorithm";
            return Err(Failure::InvalidField(text.into()));
        }
    }
    if held.iter().any(|part| part.object().is_sensitive()) {
        attributes.put(Attribute::Sensitive(true));
    }
    if held.iter().any(|part| !part.object().is_extractable()) {
        attributes.put(Attribute::Extractable(false));
    }
    Ok(())
}

/// The object that the bytes become.
fn joined(
    cx: &Context<'_>,
    request: &Request<'_>,
    attributes: &AttributeSet,
    secret: &[u8],
) -> Result<ManagedObject, Failure> {
    let raw = || value::raw(secret.to_vec());
    let block = |format, der: &[u8]| KeyBlock { format, ..value::raw(der.to_vec()) };
    Ok(match request.object_type {
        ObjectType::SymmetricKey => ManagedObject::SymmetricKey(SymmetricKey { key_block: raw() }),
        ObjectType::SecretData => {
            let kind = request.secret_data_type.unwrap_or(SecretDataType::Seed);
            ManagedObject::SecretData(SecretData { kind, key_block: raw() })
        }
        ObjectType::OpaqueObject => ManagedObject::OpaqueObject(OpaqueObject {
            kind: OPAQUE,
            value: Secret::new(secret.to_vec()),
        }),
        ObjectType::PublicKey | ObjectType::PrivateKey => {
            // DER begins with a SEQUENCE; what a field has put in front of it are zeros.
            let zeros = secret.iter().take_while(|byte| **byte == 0).count();
            let der = secret.get(zeros..).unwrap_or_default();
            let half = |format| match request.object_type {
                ObjectType::PublicKey => {
                    ManagedObject::PublicKey(PublicKey { key_block: block(format, der) })
                }
                _ => ManagedObject::PrivateKey(PrivateKey { key_block: block(format, der) }),
            };
            return half_of_pair(cx, attributes, &half);
        }
        _ => return Err(Failure::WrongObjectType("objects of this type are not joined")),
    })
}

/// What an Opaque Object is that nothing is said of: one of the values that are nobody's.
const OPAQUE: OpaqueDataType = OpaqueDataType::Unknown(0x8000_0000);

/// One half of a key pair in its usual format, read in the first format in which it can be.
fn half_of_pair(
    cx: &Context<'_>,
    attributes: &AttributeSet,
    half: &dyn Fn(KeyFormatType) -> ManagedObject,
) -> Result<ManagedObject, Failure> {
    use KeyFormatType as F;
    for format in [F::X509, F::Pkcs8, F::Pkcs1, F::EcPrivateKey] {
        let key = half(format);
        if let Some(usual) = key_pair_value::default_format(attributes, &key) {
            return value::in_format(cx.version(), attributes, key, Some(usual), None);
        }
    }
    Err(SplitError::Inconsistent.into())
}
