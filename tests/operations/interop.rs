//! Interop (KMIP 2.1 §6.1.26), which suites of tests have and production has not.

use keystrata::operation::Facts;
use kmip_ttlv::Version;
use kmip_ttlv::enums::{InteropFunction as Function, Operation, QueryFunction, ResultReason as R};
use kmip_ttlv::payload::{ResponsePayload, interop, query};

use super::world::{Client, World};

fn mark(function: Function) -> interop::Request {
    interop::Request { function, identifier: "TC-LOGIN-2-20".into() }
}

async fn is_told(client: &Client<'_>) -> bool {
    let functions = vec![QueryFunction::QueryOperations];
    let asked = query::Request { functions, object_groups: None };
    let ResponsePayload::Query(told) = client.ask(asked).await.unwrap() else { panic!() };
    told.operations.contains(&Operation::Interop)
}

#[tokio::test]
async fn suites_of_tests_mark_where_a_test_begins_and_ends() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        client.ask(mark(Function::Begin)).await.unwrap();
        client.ask(mark(Function::End)).await.unwrap();
        // No client takes back what others have done.
        assert_eq!(client.ask(mark(Function::Reset)).await.err(), Some(R::FeatureNotSupported));
        assert_eq!(
            client.ask(mark(Function::Unknown(9))).await.err(),
            Some(R::InvalidField),
            "{version:?}"
        );
        assert!(is_told(&client).await);
    }
}

#[tokio::test]
async fn production_has_none() {
    let world = World::with_facts(Facts { interop: false, ..Facts::default() }).await;
    let client = world.client("orders", Version::V2_1).await;
    assert_eq!(client.ask(mark(Function::Begin)).await.err(), Some(R::OperationNotSupported));
    assert!(!is_told(&client).await);
}
