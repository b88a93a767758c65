//! Re-Provision (KMIP 2.1 §6.1.48): a new certificate for the client's connections, by the operator's
//! authority, where the server has been given one.
//!
//! Whom the new certificate is about is what the certificate of the connection says, to the byte; a
//! request has the key and nothing else of it. Clients make their keys themselves.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask as Mask, RecommendedCurve,
    State,
};
use kmip_ttlv::object::{Certificate as Value, CertificateRequest};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::re_provision::{Request, Response};
use kmip_ttlv::{DateTime, UniqueIdentifier};

use super::authority::sign;
use super::context::{Context, Right};
use super::credential::Credential;
use super::{Failure, Outcome, certificate, certificate_request, certify, creation};
use crate::clock::Timestamp;
use crate::crypto::key::{KeyError, PublicKey};
use crate::crypto::x509::{CLIENT_AUTHENTICATION, Certificate, Issuer, Wish, X509Error};
use crate::keys::ClientIssuer;
use crate::object::AttributeSet;
use crate::store::{Change, NewNote, NoteChange};
use crate::tenant::Fingerprint;

/// The shortest RSA key that TLS libraries still take (SP 800-131A).
const RSA_BITS_MIN: usize = 2048;

/// The curves on which TLS 1.3 signs (RFC 8446 §4.2.3).
const CURVES: [RecommendedCurve; 3] =
    [RecommendedCurve::P256, RecommendedCurve::P384, RecommendedCurve::P521];

/// Whether the server has been given an authority for the caller's tenant.
pub(super) fn has_issuer(cx: &Context<'_>) -> bool {
    cx.client_issuer().is_some()
}

/// Gives the client a certificate for a request, or takes one that the same authority has issued. The
/// certificate of this connection holds until the new one is used.
pub(super) async fn re_provision(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let issuer = cx.client_issuer().ok_or(Failure::OperationNotSupported)?;
    let own = own(cx)?;
    check_own(cx).await?;
    let value = match (&request.certificate_request, &request.certificate) {
        (Some(request), None) => issued(cx, &issuer, &own, request)?,
        (None, Some(certificate)) => brought(cx, &issuer, &own, certificate)?,
        (None, None) => {
            return Err(Failure::FeatureNotSupported(
                "clients make their own keys: give a Certificate Request",
            ));
        }
        (Some(_), Some(_)) => {
            let text = "a Certificate Request and a Certificate do not stand together";
            return Err(Failure::InvalidMessage(text.into()));
        }
    };
    let new = Certificate::read(&value.value)?;
    let fingerprint = Fingerprint::of(&value.value);
    let mut attributes = AttributeSet::default();
    attributes.put(Attribute::ActivationDate(DateTime(new.not_before.min(cx.now()))));
    attributes.put(Attribute::DeactivationDate(DateTime(new.not_after)));
    certificate::accept(cx.version(), &value, &mut attributes)?;
    let (object, value) = certify::object(cx, attributes, value, |_| false)?;
    let uid = object.uid.clone();
    let note = note(cx, fingerprint, &new, (cx.fingerprint(), own.not_after), &uid).await?;
    let changes = vec![cx.insert(object, &value).await?, note];
    let response = Response { uid: Some(uid.clone().into()) };
    Ok(Outcome::meant(uid, changes, ResponsePayload::ReProvision(response)))
}

/// The certificate of the connection.
fn own(cx: &Context<'_>) -> Result<Certificate, Failure> {
    let der = cx.own_certificate();
    if der.is_empty() {
        return Err(Failure::FeatureNotSupported("there is no certificate to be replaced"));
    }
    Ok(Certificate::read(der)?)
}

/// Holds that the client has not revoked its certificate itself, where it is an object of its own.
async fn check_own(cx: &Context<'_>) -> Result<(), Failure> {
    let Some(note) = cx.note(&cx.credential_key(cx.fingerprint())).await? else { return Ok(()) };
    let Some(Credential::Issued { uid, .. }) = Credential::read(&note.body) else {
        return Err(Failure::Forbidden("the certificate of this connection is replaced"));
    };
    let uid = UniqueIdentifier::from(uid);
    let state = match cx.object(Some(&uid), Right::Attributes).await {
        Ok(held) => held.object().state(),
        // The service's to destroy, and no statement about the connection.
        Err(Failure::NotFound) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    if matches!(state, State::Deactivated | State::Compromised | State::DestroyedCompromised) {
        return Err(Failure::Forbidden("the certificate of this connection is revoked"));
    }
    Ok(())
}

/// A certificate that says the same as the client's own, for the key of a request.
fn issued(
    cx: &Context<'_>,
    issuer: &ClientIssuer,
    own: &Certificate,
    request: &CertificateRequest,
) -> Result<Value, Failure> {
    let asked = certificate_request::read(request.kind, &request.value);
    let asked = asked.map_err(|failure| match failure {
        Failure::InvalidCsr(X509Error::WrongSignature) => {
            Failure::CryptographicFailure("the Certificate Request is not signed by its key")
        }
        Failure::InvalidCsr(error) => {
            Failure::InvalidField(format!("the Certificate Request is refused: {error}"))
        }
        other => other,
    })?;
    if asked.alternative_names.is_some() && asked.alternative_names != own.alternative_names {
        let text = "the Certificate Request is about somebody else than this client";
        return Err(Failure::InvalidField(text.into()));
    }
    check_key(cx, &asked.key().map_err(bad_key)?)?;
    let wish = Wish {
        subject: own.subject.der.clone(),
        public_key: asked.public_key,
        alternative_names: own.alternative_names.clone(),
        usage: Some(Mask::SIGN.union(Mask::VERIFY)),
        purposes: Some(CLIENT_AUTHENTICATION.to_vec()),
    };
    let latest = issuer.certificate.not_after;
    let by = Issuer {
        name: &issuer.certificate.subject.der,
        public_key: &issuer.certificate.public_key,
        key: &issuer.key,
    };
    let not_after = latest.min(cx.now().saturating_add(issuer.seconds));
    sign(cx, &by, latest, &wish, (cx.now(), not_after))
}

/// Holds that a key can be shown in a handshake, and that the tenant may have it.
fn check_key(cx: &Context<'_>, key: &PublicKey) -> Result<(), Failure> {
    let refused = |text: &str| Err(Failure::InvalidField(text.into()));
    let said = key.describe();
    match key {
        PublicKey::Rsa(_) if said.bits < RSA_BITS_MIN => {
            return refused("the RSA key is too short");
        }
        PublicKey::Rsa(_) => {}
        _ if said.curve.is_some_and(|curve| CURVES.contains(&curve)) => {}
        _ if said.algorithms.first() == Some(&CryptographicAlgorithm::Ed25519) => {}
        _ => return refused("keys of this kind are not for connections"),
    }
    let Some(algorithm) = said.algorithm(cx.version()) else { return Ok(()) };
    creation::allowed(cx, algorithm, i32::try_from(said.bits).ok())
}

/// For a key that cannot be read.
fn bad_key(_: KeyError) -> Failure {
    Failure::InvalidField("keys of this kind are not for connections".into())
}

/// A certificate that the client has from the authority already.
fn brought(
    cx: &Context<'_>,
    issuer: &ClientIssuer,
    own: &Certificate,
    brought: &Value,
) -> Result<Value, Failure> {
    let refused = |text: &str| Err(Failure::InvalidField(text.into()));
    if brought.kind != CertificateType::X509 {
        return Err(Failure::FeatureNotSupported("only X.509 certificates are shown in TLS"));
    }
    let Ok(read) = Certificate::read(&brought.value) else {
        return refused("the Certificate cannot be read");
    };
    let names_authority = read.issuer.der == issuer.certificate.subject.der;
    let key = issuer.certificate.key()?;
    if !names_authority || read.signed.verify(&key).is_err() || read.has_unknown_critical {
        return refused(
            "the Certificate is not one of the authority that connections are given by",
        );
    }
    if (&read.subject.der, &read.alternative_names) != (&own.subject.der, &own.alternative_names) {
        return refused("the Certificate is about somebody else than this client");
    }
    if !(read.not_before..=read.not_after).contains(&cx.now()) {
        return refused("the Certificate does not hold now");
    }
    if read.purposes.as_deref().is_some_and(|purposes| purposes != CLIENT_AUTHENTICATION) {
        return refused("the Certificate is not for clients");
    }
    if brought.value == cx.own_certificate() {
        return refused("the Certificate is that of this connection");
    }
    check_key(cx, &read.key().map_err(bad_key)?)?;
    Ok(brought.clone())
}

/// What is remembered of the new certificate. One that was replaced comes back never.
async fn note(
    cx: &Context<'_>,
    fingerprint: Fingerprint,
    new: &Certificate,
    instead_of: (Fingerprint, i64),
    uid: &str,
) -> Result<Change, Failure> {
    let key = cx.credential_key(fingerprint);
    let before = cx.note(&key).await?;
    if before.as_ref().is_some_and(|note| {
        Credential::read(&note.body).is_none_or(|known| known == Credential::Replaced)
    }) {
        return Err(Failure::InvalidField("the Certificate was replaced before".into()));
    }
    let body = Credential::Issued { instead_of: Some(instead_of), uid: uid.to_owned() }.to_bytes();
    let expires = Some(Timestamp::of_seconds(new.not_after.saturating_add(1)));
    let to = Some(NewNote { expires, body });
    let from = before.map(|note| note.revision);
    Ok(Change::Note(NoteChange { key, from, to, now: cx.time() }))
}
