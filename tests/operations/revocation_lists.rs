//! Validate with lists of revoked certificates that the caller keeps.

use kmip_ttlv::enums::{ObjectType, OpaqueDataType, ResultReason as R, ValidityIndicator as V};
use kmip_ttlv::object::{ManagedObject, OpaqueObject};
use kmip_ttlv::payload::{ResponsePayload, register, validate};
use kmip_ttlv::{DateTime, Secret, UniqueIdentifier, Version};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams,
    CrlIssuingDistributionPoint, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose as Usage,
    RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::ask::uid_of;
use super::certificate::{bring, params};
use super::world::{Answer, Client, START, World};

/// The serial number of the certificate that is judged.
const SERIAL: u64 = 77;

fn day(number: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(START).unwrap() + Duration::days(number)
}

fn authority(name: &str, usages: Vec<Usage>) -> (CertificateParams, KeyPair) {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = usages;
    (params, KeyPair::generate().unwrap())
}

/// A list of one serial number, revoked the day before the start, that speaks of two days around it.
fn terms(serial: u64) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: day(-1),
        next_update: day(1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: day(-1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

fn list(terms: &CertificateRevocationListParams, by: &Issuer<'_, &KeyPair>) -> Vec<u8> {
    terms.signed_by(by).unwrap().der().to_vec()
}

async fn keep(client: &Client<'_>, bytes: &[u8]) -> String {
    let kind = OpaqueDataType::Unknown(0x8000_0001);
    let value = Secret::new(bytes.to_vec());
    let request = register::Request {
        object_type: ObjectType::OpaqueObject,
        attributes: std::iter::empty().collect(),
        object: Some(ManagedObject::OpaqueObject(OpaqueObject { kind, value })),
        protection_storage_masks: None,
    };
    uid_of(client.ask(request).await)
}

async fn ask(client: &Client<'_>, uids: &[&str], at: i64) -> Answer {
    let uid = |uid: &&str| UniqueIdentifier::from((*uid).to_owned());
    let uids = uids.iter().map(uid).collect();
    let validity_date = Some(DateTime(at));
    client.ask(validate::Request { certificates: Vec::new(), uids, validity_date }).await
}

async fn verdict(client: &Client<'_>, uids: &[&str], at: i64) -> V {
    match ask(client, uids, at).await.unwrap() {
        ResponsePayload::Validate(response) => response.validity,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_of_the_chains_authority_says_who_is_revoked_since_when() {
    let world = World::new().await;
    let (root, key) = authority("root", vec![Usage::KeyCertSign, Usage::CrlSign]);
    let root_der = root.self_signed(&key).unwrap().der().to_vec();
    let root = Issuer::new(root, &key);
    let mut leaf = params("leaf");
    leaf.serial_number = Some(SerialNumber::from(SERIAL));
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &root).unwrap().der().to_vec();
    for version in [Version::V1_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let chain = [
            uid_of(client.ask(bring(&leaf, vec![])).await),
            uid_of(client.ask(bring(&root_der, vec![])).await),
        ];
        let [leaf, root_uid] = chain.each_ref().map(String::as_str);
        let day = |number| day(number).unix_timestamp();
        assert_eq!(verdict(&client, &[leaf, root_uid], START).await, V::Valid);

        let its = keep(&client, &list(&terms(SERIAL), &root)).await;
        assert_eq!(verdict(&client, &[leaf, &its, root_uid], START).await, V::Invalid);
        // Before it was revoked it was not, but of that moment the list does not speak.
        assert_eq!(verdict(&client, &[leaf, root_uid, &its], day(-2)).await, V::Undetermined);
        // Whoever was revoked stays so when the list is old.
        assert_eq!(verdict(&client, &[leaf, root_uid, &its], day(2)).await, V::Invalid);

        let others = keep(&client, &list(&terms(SERIAL + 1), &root)).await;
        assert_eq!(verdict(&client, &[leaf, root_uid, &others], START).await, V::Valid);
        assert_eq!(verdict(&client, &[leaf, root_uid, &others], day(2)).await, V::Undetermined);
        assert_eq!(verdict(&client, &[leaf, root_uid, &others, &its], START).await, V::Invalid);
    }
}

#[tokio::test]
async fn a_list_that_says_nothing_for_sure_leaves_the_chain_undetermined() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let keep = async |der: Vec<u8>| keep(&client, &der).await;
    let (root, key) = authority("root", vec![Usage::KeyCertSign, Usage::CrlSign]);
    let root_der = root.self_signed(&key).unwrap().der().to_vec();
    let root_uid = uid_of(client.ask(bring(&root_der, vec![])).await);
    // The same name with another key.
    let (forger, other_key) = authority("root", vec![Usage::CrlSign]);
    let forger = Issuer::new(forger, &other_key);
    let root = Issuer::new(root, &key);
    let partial = CertificateRevocationListParams {
        issuing_distribution_point: Some(CrlIssuingDistributionPoint {
            distribution_point: rcgen::CrlDistributionPoint { uris: vec!["http://a".into()] },
            scope: None,
        }),
        ..terms(SERIAL)
    };
    let mut changed = list(&terms(SERIAL), &root);
    *changed.last_mut().unwrap() ^= 1;
    for der in [list(&terms(SERIAL), &forger), changed, list(&partial, &root)] {
        let uid = keep(der).await;
        assert_eq!(verdict(&client, &[&root_uid, &uid], START).await, V::Undetermined);
    }
    // An authority that may not sign lists.
    let (mute, key) = authority("mute", vec![Usage::KeyCertSign]);
    let mute_der = mute.self_signed(&key).unwrap().der().to_vec();
    let mute_uid = uid_of(client.ask(bring(&mute_der, vec![])).await);
    let of_mute = {
        let (params, _) = authority("mute", vec![Usage::CrlSign]);
        keep(list(&terms(SERIAL), &Issuer::new(params, &key))).await
    };
    assert_eq!(verdict(&client, &[&mute_uid, &of_mute], START).await, V::Undetermined);
}

#[tokio::test]
async fn what_is_no_list_is_refused() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (root, key) = authority("root", vec![Usage::CrlSign]);
    let der = list(&terms(SERIAL), &Issuer::new(root, &key));
    for length in [0, 1, der.len() / 2, der.len() - 1] {
        let uid = keep(&client, &der[..length]).await;
        assert_eq!(ask(&client, &[&uid], START).await, Err(R::InvalidObjectType), "{length}");
    }
    let longer = keep(&client, &[der.as_slice(), &[0]].concat()).await;
    assert_eq!(ask(&client, &[&longer], START).await, Err(R::InvalidObjectType));
    // A list alone is no chain.
    let alone = keep(&client, &der).await;
    assert_eq!(ask(&client, &[&alone], START).await, Err(R::InvalidMessage));
}
