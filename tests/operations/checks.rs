//! Check (KMIP 1.4 §4.10, KMIP 2.1 §6.1.7).

use kmip_ttlv::attribute::{Attribute, UsageLimits};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, CryptographicUsageMask, ResultReason, ResultStatus, State,
    UsageLimitsUnit,
};
use kmip_ttlv::payload::{ResponsePayload, check};
use kmip_ttlv::{Interval, Version};

use super::ask::{attributes, check, create, uid_of};
use super::world::World;

use ResultReason as R;

fn limited() -> Vec<Attribute> {
    let unit = UsageLimitsUnit::Byte;
    vec![Attribute::UsageLimits(UsageLimits { total: 100, count: None, unit })]
}

#[tokio::test]
async fn a_use_that_the_object_allows_is_answered_with_its_identifier_alone() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        let uid = client.create(limited()).await;
        let asked = check::Request {
            usage_mask: Some(CryptographicUsageMask::ENCRYPT),
            usage_limits_count: Some(100),
            lease_time: Some(Interval(300)),
            ..check(&uid)
        };
        let expected = check::Response {
            uid: Some(uid.into()),
            usage_limits_count: None,
            usage_mask: None,
            lease_time: None,
        };
        assert_eq!(client.ask(asked).await, Ok(ResponsePayload::Check(expected)));
    }
}

#[tokio::test]
async fn a_use_that_it_does_not_allow_fails_and_1x_is_told_what_would_be() {
    let world = World::new().await;
    let none =
        check::Response { uid: None, usage_limits_count: None, usage_mask: None, lease_time: None };
    let encrypt = CryptographicUsageMask::ENCRYPT;
    let decrypt = Some(CryptographicUsageMask::DECRYPT);
    let table = [
        (
            check::Request { usage_mask: decrypt, ..check("") },
            R::IncompatibleCryptographicUsageMask,
            check::Response { usage_mask: Some(encrypt), ..none.clone() },
        ),
        (
            check::Request { usage_limits_count: Some(101), ..check("") },
            R::UsageLimitExceeded,
            check::Response { usage_limits_count: Some(100), ..none.clone() },
        ),
        (
            check::Request { lease_time: Some(Interval(301)), ..check("") },
            R::PermissionDenied,
            check::Response { lease_time: Some(Interval(300)), ..none.clone() },
        ),
    ];
    for (asked, in_2x, told) in table {
        for version in [Version::V1_0, Version::V1_4, Version::V2_0, Version::V2_1] {
            let client = world.client("orders", version).await;
            let reason = if version.is_2x() { in_2x } else { R::PermissionDenied };
            let payloads = vec![create(limited()), asked.clone().into()];
            let mut response = client.send(&client.request(payloads)).await;
            let item = response.items.remove(1);
            assert_eq!(item.status, ResultStatus::OperationFailed);
            assert_eq!(item.reason, Some(reason));
            let told = (!version.is_2x()).then(|| ResponsePayload::Check(told.clone()));
            assert_eq!(item.payload, told, "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_key_without_restrictions_may_be_used_for_everything() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let free = Attribute::CryptographicUsageMask(CryptographicUsageMask::UNRESTRICTED);
    let uid = client.create(vec![free]).await;
    let usage_mask = Some(CryptographicUsageMask::SIGN.union(CryptographicUsageMask::DECRYPT));
    let answer = client.ask(check::Request { usage_mask, ..check(&uid) }).await;
    assert_eq!(uid_of(answer), uid);
}

#[tokio::test]
async fn a_check_that_says_no_leaves_no_object_to_go_on_with() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let asked = check::Request { lease_time: Some(Interval(u32::MAX)), ..check("") };
    let batch = vec![create(Vec::new()), asked.into(), attributes("", &[])];
    let answers = client.batch(Some(BatchErrorContinuationOption::Continue), batch).await;
    let reasons: Vec<_> = answers.into_iter().map(Result::err).collect();
    assert_eq!(reasons, [None, Some(R::PermissionDenied), Some(R::InvalidMessage)]);
    // One that says yes does.
    let batch = vec![create(Vec::new()), check("").into(), attributes("", &[])];
    let answers = client.batch(None, batch).await;
    let uids: Vec<_> = answers.into_iter().map(uid_of).collect();
    assert!(uids.iter().all(|uid| *uid == uids[0]));
}

#[tokio::test]
async fn a_destroyed_object_is_of_no_use() {
    let world = World::new().await;
    for (version, reason) in [(Version::V1_4, R::ItemNotFound), (Version::V2_1, R::ObjectDestroyed)]
    {
        let client = world.client("orders", version).await;
        let uid = client.key_in(State::Destroyed, Vec::new()).await;
        assert_eq!(client.ask(check(&uid)).await, Err(reason));
    }
}
