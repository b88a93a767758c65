//! New objects: what the client says of them, checked, and what the server adds.

use std::borrow::Cow;

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeList, Digest, IndexedAttribute, Link,
};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, ProtectionStorageMask, State,
};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::structure::ProtectionStorageMasks;

use super::{Context, Failure, generators, key_pair_value, templates, value};
use crate::crypto::policy::Forbidden;
use crate::object::{AttributeSet, Object, rules, set};
use crate::store;

/// About how many attributes the server adds to a new object.
const SERVERS_OWN: usize = 16;

/// What the storage of every object is.
pub(super) const STORAGE: ProtectionStorageMask = ProtectionStorageMask::SOFTWARE;

/// Where a new object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The server has made its value.
    Made,
    /// The client has brought its value.
    Brought,
}

/// Whether the storage is one of those that the client accepts (KMIP 2.1 §7.33).
///
/// # Errors
/// [`Failure::StorageUnavailable`].
pub(super) fn check_storage(accepted: Option<&ProtectionStorageMasks>) -> Result<(), Failure> {
    match accepted.map(|accepted| accepted.masks.as_slice()) {
        None | Some([]) => Ok(()),
        Some(masks) if masks.iter().any(|mask| STORAGE.contains(*mask)) => Ok(()),
        Some(_) => Err(Failure::StorageUnavailable),
    }
}

/// The attributes that a client gives a new object, each one that it may give, and those of the
/// templates that it names.
///
/// # Errors
/// What is wrong with the first that is not.
pub(super) async fn given(cx: &Context<'_>, list: &AttributeList) -> Result<AttributeSet, Failure> {
    let mut given = AttributeSet::with_capacity(list.attributes.len() + SERVERS_OWN);
    if list.templates.is_empty() {
        for instance in &list.attributes {
            give(cx, &mut given, instance)?;
        }
    } else {
        let content = templates::content(cx, &list.templates).await?;
        for instance in templates::before(content, &list.attributes) {
            give(cx, &mut given, &instance)?;
        }
    }
    Ok(given)
}

/// The attributes of a list, if there is one, and the Key Format Type: from 2.0 on it is the server's to
/// give and the client's to ask for (KMIP 2.1 §4.26).
///
/// # Errors
/// Those of [`given`].
pub(super) async fn asked(
    cx: &Context<'_>,
    list: Option<&AttributeList>,
) -> Result<(AttributeSet, Option<KeyFormatType>), Failure> {
    let Some(list) = list else { return Ok((AttributeSet::default(), None)) };
    let format = list.attributes.iter().find_map(|instance| match instance.attribute {
        Attribute::KeyFormatType(format) => Some(format),
        _ => None,
    });
    if format.is_none() || !cx.version().is_2x() {
        return Ok((given(cx, list).await?, None));
    }
    let mut rest = list.clone();
    rest.attributes.retain(|instance| instance.attribute.kind() != AttributeKind::KeyFormatType);
    Ok((given(cx, &rest).await?, format))
}

/// Adds one attribute that a client gives.
///
/// # Errors
/// See [`given`].
pub(super) fn give(
    cx: &Context<'_>,
    given: &mut AttributeSet,
    instance: &IndexedAttribute,
) -> Result<(), Failure> {
    if given.iter().count() >= cx.parts().facts.attributes_max {
        return Err(Failure::TooManyAttributes);
    }
    let attribute = normal(cx, &instance.attribute)?;
    check_given(&attribute)?;
    let name = || attribute.name().into_owned();
    let meant = set::reference(&attribute);
    let many = attribute.kind().is_multi_instance();
    if !many && given.instances(&meant).next().is_some() {
        return Err(Failure::AttributeSingleValued(name()));
    }
    let expected = given.instances(&meant).map(set::index_of).max().map_or(0, |last| last + 1);
    // PyKMIP gives each of several instances the index 0; they count in their order.
    if instance.index.is_some_and(|index| index != expected && index != 0) {
        return Err(Failure::IndexOutOfBounds(name()));
    }
    given.add(attribute);
    Ok(())
}

/// What a Link says of an object by the answers of this batch, as the identifier of that object
/// (KMIP 2.1 §4.31); any other attribute as it is.
///
/// # Errors
/// [`Failure::InvalidMessage`] if it means nothing that was answered before.
pub(super) fn resolved<'a>(
    cx: &Context<'_>,
    attribute: &'a Attribute,
) -> Result<Cow<'a, Attribute>, Failure> {
    match attribute {
        Attribute::Link(link) if link.object.text().is_none() => {
            let object = cx.resolve(&link.object)?.into();
            Ok(Cow::Owned(Attribute::Link(Link { kind: link.kind, object })))
        }
        other => Ok(Cow::Borrowed(other)),
    }
}

/// The attribute with the parts that the server decides as the server has them.
///
/// # Errors
/// Those of [`resolved`].
pub(super) fn normal(cx: &Context<'_>, attribute: &Attribute) -> Result<Attribute, Failure> {
    match attribute {
        // The count is the server's and starts at the total (KMIP 1.4 §3.21).
        Attribute::UsageLimits(limits) => {
            let mut limits = limits.clone();
            limits.count = Some(limits.total);
            Ok(Attribute::UsageLimits(limits))
        }
        other => resolved(cx, other).map(Cow::into_owned),
    }
}

/// Whether a client may give this attribute at all, and with this value.
///
/// # Errors
/// [`Failure::UnsupportedAttribute`], [`Failure::AttributeNotGiven`],
/// [`Failure::NamespaceNotSupported`] or [`Failure::InvalidAttributeValue`].
pub(super) fn check_given(attribute: &Attribute) -> Result<(), Failure> {
    let name = || attribute.name().into_owned();
    let rule =
        rules::rule(attribute.kind()).ok_or_else(|| Failure::UnsupportedAttribute(name()))?;
    let servers_own = matches!(attribute, Attribute::Custom(custom) if custom.vendor == "y");
    if !rule.is_given_by_client() || servers_own {
        return Err(Failure::AttributeNotGiven(name()));
    }
    check_namespace(attribute)?;
    let good = match attribute {
        Attribute::CryptographicLength(bits) => *bits > 0,
        Attribute::UsageLimits(limits) => limits.total >= 0,
        Attribute::Name(found) => !found.value.is_empty(),
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err(Failure::InvalidAttributeValue(format!("bad value of {:.64}", name())))
    }
}

/// Whether Application Specific Information has its data: the server makes them up for no namespace,
/// and Query claims none (KMIP 1.4 §3.36).
///
/// # Errors
/// [`Failure::NamespaceNotSupported`].
pub(super) fn check_namespace(attribute: &Attribute) -> Result<(), Failure> {
    match attribute {
        Attribute::ApplicationSpecificInformation(information) if information.data.is_none() => {
            Err(Failure::NamespaceNotSupported)
        }
        _ => Ok(()),
    }
}

/// Whether a new object is to be called quantum safe (KMIP 2.1 §4.45).
pub(super) fn is_called_quantum_safe(attributes: &AttributeSet) -> bool {
    attributes.first(AttributeKind::QuantumSafe) == Some(&Attribute::QuantumSafe(true))
}

/// A new object with everything that the server says of it. `is_given` tells the attributes that
/// this request has given.
///
/// # Errors
/// [`Failure::InvalidAttributeValue`] if a date that is given contradicts another, and those of
/// [`generators::chosen`] and [`check_size`].
pub(super) fn object(
    cx: &Context<'_>,
    object_type: ObjectType,
    mut attributes: AttributeSet,
    value: &ManagedObject,
    origin: Origin,
    is_given: impl Fn(AttributeKind) -> bool,
) -> Result<Object, Failure> {
    check_policy(cx, object_type, &attributes)?;
    let now = DateTime(cx.now());
    default(&mut attributes, Attribute::Sensitive(false));
    default(&mut attributes, Attribute::Extractable(true));
    let sensitive =
        matches!(attributes.first(AttributeKind::Sensitive), Some(Attribute::Sensitive(true)));
    let extractable =
        matches!(attributes.first(AttributeKind::Extractable), Some(Attribute::Extractable(true)));
    attributes.put(Attribute::AlwaysSensitive(sensitive));
    attributes.put(Attribute::NeverExtractable(!extractable));
    if origin == Origin::Made {
        attributes.put(Attribute::OriginalCreationDate(now));
        let generator = generators::chosen(cx, &attributes)?;
        attributes.put(Attribute::RandomNumberGenerator(generator));
    }
    describe(cx, &mut attributes, value)?;
    default(&mut attributes, Attribute::Fresh(true));
    attributes.put(Attribute::LeaseTime(cx.lease()));
    attributes.put(Attribute::ProtectionStorageMask(STORAGE));
    attributes.put(Attribute::InitialDate(now));
    attributes.put(Attribute::State(State::PreActive));
    let object = Object { uid: cx.new_uid()?, object_type, attributes };
    object.check_dates(is_given)?;
    let mut object = object.settled(now.0).unwrap_or(object);
    object.touch(now.0);
    check_size(cx, &object)?;
    Ok(object)
}

/// Whether the tenant's policy allows such a key.
///
/// # Errors
/// [`Failure::InvalidField`].
pub(super) fn check_policy(
    cx: &Context<'_>,
    object_type: ObjectType,
    attributes: &AttributeSet,
) -> Result<(), Failure> {
    use ObjectType::{PrivateKey, PublicKey, SplitKey, SymmetricKey};
    if !matches!(object_type, SymmetricKey | PublicKey | PrivateKey | SplitKey) {
        return Ok(());
    }
    let bits = match attributes.first(AttributeKind::CryptographicLength) {
        Some(Attribute::CryptographicLength(bits)) => Some(*bits),
        _ => None,
    };
    match attributes.first(AttributeKind::CryptographicAlgorithm) {
        Some(Attribute::CryptographicAlgorithm(algorithm)) => allowed(cx, *algorithm, bits),
        _ => Ok(()),
    }
}

/// Whether the tenant's policy allows keys of this algorithm and length.
///
/// # Errors
/// [`Failure::InvalidField`].
pub(super) fn allowed(
    cx: &Context<'_>,
    algorithm: CryptographicAlgorithm,
    bits: Option<i32>,
) -> Result<(), Failure> {
    cx.policy().check_key(algorithm, || bits).map_err(forbidden)
}

/// What a client is told of a key that its tenant's policy does not let in.
pub(super) fn forbidden(why: Forbidden) -> Failure {
    Failure::InvalidField(why.to_string())
}

/// Whether an object has no more attributes, in number and in bytes, than the server keeps.
///
/// # Errors
/// [`Failure::TooManyAttributes`] or [`Failure::LimitExceeded`].
pub(super) fn check_size(cx: &Context<'_>, object: &Object) -> Result<(), Failure> {
    let facts = &cx.parts().facts;
    if object.attributes.iter().count() > facts.attributes_max {
        return Err(Failure::TooManyAttributes);
    }
    if store::attribute_bytes(object) > facts.attribute_bytes_max {
        return Err(Failure::LimitExceeded("the object's attributes are too long"));
    }
    Ok(())
}

/// What an imported value says of itself, where its former server has not said it.
///
/// # Errors
/// That of the hash, which is always there.
pub(super) fn describe_missing(
    cx: &Context<'_>,
    attributes: &mut AttributeSet,
    value: &ManagedObject,
) -> Result<(), Failure> {
    let mut described = attributes.clone();
    describe(cx, &mut described, value)?;
    for kind in [AttributeKind::Digest, AttributeKind::KeyFormatType, AttributeKind::OpaqueDataType]
    {
        if attributes.first(kind).is_none() {
            for instance in described.iter().filter(|found| found.attribute.kind() == kind) {
                attributes.add(instance.attribute.clone());
            }
        }
    }
    default(attributes, Attribute::LeaseTime(cx.lease()));
    default(attributes, Attribute::ProtectionStorageMask(STORAGE));
    Ok(())
}

/// What the value says of itself.
fn describe(
    cx: &Context<'_>,
    attributes: &mut AttributeSet,
    value: &ManagedObject,
) -> Result<(), Failure> {
    // Secret Data may be a password, which can be found by its digest; see `shown::secret_digest`.
    if !matches!(value, ManagedObject::SecretData(_))
        && let Some(digest) = value::digest(value)?
    {
        attributes.put(Attribute::Digest(digest));
        if let Some(other) = digest_in_default_format(cx, attributes, value)? {
            attributes.add(Attribute::Digest(other));
        }
    }
    match value {
        ManagedObject::OpaqueObject(opaque) => {
            attributes.put(Attribute::OpaqueDataType(opaque.kind));
            attributes.put(Attribute::KeyFormatType(KeyFormatType::Opaque));
        }
        // The official cases call a certificate raw.
        ManagedObject::Certificate(_) => {
            attributes.put(Attribute::KeyFormatType(KeyFormatType::Raw));
        }
        ManagedObject::CertificateRequest(_) => {
            attributes.put(Attribute::KeyFormatType(KeyFormatType::Pkcs10));
        }
        other => {
            if let Some(block) = other.key_block() {
                attributes.put(Attribute::KeyFormatType(block.format));
                if block.value.is_none() {
                    attributes.put(Attribute::KeyValuePresent(false));
                }
            }
        }
    }
    Ok(())
}

/// From 2.0 on, a key in another format than the usual one has a second digest, in the usual one
/// (KMIP 2.1 §4.26).
fn digest_in_default_format(
    cx: &Context<'_>,
    attributes: &AttributeSet,
    value: &ManagedObject,
) -> Result<Option<Digest>, Failure> {
    let kept = value.key_block().map(|block| block.format);
    let usual = match kept {
        Some(KeyFormatType::TransparentSymmetricKey) => Some(KeyFormatType::Raw),
        _ => key_pair_value::default_format(attributes, value),
    };
    if !cx.version().is_2x() || usual.is_none() || usual == kept {
        return Ok(None);
    }
    let value = value::in_format(cx.version(), attributes, value.clone(), usual, None)?;
    value::digest(&value)
}

/// Sets an attribute that the client has not.
pub(super) fn default(attributes: &mut AttributeSet, attribute: Attribute) {
    if attributes.first(attribute.kind()).is_none() {
        attributes.put(attribute);
    }
}
