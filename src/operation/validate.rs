//! Validate (KMIP 1.4 §4.24, KMIP 2.1 §6.1.57).

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::ValidityIndicator;
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::validate::{Request, Response};

use super::context::{AUTHORITY_CERTIFICATE, Context, Held, Right};
use super::{Failure, Outcome, certificate};
use crate::crypto::x509::{self, CHAIN_MAX, Certificate, Link, RevocationList, Verdict, X509Error};

/// Judges a chain of certificates, given by value, by identifier, or both, in any order.
///
/// A chain is believed that ends with the tenant's own authority, or with a certificate of an
/// authority that the caller keeps here and names by its identifier. One that was revoked here
/// makes it invalid. So does one in a list of revoked certificates, which the caller keeps here as an
/// Opaque Object in DER and names by its identifier: the request has no field for lists of its own.
pub(super) async fn validate(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let no_chain =
        || Failure::InvalidMessage("these certificates are not a chain of certificates".into());
    let count = request.certificates.len().saturating_add(request.uids.len());
    if count == 0 {
        return Err(no_chain());
    }
    if count > CHAIN_MAX {
        return Err(Failure::LimitExceeded("the chain has too many certificates"));
    }
    let mut chain = Vec::with_capacity(count);
    for value in &request.certificates {
        chain.push(Link { certificate: certificate::read(value)?, is_anchor: false });
    }
    let (mut lists, mut is_revoked) = (Vec::new(), false);
    for uid in &request.uids {
        let held = cx.object(Some(uid), Right::Value).await?;
        let certificate = match cx.value(&held).await? {
            ManagedObject::OpaqueObject(value) => {
                lists.push(list(&value)?);
                continue;
            }
            value => kept(value)?,
        };
        is_revoked |= was_revoked(&held);
        let is_anchor = certificate.is_self_issued() && certificate.authority.is_some();
        chain.push(Link { certificate, is_anchor });
    }
    let at = request.validity_date.map_or(cx.now(), |date| date.0);
    let validity = match x509::judge(&chain, &anchors(cx).await?, &lists, at) {
        Verdict::NoChain => return Err(no_chain()),
        Verdict::Invalid => ValidityIndicator::Invalid,
        _ if is_revoked => ValidityIndicator::Invalid,
        Verdict::Valid => ValidityIndicator::Valid,
        Verdict::Unknown => ValidityIndicator::Undetermined,
    };
    Ok(Outcome::told(ResponsePayload::Validate(Response { validity })))
}

fn kept(value: ManagedObject) -> Result<Certificate, Failure> {
    match value {
        ManagedObject::Certificate(value) => certificate::read(&value),
        _ => Err(Failure::WrongObjectType("only certificates and lists of revoked ones are taken")),
    }
}

/// A list of revoked certificates. Any other Opaque Object is of the wrong type.
fn list(value: &OpaqueObject) -> Result<RevocationList, Failure> {
    RevocationList::read(value.value.expose()).map_err(|error| match error {
        X509Error::Malformed => {
            Failure::WrongObjectType("the Opaque Object is no list of revoked certificates in DER")
        }
        other => other.into(),
    })
}

fn was_revoked(held: &Held) -> bool {
    held.object().attributes.first(AttributeKind::RevocationReason).is_some()
}

/// The tenant's own authority, if it has one that is in force.
async fn anchors(cx: &Context<'_>) -> Result<Vec<Link>, Failure> {
    let uid = AUTHORITY_CERTIFICATE.to_owned().into();
    match cx.object(Some(&uid), Right::Value).await {
        Ok(held) if !was_revoked(&held) => {
            let certificate = kept(cx.value(&held).await?)?;
            Ok(vec![Link { certificate, is_anchor: true }])
        }
        Ok(_) | Err(Failure::NotFound | Failure::Destroyed) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}
