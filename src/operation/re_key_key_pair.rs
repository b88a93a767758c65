//! Re-key Key Pair (KMIP 1.4 §4.5, KMIP 2.1 §6.1.47).

use kmip_ttlv::UniqueIdentifier;
use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::{KeyFormatType, LinkType, ObjectType};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_key_key_pair::{Request, Response};

use super::context::{Context, Held, Right};
use super::create_key_pair::{self, Given, Pair};
use super::key_pair_value::Key;
use super::{Failure, Outcome, creation, key_pair_value, re_key};
use crate::crypto::key::Template;
use crate::object::{AttributeSet, Object, rekey, rotation};

/// What a replacement may not be given anew.
const FIXED: &[AttributeKind] = &[
    AttributeKind::CryptographicAlgorithm,
    AttributeKind::CryptographicLength,
    AttributeKind::CryptographicDomainParameters,
];

/// Makes a pair that takes the place of another: like it, with its attributes and names, and linked
/// to it half by half.
pub(super) async fn re_key_key_pair(
    cx: &Context<'_>,
    request: &Request<'_>,
) -> Result<Outcome, Failure> {
    create_key_pair::check_storage(
        request.common_protection_storage_masks.as_ref(),
        request.private_protection_storage_masks.as_ref(),
        request.public_protection_storage_masks.as_ref(),
    )?;
    let held = pair(cx, request.private_key_uid.as_ref()).await?;
    let mut old =
        Pair { private: held.private.object().clone(), public: held.public.object().clone() };
    let Given { attributes: given, formats } = create_key_pair::given(
        cx,
        request.common.as_ref(),
        request.private_key.as_ref(),
        request.public_key.as_ref(),
    )
    .await?;
    let is_given = |kind: AttributeKind| {
        given.private.first(kind).is_some() || given.public.first(kind).is_some()
    };
    re_key::check_offset(request.offset.is_some(), is_given)?;
    let offset = request.offset.map(|offset| i64::from(offset.0));
    let attributes = Pair {
        private: taken_over(cx, &mut old.private, offset, &given.private)?,
        public: taken_over(cx, &mut old.public, offset, &given.public)?,
    };
    let values = replacements(cx, &held, &attributes, &formats).await?;
    let mut new = create_key_pair::objects(cx, attributes, &values, is_given)?;
    create_key_pair::link(&mut new);
    for (old, new) in [(&mut old.private, &mut new.private), (&mut old.public, &mut new.public)] {
        rekey::link(old, new);
        rotation::mark(old, new, cx.now());
        old.touch(cx.now());
        creation::check_size(cx, old)?;
        creation::check_size(cx, new)?;
    }
    let response = Response {
        private_key_uid: new.private.uid.clone().into(),
        public_key_uid: new.public.uid.clone().into(),
        private_key: None,
        public_key: None,
    };
    let uids = vec![new.private.uid.clone(), new.public.uid.clone()];
    let changes = vec![
        cx.insert_beside(&held.private, new.private, &values.private).await?,
        cx.insert_beside(&held.public, new.public, &values.public).await?,
        cx.update(&held.private, old.private),
        cx.update(&held.public, old.public),
    ];
    let outcome = Outcome::meant(String::new(), changes, ResponsePayload::ReKeyKeyPair(response));
    Ok(Outcome { uids, ..outcome })
}

/// The pair that is meant: the private key, and what its Public Key Link names.
async fn pair(
    cx: &Context<'_>,
    private: Option<&UniqueIdentifier<'_>>,
) -> Result<Pair<Held>, Failure> {
    let private = cx.object(private, Right::Change).await?;
    if private.object().object_type != ObjectType::PrivateKey {
        return Err(Failure::NotUsable("only the private key of a pair can be re-keyed"));
    }
    let public = private.object().attributes.linked(LinkType::PublicKeyLink).ok_or_else(|| {
        Failure::InvalidField("the private key has no link to its public key".into())
    })?;
    let public = cx.object(Some(public), Right::Change).await?;
    if public.object().object_type != ObjectType::PublicKey {
        let text = "what the private key's link names is no public key";
        return Err(Failure::InvalidField(text.into()));
    }
    if private.object().is_destroyed() || public.object().is_destroyed() {
        return Err(Failure::Destroyed);
    }
    Ok(Pair { private, public })
}

fn taken_over(
    cx: &Context<'_>,
    old: &mut Object,
    offset: Option<i64>,
    given: &AttributeSet,
) -> Result<AttributeSet, Failure> {
    for kind in FIXED {
        let (said, is) = (given.first(*kind), old.attributes.first(*kind));
        if said.is_some() && said != is {
            let message = format!("the {} of a key cannot be changed", kind.name());
            return Err(Failure::InvalidField(message));
        }
    }
    let mut attributes = rekey::take_over(old, cx.now(), offset)?;
    rekey::give(&mut attributes, given);
    Ok(attributes)
}

/// A pair like the old one, in the formats that are asked for, or those of the old one.
async fn replacements(
    cx: &Context<'_>,
    held: &Pair<Held>,
    new: &Pair<AttributeSet>,
    asked: &Pair<Option<KeyFormatType>>,
) -> Result<Pair<ManagedObject>, Failure> {
    let attributes = &held.private.object().attributes;
    let old = cx.value(&held.private).await?;
    let template = match key_pair_value::key(attributes, &old)? {
        Key::Private(key) => Template::like(&key),
        Key::Public(_) => None,
    };
    let template =
        template.ok_or(Failure::CryptographicFailure("no key pairs like this one are made"))?;
    create_key_pair::check_quantum_safety(new, template)?;
    let algorithm = held.private.object().algorithm();
    let formats = Pair {
        private: asked.private.or(held.private.object().key_format()),
        public: asked.public.or(held.public.object().key_format()),
    };
    create_key_pair::generate(cx, template, algorithm, &formats).await
}
