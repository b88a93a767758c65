//! Splitting and joining that is refused, with the reason of each version.

use keystrata::tenant::Mode;
use kmip_ttlv::attribute::{Attribute, AttributeKind};
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, ObjectType, ResultReason as R, SplitKeyMethod as Method,
    UniqueIdentifierEnum,
};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::{BigInteger, UniqueIdentifier, Version};

use super::ask::{create, destroy, get, uid_of};
use super::split_keys::{Create, Join, join, parts_of, split};
use super::world::{World, text};

#[tokio::test]
async fn what_makes_no_sense_is_not_split() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let client = world.client("orders", version).await;
        let other = world.client("mongodb", version).await;
        let key = client.key(128, Vec::new()).await;
        let foreign = other.key(128, Vec::new()).await;
        let gone = client.create(Vec::new()).await;
        client.ask(destroy(&gone)).await.unwrap();
        let prime = |bytes: &[u8]| Some(BigInteger::from_unsigned(bytes));
        let usual = || split(Some(&key), Method::PolynomialSharingGf2_8);
        let in_field = |prime| Create {
            prime_field_size: prime,
            ..split(Some(&key), Method::PolynomialSharingPrimeField)
        };
        for (request, expected) in [
            (Create { threshold: 0, ..usual() }, Err(R::InvalidField)),
            (Create { threshold: 1, ..usual() }, Err(R::InvalidField)),
            (Create { threshold: 4, ..usual() }, Err(R::InvalidField)),
            (Create { threshold: -2, ..usual() }, Err(R::InvalidField)),
            (Create { parts: 256, ..usual() }, Err(R::InvalidField)),
            (Create { parts: 0, threshold: 0, ..usual() }, Err(R::InvalidField)),
            (Create { threshold: 2, ..split(Some(&key), Method::Xor) }, Err(R::InvalidField)),
            (Create { method: Method::Unknown(9), ..usual() }, Err(R::InvalidField)),
            // 2^128 - 159 is a prime, but smaller than some keys; 2^128 + 53 is none.
            (in_field(prime(&(u128::MAX - 158).to_be_bytes())), Err(R::InvalidField)),
            (in_field(prime(&[&[1][..], &[0; 15], &[53]].concat())), Err(R::InvalidField)),
            (in_field(prime(&[0xff; 2000])), pick(R::PermissionDenied, R::ServerLimitExceeded)),
            (in_field(Some(BigInteger::from_signed(&[0xff; 24]))), Err(R::InvalidField)),
            (
                Create { object_type: ObjectType::SymmetricKey, ..usual() },
                pick(R::InvalidField, R::InvalidObjectType),
            ),
            (split(Some(&foreign), Method::Xor), Err(R::ItemNotFound)),
            (split(Some("nobody"), Method::Xor), Err(R::ItemNotFound)),
            (split(Some(&gone), Method::Xor), pick(R::ItemNotFound, R::ObjectDestroyed)),
        ] {
            let sent = format!("{version:?} {request:?}");
            assert_eq!(client.ask(request).await, expected, "{sent}");
        }
        let prime = prime(&[&[1][..], &[0; 15], &[51]].concat());
        assert_eq!(parts_of(client.ask(in_field(prime)).await).len(), 3);
        let many = Create { parts: 255, threshold: 255, ..usual() };
        assert_eq!(parts_of(client.ask(many).await).len(), 255);
    }
}

#[tokio::test]
async fn parts_that_do_not_make_a_key_are_not_joined() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let pick = |in_1x, in_2x| Err(if version.is_2x() { in_2x } else { in_1x });
        let no_key = Err(R::CryptographicFailure);
        let client = world.client("orders", version).await;
        let other = world.client("mongodb", version).await;
        let key = client.key(128, Vec::new()).await;
        let method = Method::PolynomialSharingGf2_8;
        let one = parts_of(client.ask(split(Some(&key), method)).await);
        let two = parts_of(client.ask(split(Some(&key), method)).await);
        let wide = split(Some(&key), Method::PolynomialSharingGf2_16);
        let wide = parts_of(client.ask(wide).await);
        let theirs = other.key(128, Vec::new()).await;
        let theirs = parts_of(other.ask(split(Some(&theirs), method)).await);
        let gone = parts_of(client.ask(split(Some(&key), method)).await);
        client.ask(destroy(&gone[1])).await.unwrap();
        let as_key = |parts: &[&String]| join(ObjectType::SymmetricKey, parts);
        let called = |attribute| Join {
            attributes: Some([attribute].into_iter().collect()),
            ..as_key(&[&one[0], &one[1]])
        };
        for (request, expected) in [
            (as_key(&[]), Err(R::InvalidMessage)),
            (as_key(&[&one[0]]), no_key.clone()),
            (as_key(&[&one[0], &one[0]]), no_key.clone()),
            (as_key(&[&one[0], &two[1]]), no_key.clone()),
            (as_key(&[&one[0], &wide[1]]), no_key.clone()),
            (as_key(&[&one[0], &theirs[1]]), pick(R::ItemNotFound, R::ObjectNotFound)),
            (as_key(&[&gone[0], &gone[1]]), pick(R::ItemNotFound, R::ObjectDestroyed)),
            (as_key(&[&one[0], &key]), pick(R::InvalidField, R::InvalidObjectType)),
            (
                join(ObjectType::SplitKey, &[&one[0], &one[1]]),
                pick(R::InvalidField, R::InvalidObjectType),
            ),
            (join(ObjectType::PrivateKey, &[&one[0], &one[1]]), no_key.clone()),
            (called(Attribute::CryptographicLength(256)), Err(R::InvalidField)),
            (called(Attribute::CryptographicAlgorithm(A::HmacSha256)), Err(R::InvalidField)),
            (as_key(&vec![&one[0]; 256]), pick(R::PermissionDenied, R::ServerLimitExceeded)),
        ] {
            let sent = format!("{version:?} {request:?}");
            assert_eq!(client.ask(request).await, expected, "{sent}");
        }
        assert!(client.ask(as_key(&[&gone[0], &gone[2]])).await.is_ok());
    }
}

#[tokio::test]
async fn splitting_is_no_way_around_what_a_key_may_not() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let hidden = vec![Attribute::Sensitive(true), Attribute::Extractable(false)];
    let uid = client.create(hidden).await;
    let parts = parts_of(client.ask(split(Some(&uid), Method::PolynomialSharingGf2_8)).await);
    assert_eq!(client.ask(get(&parts[0])).await, Err(R::Sensitive));
    let joined = uid_of(client.ask(join(ObjectType::SymmetricKey, &[&parts[0], &parts[2]])).await);
    assert_eq!(client.ask(get(&joined)).await, Err(R::Sensitive));
    for uid in [&parts[0], &joined] {
        let kinds = [AttributeKind::AlwaysSensitive, AttributeKind::NeverExtractable];
        for kind in kinds {
            let values = client.values(uid, kind).await;
            assert!(matches!(
                values.as_slice(),
                [Attribute::AlwaysSensitive(true) | Attribute::NeverExtractable(true)]
            ));
        }
    }
    let free = client.create(Vec::new()).await;
    let writer = client.in_mode(Mode::WriteOnly);
    let refused = writer.ask(split(Some(&free), Method::Xor)).await;
    assert_eq!(refused, Err(R::PermissionDenied));
    // What its own batch has made it may read, and so split.
    let placeholder = Create {
        uid: Some(UniqueIdentifier::Enumeration(UniqueIdentifierEnum::IdPlaceholder)),
        ..split(None, Method::Xor)
    };
    let answers = writer.batch(None, vec![create(Vec::new()), placeholder.into()]).await;
    let mut made = Vec::new();
    for answer in answers {
        made.push(answer.unwrap());
    }
    let [_, ResponsePayload::CreateSplitKey(parts)] = made.as_slice() else { panic!() };
    let parts: Vec<String> = parts.uids.iter().map(text).collect();
    let parts: Vec<&String> = parts.iter().collect();
    let refused = writer.ask(join(ObjectType::SymmetricKey, &parts)).await;
    assert_eq!(refused, Err(R::PermissionDenied));
    let reader = client.in_mode(Mode::ReadOnly);
    let refused = reader.ask(join(ObjectType::SymmetricKey, &parts)).await;
    assert_eq!(refused, Err(R::PermissionDenied));
}
