//! Which client certificates are believed: chain, revocation, identity and authority in one step,
//! inside the handshake, so that a refusal reaches the peer as a TLS alert.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::{TlsError, TlsSettings, material};
use crate::net::identity::{Claim, NoIdentity, Rules};
use crate::tenant::{Fingerprint, TenantName};

/// Verifies client certificates. One per (re)load of the TLS settings.
#[derive(Debug)]
pub(in crate::net) struct Verifier {
    rules: Rules,
    /// Believes any authority and knows no revocation; says what is wrong with a certificate that
    /// claims nothing, and does the signatures.
    anyone: Arc<dyn ClientCertVerifier>,
    authorities: Vec<Arc<dyn ClientCertVerifier>>,
    /// Those that vouch for any tenant.
    unbound: Vec<usize>,
    bound: HashMap<TenantName, Vec<usize>>,
}

impl Verifier {
    pub(super) fn new(
        settings: &TlsSettings,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let mut everybody = RootCertStore::empty();
        let mut this = Self {
            rules: settings.rules.clone(),
            anyone: WebPkiClientVerifier::no_client_auth(),
            authorities: Vec::with_capacity(settings.authorities.len()),
            unbound: Vec::new(),
            bound: HashMap::new(),
        };
        for (index, authority) in settings.authorities.iter().enumerate() {
            let roots = material::authorities(authority)?;
            everybody.roots.extend(roots.roots.iter().cloned());
            // The names of authorities would tell strangers who the tenants are: none are sent.
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
                    .clear_root_hint_subjects()
                    .with_crls(material::revocation_lists(&authority.revocation_lists)?)
                    .enforce_revocation_expiration()
                    .build()
                    .map_err(|error| TlsError::authority(authority, &error))?;
            this.authorities.push(verifier);
            match &authority.tenants {
                None => this.unbound.push(index),
                Some(tenants) => {
                    for tenant in tenants {
                        this.bound.entry(tenant.clone()).or_default().push(index);
                    }
                }
            }
        }
        this.anyone =
            WebPkiClientVerifier::builder_with_provider(everybody.into(), provider.clone())
                .clear_root_hint_subjects()
                .build()
                .map_err(|_| TlsError::NoAuthority)?;
        Ok(this)
    }

    /// The rules, to read a verified certificate again.
    pub(in crate::net) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Verifies a chain and says who it proves the peer to be.
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Claim, Refused> {
        let trusted = |by: &Arc<dyn ClientCertVerifier>| {
            by.verify_client_cert(end_entity, intermediates, now).map(|_| ())
        };
        let claim = match self.rules.claim(end_entity) {
            Ok(claim) => claim,
            Err(reason) => {
                // A stranger learns that it is a stranger, not what its names should look like.
                trusted(&self.anyone).map_err(Refused::Certificate)?;
                return Err(Refused::Identity(reason));
            }
        };
        let bound = self.bound.get(&claim.tenant).into_iter().flatten();
        let mut refused = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        for authority in bound.chain(&self.unbound).filter_map(|&i| self.authorities.get(i)) {
            match trusted(authority) {
                Ok(()) => return Ok(claim),
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                Err(error) => refused = error,
            }
        }
        if matches!(refused, Error::InvalidCertificate(CertificateError::UnknownIssuer))
            && trusted(&self.anyone).is_ok()
        {
            return Err(Refused::Identity(NoIdentity::WrongAuthority { claim }));
        }
        Err(Refused::Certificate(refused))
    }
}

/// Why a certificate is refused.
#[derive(Debug)]
enum Refused {
    Certificate(Error),
    Identity(NoIdentity),
}

impl From<Refused> for Error {
    /// Decides the alert (RFC 8446 §6.2). Names that give no identity make a certificate
    /// unacceptable for an unspecified reason: `certificate_unknown`. A good certificate whose
    /// authority may not vouch for the tenant meets access control: `access_denied`. Names that
    /// cannot be read are `bad_certificate`.
    fn from(refused: Refused) -> Self {
        Self::InvalidCertificate(match refused {
            Refused::Certificate(error) => return error,
            Refused::Identity(NoIdentity::Unreadable) => CertificateError::BadEncoding,
            Refused::Identity(NoIdentity::WrongAuthority { .. }) => {
                CertificateError::ApplicationVerificationFailure
            }
            Refused::Identity(reason) => CertificateError::Other(OtherError(Arc::new(reason))),
        })
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Logs a refused identity here, within the connection's span, because an alert has no place
    /// for the reason; what else can be wrong is logged with the failed handshake.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.verify(end_entity, intermediates, now) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(refused) => {
                if let Refused::Identity(reason) = &refused {
                    let fingerprint = Fingerprint::of(end_entity);
                    tracing::warn!(%fingerprint, %reason, "client certificate refused");
                }
                Err(refused.into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.anyone.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.anyone.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.anyone.supported_verify_schemes()
    }
}
