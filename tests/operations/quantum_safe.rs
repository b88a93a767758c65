//! What is called quantum safe (KMIP 2.1 §4.45 and §7.5).

use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CryptographicAlgorithm as A, QueryFunction, ResultReason as R};
use kmip_ttlv::payload::{ResponsePayload, create_key_pair, query};

use super::ask::add;
use super::pair::{create, list, of, pair_of, re_key};
use super::world::World;

#[tokio::test]
async fn only_pairs_on_lattices_are_called_quantum_safe() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let safe = Attribute::QuantumSafe(true);
    for (algorithm, expected) in [
        (A::Rsa, Some(R::GeneralFailure)),
        (A::Ecdsa, Some(R::GeneralFailure)),
        (A::Ed25519, Some(R::GeneralFailure)),
        (A::ML_KEM_512, None),
        (A::ML_DSA_44, None),
    ] {
        let asked = create(vec![of(algorithm), safe.clone()]);
        assert_eq!(client.ask(asked).await.err(), expected, "{algorithm:?}");
        // Of either half alone, too.
        let public_key = Some(list(vec![safe.clone()]));
        let asked = create_key_pair::Request { public_key, ..create(vec![of(algorithm)]) };
        assert_eq!(client.ask(asked).await.err(), expected, "{algorithm:?}");
    }
    client.ask(create(vec![of(A::Ecdsa), Attribute::QuantumSafe(false)])).await.unwrap();
    // One that is called so later is not replaced by another that is not.
    let (private, _) = pair_of(client.ask(create(vec![of(A::Ecdsa)])).await);
    client.ask(add(&private, safe)).await.unwrap();
    assert_eq!(client.ask(re_key(&private)).await.err(), Some(R::GeneralFailure));
}

#[tokio::test]
async fn query_says_whether_quantum_safe_pairs_are_to_be_had() {
    let lattices = [A::ML_KEM_512, A::ML_DSA_44];
    for (algorithms, expected) in
        [(None, true), (Some(vec![A::Rsa]), false), (Some(lattices.to_vec()), true)]
    {
        let world = World::with_policy(Policy { algorithms, ..Policy::default() }).await;
        let functions = vec![QueryFunction::QueryCapabilities];
        let asked = query::Request { functions, object_groups: None };
        let client = world.client("orders", Version::V2_1).await;
        let ResponsePayload::Query(told) = client.ask(asked).await.unwrap() else { panic!() };
        assert_eq!(told.capabilities[0].quantum_safe, Some(expected));
    }
}
