//! Split keys (KMIP 1.4 §2.2.5, §4.38, §4.39; KMIP 2.1 §2.8, §6.1.10, §6.1.27) as a client sees
//! them.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList, AttributeReference};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, CryptographicUsageMask as Mask, KeyFormatType, LinkType,
    ObjectType, ResultReason as R, SecretDataType, SplitKeyMethod as Method, State,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData, SplitKey};
use kmip_ttlv::payload::{
    ResponsePayload, create_split_key, encrypt, export, import, join_split_key, register,
};
use kmip_ttlv::{Secret, Value, Version};

use super::ask::{activate, attributes, get, name, uid_of};
use super::pair;
use super::world::{Answer, Client, World, text};

const METHODS: [Method; 4] = [
    Method::Xor,
    Method::PolynomialSharingGf2_8,
    Method::PolynomialSharingGf2_16,
    Method::PolynomialSharingPrimeField,
];

const VERSIONS: [Version; 5] =
    [Version::V1_2, Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1];

pub(crate) type Create = create_split_key::Request<'static>;
pub(crate) type Join = join_split_key::Request<'static>;

/// Three parts, of which two are enough; XOR needs all.
pub(crate) fn split(uid: Option<&str>, method: Method) -> Create {
    create_split_key::Request {
        object_type: ObjectType::SplitKey,
        uid: uid.map(|uid| uid.to_owned().into()),
        parts: 3,
        threshold: if method == Method::Xor { 3 } else { 2 },
        method,
        prime_field_size: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    }
}

pub(crate) fn join(object_type: ObjectType, parts: &[&String]) -> Join {
    join_split_key::Request {
        object_type,
        uids: parts.iter().map(|part| String::clone(part).into()).collect(),
        secret_data_type: None,
        attributes: None,
        protection_storage_masks: None,
    }
}

pub(crate) fn parts_of(answer: Answer) -> Vec<String> {
    match answer {
        Ok(ResponsePayload::CreateSplitKey(made)) => {
            assert_eq!(made.object_type, None, "the cases have it in no version");
            made.uids.iter().map(text).collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn object(client: &Client<'_>, uid: &str) -> ManagedObject {
    match client.ask(get(uid)).await {
        Ok(ResponsePayload::Get(got)) => got.object,
        other => panic!("{other:?}"),
    }
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match &object.key_block().unwrap().value {
        Some(KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. }) => bytes.expose().clone(),
        other => panic!("{other:?}"),
    }
}

/// A part that a client has made itself.
fn part(part: i32, method: Method, material: &[u8]) -> register::Request {
    let value = KeyMaterial::Bytes(Secret::new(material.to_vec()));
    let key_block = KeyBlock {
        format: KeyFormatType::Raw,
        compression: None,
        value: Some(KeyValue::new(value)),
        algorithm: Some(A::Aes),
        length: Some(128),
        wrapping: None,
    };
    let threshold = if method == Method::Xor { 3 } else { 2 };
    let prime_field_size = None;
    let object = SplitKey { parts: 3, part, threshold, method, prime_field_size, key_block };
    register::Request {
        object_type: ObjectType::SplitKey,
        attributes: [Attribute::CryptographicUsageMask(Mask::ENCRYPT)].into_iter().collect(),
        object: Some(ManagedObject::SplitKey(object)),
        protection_storage_masks: None,
    }
}

#[tokio::test]
async fn a_key_that_is_split_is_the_same_when_it_is_joined() {
    let world = World::new().await;
    for version in VERSIONS {
        let client = world.client("orders", version).await;
        for method in METHODS {
            for length in [16, 24, 32] {
                let key: Vec<u8> = (0..length).collect();
                let uid = client.register(Some(&key), Vec::new()).await;
                let parts = parts_of(client.ask(split(Some(&uid), method)).await);
                assert_eq!(parts.len(), 3);
                let chosen = match parts.as_slice() {
                    [one, two, three] if method == Method::Xor => vec![three, one, two],
                    [one, _, three] => vec![three, one],
                    _ => panic!(),
                };
                let joined = uid_of(client.ask(join(ObjectType::SymmetricKey, &chosen)).await);
                let joined = object(&client, &joined).await;
                assert_eq!(bytes(&joined), key, "{version:?} {method:?}");
                let block = joined.key_block().unwrap();
                assert_eq!(
                    (block.algorithm, block.length),
                    (Some(A::Aes), Some(8 * i32::from(length)))
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_symmetric_key_is_split_and_joined_too() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for method in METHODS {
            let material = KeyMaterial::Bytes(Secret::new(b"\0pass".to_vec()));
            let key_block = KeyBlock {
                format: KeyFormatType::Raw,
                compression: None,
                value: Some(KeyValue::new(material)),
                algorithm: None,
                length: None,
                wrapping: None,
            };
            let secret = SecretData { kind: SecretDataType::Password, key_block };
            let request = register::Request {
                object_type: ObjectType::SecretData,
                attributes: AttributeList::default(),
                object: Some(ManagedObject::SecretData(secret)),
                protection_storage_masks: None,
            };
            let uid = uid_of(client.ask(request).await);
            let parts = parts_of(client.ask(split(Some(&uid), method)).await);
            let kind = Some(SecretDataType::Password);
            let all: Vec<&String> = parts.iter().collect();
            let request = Join { secret_data_type: kind, ..join(ObjectType::SecretData, &all) };
            let joined = uid_of(client.ask(request).await);
            assert_eq!(object(&client, &joined).await, object(&client, &uid).await, "{method:?}");

            let request = pair::create(vec![pair::of(A::Ec), pair::bits(256)]);
            let (private, public) = pair::pair_of(client.ask(request).await);
            for (uid, kind) in [(private, ObjectType::PrivateKey), (public, ObjectType::PublicKey)]
            {
                let parts = parts_of(client.ask(split(Some(&uid), method)).await);
                let all: Vec<&String> = parts.iter().collect();
                let joined = uid_of(client.ask(join(kind, &all)).await);
                assert_eq!(object(&client, &joined).await, object(&client, &uid).await);
            }
        }
    }
}

#[tokio::test]
async fn a_new_key_is_nowhere_but_in_its_parts() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let given = [
        Attribute::CryptographicAlgorithm(A::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(Mask::ENCRYPT),
        name("split"),
    ];
    let method = Method::PolynomialSharingGf2_16;
    let request = Create { attributes: given.into_iter().collect(), ..split(None, method) };
    let parts = parts_of(client.ask(request).await);
    let mut keys = Vec::new();
    for chosen in [[&parts[0], &parts[1]], [&parts[2], &parts[1]]] {
        let joined = uid_of(client.ask(join(ObjectType::SymmetricKey, &chosen)).await);
        keys.push(bytes(&object(&client, &joined).await));
    }
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].len(), 32);
    let answer = client.ask(split(None, method)).await;
    assert_eq!(answer, Err(R::InvalidField), "no algorithm is named");
}

#[tokio::test]
async fn parts_say_what_they_are_and_whose() {
    let world = World::new().await;
    for version in VERSIONS {
        let client = world.client("orders", version).await;
        let uid = client.key(128, Vec::new()).await;
        let method = Method::PolynomialSharingGf2_8;
        let lies = [Attribute::CryptographicLength(256), name("part")];
        let request =
            Create { attributes: lies.into_iter().collect(), ..split(Some(&uid), method) };
        let parts = parts_of(client.ask(request).await);
        let mut splittings = Vec::new();
        for (number, part) in (1..).zip(&parts) {
            let ManagedObject::SplitKey(value) = object(&client, part).await else { panic!() };
            assert_eq!((value.parts, value.part, value.threshold), (3, number, 2));
            assert_eq!((value.method, value.prime_field_size), (method, None));
            assert_eq!(value.key_block.length, Some(128), "the key's attributes count");
            assert_eq!(client.state(part).await, State::PreActive);
            assert_eq!(client.values(part, AttributeKind::Name).await, [name("part")]);
            let own =
                |name: &str| AttributeReference::Custom { vendor: "y".into(), name: name.into() };
            let polynomial = client.values(part, own("Split Key Polynomial")).await;
            let expected = if version.is_2x() { 285 } else { 283 };
            let [Attribute::Custom(polynomial)] = polynomial.as_slice() else { panic!() };
            assert_eq!(polynomial.value, Value::Integer(expected));
            splittings.push(client.values(part, own("Split Identifier")).await);
        }
        assert!(splittings.iter().all(|one| one.len() == 1 && *one == splittings[0]));
        let links = |uid: String| {
            let client = client.clone();
            async move {
                let links = client.values(&uid, AttributeKind::Link).await;
                let link = |link: Attribute| match link {
                    Attribute::Link(link) => (link.kind, text(&link.object)),
                    other => panic!("{other:?}"),
                };
                links.into_iter().map(link).collect::<Vec<_>>()
            }
        };
        let to = |kind, uid: &String| (kind, uid.clone());
        assert_eq!(links(uid.clone()).await, [to(LinkType::ChildLink, &parts[0])]);
        assert_eq!(
            links(parts[1].clone()).await,
            [
                to(LinkType::ParentLink, &uid),
                to(LinkType::PreviousLink, &parts[0]),
                to(LinkType::NextLink, &parts[2]),
            ]
        );
        assert_eq!(
            links(parts[2].clone()).await,
            [to(LinkType::ParentLink, &uid), to(LinkType::PreviousLink, &parts[1])]
        );
    }
}

#[tokio::test]
async fn a_part_is_no_key() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = client.key(128, Vec::new()).await;
    let parts = parts_of(client.ask(split(Some(&uid), Method::Xor)).await);
    client.ask(activate(&parts[0])).await.unwrap();
    let request = encrypt::Request {
        uid: Some(parts[0].clone().into()),
        parameters: None,
        data: Some((&[1_u8][..]).into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    assert_eq!(client.ask(request).await, Err(R::InvalidObjectType));
    let again = split(Some(&parts[0]), Method::Xor);
    assert_eq!(client.ask(again).await, Err(R::InvalidObjectType));
}

/// A byte of a key is 1 at the place 0, and the polynomial is 1 + 0x80 x: at 2 its value shows
/// which field a version has.
#[tokio::test]
async fn clients_bring_parts_that_they_have_made() {
    let world = World::new().await;
    for version in VERSIONS {
        let client = world.client("orders", version).await;
        let at_2 = if version.is_2x() { 1 ^ 0x1d } else { 1 ^ 0x1b };
        let method = Method::PolynomialSharingGf2_8;
        let one = uid_of(client.ask(part(1, method, &[0x81; 16])).await);
        let two = uid_of(client.ask(part(2, method, &[at_2; 16])).await);
        // The server remembers how they were made, whoever joins them.
        for joining in VERSIONS {
            let client = client.speaking(joining);
            let joined = uid_of(client.ask(join(ObjectType::SymmetricKey, &[&two, &one])).await);
            assert_eq!(bytes(&object(&client, &joined).await), [1; 16], "{version:?} {joining:?}");
        }
    }
    let client = world.client("orders", Version::V1_0).await;
    let answer = client.ask(part(1, Method::PolynomialSharingGf2_8, &[1; 16])).await;
    assert_eq!(answer, Err(R::InvalidField), "1.0 has no such method");
    assert!(client.ask(part(1, Method::PolynomialSharingGf2_16, &[1; 16])).await.is_ok());
    for number in [0, 4, -1] {
        let answer = client.ask(part(number, Method::Xor, &[1; 16])).await;
        assert_eq!(answer, Err(R::InvalidField), "part {number} of 3");
    }
    let answer = client.ask(part(1, Method::PolynomialSharingPrimeField, &[1; 16])).await;
    assert_eq!(answer, Err(R::InvalidField), "there is no prime");
}

#[tokio::test]
async fn parts_move_between_servers() {
    let (world, other) = (World::new().await, World::new().await);
    let client = world.client("orders", Version::V2_1).await;
    let there = other.client("orders", Version::V1_4).await;
    let key = client.register(Some(&[9; 16]), Vec::new()).await;
    let parts = parts_of(client.ask(split(Some(&key), Method::PolynomialSharingGf2_8)).await);
    let mut moved = Vec::new();
    for part in &parts[1..] {
        let request = export::Request {
            uid: Some(part.clone().into()),
            key_format: None,
            key_wrap_type: None,
            key_compression: None,
            wrapping: None,
        };
        let Ok(ResponsePayload::Export(part)) = client.ask(request).await else { panic!() };
        let request = import::Request {
            uid: part.uid.clone(),
            object_type: Some(part.object_type),
            replace_existing: None,
            key_wrap_type: None,
            attributes: part.attributes.clone(),
            object: part.object.clone(),
        };
        let there = there.speaking(Version::V2_1);
        assert!(there.ask(request).await.is_ok());
        moved.push(text(&part.uid));
    }
    let moved: Vec<&String> = moved.iter().collect();
    let joined = uid_of(there.ask(join(ObjectType::SymmetricKey, &moved)).await);
    assert_eq!(bytes(&object(&there, &joined).await), [9; 16]);
    assert!(there.ask(attributes(&joined, &[])).await.is_ok());
}
