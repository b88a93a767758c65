//! `docs/not-served.md` against the server: what the page says is not served is refused, and what is
//! refused stands on the page.

#![expect(clippy::unnecessary_wraps, reason = "the fields are optional")]

use std::collections::BTreeSet;

use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm as A, CryptographicUsageMask as M, HashingAlgorithm,
    ObjectType, Operation, RecommendedCurve, WrappingMethod,
};
use kmip_ttlv::object::{KeyInformation, KeyWrappingSpecification};
use kmip_ttlv::payload::{RequestPayload, encrypt, get, hash, mac};

use super::ask::uid_of;
use super::world::{Client, START, World};
use super::{pair, rows, told};

const PAGE: &str = include_str!("../../docs/not-served.md");

/// The names in the first cells of a section's table.
fn listed(section: &str) -> BTreeSet<String> {
    let start = format!("## {section}\n");
    let text = PAGE.split_once(&start).unwrap_or_else(|| panic!("no section {section}")).1;
    let text = text.split("\n## ").next().unwrap_or_default();
    let cells = rows(text).into_iter().map(|row| row[0].to_owned()).collect::<Vec<_>>();
    let names = cells.iter().flat_map(|cell| cell.split(", "));
    names.map(|name| name.trim_matches('`').to_owned()).collect()
}

fn names(names: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

async fn world() -> World {
    World::with_policy(Policy { legacy: true, ..Policy::default() }).await
}

/// Values that some version up to 2.1 has.
macro_rules! all_of {
    ($name:ty) => {
        <$name>::ALL
            .iter()
            .map(|(value, _)| *value)
            .filter(|value| Version::ALL.into_iter().any(|version| value.is_in(version)))
    };
}

#[tokio::test]
async fn operations_and_objects_that_query_does_not_tell_are_listed() {
    let (mut operations, mut types) = (BTreeSet::new(), BTreeSet::new());
    for version in Version::ALL {
        let (told_operations, told_types) = told(version).await;
        operations.extend(told_operations.iter().map(|it| it.number()));
        types.extend(told_types.iter().map(|it| it.number()));
    }
    let missing = all_of!(Operation).filter(|it| !operations.contains(&it.number()));
    assert_eq!(names(missing.map(Operation::xml_name)), listed("Operations"));
    let missing = all_of!(ObjectType).filter(|it| !types.contains(&it.number()));
    assert_eq!(names(missing.map(ObjectType::xml_name)), listed("Object types"));
}

fn of(algorithm: A) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicUsageMask(M::ENCRYPT.union(M::MAC_GENERATE).union(M::WRAP_KEY)),
        Attribute::ActivationDate(kmip_ttlv::DateTime(START - 1)),
    ]
}

/// A symmetric key of the usual length, if such can be made.
async fn key(client: &Client<'_>, algorithm: A) -> Option<String> {
    let request = kmip_ttlv::payload::create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: of(algorithm).into_iter().collect(),
        protection_storage_masks: None,
    };
    let answer = client.ask(request).await;
    answer.is_ok().then(|| uid_of(answer))
}

async fn has_pairs(client: &Client<'_>, algorithm: A) -> bool {
    let mut common = vec![pair::of(algorithm)];
    if algorithm == A::Rsa {
        common.push(pair::bits(1024));
    }
    client.ask(pair::create(common)).await.is_ok()
}

fn in_mode(mode: BlockCipherMode) -> Option<CryptographicParameters> {
    let block_cipher_mode = Some(mode);
    Some(CryptographicParameters { block_cipher_mode, ..CryptographicParameters::default() })
}

fn encrypts(
    uid: &str,
    parameters: Option<CryptographicParameters>,
    iv: Option<&[u8]>,
) -> RequestPayload<'static> {
    RequestPayload::from(encrypt::Request {
        uid: Some(uid.to_owned().into()),
        parameters,
        data: Some(vec![7; 16].into()),
        iv: iv.map(|iv| iv.to_vec().into()),
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    })
}

fn macs(uid: &str, parameters: Option<CryptographicParameters>) -> RequestPayload<'static> {
    RequestPayload::from(mac::Request {
        uid: Some(uid.to_owned().into()),
        parameters,
        data: Some(vec![7; 16].into()),
        correlation_value: None,
        init: None,
        last: None,
    })
}

#[tokio::test]
async fn algorithms_whose_keys_are_not_made_or_not_computed_with_are_listed() {
    let world = world().await;
    let client = world.client("orders", Version::V2_1).await;
    let (mut not_made, mut not_used) = (BTreeSet::new(), BTreeSet::new());
    for algorithm in all_of!(A) {
        match key(&client, algorithm).await {
            Some(uid) => {
                let is_used = client.ask(encrypts(&uid, None, Some(&[1; 16]))).await.is_ok()
                    || client.ask(encrypts(&uid, None, None)).await.is_ok()
                    || client.ask(macs(&uid, None)).await.is_ok();
                if !is_used {
                    not_used.insert(algorithm.xml_name().to_owned());
                }
            }
            None if !has_pairs(&client, algorithm).await => {
                not_made.insert(algorithm.xml_name().to_owned());
            }
            None => {}
        }
    }
    assert_eq!(not_made, listed("Algorithms without new keys"));
    assert_eq!(not_used, listed("Algorithms whose keys are only kept"));
}

/// Whether a key leaves wrapped under another in this mode.
async fn wraps(client: &Client<'_>, uid: &str, mode: BlockCipherMode) -> bool {
    let key =
        KeyInformation { uid: uid.to_owned().into(), cryptographic_parameters: in_mode(mode) };
    let wrapping = Some(KeyWrappingSpecification {
        method: WrappingMethod::Encrypt,
        encryption_key: Some(key),
        mac_signature_key: None,
        attribute_names: Vec::new(),
        encoding_option: None,
    });
    let other = client.key(128, Vec::new()).await;
    client
        .ask(get::Request { wrapping: wrapping.map(Box::new), ..get::Request::new(other) })
        .await
        .is_ok()
}

#[tokio::test]
async fn modes_hashes_and_curves_that_are_refused_are_listed() {
    let world = world().await;
    let client = world.client("orders", Version::V2_1).await;
    let aes = key(&client, A::Aes).await.unwrap();
    let chacha = key(&client, A::ChaCha20Poly1305).await.unwrap();
    let mut modes = BTreeSet::new();
    for mode in all_of!(BlockCipherMode) {
        let mut is_served =
            wraps(&client, &aes, mode).await || client.ask(macs(&aes, in_mode(mode))).await.is_ok();
        for (uid, iv) in [(&aes, &[1; 16][..]), (&aes, &[1; 12]), (&chacha, &[1; 12])] {
            is_served |= client.ask(encrypts(uid, in_mode(mode), Some(iv))).await.is_ok();
        }
        if !is_served {
            modes.insert(mode.xml_name().to_owned());
        }
    }
    assert_eq!(modes, listed("Block cipher modes"));
    let mut hashes = BTreeSet::new();
    for hashing_algorithm in all_of!(HashingAlgorithm) {
        let parameters = CryptographicParameters {
            hashing_algorithm: Some(hashing_algorithm),
            ..CryptographicParameters::default()
        };
        let data = Some(b"x".to_vec().into());
        let request = RequestPayload::from(hash::Request {
            parameters,
            data,
            correlation_value: None,
            init: None,
            last: None,
        });
        if client.ask(request).await.is_err() {
            hashes.insert(hashing_algorithm.xml_name().to_owned());
        }
    }
    assert_eq!(hashes, listed("Hashes"));
    let mut served = BTreeSet::new();
    for curve in all_of!(RecommendedCurve) {
        let common = vec![pair::of(A::Ec), pair::on(curve)];
        if client.ask(pair::create(common)).await.is_ok() {
            served.insert(curve.xml_name().to_owned());
        }
    }
    let line = PAGE.lines().find_map(|line| line.strip_prefix("Served are "));
    let named: BTreeSet<_> =
        line.unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(served, named);
}
