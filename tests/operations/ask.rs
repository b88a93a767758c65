//! Requests as short as they can be, and answers taken apart.

use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeList, AttributeReference, CustomAttribute, IndexedAttribute,
    Name, RevocationReason,
};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, OpaqueDataType,
    RevocationReasonCode, State,
};
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::{
    RequestPayload, ResponsePayload, activate, add_attribute, archive, check, create,
    delete_attribute, destroy, get, get_attribute_list, get_attributes, locate, modify_attribute,
    re_key, recover, register, revoke, set_attribute,
};
use kmip_ttlv::{DateTime, Secret, Value};

use super::world::{Answer, Client, START, text};

pub(crate) type Request = RequestPayload<'static>;

/// The identifier of a request; none means the ID Placeholder.
fn of(uid: &str) -> Option<kmip_ttlv::UniqueIdentifier<'static>> {
    (!uid.is_empty()).then(|| uid.to_owned().into())
}

pub(crate) fn name(name: &str) -> Attribute {
    Attribute::Name(Name { value: name.into(), kind: NameType::UninterpretedTextString })
}

pub(crate) fn custom(name: &str, value: &str) -> Attribute {
    let value = Value::TextString(value.to_owned().into());
    Attribute::Custom(CustomAttribute { vendor: "x".into(), name: name.into(), value })
}

pub(crate) fn group(group: &str) -> Attribute {
    Attribute::ObjectGroup(group.into())
}

/// So many seconds after the start.
pub(crate) fn at(seconds: i64) -> DateTime {
    DateTime(START + seconds)
}

pub(crate) fn create(more: Vec<Attribute>) -> Request {
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::ENCRYPT),
    ];
    attributes.retain(|usual| more.iter().all(|own| own.kind() != usual.kind()));
    attributes.extend(more);
    let attributes = attributes.into_iter().collect::<AttributeList>();
    create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes,
        protection_storage_masks: None,
    }
    .into()
}

/// Register of an Opaque Object.
pub(crate) fn opaque(more: Vec<Attribute>) -> Request {
    let kind = OpaqueDataType::Unknown(0x8000_0001);
    let opaque = OpaqueObject { kind, value: Secret::new(vec![1; 16]) };
    register::Request {
        object_type: ObjectType::OpaqueObject,
        attributes: more.into_iter().collect(),
        object: Some(ManagedObject::OpaqueObject(opaque)),
        protection_storage_masks: None,
    }
    .into()
}

pub(crate) fn get(uid: &str) -> Request {
    get::Request {
        uid: of(uid),
        key_format: None,
        key_wrap_type: None,
        key_compression: None,
        wrapping: None,
    }
    .into()
}

pub(crate) fn attributes(uid: &str, references: &[AttributeReference]) -> Request {
    get_attributes::Request { uid: of(uid), references: references.to_vec() }.into()
}

pub(crate) fn attribute_list(uid: &str) -> Request {
    get_attribute_list::Request { uid: of(uid) }.into()
}

pub(crate) fn activate(uid: &str) -> Request {
    activate::Request { uid: of(uid) }.into()
}

pub(crate) fn destroy(uid: &str) -> Request {
    destroy::Request { uid: of(uid) }.into()
}

pub(crate) fn archive(uid: &str) -> Request {
    archive::Request { uid: of(uid) }.into()
}

pub(crate) fn recover(uid: &str) -> Request {
    recover::Request { uid: of(uid) }.into()
}

pub(crate) fn revoke(uid: &str, code: RevocationReasonCode) -> Request {
    revoke::Request {
        uid: of(uid),
        reason: RevocationReason { code, message: None },
        compromise_occurrence_date: None,
    }
    .into()
}

pub(crate) fn add(uid: &str, attribute: Attribute) -> Request {
    add_attribute::Request { uid: of(uid), attribute: attribute.into() }.into()
}

/// Modify Attribute as 1.x has it, or as 2.x has it without a Current Attribute.
pub(crate) fn modify(uid: &str, index: Option<i32>, attribute: Attribute) -> Request {
    let attribute = IndexedAttribute { index, attribute };
    modify_attribute::Request { uid: of(uid), current: None, attribute }.into()
}

pub(crate) fn modify_from(uid: &str, current: Attribute, attribute: Attribute) -> Request {
    let (current, attribute) = (Some(current.into()), attribute.into());
    modify_attribute::Request { uid: of(uid), current, attribute }.into()
}

pub(crate) fn set(uid: &str, attribute: Attribute) -> Request {
    set_attribute::Request { uid: of(uid), attribute: attribute.into() }.into()
}

pub(crate) fn delete(uid: &str, reference: AttributeReference, index: Option<i32>) -> Request {
    let reference = Some(reference);
    delete_attribute::Request { uid: of(uid), reference, index, current: None }.into()
}

pub(crate) fn delete_value(uid: &str, value: Attribute) -> Request {
    let current = Some(value.into());
    delete_attribute::Request { uid: of(uid), reference: None, index: None, current }.into()
}

pub(crate) fn locate(filter: Vec<Attribute>) -> locate::Request {
    let filter: AttributeList = filter.into_iter().collect();
    locate::Request {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        attributes: filter.into(),
    }
}

pub(crate) fn re_key(uid: &str, offset: Option<u32>, given: Vec<Attribute>) -> Request {
    let given = (!given.is_empty()).then(|| given.into_iter().collect::<AttributeList>());
    let offset = offset.map(kmip_ttlv::Interval);
    re_key::Request { uid: of(uid), offset, attributes: given, protection_storage_masks: None }
        .into()
}

pub(crate) fn check(uid: &str) -> check::Request<'static> {
    check::Request { uid: of(uid), usage_limits_count: None, usage_mask: None, lease_time: None }
}

/// The identifier in an answer that has one.
#[expect(clippy::needless_pass_by_value, reason = "nobody needs the answer any more")]
pub(crate) fn uid_of(answer: Answer) -> String {
    use ResponsePayload as P;
    text(match answer.as_ref().unwrap() {
        P::Create(response) => &response.uid,
        P::Register(response) => &response.uid,
        P::JoinSplitKey(response) => &response.uid,
        P::ReKey(response) => &response.uid,
        P::Get(response) => &response.uid,
        P::Activate(response) => &response.uid,
        P::GetAttributes(response) => &response.uid,
        P::Destroy(response) => &response.uid,
        P::Check(response) => response.uid.as_ref().unwrap(),
        other => panic!("{other:?}"),
    })
}

/// What Locate found, in its order.
pub(crate) fn found(answer: Answer) -> Vec<String> {
    match answer.unwrap() {
        ResponsePayload::Locate(response) => response.uids.iter().map(text).collect(),
        other => panic!("{other:?}"),
    }
}

impl Client<'_> {
    /// A new Pre-Active AES key with more attributes.
    pub(crate) async fn create(&self, more: Vec<Attribute>) -> String {
        uid_of(self.ask(create(more)).await)
    }

    /// The instances of one attribute, with their indexes.
    pub(crate) async fn instances(
        &self,
        uid: &str,
        reference: impl Into<AttributeReference>,
    ) -> Vec<IndexedAttribute> {
        match self.ask(attributes(uid, &[reference.into()])).await.unwrap() {
            ResponsePayload::GetAttributes(response) => {
                response.attributes.0.map_or_else(Vec::new, |list| list.attributes)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The values of one attribute.
    pub(crate) async fn values(
        &self,
        uid: &str,
        reference: impl Into<AttributeReference>,
    ) -> Vec<Attribute> {
        let instances = self.instances(uid, reference).await;
        instances.into_iter().map(|instance| instance.attribute).collect()
    }

    pub(crate) async fn state(&self, uid: &str) -> State {
        match self.values(uid, AttributeKind::State).await.as_slice() {
            [Attribute::State(state)] => *state,
            other => panic!("{other:?}"),
        }
    }

    /// A new key with more attributes, brought into this state.
    pub(crate) async fn key_in(&self, state: State, more: Vec<Attribute>) -> String {
        let uid = self.create(more).await;
        let steps: &[Request] = match state {
            State::PreActive => &[],
            State::Active => &[activate(&uid)],
            State::Deactivated => {
                &[activate(&uid), revoke(&uid, RevocationReasonCode::Unspecified)]
            }
            State::Compromised => &[revoke(&uid, RevocationReasonCode::KeyCompromise)],
            State::Destroyed => &[destroy(&uid)],
            State::DestroyedCompromised => {
                &[destroy(&uid), revoke(&uid, RevocationReasonCode::KeyCompromise)]
            }
            State::Unknown(_) => panic!("no such state"),
        };
        for step in steps {
            self.ask(step.clone()).await.unwrap();
        }
        uid
    }
}
