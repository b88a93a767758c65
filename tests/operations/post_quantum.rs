//! Key pairs of ML-KEM and ML-DSA, and encapsulation by Derive Key, as a client sees them.

use keystrata::crypto::x509::Certificate;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CustomAttribute, Link};
use kmip_ttlv::enums::{
    CertificateType, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    DerivationMethod as Method, KeyFormatType as F, LinkType, ObjectType, ResultReason as R,
    ValidityIndicator as V,
};
use kmip_ttlv::object::{self, KeyMaterial};
use kmip_ttlv::payload::{ResponsePayload, derive_key, validate};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{Secret, Value, Version};
use zeroize::Zeroizing;

use super::ask::{activate, add, found, get, locate, modify, uid_of};
use super::certificate::{self, certify, issued};
use super::pair::{bits, bring, create, fetch, half, material, of, pair_of, re_key};
use super::vectors::{Case, cases};
use super::world::{Answer, Client, World, text};

const VERSIONS: [Version; 3] = [Version::V1_0, Version::V1_4, Version::V2_1];

/// The number in the name of a set, the bytes of its seed and those of its public key.
const SETS: [(A, i32, usize, usize); 6] = [
    (A::ML_KEM_512, 512, 64, 800),
    (A::ML_KEM_768, 768, 64, 1184),
    (A::ML_KEM_1024, 1024, 64, 1568),
    (A::ML_DSA_44, 44, 32, 1312),
    (A::ML_DSA_65, 65, 32, 1952),
    (A::ML_DSA_87, 87, 32, 2592),
];

fn bytes(material: &KeyMaterial) -> Vec<u8> {
    match material {
        KeyMaterial::Bytes(bytes) => bytes.expose().clone(),
        other => panic!("{other:?}"),
    }
}

async fn pair(client: &Client<'_>, algorithm: A) -> (String, String) {
    let (private, public) = pair_of(client.ask(create(vec![of(algorithm)])).await);
    for uid in [&private, &public] {
        client.ask(activate(uid)).await.unwrap();
    }
    (private, public)
}

#[tokio::test]
async fn a_pair_of_each_set_is_made_given_and_taken_in_every_version() {
    for version in VERSIONS {
        let world = World::new().await;
        let client = world.client("orders", version).await;
        for (algorithm, number, seed_bytes, public_bytes) in SETS {
            let made = client.ask(create(vec![of(algorithm), bits(number)])).await;
            let (private, public) = pair_of(made);
            for (uid, is_private, usual, length) in
                [(&private, true, F::Pkcs8, seed_bytes), (&public, false, F::X509, public_bytes)]
            {
                let said = client.values(uid, AttributeKind::CryptographicAlgorithm).await;
                assert_eq!(said, [of(algorithm)]);
                let said = client.values(uid, AttributeKind::CryptographicLength).await;
                assert_eq!(said, [bits(number)]);
                let block = fetch(&client, uid, None, None).await.unwrap();
                assert_eq!((block.format, block.algorithm), (usual, Some(algorithm)));
                assert_eq!(block.length, Some(number));
                let raw = fetch(&client, uid, Some(F::Raw), None).await.unwrap();
                assert_eq!(bytes(material(&raw)).len(), length);
                // Either form is taken again, and what it says of itself is not asked for.
                let whole = half(is_private, usual, material(&block).clone());
                let again = uid_of(client.ask(bring(whole, Vec::new())).await);
                let said = client.values(&again, AttributeKind::CryptographicLength).await;
                assert_eq!(said, [bits(number)]);
                let bare = half(is_private, F::Raw, material(&raw).clone());
                let again = uid_of(client.ask(bring(bare, vec![of(algorithm)])).await);
                let given = fetch(&client, &again, Some(usual), None).await.unwrap();
                assert_eq!(material(&given), material(&block));
                for other in [F::Pkcs1, F::EcPrivateKey] {
                    let answer = fetch(&client, uid, Some(other), None).await;
                    assert_eq!(answer, Err(R::KeyFormatTypeNotSupported));
                }
            }
            let here = found(client.ask(locate(vec![of(algorithm)])).await);
            assert_eq!(here.len(), 6, "{algorithm:?}");
        }
    }
}

#[tokio::test]
async fn what_is_said_of_a_key_must_be_true() {
    let world = World::new().await;
    for version in VERSIONS {
        let client = world.client("orders", version).await;
        for common in [
            vec![of(A::ML_KEM_768), bits(512)],
            vec![of(A::ML_KEM_768), bits(2400 * 8)],
            vec![of(A::ML_DSA_44), bits(256)],
            vec![of(A::Unknown(0x8000_003f)), bits(768)],
            vec![of(A::Unknown(0x3a)), bits(768)],
        ] {
            assert_eq!(client.ask(create(common)).await, Err(R::InvalidField));
        }
        let (private, public) = pair(&client, A::ML_KEM_512).await;
        let key = material(&fetch(&client, &private, None, None).await.unwrap()).clone();
        let other = material(&fetch(&client, &public, None, None).await.unwrap()).clone();
        for said in [of(A::ML_KEM_768), of(A::Rsa), bits(768), bits(800 * 8)] {
            for object in [half(true, F::Pkcs8, key.clone()), half(false, F::X509, other.clone())] {
                let answer = client.ask(bring(object, vec![said.clone()])).await;
                assert_eq!(answer, Err(R::InvalidField), "{said:?}");
            }
        }
        // An expanded key is kept, and nothing more.
        let expanded = KeyMaterial::Bytes(Secret::new(vec![7; 1632]));
        let expanded = || half(true, F::Raw, expanded.clone());
        let said = vec![of(A::ML_KEM_512)];
        assert_eq!(client.ask(bring(expanded(), said)).await, Err(R::InvalidField));
        let said = vec![of(A::ML_KEM_512), bits(512)];
        let kept = uid_of(client.ask(bring(expanded(), said)).await);
        assert_eq!(bytes(material(&fetch(&client, &kept, None, None).await.unwrap())).len(), 1632);
        let answer = fetch(&client, &kept, Some(F::Pkcs8), None).await;
        assert_eq!(answer, Err(R::KeyFormatTypeNotSupported));
    }
}

#[tokio::test]
async fn a_pair_is_renewed_by_one_of_its_kind() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for algorithm in [A::ML_KEM_768, A::ML_DSA_65] {
            let (old, _) = pair(&client, algorithm).await;
            let (private, public) = pair_of(client.ask(re_key(&old)).await);
            for uid in [&private, &public] {
                let said = client.values(uid, AttributeKind::CryptographicAlgorithm).await;
                assert_eq!(said, [of(algorithm)]);
            }
            let old = fetch(&client, &old, None, None).await.unwrap();
            assert_ne!(fetch(&client, &private, None, None).await.unwrap(), old);
        }
    }
}

/// What is signed with the key of ML-DSA-44 in `keys.txt`, by the name in `lattice.txt`, and that
/// key in X.509.
fn signed(name: &str) -> (Vec<u8>, KeyMaterial) {
    let of = |case: &&Case| case.text("algorithm") == Some("ML_DSA_44");
    let key = cases("keys.txt").iter().find(of).unwrap().required("X_509");
    let signed = cases("lattice.txt").iter().find(of).unwrap().required(name);
    (signed, KeyMaterial::Bytes(Secret::new(key)))
}

#[tokio::test]
async fn requests_and_certificates_that_are_signed_with_ml_dsa_are_verified() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let certified = async |uid: &str, request: Option<&[u8]>| {
        let certificate = issued(client.ask(certify(uid, request, Vec::new())).await);
        let read = Certificate::read(&certificate::fetch(&client, &certificate).await).unwrap();
        read.key().unwrap().describe().algorithms[0]
    };
    let (mut request, key) = signed("request");
    let public = uid_of(client.ask(bring(half(false, F::X509, key), Vec::new())).await);
    assert_eq!(certified(&public, Some(&request)).await, A::ML_DSA_44);
    *request.last_mut().unwrap() ^= 1;
    assert!(client.ask(certify(&public, Some(&request), Vec::new())).await.is_err());
    // A key that cannot sign a request is certified without one.
    let (_, public) = pair(&client, A::ML_KEM_512).await;
    assert_eq!(certified(&public, None).await, A::ML_KEM_512);
    let (root, _) = signed("authority");
    let kept = uid_of(client.ask(certificate::bring(&root, Vec::new())).await);
    let (leaf, _) = signed("certificate");
    for (changed, verdict) in
        [(None, V::Valid), (Some(leaf.len() - 1), V::Invalid), (Some(leaf.len() / 2), V::Invalid)]
    {
        let mut value = leaf.clone();
        if let Some(place) = changed {
            value[place] ^= 1;
        }
        let request = validate::Request {
            certificates: vec![object::Certificate { kind: CertificateType::X509, value }],
            uids: vec![kept.clone().into()],
            validity_date: None,
        };
        match client.ask(request).await.unwrap() {
            ResponsePayload::Validate(response) => assert_eq!(response.validity, verdict),
            other => panic!("{other:?}"),
        }
    }
}

/// A derivation of an AES-256 key from one key of a pair.
fn derive(base: &str, ciphertext: Option<&[u8]>) -> derive_key::Request<'static> {
    let attributes = [of(A::Aes), bits(256), Attribute::CryptographicUsageMask(Mask::ENCRYPT)];
    derive_key::Request {
        object_type: ObjectType::SymmetricKey,
        uids: vec![base.to_owned().into()],
        method: Method::AsymmetricKey,
        parameters: DerivationParameters {
            parameters: None,
            iv: None,
            data: ciphertext.map(|it| Secret::new(it.to_vec())).into_iter().collect(),
            salt: None,
            iteration_count: None,
        },
        attributes: attributes.into_iter().collect(),
    }
}

fn derived(answer: Answer) -> String {
    match answer {
        Ok(ResponsePayload::DeriveKey(made)) => text(&made.uid),
        other => panic!("{other:?}"),
    }
}

fn reference() -> AttributeReference {
    AttributeReference::Custom { vendor: "y".into(), name: "KEM-Ciphertext".into() }
}

fn of_server(value: Vec<u8>) -> Attribute {
    Attribute::Custom(CustomAttribute {
        vendor: "y".into(),
        name: "KEM-Ciphertext".into(),
        value: Value::ByteString(Zeroizing::new(value)),
    })
}

async fn ciphertext(client: &Client<'_>, uid: &str) -> Vec<u8> {
    match client.values(uid, reference()).await.as_slice() {
        [Attribute::Custom(custom)] => match &custom.value {
            Value::ByteString(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn value(client: &Client<'_>, uid: &str) -> Vec<u8> {
    bytes(material(&fetch(client, uid, None, None).await.unwrap()))
}

#[tokio::test]
async fn both_sides_of_an_encapsulation_get_the_same_key_and_no_answer_has_it() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        for (algorithm, bytes) in
            [(A::ML_KEM_512, 768), (A::ML_KEM_768, 1088), (A::ML_KEM_1024, 1568)]
        {
            let (private, public) = pair(&client, algorithm).await;
            let one = derived(client.ask(derive(&public, None)).await);
            let sent = ciphertext(&client, &one).await;
            assert_eq!(sent.len(), bytes);
            let other = derived(client.ask(derive(&private, Some(&sent))).await);
            let secret = value(&client, &one).await;
            assert_eq!(secret.len(), 32);
            assert_eq!(value(&client, &other).await, secret);
            assert_eq!(client.values(&other, reference()).await, []);
            for (uid, base) in [(&one, &public), (&other, &private)] {
                let link =
                    Link { kind: LinkType::DerivationBaseObjectLink, object: base.as_str().into() };
                let links = client.values(uid, AttributeKind::Link).await;
                assert_eq!(links, [Attribute::Link(link)]);
            }
            // Another secret each time, and for another ciphertext one that nobody has.
            let again = derived(client.ask(derive(&public, None)).await);
            assert_ne!(value(&client, &again).await, secret);
            let mut changed = sent;
            changed[0] ^= 1;
            let strange = derived(client.ask(derive(&private, Some(&changed))).await);
            assert_ne!(value(&client, &strange).await, secret);
        }
    }
}

#[tokio::test]
async fn the_ciphertext_of_a_secret_is_the_servers_to_say() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (_, public) = pair(&client, A::ML_KEM_512).await;
        let uid = derived(client.ask(derive(&public, None)).await);
        for request in [add(&uid, of_server(vec![1])), modify(&uid, None, of_server(vec![1]))] {
            assert!(client.ask(request).await.is_err());
        }
        let mut given = derive(&public, None);
        given.attributes.attributes.push(of_server(vec![1]).into());
        assert!(client.ask(given).await.is_err());
        assert_eq!(ciphertext(&client, &uid).await.len(), 768);
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_encapsulation_is_said() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let client = world.client("orders", version).await;
        let other = world.client("mongodb", version).await;
        let (private, public) = pair(&client, A::ML_KEM_768).await;
        let (signing, verifying) = pair(&client, A::ML_DSA_44).await;
        let mask = |mask| Attribute::CryptographicUsageMask(mask);
        let (_, foreign) = pair(&other, A::ML_KEM_768).await;
        let (_, idle) = pair_of(client.ask(create(vec![of(A::ML_KEM_768)])).await);
        let signs = vec![of(A::ML_DSA_44), mask(Mask::SIGN.union(Mask::DERIVE_KEY))];
        let (may, _) = pair_of(client.ask(create(signs)).await);
        client.ask(activate(&may)).await.unwrap();
        let rsa = vec![of(A::Rsa), bits(2048), mask(Mask::DERIVE_KEY)];
        let (of_rsa, to_rsa) = pair_of(client.ask(create(rsa)).await);
        for uid in [&of_rsa, &to_rsa] {
            client.ask(activate(uid)).await.unwrap();
        }
        let symmetric = client.create(vec![mask(Mask::DERIVE_KEY)]).await;
        client.ask(activate(&symmetric)).await.unwrap();
        let sent = [0; 1088];
        let no_field = Err(R::InvalidField);
        let unfit = pick(R::InvalidField, R::IncompatibleCryptographicUsageMask);
        let long = |base: &str, data| {
            let mut request = derive(base, data);
            request.object_type = ObjectType::SecretData;
            request.attributes = [bits(264)].into_iter().collect();
            request
        };
        let twice = |base: &str| {
            let mut request = derive(base, Some(&sent));
            request.parameters.data.push(Secret::new(vec![0; 1088]));
            request
        };
        let both = |one: &str, other: &str| {
            let mut request = derive(one, None);
            request.uids.push(other.to_owned().into());
            request
        };
        for (request, expected) in [
            (derive(&public, Some(&sent)), no_field.clone()),
            (derive(&private, None), no_field.clone()),
            (derive(&private, Some(&sent[1..])), no_field.clone()),
            (derive(&private, Some(&[0; 1089])), no_field.clone()),
            (derive(&private, Some(&[])), no_field.clone()),
            (twice(&private), no_field.clone()),
            (long(&public, None), Err(R::CryptographicFailure)),
            (long(&private, Some(&sent)), Err(R::CryptographicFailure)),
            (derive(&signing, Some(&sent)), unfit.clone()),
            (derive(&verifying, None), unfit),
            (derive(&may, Some(&sent)), no_field.clone()),
            (derive(&of_rsa, Some(&sent)), no_field.clone()),
            (derive(&to_rsa, None), no_field.clone()),
            (derive(&foreign, None), pick(R::ItemNotFound, R::ObjectNotFound)),
            (derive(&idle, None), pick(R::InvalidField, R::WrongKeyLifecycleState)),
        ] {
            let sent = format!("{version:?} {:?}", request.uids);
            assert_eq!(client.ask(request).await, expected, "{sent}");
        }
        for request in [derive(&symmetric, Some(&sent)), both(&private, &public)] {
            assert!(client.ask(request).await.is_err());
        }
        assert!(client.ask(derive(&public, None)).await.is_ok());
        let old = client.speaking(Version::V1_3);
        assert_eq!(old.ask(derive(&public, None)).await, Err(R::InvalidField));
        assert!(client.ask(get(&public)).await.is_ok());
    }
}
