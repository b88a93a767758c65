//! A small authority for `keystrata try`: one CA, one server certificate, one per service.
//!
//! Keys are P-256: OpenSSL's clients (PyKMIP, pymongo, mongod, libkmip) take them as they take RSA,
//! and making one costs microseconds. What is there is kept; what is about to end is made anew.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use keystrata::clock::Timestamp;
use keystrata::tenant::{ServiceName, TenantName};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};
use x509_parser::pem::parse_x509_pem;

use super::{About as _, Failure, private};

/// The trust domain and the identity suffix of the certificates.
pub(super) const DOMAIN: &str = "keystrata.local";

/// How long the authority lasts.
const CA_LIFE: Duration = Duration::days(3650);

/// How long the certificates that it issues last.
const LIFE: Duration = Duration::days(397);

/// A certificate with less than this before it is made anew.
const RENEW: Duration = Duration::days(30);

/// The authority in a directory.
pub(super) struct Authority {
    directory: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    now: OffsetDateTime,
    /// Whether it was made just now, so that certificates of an earlier one are worth nothing.
    fresh: bool,
}

/// Files of a certificate and its key.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The certificate.
    pub(super) certificate: PathBuf,
    /// Its private key.
    pub(super) key: PathBuf,
}

impl Authority {
    /// The authority in `directory`: made if it is missing, otherwise read.
    pub(super) fn open(directory: &Path, now: Timestamp) -> Result<Self, Failure> {
        let now = OffsetDateTime::from_unix_timestamp(now.seconds())
            .map_err(|_| Failure::new("the system's clock is out of range"))?;
        let (certificate, key) = (directory.join("ca.pem"), directory.join("ca-key.pem"));
        let fresh = !lasts(&certificate, &key, now)?;
        if fresh {
            let pair = KeyPair::generate().about(&key)?;
            let made = authority(now).self_signed(&pair).about(&certificate)?;
            private::file(&key, pair.serialize_pem().as_bytes())?;
            private::public_file(&certificate, made.pem().as_bytes())?;
        }
        let pair = KeyPair::from_pem(&read(&key)?).about(&key)?;
        let issuer = Issuer::from_ca_cert_pem(&read(&certificate)?, pair).about(&certificate)?;
        Ok(Self { directory: directory.to_owned(), issuer, now, fresh })
    }

    /// The server's certificate, for this machine.
    pub(super) fn server(&self) -> Result<Files, Failure> {
        let files = Files {
            certificate: self.directory.join("server.pem"),
            key: self.directory.join("server-key.pem"),
        };
        let names = ["localhost".parse().map(SanType::DnsName)];
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let names =
            names.into_iter().chain(addresses.map(|address| Ok(SanType::IpAddress(address))));
        self.issue(&files, "localhost", names, ExtendedKeyUsagePurpose::ServerAuth)?;
        Ok(files)
    }

    /// The certificate of a service, with its identity in a URI and in a DNS name. Beside it lies
    /// the one file with certificate and key that MongoDB's programs want.
    pub(super) fn client(
        &self,
        tenant: &TenantName,
        service: &ServiceName,
    ) -> Result<Files, Failure> {
        let directory = client_directory(&self.directory, tenant, service);
        private::directory(&directory)?;
        let files =
            Files { certificate: directory.join("cert.pem"), key: directory.join("key.pem") };
        let uri = format!("spiffe://{DOMAIN}/tenant/{tenant}/service/{service}");
        let dns = format!("{service}.{tenant}.{DOMAIN}");
        let names =
            [uri.try_into().map(SanType::URI), dns.as_str().try_into().map(SanType::DnsName)];
        let common_name = format!("{service}.{tenant}");
        self.issue(&files, &common_name, names, ExtendedKeyUsagePurpose::ClientAuth)?;
        let both = format!("{}{}", read(&files.certificate)?, read(&files.key)?);
        let both_file = directory.join("cert-and-key.pem");
        if private::text(&both_file)?.as_deref() != Some(&both) {
            private::file(&both_file, both.as_bytes())?;
        }
        Ok(files)
    }

    fn issue(
        &self,
        files: &Files,
        common_name: &str,
        names: impl IntoIterator<Item = Result<SanType, rcgen::Error>>,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<(), Failure> {
        if !self.fresh && lasts(&files.certificate, &files.key, self.now)? {
            return Ok(());
        }
        let mut params = params(common_name, self.now, LIFE);
        params.subject_alt_names =
            names.into_iter().collect::<Result<_, _>>().about(&files.certificate)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let pair = KeyPair::generate().about(&files.key)?;
        let made = params.signed_by(&pair, &self.issuer).about(&files.certificate)?;
        private::file(&files.key, pair.serialize_pem().as_bytes())?;
        private::public_file(&files.certificate, made.pem().as_bytes())
    }
}

/// Where the files of a service are.
pub(super) fn client_directory(
    directory: &Path,
    tenant: &TenantName,
    service: &ServiceName,
) -> PathBuf {
    directory.join("clients").join(tenant.as_str()).join(service.as_str())
}

fn authority(now: OffsetDateTime) -> CertificateParams {
    let mut params = params("keystrata try CA", now, CA_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Valid from an hour ago, for clients whose clock is behind.
fn params(common_name: &str, now: OffsetDateTime, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = now - Duration::hours(1);
    params.not_after = now + life;
    params
}

/// Whether both files are there and the certificate does not end soon.
fn lasts(certificate: &Path, key: &Path, now: OffsetDateTime) -> Result<bool, Failure> {
    let (Some(text), true) = (private::text(certificate)?, key.exists()) else {
        return Ok(false);
    };
    let (_, pem) = parse_x509_pem(text.as_bytes()).about(certificate)?;
    let parsed = pem.parse_x509().about(certificate)?;
    Ok(parsed.validity().not_after.to_datetime() - now > RENEW)
}

fn read(path: &Path) -> Result<String, Failure> {
    private::text(path)?.ok_or_else(|| Failure::new(format!("{}: is missing", path.display())))
}
