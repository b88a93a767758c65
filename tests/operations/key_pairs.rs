//! Create Key Pair and Re-key Key Pair.

use keystrata::crypto::key::PrivateKey;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, CryptographicUsageMask as Mask, KeyFormatType as F, LinkType,
    ObjectType, ProtectionStorageMask, RecommendedCurve as C, ResultReason as R, State,
    UniqueIdentifierEnum,
};
use kmip_ttlv::object::{self, KeyMaterial, ManagedObject};
use kmip_ttlv::payload::{ResponsePayload, create_key_pair, get, re_key_key_pair};
use kmip_ttlv::structure::ProtectionStorageMasks;
use kmip_ttlv::{Interval, UniqueIdentifier, Version};

use super::ask::{at, destroy, found, locate, name, uid_of};
use super::pair::{
    bits, bring, create, fetch, link, list, material, of, on, pair_of, private, public, re_key,
};
use super::world::World;

#[tokio::test]
async fn a_pair_fits_together_and_is_in_the_usual_format_of_every_version() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let early = version < Version::V1_3;
        let ec = if early {
            [F::TransparentEcdsaPrivateKey, F::TransparentEcdsaPublicKey]
        } else {
            [F::TransparentEcPrivateKey, F::TransparentEcPublicKey]
        };
        let rsa = [F::Pkcs1, F::Pkcs1];
        for (attributes, length, [of_private, of_public]) in [
            (vec![of(A::Rsa), bits(2048)], 2048, rsa),
            (vec![of(A::Ecdsa)], 256, ec),
            (vec![of(A::Ecdh), bits(384)], 384, ec),
            (vec![of(A::Ecdsa), on(C::P521)], 521, ec),
        ] {
            let algorithm = attributes[0].clone();
            let (a, b) = pair_of(client.ask(create(attributes)).await);
            let one = fetch(&client, &a, None, None).await.unwrap();
            let other = fetch(&client, &b, None, None).await.unwrap();
            assert_eq!((one.format, other.format), (of_private, of_public), "{version:?}");
            assert_eq!(private(&one).public(), Some(public(&other)));
            for uid in [&a, &b] {
                let kinds =
                    [AttributeKind::CryptographicAlgorithm, AttributeKind::CryptographicLength];
                assert_eq!(client.values(uid, kinds[0]).await, [algorithm.clone()]);
                assert_eq!(client.values(uid, kinds[1]).await, [bits(length)]);
            }
            assert_eq!(one.algorithm.map(of), Some(algorithm));
            assert_eq!(
                client.values(&a, AttributeKind::Link).await,
                [link(LinkType::PublicKeyLink, &b)]
            );
            assert_eq!(
                client.values(&b, AttributeKind::Link).await,
                [link(LinkType::PrivateKeyLink, &a)]
            );
        }
    }
}

#[tokio::test]
async fn curves_of_2_0_make_keys_for_signatures_or_for_agreement() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for (attributes, bytes) in [
        (vec![of(A::Ed25519)], 32),
        (vec![of(A::Ed448)], 57),
        (vec![of(A::Ecdh), on(C::Curve25519)], 32),
        (vec![of(A::Ecdh), on(C::Curve448), bits(448)], 56),
    ] {
        let (a, b) = pair_of(client.ask(create(attributes)).await);
        let one = fetch(&client, &a, None, None).await.unwrap();
        let other = fetch(&client, &b, None, None).await.unwrap();
        assert_eq!((one.format, other.format), (F::Pkcs8, F::X509));
        assert_eq!(private(&one).public(), Some(public(&other)));
        let raw = fetch(&client, &a, Some(F::Raw), None).await.unwrap();
        assert!(matches!(material(&raw), KeyMaterial::Bytes(key) if key.len() == bytes));
    }
}

#[tokio::test]
async fn each_half_has_what_is_said_of_both_and_its_own() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let request = create_key_pair::Request {
        private_key: Some(list(vec![
            name("private"),
            Attribute::CryptographicUsageMask(Mask::SIGN),
            Attribute::Description("own".into()),
        ])),
        public_key: Some(list(vec![
            name("public"),
            Attribute::CryptographicUsageMask(Mask::VERIFY),
        ])),
        ..create(vec![of(A::Ec), name("both"), Attribute::Description("common".into())])
    };
    let (a, b) = pair_of(client.ask(request).await);
    assert_eq!(client.values(&a, AttributeKind::Name).await, [name("both"), name("private")]);
    assert_eq!(client.values(&b, AttributeKind::Name).await, [name("both"), name("public")]);
    let description = |uid| client.values(uid, AttributeKind::Description);
    assert_eq!(description(&a).await, [Attribute::Description("own".into())]);
    assert_eq!(description(&b).await, [Attribute::Description("common".into())]);
    let mask = |uid| client.values(uid, AttributeKind::CryptographicUsageMask);
    assert_eq!(mask(&a).await, [Attribute::CryptographicUsageMask(Mask::SIGN)]);
    assert_eq!(mask(&b).await, [Attribute::CryptographicUsageMask(Mask::VERIFY)]);
}

#[tokio::test]
async fn a_pair_without_masks_can_do_what_its_algorithm_is_for() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_2).await;
    let rsa = (
        Mask::SIGN.union(Mask::DECRYPT).union(Mask::UNWRAP_KEY),
        Mask::VERIFY.union(Mask::ENCRYPT).union(Mask::WRAP_KEY),
    );
    let agree = Mask::DERIVE_KEY.union(Mask::KEY_AGREEMENT);
    for (attributes, (of_private, of_public)) in [
        (vec![of(A::Rsa), bits(2048)], rsa),
        (vec![of(A::Ecdsa)], (Mask::SIGN, Mask::VERIFY)),
        (vec![of(A::Ecdh)], (agree, agree)),
    ] {
        let (a, b) = pair_of(client.ask(create(attributes)).await);
        for (uid, mask) in [(a, of_private), (b, of_public)] {
            let found = client.values(&uid, AttributeKind::CryptographicUsageMask).await;
            assert_eq!(found, [Attribute::CryptographicUsageMask(mask)]);
        }
    }
}

#[tokio::test]
async fn a_pair_that_cannot_be_made_is_refused() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let differs = create_key_pair::Request {
            private_key: Some(list(vec![bits(256)])),
            public_key: Some(list(vec![bits(384)])),
            ..create(vec![of(A::Ec)])
        };
        for request in [
            create(vec![]),
            create(vec![bits(2048)]),
            create(vec![of(A::Aes), bits(256)]),
            create(vec![of(A::Rsa), bits(2049)]),
            create(vec![of(A::Rsa), bits(512)]),
            create(vec![of(A::Ec), bits(255)]),
            create(vec![of(A::Ec), on(C::K163)]),
            create(vec![of(A::Ec), bits(384), on(C::P256)]),
            create(vec![of(A::Dsa), bits(2048)]),
            differs,
        ] {
            assert_eq!(client.ask(request).await, Err(R::InvalidField), "{version:?}");
        }
    }
    let client = world.client("orders", Version::V2_1).await;
    let hardware = || Some(ProtectionStorageMasks { masks: vec![ProtectionStorageMask::HARDWARE] });
    let request = || create(vec![of(A::Ec)]);
    let masks = [
        create_key_pair::Request { common_protection_storage_masks: hardware(), ..request() },
        create_key_pair::Request { private_protection_storage_masks: hardware(), ..request() },
        create_key_pair::Request { public_protection_storage_masks: hardware(), ..request() },
    ];
    let reasons = [
        R::ProtectionStorageUnavailable,
        R::PrivateProtectionStorageUnavailable,
        R::PublicProtectionStorageUnavailable,
    ];
    for (request, reason) in masks.into_iter().zip(reasons) {
        assert_eq!(client.ask(request).await, Err(reason));
    }
    assert_eq!(found(client.ask(locate(Vec::new())).await), Vec::<String>::new(), "none is left");
}

#[tokio::test]
async fn the_placeholder_means_the_private_key_and_words_mean_either() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let meant = |word| UniqueIdentifier::Enumeration(word);
    let ask = |uid| get::Request { uid, ..get::Request::new("") };
    let answers = client
        .batch(
            None,
            vec![
                create(vec![of(A::Ec)]).into(),
                ask(None).into(),
                ask(Some(meant(UniqueIdentifierEnum::CreateKeyPairPrivateKey))).into(),
                ask(Some(meant(UniqueIdentifierEnum::CreateKeyPairPublicKey))).into(),
                ask(Some(meant(UniqueIdentifierEnum::CreateKeyPair))).into(),
            ],
        )
        .await;
    let types: Vec<_> = answers[1..4]
        .iter()
        .map(|answer| match answer {
            Ok(ResponsePayload::Get(response)) => response.object_type,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(types, [ObjectType::PrivateKey, ObjectType::PrivateKey, ObjectType::PublicKey]);
    assert_eq!(answers[4], Err(R::FeatureNotSupported), "a pair is two objects");
}

#[tokio::test]
async fn a_new_pair_takes_over_names_and_formats_and_each_half_knows_its_other() {
    let world = World::new().await;
    for version in [Version::V1_1, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let request = create_key_pair::Request {
            private_key: Some(list(vec![name("private")])),
            public_key: Some(list(vec![name("public")])),
            ..create(vec![of(A::Ecdsa), on(C::P384), Attribute::ActivationDate(at(0))])
        };
        let (a, b) = pair_of(client.ask(request).await);
        let (new_a, new_b) = pair_of(client.ask(re_key(&a)).await);
        assert_eq!(
            client.values(&new_a, AttributeKind::Link).await,
            [link(LinkType::PublicKeyLink, &new_b), link(LinkType::ReplacedObjectLink, &a)]
        );
        assert_eq!(
            client.values(&b, AttributeKind::Link).await,
            [link(LinkType::PrivateKeyLink, &a), link(LinkType::ReplacementObjectLink, &new_b)]
        );
        assert_eq!(client.values(&a, AttributeKind::Name).await, []);
        assert_eq!(client.values(&new_a, AttributeKind::Name).await, [name("private")]);
        assert_eq!(client.values(&new_b, AttributeKind::Name).await, [name("public")]);
        assert_eq!(client.state(&new_a).await, State::Active, "dates are copied");
        let old = fetch(&client, &a, None, None).await.unwrap();
        let new = fetch(&client, &new_a, None, None).await.unwrap();
        assert_eq!(old.format, new.format);
        assert_eq!(private(&old).describe(), private(&new).describe());
        assert_ne!(private(&old), private(&new));
    }
}

#[tokio::test]
async fn an_offset_moves_the_dates_of_both_halves() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let dates =
        vec![of(A::Ec), Attribute::ActivationDate(at(-100)), Attribute::DeactivationDate(at(100))];
    let (a, _) = pair_of(client.ask(create(dates)).await);
    let request = re_key_key_pair::Request { offset: Some(Interval(50)), ..re_key(&a) };
    let (new_a, new_b) = pair_of(client.ask(request).await);
    for uid in [new_a, new_b] {
        assert_eq!(client.state(&uid).await, State::PreActive);
        let activation = client.values(&uid, AttributeKind::ActivationDate).await;
        assert_eq!(activation, [Attribute::ActivationDate(at(50))]);
        let end = client.values(&uid, AttributeKind::DeactivationDate).await;
        assert_eq!(end, [Attribute::DeactivationDate(at(250))]);
    }
    let both = re_key_key_pair::Request {
        offset: Some(Interval(50)),
        common: Some(list(vec![Attribute::ActivationDate(at(0))])),
        ..re_key(&a)
    };
    assert_eq!(client.ask(both).await, Err(R::InvalidMessage));
}

#[tokio::test]
async fn only_the_private_key_of_a_whole_pair_is_re_keyed() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let in_2x = version.is_2x();
        let pick = |in_1x, reason| if in_2x { reason } else { in_1x };
        let (a, b) = pair_of(client.ask(create(vec![of(A::Ec)])).await);
        let wrong_type = pick(R::PermissionDenied, R::InvalidObjectType);
        assert_eq!(client.ask(re_key(&b)).await, Err(wrong_type));
        let none = pick(R::ItemNotFound, R::ObjectNotFound);
        assert_eq!(client.ask(re_key("nothing")).await, Err(none));
        let other = world.client_of("tenant-b", "orders", version).await;
        assert_eq!(other.ask(re_key(&a)).await, Err(none), "foreign");
        let longer = re_key_key_pair::Request { common: Some(list(vec![bits(384)])), ..re_key(&a) };
        assert_eq!(client.ask(longer).await, Err(R::InvalidField));
        let block = fetch(&client, &a, None, None).await.unwrap();
        let alone = object::PrivateKey { key_block: block };
        let alone = uid_of(client.ask(bring(ManagedObject::PrivateKey(alone), vec![])).await);
        assert_eq!(client.ask(re_key(&alone)).await, Err(R::InvalidField), "no link");
        client.ask(destroy(&b)).await.unwrap();
        let gone = pick(R::ItemNotFound, R::ObjectDestroyed);
        assert_eq!(client.ask(re_key(&a)).await, Err(gone));
    }
}

#[tokio::test]
async fn no_half_of_a_private_key_is_on_the_disk() {
    let world = World::new().await;
    let mut secrets = Vec::new();
    {
        let client = world.client("orders", Version::V2_1).await;
        for algorithm in [A::Ec, A::Ed25519] {
            let (a, _) = pair_of(client.ask(create(vec![of(algorithm)])).await);
            let (a, _) = pair_of(client.ask(re_key(&a)).await);
            let raw = fetch(&client, &a, Some(F::Raw), None).await.unwrap();
            let KeyMaterial::Bytes(bytes) = material(&raw).clone() else { panic!("bytes") };
            secrets.push(bytes.expose().clone());
        }
        let (a, _) = pair_of(client.ask(create(vec![of(A::Rsa), bits(2048)])).await);
        let PrivateKey::Rsa(_) = private(&fetch(&client, &a, None, None).await.unwrap()) else {
            panic!("an RSA key")
        };
        let whole = fetch(&client, &a, Some(F::TransparentRsaPrivateKey), None).await.unwrap();
        let KeyMaterial::RsaPrivateKey(numbers) = material(&whole) else { panic!("numbers") };
        for number in [&numbers.p, &numbers.q, &numbers.private_exponent] {
            secrets.push(number.as_ref().unwrap().as_unsigned().unwrap().to_vec());
        }
    }
    let files = world.close();
    assert!(files.iter().any(|file| !file.is_empty()));
    for secret in secrets {
        for piece in [&secret[..16], &secret[secret.len() - 16..]] {
            let found = files.iter().any(|file| file.windows(16).any(|window| window == piece));
            assert!(!found, "a piece of a private key is on the disk");
        }
    }
}

#[tokio::test]
async fn a_pair_that_is_replaced_again_names_its_newest_replacement_only() {
    let world = World::new().await;
    for version in [Version::V1_1, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (a, b) = pair_of(client.ask(create(vec![of(A::Ecdsa)])).await);
        for _ in 0..2 {
            let (new_a, new_b) = pair_of(client.ask(re_key(&a)).await);
            for (old, kind, other, new) in [
                (&a, LinkType::PublicKeyLink, &b, new_a),
                (&b, LinkType::PrivateKeyLink, &a, new_b),
            ] {
                let links = client.values(old, AttributeKind::Link).await;
                let expected = [link(kind, other), link(LinkType::ReplacementObjectLink, &new)];
                assert_eq!(links, expected);
            }
        }
    }
}
