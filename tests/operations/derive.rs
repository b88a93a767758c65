//! Derive Key (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14) as a client sees it.

use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    DerivationMethod as Method, HashingAlgorithm, LinkType, ObjectType, PaddingMethod,
    ResultReason as R,
};
use kmip_ttlv::object::{KeyMaterial, KeyValue};
use kmip_ttlv::payload::{ResponsePayload, derive_key};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{Secret, Version};

use super::ask::{activate, attributes, get};
use super::vectors::{Case, cases, named};
use super::world::{Client, World, text};

type Derive = derive_key::Request<'static>;

/// HMAC-SHA-256 under a key, cut to an AES-128 key.
fn derive(base: &str) -> Derive {
    let attributes = [
        Attribute::CryptographicAlgorithm(A::Aes),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(Mask::ENCRYPT),
    ];
    derive_key::Request {
        object_type: ObjectType::SymmetricKey,
        uids: vec![base.to_owned().into()],
        method: Method::Hmac,
        parameters: DerivationParameters {
            parameters: Some(CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::Sha256),
                ..CryptographicParameters::default()
            }),
            iv: None,
            data: vec![Secret::new(vec![1, 2])],
            salt: None,
            iteration_count: None,
        },
        attributes: attributes.into_iter().collect(),
    }
}

async fn base(client: &Client<'_>, mask: Mask) -> String {
    let uid = client.create(vec![Attribute::CryptographicUsageMask(mask)]).await;
    client.ask(activate(&uid)).await.unwrap();
    uid
}

async fn links(client: &Client<'_>, uid: &str) -> Vec<(LinkType, String)> {
    let wanted = AttributeReference::Known(AttributeKind::Link);
    let Ok(ResponsePayload::GetAttributes(got)) = client.ask(attributes(uid, &[wanted])).await
    else {
        panic!("no attributes")
    };
    let link = |attribute: &Attribute| match attribute {
        Attribute::Link(link) => (link.kind, link.object.text().unwrap().to_owned()),
        other => panic!("{other:?}"),
    };
    got.attributes.iter().map(link).collect()
}

#[tokio::test]
async fn base_and_derived_key_are_linked() {
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let world = World::new().await;
        let client = world.client("orders", version).await;
        let base = base(&client, Mask::DERIVE_KEY).await;
        let answer = client.ask(derive(&base)).await;
        let Ok(ResponsePayload::DeriveKey(made)) = answer else { panic!("{answer:?}") };
        let uid = text(&made.uid);
        let to_base = [(LinkType::DerivationBaseObjectLink, base.clone())];
        assert_eq!(links(&client, &uid).await, to_base);
        assert_eq!(links(&client, &base).await, [(LinkType::DerivedKeyLink, uid)]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_derivation_is_said() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let client = world.client("orders", version).await;
        let other = world.client("mongodb", version).await;
        let good = base(&client, Mask::DERIVE_KEY).await;
        let foreign = base(&other, Mask::DERIVE_KEY).await;
        let unfit = base(&client, Mask::ENCRYPT).await;
        let idle = client.create(vec![Attribute::CryptographicUsageMask(Mask::DERIVE_KEY)]).await;
        let with = |change: fn(&mut Derive)| {
            let mut request = derive(&good);
            change(&mut request);
            request
        };
        let (no_field, no_message) = (Err(R::InvalidField), Err(R::InvalidMessage));
        for (request, expected) in [
            (derive(&foreign), pick(R::ItemNotFound, R::ObjectNotFound)),
            (derive("nobody"), pick(R::ItemNotFound, R::ObjectNotFound)),
            (derive(&unfit), pick(R::InvalidField, R::IncompatibleCryptographicUsageMask)),
            (derive(&idle), pick(R::InvalidField, R::WrongKeyLifecycleState)),
            (with(|it| it.parameters.data.clear()), no_field.clone()),
            (
                with(|it| {
                    it.method = Method::Nist800_108C;
                    it.parameters.data.clear();
                }),
                no_field.clone(),
            ),
            (with(|it| it.parameters.parameters = None), no_field.clone()),
            (with(|it| it.uids.clear()), no_field.clone()),
            (with(|it| it.method = Method::Unknown(99)), no_field.clone()),
            (with(|it| it.method = Method::Pbkdf2), no_field.clone()),
            (
                with(|it| it.object_type = ObjectType::OpaqueObject),
                pick(R::InvalidField, R::InvalidObjectType),
            ),
            (
                with(|it| {
                    it.attributes = [Attribute::CryptographicLength(128)].into_iter().collect();
                }),
                no_field.clone(),
            ),
            // HMAC gives 256 bits.
            (
                with(|it| {
                    it.object_type = ObjectType::SecretData;
                    it.attributes = [Attribute::CryptographicLength(264)].into_iter().collect();
                }),
                Err(R::CryptographicFailure),
            ),
            (with(|it| it.uids = vec![it.uids[0].clone(), it.uids[0].clone()]), no_message.clone()),
            (
                with(|it| {
                    it.method = Method::Pbkdf2;
                    it.parameters.salt = Some(vec![1]);
                    it.parameters.iteration_count = Some(i32::MAX);
                }),
                pick(R::PermissionDenied, R::ServerLimitExceeded),
            ),
            // One output of HMAC-SHA-256 takes 1,000,001 iterations, and two are needed.
            (
                with(|it| {
                    it.method = Method::Pbkdf2;
                    it.parameters.salt = Some(vec![1]);
                    it.parameters.iteration_count = Some(1_000_001);
                    it.object_type = ObjectType::SecretData;
                    it.attributes = [Attribute::CryptographicLength(264)].into_iter().collect();
                }),
                pick(R::PermissionDenied, R::ServerLimitExceeded),
            ),
        ] {
            let sent = format!("{version:?} {request:?}");
            assert_eq!(client.ask(request).await, expected, "{sent}");
        }
        assert!(client.ask(derive(&good)).await.is_ok());
    }
}

/// The request of a vector, for a secret.
/// What HMAC gives, in the request's words or in those of the key.
async fn derived(client: &Client<'_>, base: &str, hash: Option<HashingAlgorithm>) -> KeyValue {
    let mut request = derive(base);
    request.parameters.parameters = hash.map(|hash| CryptographicParameters {
        hashing_algorithm: Some(hash),
        ..CryptographicParameters::default()
    });
    let answer = client.ask(request).await;
    let Ok(ResponsePayload::DeriveKey(made)) = answer else { panic!("{answer:?}") };
    let answer = client.ask(get(&text(&made.uid))).await;
    let Ok(ResponsePayload::Get(got)) = answer else { panic!("{answer:?}") };
    got.object.key_block().unwrap().value.clone().unwrap()
}

#[tokio::test]
async fn without_parameters_the_key_says_which_function_it_is_for() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (sha256, sha512) = (HashingAlgorithm::Sha256, HashingAlgorithm::Sha512);
    let with_parameters = CryptographicParameters {
        hashing_algorithm: Some(sha512),
        ..CryptographicParameters::default()
    };
    for (own, meant) in [
        (Attribute::CryptographicAlgorithm(A::HmacSha256), sha256),
        (Attribute::CryptographicParameters(with_parameters.into()), sha512),
    ] {
        let mask = Attribute::CryptographicUsageMask(Mask::DERIVE_KEY);
        let base = client.create(vec![own, mask]).await;
        client.ask(activate(&base)).await.unwrap();
        let said = derived(&client, &base, Some(meant)).await;
        assert_eq!(derived(&client, &base, None).await, said);
        let another = if meant == sha256 { sha512 } else { sha256 };
        assert_ne!(derived(&client, &base, Some(another)).await, said);
    }
}

fn encrypt(base: &str, case: &Case) -> Derive {
    let bits = Attribute::CryptographicLength(8 * case.number("bytes").unwrap());
    derive_key::Request {
        object_type: ObjectType::SecretData,
        uids: vec![base.to_owned().into()],
        method: Method::Encrypt,
        parameters: DerivationParameters {
            parameters: Some(CryptographicParameters {
                block_cipher_mode: named(case, "mode", BlockCipherMode::from_xml_name),
                padding_method: named(case, "padding", PaddingMethod::from_xml_name),
                ..CryptographicParameters::default()
            }),
            iv: case.bytes("iv"),
            data: case.bytes("data").map(Secret::new).into_iter().collect(),
            salt: None,
            iteration_count: None,
        },
        attributes: [bits].into_iter().collect(),
    }
}

/// The bytes that are derived.
async fn encrypted(client: &Client<'_>, case: &Case) -> Result<Vec<u8>, R> {
    let mask = vec![Attribute::CryptographicUsageMask(Mask::DERIVE_KEY)];
    let base = client.register(Some(&case.required("key")), mask).await;
    let made = match client.ask(encrypt(&base, case)).await? {
        ResponsePayload::DeriveKey(made) => text(&made.uid),
        other => panic!("{other:?}"),
    };
    let Ok(ResponsePayload::Get(got)) = client.ask(get(&made)).await else { panic!("no value") };
    match &got.object.key_block().unwrap().value {
        Some(KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. }) => {
            Ok(bytes.expose().clone())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_encrypted_is_the_key_as_computed_elsewhere() {
    let world = World::new().await;
    let is_ours = |case: &Case| case.text("method") == Some("ENCRYPT");
    let cases: Vec<Case> = cases("derive.txt").into_iter().filter(is_ours).collect();
    assert_eq!(cases.len(), 11);
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for case in &cases {
            let (name, derived) = (case.name(), encrypted(&client, case).await);
            match case.error() {
                None => assert_eq!(derived, Ok(case.required("value")), "{name} {version:?}"),
                Some("Differs") => assert_ne!(derived.unwrap(), case.required("value"), "{name}"),
                Some(reason) if version.is_2x() => {
                    assert_eq!(format!("{:?}", derived.unwrap_err()), reason, "{name}");
                }
                Some(_) => assert!(derived.is_err(), "{name} {version:?}"),
            }
        }
    }
}
