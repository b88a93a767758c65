//! Authorities and certificates made for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use time::{Duration, OffsetDateTime};

/// An authority with its own key.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, issued for one test.
pub(crate) struct Issued {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) key_pem: String,
    pub(crate) pem: String,
}

/// What a certificate shall say.
pub(crate) struct Wish {
    pub(crate) names: Vec<SanType>,
    pub(crate) subject: Vec<(DnType, String)>,
    pub(crate) days: (i64, i64),
    pub(crate) serial: u64,
}

impl Default for Wish {
    fn default() -> Self {
        Self { names: Vec::new(), subject: Vec::new(), days: (-1, 1), serial: 7 }
    }
}

impl Wish {
    /// The identity of a tenant's service, by URI.
    pub(crate) fn service(tenant: &str, service: &str) -> Self {
        Self::default().uri(&format!("spiffe://keystrata/tenant/{tenant}/service/{service}"))
    }

    pub(crate) fn uri(mut self, uri: &str) -> Self {
        self.names.push(SanType::URI(uri.try_into().unwrap()));
        self
    }

    pub(crate) fn dns(mut self, host: &str) -> Self {
        self.names.push(SanType::DnsName(host.try_into().unwrap()));
        self
    }

    pub(crate) fn subject(mut self, kind: DnType, value: &str) -> Self {
        self.subject.push((kind, value.to_owned()));
        self
    }

    /// Valid from and to, in days from now.
    pub(crate) fn days(self, from: i64, to: i64) -> Self {
        Self { days: (from, to), ..self }
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn issue(&self, wish: Wish) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in wish.subject {
            params.distinguished_name.push(kind, value);
        }
        params.subject_alt_names = wish.names;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(SerialNumber::from(wish.serial));
        let now = OffsetDateTime::now_utc();
        params.not_before = now + Duration::days(wish.days.0);
        params.not_after = now + Duration::days(wish.days.1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued {
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            key_pem: key.serialize_pem(),
            pem: certificate.pem(),
        }
    }

    /// A revocation list with one serial number.
    pub(crate) fn revoke(&self, serial: u64) -> String {
        let now = OffsetDateTime::now_utc();
        let params = CertificateRevocationListParams {
            this_update: now - Duration::days(1),
            next_update: now + Duration::days(1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: now - Duration::days(1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A client's TLS settings: trusts this authority, shows `certificate` if there is one.
    pub(crate) fn client(
        &self,
        certificate: Option<Issued>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match certificate {
            Some(issued) => builder.with_client_auth_cert(issued.chain, issued.key).unwrap(),
            None => builder.with_no_client_auth(),
        })
    }
}

/// Writes a file and returns its path.
pub(crate) fn file(directory: &Path, name: &str, content: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    path
}
