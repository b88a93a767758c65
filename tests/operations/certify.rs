//! Certify and Re-certify: what is issued, and how it is linked.

use std::sync::Arc;
use std::time::Duration;

use keystrata::crypto::x509::Certificate;
use keystrata::tenant::Role;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind as K, Link};
use kmip_ttlv::enums::{
    CertificateRequestType, CertificateType, CryptographicUsageMask as Mask, KeyFormatType,
    LinkType as L, ObjectType, ResultReason as R, State,
};
use kmip_ttlv::object::{CertificateRequest, ManagedObject};
use kmip_ttlv::payload::{certify as payload, re_certify, register};
use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;

use super::ask::{at, destroy, found, get, locate, name, revoke, uid_of};
use super::certificate::{certify, fetch, issued, key_and_request, params, public_key};
use super::world::{START, World};

const AUTHORITY: &str = "keystrata:authority-certificate";
const AUTHORITY_KEY: &str = "keystrata:authority-key";
const YEAR: i64 = 365 * 24 * 3600;

fn link(kind: L, uid: &str) -> Attribute {
    Attribute::Link(Link { kind, object: uid.into() })
}

/// Whether another implementation believes the certificate at a moment.
fn is_believed(certificate: &[u8], authority: &[u8], seconds: i64) -> bool {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds.try_into().unwrap()));
    let certificate = CertificateDer::from(certificate.to_vec());
    verifier.verify_client_cert(&certificate, &[], now).is_ok()
}

#[tokio::test]
async fn a_request_becomes_a_certificate_that_others_believe() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let mut params = params("one");
        // Nobody becomes an authority by asking.
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let (key, request) = key_and_request(&params);
        let public = public_key(&client, &key).await;
        let given = vec![name("certificate")];
        let uid = issued(client.ask(certify(&public, Some(&request), given)).await);
        let der = fetch(&client, &uid).await;
        let authority = fetch(&client, AUTHORITY).await;
        assert!(is_believed(&der, &authority, START));
        assert!(is_believed(&der, &authority, START + YEAR));
        assert!(!is_believed(&der, &authority, START + YEAR + 1));
        assert!(!is_believed(&der, &authority, START - 1));
        let read = Certificate::read(&der).unwrap();
        assert_eq!(read.subject.text, "CN=one,O=Us\\, Inc.,C=AU");
        assert_eq!(read.issuer.text, "CN=Certificate Authority,O=tenant-a");
        assert_eq!(read.subject.alternative_texts, ["a.example"]);
        assert_eq!(read.public_key, rcgen::PublicKeyData::subject_public_key_info(&key));
        assert_eq!(read.authority, None);
        let mask = Mask::SIGN.union(Mask::VERIFY).union(Mask::KEY_AGREEMENT);
        assert_eq!(read.usage.unwrap().mask(), mask);
        let links = client.values(&uid, K::Link).await;
        assert_eq!(links, [link(L::PublicKeyLink, &public)]);
        assert_eq!(client.values(&public, K::Link).await, [link(L::CertificateLink, &uid)]);
        assert_eq!(client.values(&uid, K::Name).await, [name("certificate")]);
        assert_eq!(client.state(&uid).await, State::PreActive);
    }
}

#[tokio::test]
async fn dates_and_uses_that_are_given_stand_in_the_certificate() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let mut params = params("one");
    params.key_usages.clear();
    let (key, request) = key_and_request(&params);
    let public = public_key(&client, &key).await;
    let given = vec![
        Attribute::ActivationDate(at(100)),
        Attribute::DeactivationDate(at(900)),
        Attribute::CryptographicUsageMask(Mask::VERIFY),
    ];
    let uid = issued(client.ask(certify(&public, Some(&request), given)).await);
    let read = Certificate::read(&fetch(&client, &uid).await).unwrap();
    assert_eq!((read.not_before, read.not_after), (START + 100, START + 900));
    assert_eq!(read.usage.unwrap().mask(), Mask::SIGN.union(Mask::VERIFY));
    let mask = [Attribute::CryptographicUsageMask(Mask::VERIFY)];
    assert_eq!(client.values(&uid, K::CryptographicUsageMask).await, mask);
}

#[tokio::test]
async fn without_a_request_the_attributes_say_whom_a_certificate_is_about() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (key, _) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    let given = vec![
        Attribute::CertificateType(CertificateType::X509),
        Attribute::CertificateSubjectC("AU".into()),
        Attribute::CertificateSubjectCn("given".into()),
    ];
    let uid = issued(client.ask(certify(&public, None, given)).await);
    let read = Certificate::read(&fetch(&client, &uid).await).unwrap();
    assert_eq!(read.subject.text, "CN=given,C=AU");
    assert_eq!(
        found(client.ask(locate(client.values(&uid, K::CertificateSubjectCn).await)).await),
        [uid]
    );
    let uid = issued(client.ask(certify(&public, None, vec![])).await);
    let read = Certificate::read(&fetch(&client, &uid).await).unwrap();
    assert_eq!(read.subject.text, format!("CN={public}"));
}

#[tokio::test]
async fn a_request_in_pem_is_taken_and_from_2_0_on_one_that_is_kept_or_stands_alone() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = params("one");
    params.serial_number = None;
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    let alone = payload::Request {
        uid: None,
        certificate_request_type: Some(CertificateRequestType::Pem),
        certificate_request: Some(pem.clone().into_bytes().into()),
        attributes: None,
        protection_storage_masks: None,
    };
    let uid = issued(client.ask(alone).await);
    assert_eq!(client.values(&uid, K::Link).await, []);
    let kept = register::Request {
        object_type: ObjectType::CertificateRequest,
        attributes: kmip_ttlv::attribute::AttributeList::default(),
        object: Some(ManagedObject::CertificateRequest(CertificateRequest {
            kind: CertificateRequestType::Pem,
            value: pem.into_bytes(),
        })),
        protection_storage_masks: None,
    };
    let kept = uid_of(client.ask(kept).await);
    assert_eq!(
        client.values(&kept, K::CryptographicLength).await,
        [Attribute::CryptographicLength(256)]
    );
    let format = Attribute::KeyFormatType(KeyFormatType::Pkcs10);
    assert_eq!(client.values(&kept, K::KeyFormatType).await, [format]);
    let uid = issued(client.ask(certify(&kept, None, vec![])).await);
    let read = Certificate::read(&fetch(&client, &uid).await).unwrap();
    assert_eq!(read.subject.text, "CN=one,O=Us\\, Inc.,C=AU");
}

fn again(uid: &str, offset: Option<u32>, more: Vec<Attribute>) -> re_certify::Request<'static> {
    re_certify::Request {
        uid: Some(uid.to_owned().into()),
        certificate_request_uid: None,
        certificate_request_type: None,
        certificate_request: None,
        offset: offset.map(kmip_ttlv::Interval),
        attributes: (!more.is_empty()).then(|| more.into_iter().collect()),
        protection_storage_masks: None,
    }
}

#[tokio::test]
async fn a_renewed_certificate_takes_the_place_of_the_old_one() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (key, request) = key_and_request(&params("one"));
        let public = public_key(&client, &key).await;
        let given = vec![
            name("old"),
            Attribute::ActivationDate(at(100)),
            Attribute::DeactivationDate(at(900)),
        ];
        let old = issued(client.ask(certify(&public, Some(&request), given)).await);
        let new = issued(client.ask(again(&old, Some(50), vec![name("new")])).await);
        let before = Certificate::read(&fetch(&client, &old).await).unwrap();
        let after = Certificate::read(&fetch(&client, &new).await).unwrap();
        assert_eq!(before.subject, after.subject);
        assert_eq!(before.public_key, after.public_key);
        assert_eq!(before.usage, after.usage);
        assert_ne!(before.serial_number, after.serial_number);
        assert_eq!((after.not_before, after.not_after), (START + 50, START + 850));
        assert_eq!(
            client.values(&new, K::ActivationDate).await,
            [Attribute::ActivationDate(at(50))]
        );
        assert_eq!(client.values(&new, K::Name).await, [name("old"), name("new")]);
        assert_eq!(client.values(&old, K::Name).await, []);
        let links = [link(L::ReplacedObjectLink, &old), link(L::PublicKeyLink, &public)];
        assert_eq!(client.values(&new, K::Link).await, links);
        let links = [link(L::PublicKeyLink, &public), link(L::ReplacementObjectLink, &new)];
        assert_eq!(client.values(&old, K::Link).await, links);
        assert_eq!(client.values(&public, K::Link).await, [link(L::CertificateLink, &new)]);
        // Without an offset the dates stay.
        let next = issued(client.ask(again(&new, None, vec![])).await);
        let next = Certificate::read(&fetch(&client, &next).await).unwrap();
        assert_eq!((next.not_before, next.not_after), (START + 50, START + 850));
        // An old one that is renewed again names the newest only.
        let newest = issued(client.ask(again(&old, None, vec![])).await);
        let links = [link(L::PublicKeyLink, &public), link(L::ReplacementObjectLink, &newest)];
        assert_eq!(client.values(&old, K::Link).await, links);
    }
}

#[tokio::test]
async fn a_tenant_has_one_authority_which_is_nobodys_and_no_other_tenants() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let other = world.client("billing", Version::V2_1).await;
    let stranger = world.client_of("tenant-b", "orders", Version::V2_1).await;
    assert_eq!(client.ask(get(AUTHORITY)).await, Err(R::ObjectNotFound));
    let mut authorities = Vec::new();
    for client in [&client, &other, &stranger] {
        let (key, request) = key_and_request(&params("one"));
        let public = public_key(client, &key).await;
        issued(client.ask(certify(&public, Some(&request), vec![])).await);
        authorities.push(fetch(client, AUTHORITY).await);
    }
    assert_eq!(authorities[0], authorities[1]);
    assert_ne!(authorities[0], authorities[2]);
    for (uid, request) in [(AUTHORITY_KEY, get(AUTHORITY_KEY)), (AUTHORITY, destroy(AUTHORITY))] {
        assert_eq!(client.ask(request).await, Err(R::ObjectNotFound), "{uid}");
    }
    let admin = client.in_role(Role::TenantAdmin);
    assert_eq!(admin.ask(get(AUTHORITY_KEY)).await, Err(R::Sensitive));
}

/// What an administrator of the tenant may do to the authority.
#[tokio::test]
async fn an_authority_that_is_revoked_signs_no_more_and_one_that_is_destroyed_is_made_anew() {
    use kmip_ttlv::enums::RevocationReasonCode as C;
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let admin = client.in_role(Role::TenantAdmin);
    let (key, request) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    issued(client.ask(certify(&public, Some(&request), vec![])).await);
    let first = fetch(&client, AUTHORITY).await;
    admin.ask(revoke(AUTHORITY_KEY, C::KeyCompromise)).await.unwrap();
    let refused = client.ask(certify(&public, Some(&request), vec![])).await;
    assert_eq!(refused, Err(R::WrongKeyLifecycleState));
    admin.ask(destroy(AUTHORITY_KEY)).await.unwrap();
    let uid = issued(client.ask(certify(&public, Some(&request), vec![])).await);
    let second = fetch(&client, AUTHORITY).await;
    assert_ne!(first, second);
    assert!(is_believed(&fetch(&client, &uid).await, &second, START));
}
