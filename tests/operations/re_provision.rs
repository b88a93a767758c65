//! Re-Provision: what the new certificate says, and what becomes of the old one.

use std::sync::Arc;
use std::time::Duration;

use keystrata::clock::Timestamp;
use keystrata::crypto::policy::Policy;
use keystrata::crypto::x509::{CLIENT_AUTHENTICATION, Certificate};
use keystrata::keys::{ClientIssuerError, ClientIssuers};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::service::NotAdmitted;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{Operation, QueryFunction, ResultReason as R, RevocationReasonCode, State};
use kmip_ttlv::payload::{ResponsePayload, query};
use rcgen::KeyPair;

use super::ask::{at, found, get, locate, revoke};
use super::certificate::fetch;
use super::issuer::{
    Authority, VALIDITY, nameless, of, params, provisioned, request, with_certificate, with_request,
};
use super::world::{Client, START, World};

#[tokio::test]
async fn a_client_renews_its_certificate_and_finds_its_keys() {
    for algorithm in
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519]
    {
        let authority = Authority::with(params(), algorithm);
        let world = authority.world().await;
        let client = authority.client(&world).await;
        let key = client.key(128, Vec::new()).await;
        let (new_key, csr) = request(&of("orders"));
        let uid = provisioned(client.ask(with_request(&csr)).await);
        let der = fetch(&client, &uid).await;
        let new = Certificate::read(&der).unwrap();
        let own = Certificate::read(&client.identity().peer.certificate).unwrap();
        assert_eq!(new.subject.der, own.subject.der);
        assert_eq!(new.alternative_names, own.alternative_names);
        assert!(new.alternative_names.is_some());
        assert_eq!(new.public_key, rcgen::PublicKeyData::subject_public_key_info(&new_key));
        assert_eq!(new.purposes.as_deref(), Some(CLIENT_AUTHENTICATION));
        assert!(!new.may_sign_certificates());
        let ends = START + i64::try_from(VALIDITY).unwrap();
        assert_eq!((new.not_before, new.not_after), (START, ends));
        let issuer = Certificate::read(&authority.der()).unwrap();
        new.signed.verify(&issuer.key().unwrap()).unwrap();
        assert_eq!(new.issuer.der, issuer.subject.der);
        let renewed = world.admitted("tenant-a", "orders", Version::V2_1, &der).await.unwrap();
        assert_eq!(found(renewed.ask(locate(Vec::new())).await), [uid.clone(), key]);
        assert_eq!(renewed.state(&uid).await, State::Active);
    }
}

async fn again<'w>(client: &Client<'w>) -> Result<Client<'w>, NotAdmitted> {
    let der = client.identity().peer.certificate;
    client.world.admitted("tenant-a", "orders", Version::V2_1, &der).await
}

#[tokio::test]
async fn the_old_certificate_holds_until_the_new_one_is_used_and_no_longer() {
    let authority = Authority::new();
    let world = authority.world().await;
    let old = authority.client(&world).await;
    let other = authority.client(&world).await;
    let uid = provisioned(old.ask(with_request(&nameless())).await);
    let der = fetch(&old, &uid).await;
    again(&old).await.unwrap();
    let new = world.admitted("tenant-a", "orders", Version::V2_1, &der).await.unwrap();
    // A connection that stands, and a new one.
    assert_eq!(old.ask(get(&uid)).await, Err(R::PermissionDenied));
    let refused = again(&old).await.map(|_| ());
    assert!(matches!(refused, Err(NotAdmitted::CertificateReplaced)), "{refused:?}");
    // Nobody else's is touched, and the new one stays good.
    again(&other).await.unwrap();
    again(&new).await.unwrap();
    // It is replaced in its turn, and after a restart all is as it was.
    let uid = provisioned(new.ask(with_request(&nameless())).await);
    let third = fetch(&new, &uid).await;
    world.admitted("tenant-a", "orders", Version::V2_1, &third).await.unwrap();
    let gone = [old.identity().peer.certificate, new.identity().peer.certificate];
    let world = world.restarted().await;
    for der in gone {
        let refused = world.admitted("tenant-a", "orders", Version::V2_1, &der).await.map(|_| ());
        assert!(matches!(refused, Err(NotAdmitted::CertificateReplaced)), "{refused:?}");
    }
    world.admitted("tenant-a", "orders", Version::V2_1, &third).await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_the_authority_is_taken_as_it_is() {
    let authority = Authority::new();
    let world = authority.world().await;
    let client = authority.client(&world).await;
    let brought = authority.issue(&of("orders"));
    let uid = provisioned(client.ask(with_certificate(&brought)).await);
    assert_eq!(fetch(&client, &uid).await, brought);
    world.admitted("tenant-a", "orders", Version::V2_1, &brought).await.unwrap();
    assert!(again(&client).await.is_err());
}

#[tokio::test]
async fn a_certificate_holds_no_longer_than_its_authoritys() {
    let mut short = params();
    short.not_after = time::OffsetDateTime::from_unix_timestamp(START + 1000).unwrap();
    let authority = Authority::with(short, &rcgen::PKCS_ECDSA_P256_SHA256);
    let world = authority.world().await;
    let client = authority.client(&world).await;
    let uid = provisioned(client.ask(with_request(&nameless())).await);
    let new = Certificate::read(&fetch(&client, &uid).await).unwrap();
    assert_eq!(new.not_after, START + 1000);
    let date = client.values(&uid, AttributeKind::DeactivationDate).await;
    assert_eq!(date, [Attribute::DeactivationDate(at(1000))]);
    // Nor is one issued by an authority that has ended.
    world.clock.advance(Duration::from_secs(1001));
    assert_eq!(client.ask(with_request(&nameless())).await, Err(R::InvalidField));
}

#[tokio::test]
async fn who_has_revoked_the_certificate_gets_no_other() {
    let authority = Authority::new();
    let world = authority.world().await;
    let client = authority.client(&world).await;
    let uid = provisioned(client.ask(with_request(&nameless())).await);
    let der = fetch(&client, &uid).await;
    let client = world.admitted("tenant-a", "orders", Version::V2_1, &der).await.unwrap();
    client.ask(revoke(&uid, RevocationReasonCode::KeyCompromise)).await.unwrap();
    assert_eq!(client.ask(with_request(&nameless())).await, Err(R::PermissionDenied));
}

async fn tells(client: &Client<'_>) -> bool {
    let functions = vec![QueryFunction::QueryOperations];
    let request = query::Request { functions, object_groups: None };
    match client.ask(request).await.unwrap() {
        ResponsePayload::Query(response) => response.operations.contains(&Operation::ReProvision),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn query_tells_it_where_it_is_served() {
    let authority = Authority::new();
    let world = authority.world().await;
    assert!(tells(&authority.client(&world).await).await);
    let early = world.client("orders", Version::V1_4).await;
    assert!(!tells(&early).await);
    let without = World::new().await;
    let client = authority.client(&without).await;
    assert!(!tells(&client).await);
    let answer = client.ask(with_request(&nameless())).await;
    assert_eq!(answer, Err(R::OperationNotSupported));
}

/// The certificate that a client of the authority is given now.
async fn renewed(authority: &Authority, world: &World) -> Certificate {
    let client = authority.client(world).await;
    let uid = provisioned(client.ask(with_request(&nameless())).await);
    Certificate::read(&fetch(&client, &uid).await).unwrap()
}

#[tokio::test]
async fn an_authority_that_is_read_again_issues_from_then_on() {
    let mut authority = Authority::new();
    let metrics = Metrics::new(&MetricsSettings::default());
    let now = Timestamp::of_seconds(START);
    let issuers = Arc::new(ClientIssuers::load(authority.settings(), now, &metrics).unwrap());
    let world = World::with_client_issuers(Arc::clone(&issuers), Policy::default()).await;
    let first = Certificate::read(&authority.der()).unwrap().key().unwrap();
    renewed(&authority, &world).await.signed.verify(&first).unwrap();

    authority.replace();
    let next = Certificate::read(&authority.der()).unwrap().key().unwrap();
    renewed(&authority, &world).await.signed.verify(&first).expect("nothing has been read yet");
    // As SIGHUP does.
    issuers.reload(now, &metrics).unwrap();
    let new = renewed(&authority, &world).await;
    new.signed.verify(&next).unwrap();
    assert!(new.signed.verify(&first).is_err());

    // Of a pair that is none, nothing is taken.
    std::fs::write(authority.path("key.pem"), KeyPair::generate().unwrap().serialize_pem())
        .unwrap();
    let refused = issuers.reload(now, &metrics);
    assert!(matches!(refused, Err(ClientIssuerError::Mismatch(_))), "{refused:?}");
    renewed(&authority, &world).await.signed.verify(&next).unwrap();
}
