//! Which operations can be done later (KMIP 1.4 §6.7, KMIP 2.1 §9.2): the table of
//! `docs/asynchronous.md`.

use kmip_ttlv::enums::Operation;

use super::context::Context;
use super::{Failure, Outcome};

/// The operations that can be done after their answer: those that work on managed objects, but for
/// the ones whose answers hold keys, which would outlive the objects, and the cryptographic ones,
/// which are done before anybody could ask and whose streams live in memory.
const LATER: &[Operation] = &[
    Operation::Create,
    Operation::CreateKeyPair,
    Operation::Register,
    Operation::ReKey,
    Operation::DeriveKey,
    Operation::Certify,
    Operation::ReCertify,
    Operation::Locate,
    Operation::Check,
    Operation::GetAttributes,
    Operation::GetAttributeList,
    Operation::AddAttribute,
    Operation::ModifyAttribute,
    Operation::DeleteAttribute,
    Operation::ObtainLease,
    Operation::GetUsageAllocation,
    Operation::Activate,
    Operation::Revoke,
    Operation::Destroy,
    Operation::Archive,
    Operation::Recover,
    Operation::Validate,
    Operation::ReKeyKeyPair,
    Operation::CreateSplitKey,
    Operation::JoinSplitKey,
    Operation::Import,
    Operation::AdjustAttribute,
    Operation::SetAttribute,
];

/// Whether an operation can be done later.
#[must_use]
pub fn may_wait(operation: Operation) -> bool {
    LATER.contains(&operation)
}

/// Operations about asynchronous requests, which the service answers itself; here they come only under
/// a ticket, or as part of a batch that stands or falls as a whole.
pub(super) async fn about_later<R>(_: &Context<'_>, _: &R) -> Result<Outcome, Failure> {
    Err(Failure::FeatureNotSupported(
        "asynchronous requests are not for batches that can be undone, and not for tickets",
    ))
}
