//! Set Defaults (KMIP 2.1 §6.1.53), and what comes of it: attribute values that a new object gets
//! where the client gives none.
//!
//! A service's own defaults come before those of its tenant, and those for groups before those for
//! all objects.
//!
//! They hold where an object comes to be whose attributes are the client's to say: Create, Create Key
//! Pair, Register, Certify, Derive Key, Create Split Key and Join Split Key. Import brings all of its
//! attributes, and what the server would give is not for it (KMIP 2.1 §6.1.25). Re-key, Re-key Key Pair
//! and Re-certify take over what the old object has. With Re-Provision a client gives no attributes:
//! what its certificate must have is read from it.

use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::payload::{ResponsePayload, set_defaults};
use kmip_ttlv::structure::{DefaultsInformation, ObjectDefaults, ObjectGroups};
use kmip_ttlv::{Tag, Version};

use super::policy::{self, ENTRIES_MAX};
use super::{Context, Failure, Outcome, creation, locate};
use crate::object::{AttributeSet, rules, set};
use crate::store::NoteKind;
use crate::tenant::ServiceId;

/// Sets all defaults, in the place of those before.
pub(super) async fn set_defaults(
    cx: &Context<'_>,
    request: &set_defaults::Request,
) -> Result<Outcome, Failure> {
    let set = request.defaults.as_ref().filter(|set| !set.defaults.is_empty());
    for entry in set.iter().flat_map(|set| &set.defaults) {
        check_possible(entry)?;
    }
    if set.is_some_and(|set| set.defaults.len() > ENTRIES_MAX) {
        return Err(Failure::LimitExceeded("so many Object Defaults are not kept"));
    }
    let changes = policy::write(cx, NoteKind::Defaults, Tag::DefaultsInformation, set).await?;
    let response = ResponsePayload::SetDefaults(set_defaults::Response {});
    Ok(Outcome { changes, ..Outcome::told(response) })
}

fn check_possible(entry: &ObjectDefaults) -> Result<(), Failure> {
    let types = types(entry);
    if types.is_empty() {
        return Err(Failure::InvalidField("the Object Defaults are for no Object Type".into()));
    }
    policy::check_types(&types)?;
    // Whether there may be several values is seen when they meet those of the client.
    entry.attributes.iter().try_for_each(creation::check_given)
}

fn types(entry: &ObjectDefaults) -> Vec<ObjectType> {
    let listed = entry.object_types.iter().flat_map(|list| list.types.iter().copied());
    entry.object_type.into_iter().chain(listed).collect()
}

async fn read(
    cx: &Context<'_>,
    service: Option<ServiceId>,
) -> Result<Option<DefaultsInformation>, Failure> {
    policy::read(cx, NoteKind::Defaults, Tag::DefaultsInformation, service).await
}

/// Gives a new object of the caller what the client has not given it.
///
/// # Errors
/// [`Failure::TooManyAttributes`], or the store's.
pub(super) async fn apply(
    cx: &Context<'_>,
    object_type: ObjectType,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    for service in [Some(cx.service()), None] {
        let Some(set) = read(cx, service).await? else { continue };
        let is_for = |entry: &&ObjectDefaults| {
            types(entry).contains(&object_type)
                && policy::is_for_group(entry.object_groups.as_ref(), attributes)
        };
        let (narrow, wide): (Vec<_>, Vec<_>) =
            set.defaults.iter().filter(is_for).partition(|it| it.object_groups.is_some());
        for entry in narrow.into_iter().chain(wide) {
            fill(cx, object_type, attributes, entry)?;
        }
    }
    Ok(())
}

fn fill(
    cx: &Context<'_>,
    object_type: ObjectType,
    attributes: &mut AttributeSet,
    entry: &ObjectDefaults,
) -> Result<(), Failure> {
    let before = attributes.clone();
    for instance in &entry.attributes.attributes {
        let kind = instance.attribute.kind();
        let is_given = before.instances(&set::reference(&instance.attribute)).next().is_some();
        let can_have = rules::rule(kind).is_some_and(|rule| rule.is_held_by(object_type));
        if can_have && !is_given {
            creation::give(cx, attributes, instance)?;
        }
    }
    Ok(())
}

/// Holds that every group asked for is one: that an object which the caller may find is in it, or
/// that some defaults are for it.
async fn check_groups(
    cx: &Context<'_>,
    asked: &ObjectGroups,
    known: &[ObjectDefaults],
) -> Result<(), Failure> {
    if asked.groups.len() > ENTRIES_MAX {
        return Err(Failure::LimitExceeded("so many Object Groups are not asked for at once"));
    }
    let named = |group| {
        known.iter().flat_map(|entry| &entry.object_groups).any(|own| own.groups.contains(group))
    };
    for group in &asked.groups {
        if !named(group) && !locate::has_members(cx, group).await? {
            return Err(Failure::UnknownGroup);
        }
    }
    Ok(())
}

/// The defaults that are in force for the caller, in the words of its version; for these groups, if
/// groups are named.
///
/// # Errors
/// [`Failure::UnknownGroup`] (KMIP 2.1 §6.1.40.1), or the store's.
pub(super) async fn told(
    cx: &Context<'_>,
    groups: Option<&ObjectGroups>,
) -> Result<DefaultsInformation, Failure> {
    let mut told = Vec::new();
    for service in cx.reaches() {
        told.extend(read(cx, service).await?.into_iter().flat_map(|set| set.defaults));
    }
    if let Some(asked) = groups {
        check_groups(cx, asked, &told).await?;
        let is_asked = |entry: &ObjectDefaults| {
            let own = entry.object_groups.as_ref();
            own.is_none_or(|own| own.groups.iter().any(|group| asked.groups.contains(group)))
        };
        told.retain(is_asked);
    }
    if cx.version() < Version::V2_1 {
        // One type each, and for all groups or not at all.
        told.retain(|entry| entry.object_groups.is_none());
        let single = |entry: &ObjectDefaults| -> Vec<ObjectDefaults> {
            let of = |object_type| ObjectDefaults {
                object_type: Some(object_type),
                object_types: None,
                ..entry.clone()
            };
            types(entry).into_iter().map(of).collect()
        };
        told = told.iter().flat_map(single).collect();
    }
    Ok(DefaultsInformation { defaults: told })
}
