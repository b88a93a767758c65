//! What there is to see of a key of the hierarchy: its attributes.

use kmip_ttlv::attribute::{Attribute, CryptographicParameters, CustomAttribute, Name};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, State,
};
use kmip_ttlv::{DateTime, Value};

use super::{GROUP, SERVICE_KEY, TENANT_KEY};
use crate::keys::rotation::Subject;
use crate::object::{AttributeSet, Object};
use crate::store::{KeyRow, KeyState, TenantState};

/// The bits of such a key.
const KEY_BITS: i32 = 256;
/// Bytes of the tag with which a service's key encrypts.
const TAG_BYTES: i32 = 16;
/// The custom attribute that tells the version that seals.
const VERSION: &str = "Key-Version";

/// A key, or one version of it; `None` if there is no such version.
pub(super) fn object(
    subject: &Subject,
    versions: &[KeyRow],
    version: Option<u32>,
) -> Option<Object> {
    let shown = versions.iter().find(|row| match version {
        Some(version) => row.version == version,
        None => row.state == KeyState::Active,
    });
    let owner = match subject {
        Subject::Service(_, service) => service.state,
        Subject::Root | Subject::OwnRoot(_) => return None,
        Subject::Tenant(tenant) => tenant.state,
    };
    let state = match (owner, version) {
        (TenantState::Suspended, _) => State::Deactivated,
        (TenantState::Shredded, _) => State::Destroyed,
        (TenantState::Active, None) => State::Active,
        (TenantState::Active, Some(_)) => of_version(shown?),
    };
    let (uid, name) = names(subject, version);
    let mut attributes = AttributeSet::default();
    for attribute in [
        Attribute::Name(Name { value: name, kind: NameType::UninterpretedTextString }),
        Attribute::ObjectGroup(GROUP.to_owned()),
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(KEY_BITS),
        Attribute::CryptographicUsageMask(uses(subject)),
        Attribute::State(state),
        Attribute::Sensitive(true),
        Attribute::AlwaysSensitive(true),
        Attribute::Extractable(false),
        Attribute::NeverExtractable(true),
    ] {
        attributes.put(attribute);
    }
    if matches!(subject, Subject::Service(..)) {
        let parameters = CryptographicParameters {
            cryptographic_algorithm: Some(CryptographicAlgorithm::Aes),
            block_cipher_mode: Some(BlockCipherMode::Gcm),
            tag_length: Some(TAG_BYTES),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        };
        attributes.put(Attribute::CryptographicParameters(parameters.into()));
    }
    let first = if version.is_some() { shown } else { versions.first() };
    if let Some(first) = first {
        attributes.put(Attribute::InitialDate(DateTime(first.created.seconds())));
    }
    if let Some(shown) = shown {
        let since = DateTime(shown.created.seconds());
        attributes.put(Attribute::ActivationDate(since));
        attributes.put(Attribute::LastChangeDate(since));
        attributes.put(version_attribute(shown.version));
    }
    Some(Object { uid, object_type: ObjectType::SymmetricKey, attributes })
}

/// What tells the version of a key.
pub(super) fn version_attribute(version: u32) -> Attribute {
    Attribute::Custom(CustomAttribute {
        vendor: "y".to_owned(),
        name: VERSION.to_owned(),
        value: Value::Integer(version.cast_signed()),
    })
}

/// The state of a version: one that seals no more still opens.
fn of_version(row: &KeyRow) -> State {
    match row.state {
        KeyState::Pending => State::PreActive,
        KeyState::Active => State::Active,
        KeyState::Retired if row.compromised => State::Compromised,
        KeyState::Retired => State::Deactivated,
        KeyState::Destroyed => State::Destroyed,
    }
}

/// A tenant's key seals keys, and nothing that a client gives.
fn uses(subject: &Subject) -> CryptographicUsageMask {
    match subject {
        Subject::Service(..) => {
            CryptographicUsageMask::ENCRYPT.union(CryptographicUsageMask::DECRYPT)
        }
        Subject::Root | Subject::OwnRoot(_) | Subject::Tenant(_) => {
            CryptographicUsageMask::default()
        }
    }
}

/// Identifier and Name.
fn names(subject: &Subject, version: Option<u32>) -> (String, String) {
    let Subject::Service(_, service) = subject else {
        return (TENANT_KEY.to_owned(), "key of the tenant".to_owned());
    };
    let service = &service.name;
    match version {
        None => (format!("{SERVICE_KEY}{service}"), format!("key of service {service}")),
        Some(version) => (
            format!("{SERVICE_KEY}{service}:{version}"),
            format!("version {version} of the key of service {service}"),
        ),
    }
}
