//! Set Constraints (KMIP 2.1 §6.1.52), Get Constraints (KMIP 2.1 §6.1.22), and what comes of them.
//!
//! A new object, however it is made, must be one that Locate would find by the attributes of every
//! constraint for its type and groups. A constraint that names groups takes the place of those that
//! do not, for the attributes that it speaks of; otherwise the official case would forbid all keys
//! of its group.

use kmip_ttlv::Tag;
use kmip_ttlv::attribute::{Attribute, AttributeList, AttributeReference};
use kmip_ttlv::payload::{ResponsePayload, get_constraints, set_constraints};
use kmip_ttlv::structure::{Constraint, Constraints};

use super::policy::{self, ENTRIES_MAX};
use super::{Context, Failure, Outcome};
use crate::object::filter::Filter;
use crate::object::{Object, rules, set};
use crate::store::NoteKind;
use crate::tenant::ServiceId;

/// Sets all constraints, in the place of those before.
pub(super) async fn set_constraints(
    cx: &Context<'_>,
    request: &set_constraints::Request,
) -> Result<Outcome, Failure> {
    let set = request.constraints.as_ref().filter(|set| !set.constraints.is_empty());
    for constraint in set.iter().flat_map(|set| &set.constraints) {
        check_possible(constraint)?;
    }
    if set.is_some_and(|set| set.constraints.len() > ENTRIES_MAX) {
        return Err(Failure::LimitExceeded("so many Constraints are not kept"));
    }
    let changes = policy::write(cx, NoteKind::Constraints, Tag::Constraints, set).await?;
    let response = ResponsePayload::SetConstraints(set_constraints::Response {});
    Ok(Outcome { changes, ..Outcome::told(response) })
}

/// Tells the constraints that objects of the caller are held to: those of the tenant and its own.
pub(super) async fn get_constraints(
    cx: &Context<'_>,
    _: &get_constraints::Request,
) -> Result<Outcome, Failure> {
    let mut told = Constraints { constraints: Vec::new() };
    for service in cx.reaches() {
        told.constraints.extend(read(cx, service).await?.into_iter().flat_map(|it| it.constraints));
    }
    let response = get_constraints::Response { constraints: told };
    Ok(Outcome::told(ResponsePayload::GetConstraints(response)))
}

async fn read(
    cx: &Context<'_>,
    service: Option<ServiceId>,
) -> Result<Option<Constraints>, Failure> {
    policy::read(cx, NoteKind::Constraints, Tag::Constraints, service).await
}

/// Holds a new object of a service to the constraints of the tenant and of the service.
///
/// # Errors
/// [`Failure::ConstraintViolation`], or the store's.
pub(super) async fn check(
    cx: &Context<'_>,
    service: ServiceId,
    object: &Object,
) -> Result<(), Failure> {
    for service in [None, Some(service)] {
        if let Some(set) = read(cx, service).await?
            && !are_kept(&set.constraints, object)
        {
            return Err(Failure::ConstraintViolation);
        }
    }
    Ok(())
}

fn are_kept(constraints: &[Constraint], object: &Object) -> bool {
    let is_for = |constraint: &&Constraint| {
        let types = constraint.object_types.as_ref();
        types.is_none_or(|types| types.types.contains(&object.object_type))
            && policy::is_for_group(constraint.object_groups.as_ref(), &object.attributes)
    };
    let (narrow, wide): (Vec<_>, Vec<_>) =
        constraints.iter().filter(is_for).partition(|it| it.object_groups.is_some());
    let spoken: Vec<_> = narrow.iter().flat_map(|it| demands(it)).map(set::reference).collect();
    narrow.iter().all(|constraint| is_kept(constraint, object, &[]))
        && wide.iter().all(|constraint| is_kept(constraint, object, &spoken))
}

/// Whether an object is as a constraint wants it, as far as objects of its type can be.
fn is_kept(constraint: &Constraint, object: &Object, except: &[AttributeReference]) -> bool {
    let can_have = |attribute: &&Attribute| {
        rules::rule(attribute.kind()).is_none_or(|rule| rule.is_held_by(object.object_type))
            && !except.contains(&set::reference(attribute))
    };
    let demands = demands(constraint).filter(can_have);
    Filter::new(demands).is_ok_and(|filter| filter.matches(object, &[]))
}

fn demands(constraint: &Constraint) -> impl Iterator<Item = &Attribute> {
    constraint.attributes.iter().flat_map(AttributeList::iter)
}

fn check_possible(constraint: &Constraint) -> Result<(), Failure> {
    let types = constraint.object_types.as_ref();
    policy::check_types(types.map(|types| types.types.as_slice()).unwrap_or_default())?;
    for attribute in demands(constraint) {
        if rules::rule(attribute.kind()).is_none() {
            return Err(Failure::UnknownFilter(attribute.name().into_owned()));
        }
    }
    Filter::new(demands(constraint)).map_err(|bad| Failure::InvalidField(bad.to_string()))?;
    Ok(())
}
