//! What Re-Provision refuses, and which authorities are not used.

use keystrata::clock::Timestamp;
use keystrata::crypto::policy::Policy;
use keystrata::keys::{ClientIssuer, ClientIssuerSettings};
use keystrata::tenant::TenantName;
use kmip_ttlv::Version;
use kmip_ttlv::enums::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, ResultReason as R,
};
use kmip_ttlv::object::{Certificate, CertificateRequest};
use kmip_ttlv::payload::re_provision;
use rcgen::{CertificateParams, IsCa, KeyPair};

use super::ask::{Request, found, locate};
use super::certificate::self_signed;
use super::issuer::{Authority, nameless, of, params, request, with_certificate, with_request};
use super::world::{START, World};

fn forged(mut request: Vec<u8>) -> Vec<u8> {
    *request.last_mut().unwrap() ^= 1;
    request
}

fn both(value: &[u8], certificate: &[u8]) -> Request {
    let kind = CertificateRequestType::Pkcs10;
    let certificate_request = Some(CertificateRequest { kind, value: value.to_vec() });
    let kind = CertificateType::X509;
    let certificate = Some(Certificate { kind, value: certificate.to_vec() });
    re_provision::Request { certificate_request, certificate }.into()
}

fn of_kind(kind: CertificateRequestType) -> Request {
    let certificate_request = Some(CertificateRequest { kind, value: nameless() });
    re_provision::Request { certificate_request, certificate: None }.into()
}

#[tokio::test]
async fn what_gives_nobody_a_certificate_is_refused() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let world = authority.world().await;
    let client = authority.client(&world).await;
    let own = client.identity().peer.certificate.to_vec();
    let nothing = re_provision::Request { certificate_request: None, certificate: None };
    let mut ended = of("orders");
    ended.not_after = time::OffsetDateTime::from_unix_timestamp(START - 1).unwrap();
    let mut for_servers = of("orders");
    for_servers.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let mut renamed = of("orders");
    renamed.distinguished_name.push(rcgen::DnType::OrganizationName, "another");
    let good = authority.issue(&of("orders"));
    let table: &[(&str, Request, R)] = &[
        ("nothing", nothing.into(), R::FeatureNotSupported),
        ("both", both(&nameless(), &good), R::InvalidMessage),
        ("a request in CRMF", of_kind(CertificateRequestType::Crmf), R::FeatureNotSupported),
        ("another service", with_request(&request(&of("other")).1), R::InvalidField),
        ("no request", with_request(b"request"), R::InvalidField),
        ("a certificate as a request", with_request(&good), R::InvalidField),
        ("a forged request", with_request(&forged(nameless())), R::CryptographicFailure),
        ("a stranger's", with_certificate(&stranger.issue(&of("orders"))), R::InvalidField),
        ("nobody's", with_certificate(&self_signed("one")), R::InvalidField),
        ("forged", with_certificate(&forged(good.clone())), R::InvalidField),
        ("of another service", with_certificate(&authority.issue(&of("other"))), R::InvalidField),
        ("of another subject", with_certificate(&authority.issue(&renamed)), R::InvalidField),
        ("ended", with_certificate(&authority.issue(&ended)), R::InvalidField),
        ("for servers", with_certificate(&authority.issue(&for_servers)), R::InvalidField),
        ("the connection's", with_certificate(&own), R::InvalidField),
        ("no certificate", with_certificate(b"certificate"), R::InvalidField),
    ];
    for (what, request, reason) in table {
        assert_eq!(client.ask(request.clone()).await, Err(*reason), "{what}");
    }
    assert!(found(client.ask(locate(Vec::new())).await).is_empty(), "nothing was made");
}

#[tokio::test]
async fn who_has_no_certificate_to_replace_gets_none() {
    let world = Authority::new().world().await;
    let client = world.client("orders", Version::V2_1).await;
    assert_eq!(client.ask(with_request(&nameless())).await, Err(R::FeatureNotSupported));
}

#[tokio::test]
async fn a_replaced_certificate_cannot_be_brought_back() {
    let authority = Authority::new();
    let world = authority.world().await;
    let first = authority.client(&world).await;
    let second = authority.issue(&of("orders"));
    first.ask(with_certificate(&second)).await.unwrap();
    let client = world.admitted("tenant-a", "orders", Version::V2_1, &second).await.unwrap();
    let old = first.identity().peer.certificate;
    assert_eq!(client.ask(with_certificate(&old)).await, Err(R::InvalidField));
}

#[tokio::test]
async fn an_authority_speaks_for_its_own_tenants() {
    let authority = Authority::new();
    let name = TenantName::new("tenant-b").unwrap();
    let trusted = vec![(authority.path("ca.pem"), vec![name])];
    let settings = ClientIssuerSettings { trusted, ..authority.settings() };
    let world = World::with_client_issuer(settings, Policy::default()).await;
    let client = authority.client(&world).await;
    assert_eq!(client.ask(with_request(&nameless())).await, Err(R::OperationNotSupported));
}

fn load(settings: &ClientIssuerSettings, now: i64) -> String {
    let loaded = ClientIssuer::load(settings, Timestamp::of_seconds(now));
    loaded.expect_err("is refused").to_string()
}

#[test]
fn an_authority_that_could_not_issue_is_refused_at_the_start() {
    let authority = Authority::new();
    let good = authority.settings();
    ClientIssuer::load(&good, Timestamp::of_seconds(START)).unwrap();
    let other = Authority::new();
    let mismatch = ClientIssuerSettings { key: other.path("key.pem"), ..good.clone() };
    assert!(load(&mismatch, START).contains("is not that of"));
    let trusted = vec![(other.path("ca.pem"), Vec::new())];
    let strange = ClientIssuerSettings { trusted, ..good.clone() };
    assert!(load(&strange, START).contains("[[tls.client_ca]]"));
    let missing = ClientIssuerSettings { certificate: authority.path("none"), ..good.clone() };
    assert!(load(&missing, START).contains("cannot be read"));
    let no_key = ClientIssuerSettings { key: authority.path("ca.pem"), ..good.clone() };
    assert!(load(&no_key, START).contains("ca.pem"));
    assert!(load(&good, i64::MAX / 2_000_000).contains("does not hold"));
    authority.open_to(0o640);
    assert!(load(&good, START).contains("chmod 600"));
    let mut leaf = params();
    leaf.is_ca = IsCa::NoCa;
    let leaf = Authority::with(leaf, &rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(load(&leaf.settings(), START).contains("authority"));
}

/// Every other key is good for a handshake.
#[tokio::test]
async fn keys_that_the_tenant_may_not_have_get_no_certificate() {
    let authority = Authority::new();
    let bits_min = vec![(CryptographicAlgorithm::Ec, 384)];
    let policy = Policy { bits_min, ..Policy::default() };
    let world = World::with_client_issuer(authority.settings(), policy).await;
    let client = authority.client(&world).await;
    for (algorithm, good) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, false),
        (&rcgen::PKCS_ECDSA_P384_SHA384, true),
        (&rcgen::PKCS_ECDSA_P521_SHA512, true),
        (&rcgen::PKCS_ED25519, true),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap();
        let answer = client.ask(with_request(request.der())).await;
        assert_eq!(answer.err(), (!good).then_some(R::InvalidField), "{algorithm:?}");
    }
}
