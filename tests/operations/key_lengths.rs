//! Which keys are made for whom.

use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CryptographicAlgorithm as A, ResultReason as R};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::ResponsePayload;

use super::ask::{create, get};
use super::world::{Client, World, text};

async fn made(client: &Client<'_>, algorithm: A, bits: i32) -> Result<usize, R> {
    let attributes =
        vec![Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(bits)];
    let ResponsePayload::Create(made) = client.ask(create(attributes)).await? else {
        panic!("not the answer to Create")
    };
    let uid = text(&made.uid);
    let ResponsePayload::Get(got) = client.ask(get(&uid)).await? else {
        panic!("not the answer to Get")
    };
    let ManagedObject::SymmetricKey(key) = got.object else { panic!("not a symmetric key") };
    assert_eq!(key.key_block.length, Some(bits));
    let value = key.key_block.value.expect("the key comes with its value");
    Ok(value.bytes().expect("in raw format").expose().len())
}

#[tokio::test]
async fn keys_of_old_algorithms_are_made_for_old_estates_alone() {
    for legacy in [false, true] {
        let world = World::with_policy(Policy { legacy, ..Policy::default() }).await;
        let client = world.client("orders", Version::V1_2).await;
        for (algorithm, bits, bytes) in
            [(A::Des, 56, 8), (A::Des3, 112, 16), (A::Des3, 168, 24), (A::Skipjack, 80, 10)]
        {
            let expected = if legacy { Ok(bytes) } else { Err(R::InvalidField) };
            assert_eq!(made(&client, algorithm, bits).await, expected, "{algorithm:?} {bits}");
        }
    }
}

#[tokio::test]
async fn a_key_has_a_length_of_its_algorithm() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for (algorithm, bits, expected) in [
        (A::Camellia, 192, Ok(24)),
        (A::Camellia, 80, Err(R::InvalidField)),
        (A::ChaCha20, 256, Ok(32)),
        (A::ChaCha20, 128, Err(R::InvalidField)),
        (A::Rsa, 2048, Err(R::InvalidField)),
    ] {
        assert_eq!(made(&client, algorithm, bits).await, expected, "{algorithm:?} {bits}");
    }
}
