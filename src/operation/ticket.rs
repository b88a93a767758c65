//! Tickets (KMIP 2.1 §6.1.12, §6.1.30, §7.34, §7.35 and §7.39): what one allows, and how it is
//! kept.
//!
//! A ticket's value is random and known to its holder alone. The server keeps a note under the
//! value's SHA-256 and the service that has logged in, so a ticket means nothing in the hands of
//! another tenant or service, is good on every node and outlives a restart. The note's body is a
//! Delegated Login request of KMIP 2.1 with what is left of each limit; the ticket of a Login is one
//! with a single right that has no limits.

use kmip_ttlv::attribute::{Attribute, UsageLimits};
use kmip_ttlv::enums::{HashingAlgorithm, Operation};
use kmip_ttlv::payload::delegated_login::Request;
use kmip_ttlv::structure::{self, ObjectGroups, Objects, Operations, Rights};
use kmip_ttlv::{Buffer, Decode, Encode, Tag, Version, Writer, item};

use super::Failure;
use crate::crypto::hash::hash;
use crate::object::{Object, UsedUp, use_up};
use crate::store::{NoteKey, NoteKind};
use crate::tenant::{ServiceId, TenantId};

/// Bytes of a ticket's value.
pub(super) const VALUE_BYTES: usize = 32;

/// How many tickets of a service may be good at the same time.
pub(super) const TICKETS_MAX: u64 = 1000;

/// How many bytes the limits and rights of a ticket may take.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The protocol version whose encoding is used for notes.
const VERSION: Version = Version::V2_1;

/// Where the note about a ticket is.
///
/// # Errors
/// None but the hash's own.
pub(super) fn key(tenant: TenantId, service: ServiceId, value: &[u8]) -> Result<NoteKey, Failure> {
    let name = hash(HashingAlgorithm::Sha256, value)?;
    Ok(NoteKey { tenant, service: Some(service), kind: NoteKind::Ticket, name })
}

/// What a ticket allows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticket {
    /// How many more requests it is good for, if that is limited.
    pub(super) requests: Option<i32>,
    /// What is left of the use of it, if that is limited.
    pub(super) limits: Option<UsageLimits>,
    /// What may be done, by any one of these.
    pub(super) rights: Vec<Right>,
}

/// One of a ticket's rights: operations on objects. What it does not speak of is free.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Right {
    /// What is left of the use of it, if that is limited.
    pub(super) limits: Option<UsageLimits>,
    /// The operations.
    pub(super) operations: Option<Vec<Operation>>,
    /// The identifiers of the objects.
    pub(super) objects: Option<Vec<String>>,
    /// The groups of which an object must be in one.
    pub(super) groups: Option<Vec<String>>,
}

impl Ticket {
    /// Whether whoever holds it may do all that the service may, as often as they like.
    pub(super) fn is_free(&self) -> bool {
        let free = |right: &Right| *right == Right::default();
        self.requests.is_none() && self.limits.is_none() && self.rights.iter().any(free)
    }

    /// The ticket as it is kept.
    ///
    /// # Errors
    /// [`Failure::LimitExceeded`] if that is too long.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let kept = Request {
            lease_time: None,
            request_count: self.requests,
            usage_limits: self.limits.clone(),
            rights: Rights { rights: self.rights.iter().map(Right::on_the_wire).collect() },
        };
        let mut buffer = Buffer::new();
        kept.encode(Tag::RequestPayload, &mut Writer::new(&mut buffer, VERSION));
        let bytes = buffer.to_vec();
        if bytes.len() > BODY_BYTES_MAX {
            return Err(Failure::LimitExceeded("the Rights of the ticket are too many"));
        }
        Ok(bytes)
    }

    /// The ticket that [`Ticket::to_bytes`] has written.
    ///
    /// # Errors
    /// [`Failure::Internal`] if it has not.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let damaged = |_| Failure::Internal("a ticket's note is damaged");
        let (item, _) = item::first(bytes, VERSION).map_err(damaged)?;
        let kept = Request::decode(item).map_err(damaged)?;
        let named = |uid: &kmip_ttlv::UniqueIdentifier<'_>| uid.text().map(str::to_owned);
        let right = |right: structure::Right<'_>| Right {
            limits: right.usage_limits,
            operations: right.operations.map(|list| list.operations),
            objects: right.objects.map(|list| list.uids.iter().filter_map(named).collect()),
            groups: right.object_groups.map(|list| list.groups),
        };
        Ok(Self {
            requests: kept.request_count,
            limits: kept.usage_limits,
            rights: kept.rights.rights.into_iter().map(right).collect(),
        })
    }
}

impl Right {
    fn on_the_wire(&self) -> structure::Right<'_> {
        let objects = self.objects.as_ref();
        let uids = |uids: &'_ Vec<String>| -> Vec<_> {
            uids.iter().map(|uid| kmip_ttlv::UniqueIdentifier::from(uid.clone())).collect()
        };
        structure::Right {
            usage_limits: self.limits.clone(),
            operations: self.operations.clone().map(|operations| Operations { operations }),
            objects: objects.map(|objects| Objects { uids: uids(objects) }),
            object_groups: self.groups.clone().map(|groups| ObjectGroups { groups }),
        }
    }

    /// Whether it speaks of this operation.
    pub(super) fn allows(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|list| list.contains(&operation))
    }

    /// Whether it speaks of this object.
    pub(super) fn has(&self, object: &Object) -> bool {
        let is_named = |uids: &Vec<String>| uids.contains(&object.uid);
        let is_member = |groups: &Vec<String>| {
            object.attributes.iter().any(|instance| match &instance.attribute {
                Attribute::ObjectGroup(own) => groups.contains(own),
                _ => false,
            })
        };
        self.objects.as_ref().is_none_or(is_named) && self.groups.as_ref().is_none_or(is_member)
    }

    /// Whether it is for some objects only.
    pub(super) fn is_narrow(&self) -> bool {
        self.objects.is_some() || self.groups.is_some()
    }
}

/// Takes an operation on so many bytes off a limit. Returns whether that has changed it.
///
/// # Errors
/// [`UsedUp`] if not so much is left.
pub(super) fn spend(limits: &mut Option<UsageLimits>, bytes: u64) -> Result<bool, UsedUp> {
    let Some(known) = limits else { return Ok(false) };
    let Some(left) = use_up(known, bytes, 1)? else { return Ok(false) };
    *known = left;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::enums::UsageLimitsUnit;

    use super::*;

    #[test]
    fn a_ticket_is_read_back_as_it_was_written() {
        let limits = UsageLimits { total: 9, count: Some(4), unit: UsageLimitsUnit::Byte };
        let right = Right {
            limits: Some(limits.clone()),
            operations: Some(vec![Operation::Get, Operation::Unknown(0x8000_0001)]),
            objects: Some(vec!["a".into(), "b".into()]),
            groups: Some(Vec::new()),
        };
        let rights = vec![right, Right::default()];
        let ticket = Ticket { requests: Some(3), limits: Some(limits), rights };
        assert_eq!(Ticket::from_bytes(&ticket.to_bytes().unwrap()).unwrap(), ticket);
        assert!(Ticket::from_bytes(&[]).is_err());
    }

    #[test]
    fn a_right_without_operations_is_for_all_and_one_with_an_empty_list_for_none() {
        let none = Right { operations: Some(Vec::new()), ..Right::default() };
        assert!(Right::default().allows(Operation::Get));
        assert!(!none.allows(Operation::Get));
    }
}
