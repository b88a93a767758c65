//! From an accepted socket to a known caller: TLS, identity, the tenant's places, admission.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, HandshakeKind, NamedGroup, ProtocolVersion, ServerConnection};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::connection::close;
use super::identity::NoIdentity;
use super::tls::{Endpoint, Verifier};
use super::{Refusal, Settings};
use crate::clock::{Clock, Timestamp};
use crate::metrics::{HandshakeRefusal, TlsVersion};
use crate::tenant::{Fingerprint, Identity, Peer, TenantName};

/// A socket under TLS. In a box, because every layer of a future would hold room for it.
pub(super) type Stream = Box<TlsStream<TcpStream>>;

/// What a handshake led to.
pub(super) struct Introduced {
    pub(super) stream: Stream,
    pub(super) identity: Identity,
    /// The end of the client certificate's life.
    pub(super) valid_until: Timestamp,
    pub(super) version: TlsVersion,
    pub(super) resumed: bool,
}

/// Why it led nowhere. `Display` is for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// TLS failed; the peer has had an alert if there was one to send.
    #[error("{0}")]
    Tls(io::Error),
    /// A resumed session's certificate gives no identity (any more).
    #[error("{0}")]
    Identity(NoIdentity),
    /// A resumed session's certificate has expired.
    #[error("the certificate of the resumed session has expired")]
    Expired,
    /// The tenant has as many connections as it may have.
    #[error("tenant {0} has too many connections")]
    Crowded(TenantName),
    /// The caller is not served.
    #[error("{0}")]
    Refused(Refusal),
    /// It took too long.
    #[error("the handshake took longer than {0:?}")]
    Deadline(Duration),
}

/// A failure, and the stream on which the peer may still have to read its alert.
pub(super) struct Refused {
    pub(super) why: Failed,
    parting: Option<Parting>,
}

enum Parting {
    Tcp(TcpStream),
    Tls(Stream),
}

impl Refused {
    /// TLS stands, but the peer is not served.
    pub(super) fn after(stream: Stream, why: Failed) -> Self {
        Self { why, parting: Some(Parting::Tls(stream)) }
    }

    /// Closes the connection so that the peer can read what was sent.
    pub(super) async fn part(self, settings: &Settings) {
        match self.parting {
            Some(Parting::Tcp(mut stream)) => close(&mut stream, true, settings).await,
            Some(Parting::Tls(mut stream)) => close(&mut stream, true, settings).await,
            None => {}
        }
    }
}

/// Shakes hands and reads the identity.
pub(super) async fn introduce(
    endpoint: &Endpoint,
    socket: TcpStream,
    address: SocketAddr,
    clock: &dyn Clock,
) -> Result<Introduced, Refused> {
    let acceptor = TlsAcceptor::from(Arc::clone(&endpoint.config));
    let stream = match acceptor.accept(socket).into_fallible().await {
        Ok(stream) => Box::new(stream),
        Err((error, socket)) => {
            // Only where an alert may be on its way; a peer that is gone needs no farewell.
            let alerted = error.kind() == io::ErrorKind::InvalidData;
            let parting = alerted.then_some(Parting::Tcp(socket));
            return Err(Refused { why: Failed::Tls(error), parting });
        }
    };
    let session = stream.get_ref().1;
    let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    };
    // The verifier has judged the certificate of a full handshake a moment ago; that of a resumed
    // session was judged when the session began. Identity and expiry are read again in both cases.
    match identity(&endpoint.verifier, session, address, clock.now()) {
        Ok((identity, valid_until)) => {
            Ok(Introduced { stream, identity, valid_until, version, resumed })
        }
        Err(why) => Err(Refused::after(stream, why)),
    }
}

fn identity(
    verifier: &Verifier,
    session: &ServerConnection,
    address: SocketAddr,
    now: Timestamp,
) -> Result<(Identity, Timestamp), Failed> {
    let unreadable = || Failed::Identity(NoIdentity::Unreadable);
    let der: &CertificateDer<'_> =
        session.peer_certificates().and_then(<[_]>::first).ok_or_else(unreadable)?;
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable())?;
    let ends = certificate.validity().not_after.timestamp();
    if now.seconds() > ends {
        return Err(Failed::Expired);
    }
    let claim = verifier.rules().claim_of(&certificate).map_err(Failed::Identity)?;
    let peer = Peer {
        address: address.into(),
        fingerprint: Fingerprint::of(der),
        certificate: Arc::from(der.as_ref()),
        serial: format!("{:x}", certificate.serial),
        tls_version: session.protocol_version().map(|v| format!("{v:?}")).unwrap_or_default(),
        tls_suite: session
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1))
            .unwrap_or_default(),
        tls_group: session
            .negotiated_key_exchange_group()
            .map(|group| group_name(group.name()))
            .unwrap_or_default(),
    };
    let identity = Identity { tenant: claim.tenant, service: claim.service, peer };
    Ok((identity, Timestamp(Timestamp::of_seconds(ends.saturating_add(1)).0 - 1)))
}

/// The IANA name of a key exchange group; rustls spells one of ours differently.
fn group_name(group: NamedGroup) -> String {
    match group {
        NamedGroup::X25519 => "x25519".to_owned(),
        other => format!("{other:?}"),
    }
}

impl Failed {
    /// Whether it is no news to the log: the verifier has said more about it, or it is only a port
    /// scan, a health check or a client that tries whether the port is open.
    pub(super) fn is_known(&self) -> bool {
        use HandshakeRefusal::{Gone, NoIdentity, TwoIdentities, WrongAuthority};
        matches!(self, Self::Tls(_))
            && matches!(self.reason(), Some(Gone | NoIdentity | TwoIdentities | WrongAuthority))
    }

    /// How the failure is counted; `None` for what is no failure of the handshake.
    pub(super) fn reason(&self) -> Option<HandshakeRefusal> {
        Some(match self {
            Self::Crowded(_) => return None,
            Self::Tls(error) => tls_reason(error),
            Self::Identity(NoIdentity::Unreadable) => HandshakeRefusal::BadCertificate,
            Self::Identity(reason) => identity_reason(reason),
            Self::Expired => HandshakeRefusal::OutOfDate,
            Self::Refused(Refusal::Unregistered) => HandshakeRefusal::Unregistered,
            Self::Refused(Refusal::Suspended) => HandshakeRefusal::Suspended,
            Self::Refused(Refusal::Replaced) => HandshakeRefusal::Revoked,
            Self::Refused(Refusal::Unavailable(_)) => HandshakeRefusal::Other,
            Self::Deadline(_) => HandshakeRefusal::Deadline,
        })
    }
}

fn identity_reason(reason: &NoIdentity) -> HandshakeRefusal {
    match reason {
        NoIdentity::Unreadable => HandshakeRefusal::BadCertificate,
        NoIdentity::NoMatch { .. } | NoIdentity::BadName { .. } => HandshakeRefusal::NoIdentity,
        NoIdentity::Disagree { .. } => HandshakeRefusal::TwoIdentities,
        NoIdentity::WrongAuthority { .. } => HandshakeRefusal::WrongAuthority,
    }
}

fn tls_reason(error: &io::Error) -> HandshakeRefusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        None => HandshakeRefusal::Gone,
        Some(rustls::Error::NoCertificatesPresented) => HandshakeRefusal::NoCertificate,
        Some(rustls::Error::PeerIncompatible(_)) => HandshakeRefusal::NothingInCommon,
        Some(rustls::Error::InvalidCertificate(error)) => certificate_reason(error),
        Some(_) => HandshakeRefusal::Other,
    }
}

fn certificate_reason(error: &CertificateError) -> HandshakeRefusal {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
            HandshakeRefusal::OutOfDate
        }
        E::Revoked => HandshakeRefusal::Revoked,
        E::UnknownIssuer
        | E::UnknownRevocationStatus
        | E::ExpiredRevocationList
        | E::ExpiredRevocationListContext { .. } => HandshakeRefusal::Untrusted,
        E::ApplicationVerificationFailure => HandshakeRefusal::WrongAuthority,
        E::Other(other) => other
            .0
            .downcast_ref::<NoIdentity>()
            .map_or(HandshakeRefusal::BadCertificate, identity_reason),
        _ => HandshakeRefusal::BadCertificate,
    }
}
