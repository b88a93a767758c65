//! An authority for client certificates, in files as an operator has them, and clients of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use keystrata::crypto::policy::Policy;
use keystrata::keys::ClientIssuerSettings;
use kmip_ttlv::Version;
use kmip_ttlv::enums::{CertificateRequestType, CertificateType};
use kmip_ttlv::object::{Certificate, CertificateRequest};
use kmip_ttlv::payload::{ResponsePayload, re_provision};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    SignatureAlgorithm,
};
use tempfile::TempDir;

use super::ask::Request;
use super::world::{Answer, Client, World, text};

/// How long its certificates hold, in seconds.
pub(crate) const VALIDITY: u64 = 90 * 24 * 3600;

/// The authority.
pub(crate) struct Authority {
    directory: TempDir,
    pub(crate) params: CertificateParams,
    key: KeyPair,
}

pub(crate) fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "the operator");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// What a certificate of a service says.
pub(crate) fn of(service: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "whoever");
    let uri = format!("spiffe://keystrata/tenant/tenant-a/service/{service}");
    let dns = format!("{service}.tenant-a.keystrata.internal");
    params.subject_alt_names =
        vec![SanType::URI(uri.try_into().unwrap()), SanType::DnsName(dns.try_into().unwrap())];
    params
}

/// A request of a new key.
pub(crate) fn request(params: &CertificateParams) -> (KeyPair, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let request = params.serialize_request(&key).unwrap().der().to_vec();
    (key, request)
}

/// A request that says nothing of anybody.
pub(crate) fn nameless() -> Vec<u8> {
    request(&CertificateParams::default()).1
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(params(), &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    pub(crate) fn with(params: CertificateParams, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let authority = Self { directory, params, key };
        let pem = authority.params.self_signed(&authority.key).unwrap().pem();
        fs::write(authority.path("ca.pem"), pem).unwrap();
        fs::write(authority.path("key.pem"), authority.key.serialize_pem()).unwrap();
        authority.open_to(0o600);
        authority
    }

    /// Another authority in the place of this one, in the same files.
    pub(crate) fn replace(&mut self) {
        self.key = KeyPair::generate().unwrap();
        self.params.distinguished_name.push(DnType::CommonName, "the next");
        let pem = self.params.self_signed(&self.key).unwrap().pem();
        fs::write(self.path("ca.pem"), pem).unwrap();
        fs::write(self.path("key.pem"), self.key.serialize_pem()).unwrap();
    }

    /// Gives the key's file these permissions.
    pub(crate) fn open_to(&self, mode: u32) {
        fs::set_permissions(self.path("key.pem"), Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn settings(&self) -> ClientIssuerSettings {
        ClientIssuerSettings {
            certificate: self.path("ca.pem"),
            key: self.path("key.pem"),
            validity: Duration::from_secs(VALIDITY),
            trusted: vec![(self.path("ca.pem"), Vec::new())],
        }
    }

    pub(crate) async fn world(&self) -> World {
        World::with_client_issuer(self.settings(), Policy::default()).await
    }

    /// Its own certificate, in DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.params.self_signed(&self.key).unwrap().der().to_vec()
    }

    /// A certificate that the operator issues, in DER.
    pub(crate) fn issue(&self, params: &CertificateParams) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(&key, &issuer).unwrap().der().to_vec()
    }

    /// The client of service `orders` that connects with a certificate of its own.
    pub(crate) async fn client<'w>(&self, world: &'w World) -> Client<'w> {
        let der = self.issue(&of("orders"));
        world.admitted("tenant-a", "orders", Version::V2_1, &der).await.unwrap()
    }
}

pub(crate) fn with_request(value: &[u8]) -> Request {
    let kind = CertificateRequestType::Pkcs10;
    let certificate_request = Some(CertificateRequest { kind, value: value.to_vec() });
    re_provision::Request { certificate_request, certificate: None }.into()
}

pub(crate) fn with_certificate(value: &[u8]) -> Request {
    let kind = CertificateType::X509;
    let certificate = Some(Certificate { kind, value: value.to_vec() });
    re_provision::Request { certificate_request: None, certificate }.into()
}

/// The identifier of the new certificate.
pub(crate) fn provisioned(answer: Answer) -> String {
    match answer.unwrap() {
        ResponsePayload::ReProvision(response) => text(&response.uid.unwrap()),
        other => panic!("{other:?}"),
    }
}
