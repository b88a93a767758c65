//! Certificates whose keys wrap.

use kmip_ttlv::object::ManagedObject;

use super::super::context::{Context, Held};
use super::super::{Failure, certificate};
use super::error::Error;

/// Holds that a certificate is valid now: nothing is wrapped under one that has not begun or is over,
/// whatever the State that its owner gives it. What is no certificate passes.
///
/// # Errors
/// [`Failure::Wrapping`], or what is wrong with the hierarchy.
pub(super) async fn check_now(cx: &Context<'_>, held: &Held) -> Result<(), Failure> {
    if held.object().object_type != kmip_ttlv::enums::ObjectType::Certificate {
        return Ok(());
    }
    let ManagedObject::Certificate(value) = cx.value(held).await? else {
        return Err(Failure::Internal("a certificate has the value of something else"));
    };
    let certificate = certificate::read(&value)?;
    if (certificate.not_before..=certificate.not_after).contains(&cx.now()) {
        return Ok(());
    }
    Err(Error::State("the certificate is not valid at this time").into())
}
