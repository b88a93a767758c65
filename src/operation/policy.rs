//! What constraints and defaults have in common: whose they are, which objects they are for, and
//! how they are kept.
//!
//! Those that a service sets are for its own objects; those that a tenant-admin sets are for all
//! services of the tenant. Nobody's reach beyond that.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::structure::ObjectGroups;
use kmip_ttlv::{Decode, Encode, Tag, Version, codec};

use super::{Context, Failure};
use crate::object::AttributeSet;
use crate::store::{Change, NewNote, NoteChange, NoteKey, NoteKind};
use crate::tenant::ServiceId;

/// How many entries may be set at once.
pub(super) const ENTRIES_MAX: usize = 64;

/// How many bytes all entries may take.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The protocol version whose encoding is used for notes.
const VERSION: Version = Version::V2_1;

fn key(cx: &Context<'_>, kind: NoteKind, service: Option<ServiceId>) -> NoteKey {
    NoteKey { tenant: cx.tenant(), service, kind, name: Vec::new() }
}

/// What is set for a service, or for the whole tenant.
///
/// # Errors
/// The store's.
pub(super) async fn read<T: for<'a> Decode<'a>>(
    cx: &Context<'_>,
    kind: NoteKind,
    tag: Tag,
    service: Option<ServiceId>,
) -> Result<Option<T>, Failure> {
    let Some(note) = cx.note(&key(cx, kind, service)).await? else { return Ok(None) };
    let read = codec::decode(tag, &note.body, VERSION);
    read.map(Some).map_err(|_| Failure::Internal("a note about new objects is damaged"))
}

/// What must be durable for these to be set in the place of those before. None takes them away.
///
/// # Errors
/// [`Failure::LimitExceeded`], or the store's.
pub(super) async fn write(
    cx: &Context<'_>,
    kind: NoteKind,
    tag: Tag,
    entries: Option<&impl Encode>,
) -> Result<Vec<Change>, Failure> {
    let key = key(cx, kind, cx.reach());
    let from = cx.note(&key).await?.map(|note| note.revision);
    let to = entries.map(|entries| codec::encode(tag, entries, VERSION).to_vec());
    if to.as_ref().is_some_and(|body| body.len() > BODY_BYTES_MAX) {
        return Err(Failure::LimitExceeded("this is more than the server keeps"));
    }
    if from.is_none() && to.is_none() {
        return Ok(Vec::new());
    }
    let to = to.map(|body| NewNote { expires: None, body });
    Ok(vec![Change::Note(NoteChange { key, from, to, now: cx.time() })])
}

/// Holds that entries are for object types that there are.
///
/// # Errors
/// [`Failure::WrongObjectType`].
pub(super) fn check_types(types: &[ObjectType]) -> Result<(), Failure> {
    if types.iter().any(|kind| matches!(kind, ObjectType::Unknown(_))) {
        return Err(Failure::WrongObjectType("there are no objects of this type"));
    }
    Ok(())
}

/// Whether an entry for these groups is for an object with these attributes.
pub(super) fn is_for_group(groups: Option<&ObjectGroups>, attributes: &AttributeSet) -> bool {
    let is_member = |groups: &ObjectGroups| {
        attributes.iter().any(|instance| match &instance.attribute {
            Attribute::ObjectGroup(own) => groups.groups.contains(own),
            _ => false,
        })
    };
    groups.is_none_or(is_member)
}
