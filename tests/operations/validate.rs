//! Validate: which chains are believed.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{
    CertificateType, ResultReason as R, RevocationReasonCode, ValidityIndicator as V,
};
use kmip_ttlv::object::Certificate;
use kmip_ttlv::payload::{ResponsePayload, validate};
use kmip_ttlv::{DateTime, UniqueIdentifier};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::ask::{opaque, revoke, uid_of};
use super::certificate::{bring, certify, fetch, issued, key_and_request, params, public_key};
use super::world::{Answer, Client, START, World};

/// In the middle of the time for which certificates of rcgen hold.
const WHEN: i64 = START;

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

async fn ask(client: &Client<'_>, values: &[&[u8]], uids: &[&str], at: Option<i64>) -> Answer {
    let value = |value: &&[u8]| Certificate { kind: CertificateType::X509, value: value.to_vec() };
    let uid = |uid: &&str| UniqueIdentifier::from((*uid).to_owned());
    let request = validate::Request {
        certificates: values.iter().map(value).collect(),
        uids: uids.iter().map(uid).collect(),
        validity_date: at.map(DateTime),
    };
    client.ask(request).await
}

async fn verdict(client: &Client<'_>, values: &[&[u8]], uids: &[&str], at: Option<i64>) -> V {
    match ask(client, values, uids, at).await.unwrap() {
        ResponsePayload::Validate(response) => response.validity,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_chain_is_believed_that_leads_to_the_tenants_authority() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (key, request) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    let uid = issued(client.ask(certify(&public, Some(&request), vec![])).await);
    let der = fetch(&client, &uid).await;
    assert_eq!(verdict(&client, &[], &[&uid], None).await, V::Valid);
    assert_eq!(verdict(&client, &[&der], &[], None).await, V::Valid);
    assert_eq!(verdict(&client, &[&der], &[], Some(START - 1)).await, V::Invalid);
    assert_eq!(verdict(&client, &[&der], &[], Some(START + (366 * 24 * 3600))).await, V::Invalid);
    let stranger = world.client_of("tenant-b", "orders", Version::V1_4).await;
    assert_eq!(verdict(&stranger, &[&der], &[], None).await, V::Undetermined);
    let mut forged = der.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(verdict(&client, &[&forged], &[], None).await, V::Invalid);
    client.ask(revoke(&uid, RevocationReasonCode::KeyCompromise)).await.unwrap();
    assert_eq!(verdict(&client, &[], &[&uid], None).await, V::Invalid);
}

#[tokio::test]
async fn a_chain_is_judged_in_any_order_up_to_an_authority_that_is_kept() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let keys: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().unwrap()).collect();
    let root = authority("root");
    let root_der = root.self_signed(&keys[0]).unwrap().der().to_vec();
    let root = Issuer::new(root, &keys[0]);
    let middle = authority("middle");
    let middle_der = middle.signed_by(&keys[1], &root).unwrap().der().to_vec();
    let middle = Issuer::new(middle, &keys[1]);
    let leaf_der = params("leaf").signed_by(&keys[2], &middle).unwrap().der().to_vec();
    let kept = uid_of(client.ask(bring(&root_der, vec![])).await);
    let at = Some(WHEN);
    for values in [[leaf_der.as_slice(), &middle_der], [&middle_der, &leaf_der]] {
        assert_eq!(verdict(&client, &values, &[&kept], at).await, V::Valid);
    }
    // A root that is only shown is believed by nobody.
    let values = [leaf_der.as_slice(), &middle_der, &root_der];
    assert_eq!(verdict(&client, &values, &[], at).await, V::Undetermined);
    // A link that is missing leaves two ends.
    assert_eq!(ask(&client, &[&leaf_der], &[&kept], at).await, Err(R::InvalidMessage));
    // One who is no authority issues nothing.
    let no_authority = Issuer::new(params("leaf"), &keys[2]);
    let wrong = params("wrong").signed_by(&keys[1], &no_authority).unwrap().der().to_vec();
    let values = [wrong.as_slice(), &leaf_der, &middle_der];
    assert_eq!(verdict(&client, &values, &[&kept], at).await, V::Invalid);
}

#[tokio::test]
async fn what_is_no_chain_is_refused() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    assert_eq!(ask(&client, &[], &[], None).await, Err(R::InvalidMessage));
    assert_eq!(ask(&client, &[b"junk"], &[], None).await, Err(R::InvalidField));
    assert_eq!(ask(&client, &[], &["nowhere"], None).await, Err(R::ObjectNotFound));
    let blob = uid_of(client.ask(opaque(vec![])).await);
    assert_eq!(ask(&client, &[], &[&blob], None).await, Err(R::InvalidObjectType));
    let many = vec![b"junk".as_slice(); 17];
    assert_eq!(ask(&client, &many, &[], None).await, Err(R::ServerLimitExceeded));
}
