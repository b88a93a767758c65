//! Create Key Pair (KMIP 1.4 §4.2, KMIP 2.1 §6.1.9).

use std::sync::Arc;

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType, LinkType, ObjectType,
};
use kmip_ttlv::object::{KeyBlock, KeyValue, ManagedObject, PrivateKey, PublicKey};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::create_key_pair::{Request, Response};
use kmip_ttlv::structure::ProtectionStorageMasks;

use super::creation::{self, Origin};
use super::{Context, Failure, Outcome, defaults, key_pair_value};
use crate::crypto::key::{self, Template};
use crate::object::{AttributeSet, Object, set};

/// Attributes that have one value for both keys.
const SHARED: &[AttributeKind] = &[
    AttributeKind::CryptographicAlgorithm,
    AttributeKind::CryptographicLength,
    AttributeKind::CryptographicDomainParameters,
];

/// Both halves of something.
pub(super) struct Pair<T> {
    pub(super) private: T,
    pub(super) public: T,
}

/// What the client says of a pair.
pub(super) struct Given {
    pub(super) attributes: Pair<AttributeSet>,
    /// The Key Format Types that are asked for (KMIP 2.1 §4.26).
    pub(super) formats: Pair<Option<KeyFormatType>>,
}

/// Makes a key pair.
pub(super) async fn create_key_pair(
    cx: &Context<'_>,
    request: &Request,
) -> Result<Outcome, Failure> {
    check_storage(
        request.common_protection_storage_masks.as_ref(),
        request.private_protection_storage_masks.as_ref(),
        request.public_protection_storage_masks.as_ref(),
    )?;
    let Given { mut attributes, formats } = given(
        cx,
        request.common.as_ref(),
        request.private_key.as_ref(),
        request.public_key.as_ref(),
    )
    .await?;
    defaults::apply(cx, ObjectType::PrivateKey, &mut attributes.private).await?;
    defaults::apply(cx, ObjectType::PublicKey, &mut attributes.public).await?;
    share(&mut attributes)?;
    creation::check_policy(cx, ObjectType::PrivateKey, &attributes.private)?;
    let (template, algorithm) = template(&attributes.private)?;
    check_quantum_safety(&attributes, template)?;
    let values = generate(cx, template, Some(algorithm), &formats).await?;
    let mut objects = objects(cx, attributes, &values, |_| true)?;
    link(&mut objects);
    let Pair { private, public } = objects;
    creation::check_size(cx, &private)?;
    creation::check_size(cx, &public)?;
    let response = Response {
        private_key_uid: private.uid.clone().into(),
        public_key_uid: public.uid.clone().into(),
        private_key: None,
        public_key: None,
    };
    let uids = vec![private.uid.clone(), public.uid.clone()];
    let changes =
        vec![cx.insert(private, &values.private).await?, cx.insert(public, &values.public).await?];
    let outcome = Outcome::meant(String::new(), changes, ResponsePayload::CreateKeyPair(response));
    Ok(Outcome { uids, ..outcome })
}

/// Whether the storage is one that the client accepts for both keys.
///
/// # Errors
/// [`Failure::StorageUnavailable`], or which half's it is.
pub(super) fn check_storage(
    common: Option<&ProtectionStorageMasks>,
    private: Option<&ProtectionStorageMasks>,
    public: Option<&ProtectionStorageMasks>,
) -> Result<(), Failure> {
    creation::check_storage(common)?;
    creation::check_storage(private).map_err(|_| Failure::PrivateStorageUnavailable)?;
    creation::check_storage(public).map_err(|_| Failure::PublicStorageUnavailable)
}

/// What the client says of each half: of both together, unless it says something else of the one.
/// Of attributes with several values, each half has those of both and its own.
///
/// # Errors
/// Those of [`creation::asked`].
pub(super) async fn given(
    cx: &Context<'_>,
    common: Option<&AttributeList>,
    private: Option<&AttributeList>,
    public: Option<&AttributeList>,
) -> Result<Given, Failure> {
    let (common, of_both) = creation::asked(cx, common).await?;
    let (private, of_private) = creation::asked(cx, private).await?;
    let (public, of_public) = creation::asked(cx, public).await?;
    Ok(Given {
        attributes: Pair { private: merged(&common, &private), public: merged(&common, &public) },
        formats: Pair { private: of_private.or(of_both), public: of_public.or(of_both) },
    })
}

fn merged(common: &AttributeSet, own: &AttributeSet) -> AttributeSet {
    let mut merged = common.clone();
    for attribute in own.iter().map(|instance| &instance.attribute) {
        if !attribute.kind().is_multi_instance() {
            merged.put(attribute.clone());
        } else if merged.instances(&set::reference(attribute)).all(|i| i.attribute != *attribute) {
            merged.add(attribute.clone());
        }
    }
    merged
}

/// What one half is given of the attributes that both share, the other has too.
fn share(attributes: &mut Pair<AttributeSet>) -> Result<(), Failure> {
    for kind in SHARED {
        let private = attributes.private.first(*kind).cloned();
        let public = attributes.public.first(*kind).cloned();
        match (private, public) {
            (Some(private), Some(public)) if private != public => {
                return Err(Failure::InvalidField(format!(
                    "the {} of both keys must be the same",
                    kind.name()
                )));
            }
            (Some(private), None) => attributes.public.put(private),
            (None, Some(public)) => attributes.private.put(public),
            _ => {}
        }
    }
    Ok(())
}

/// Which key the attributes mean.
fn template(attributes: &AttributeSet) -> Result<(Template, CryptographicAlgorithm), Failure> {
    let Some(Attribute::CryptographicAlgorithm(algorithm)) =
        attributes.first(AttributeKind::CryptographicAlgorithm)
    else {
        let name = AttributeKind::CryptographicAlgorithm.name();
        return Err(Failure::InvalidField(format!("{name} is required")));
    };
    let bits = match attributes.first(AttributeKind::CryptographicLength) {
        Some(Attribute::CryptographicLength(bits)) => usize::try_from(*bits).ok(),
        _ => None,
    };
    let template = Template::of(*algorithm, bits, key_pair_value::curve(attributes));
    let template = template.ok_or_else(|| {
        let text = "no key pairs of this algorithm, length and curve are made";
        Failure::InvalidField(text.into())
    })?;
    Ok((template, *algorithm))
}

/// Refuses to call a pair quantum safe that is not (KMIP 2.1 §4.45).
///
/// # Errors
/// [`Failure::NotQuantumSafe`].
pub(super) fn check_quantum_safety(
    attributes: &Pair<AttributeSet>,
    template: Template,
) -> Result<(), Failure> {
    let halves = [&attributes.private, &attributes.public];
    let wanted = halves.into_iter().any(creation::is_called_quantum_safe);
    if wanted && !template.is_quantum_safe() { Err(Failure::NotQuantumSafe) } else { Ok(()) }
}

/// A fresh key pair of an algorithm by the name that the client calls it by, each half in the format
/// that is asked for or, if none is, that it usually has.
///
/// # Errors
/// [`Failure::InvalidField`] where the tenant's policy makes no such keys; without randomness, or with
/// too much under way.
pub(super) async fn generate(
    cx: &Context<'_>,
    template: Template,
    algorithm: Option<CryptographicAlgorithm>,
    formats: &Pair<Option<KeyFormatType>>,
) -> Result<Pair<ManagedObject>, Failure> {
    if let Template::Rsa(bits) = template {
        cx.policy().check_new_rsa_key(bits).map_err(creation::forbidden)?;
    }
    let random = Arc::clone(&cx.parts().random);
    let made = cx.parts().workers.run(cx.tenant(), move || template.generate(&*random));
    let private = made.await??;
    let public = private.public().ok_or(Failure::Internal("a key without a public half"))?;
    let (of_private, of_public) = (private.describe(), public.describe());
    let chosen = |asked: Option<KeyFormatType>, of: &key::Description| {
        key::for_version(asked.unwrap_or(of.format), cx.version())
    };
    let block = |format, of: &key::Description, material| -> Result<KeyBlock, Failure> {
        let length = Some(length(of)?);
        Ok(KeyBlock { algorithm, length, ..KeyBlock::new(format, KeyValue::new(material)) })
    };
    let format = chosen(formats.private, &of_private);
    let private = block(format, &of_private, private.write(format)?)?;
    let format = chosen(formats.public, &of_public);
    let public = block(format, &of_public, public.write(format, None)?)?;
    Ok(Pair {
        private: ManagedObject::PrivateKey(PrivateKey { key_block: private }),
        public: ManagedObject::PublicKey(PublicKey { key_block: public }),
    })
}

fn length(description: &key::Description) -> Result<i32, Failure> {
    i32::try_from(description.bits).map_err(|_| Failure::Internal("a key that is too long"))
}

/// New objects with these values.
///
/// # Errors
/// Those of [`creation::object`].
pub(super) fn objects(
    cx: &Context<'_>,
    attributes: Pair<AttributeSet>,
    values: &Pair<ManagedObject>,
    is_given: impl Fn(AttributeKind) -> bool + Copy,
) -> Result<Pair<Object>, Failure> {
    let object = |object_type, mut attributes: AttributeSet, value: &ManagedObject| {
        if let Some(bits) = value.key_block().and_then(|block| block.length) {
            attributes.put(Attribute::CryptographicLength(bits));
        }
        default_usage(object_type, &mut attributes);
        creation::object(cx, object_type, attributes, value, Origin::Made, is_given)
    };
    Ok(Pair {
        private: object(ObjectType::PrivateKey, attributes.private, &values.private)?,
        public: object(ObjectType::PublicKey, attributes.public, &values.public)?,
    })
}

/// What a half is for if the client does not say: Barbican never does, although 1.x demands it.
fn default_usage(object_type: ObjectType, attributes: &mut AttributeSet) {
    use CryptographicAlgorithm as A;
    if attributes.first(AttributeKind::CryptographicUsageMask).is_some() {
        return;
    }
    let Some(Attribute::CryptographicAlgorithm(algorithm)) =
        attributes.first(AttributeKind::CryptographicAlgorithm)
    else {
        return;
    };
    let (private, public) = match *algorithm {
        A::Rsa => (
            Mask::SIGN.union(Mask::DECRYPT).union(Mask::UNWRAP_KEY),
            Mask::VERIFY.union(Mask::ENCRYPT).union(Mask::WRAP_KEY),
        ),
        A::Ecdh | A::Ecmqv => {
            let agree = Mask::DERIVE_KEY.union(Mask::KEY_AGREEMENT);
            (agree, agree)
        }
        A::ML_KEM_512 | A::ML_KEM_768 | A::ML_KEM_1024 => (Mask::DERIVE_KEY, Mask::DERIVE_KEY),
        _ => (Mask::SIGN, Mask::VERIFY),
    };
    let is_private = object_type == ObjectType::PrivateKey;
    let mask = if is_private { private } else { public };
    attributes.put(Attribute::CryptographicUsageMask(mask));
}

/// Links both halves to each other (KMIP 1.4 §3.35).
pub(super) fn link(pair: &mut Pair<Object>) {
    pair.private.attributes.add(set::link(LinkType::PublicKeyLink, &pair.public.uid));
    pair.public.attributes.add(set::link(LinkType::PrivateKeyLink, &pair.private.uid));
}
