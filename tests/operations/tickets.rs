//! Login, Delegated Login, Logout, and requests under a ticket (KMIP 2.1 §6.1.12, §6.1.30, §6.1.31,
//! §7.34).

#![expect(clippy::unnecessary_wraps, reason = "the fields are optional")]

use std::time::Duration;

use kmip_ttlv::attribute::UsageLimits;
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, Operation, QueryFunction, ResultReason as Reason,
    TicketType, UsageLimitsUnit,
};
use kmip_ttlv::payload::{ResponsePayload, delegated_login, hash, login, logout, ping, query};
use kmip_ttlv::structure::{ObjectGroups, Objects, Operations, Right, Rights, Ticket};
use kmip_ttlv::{DateTime, Interval, LeaseTime, Secret, Version};

use super::ask::{self, Request};
use super::world::{Answer, Client, START, World};

const DAY: u64 = 24 * 60 * 60;

fn lease(seconds: u32) -> Option<LeaseTime> {
    Some(LeaseTime::For(Interval(seconds)))
}

fn bytes(total: i64) -> Option<UsageLimits> {
    Some(UsageLimits { total, count: None, unit: UsageLimitsUnit::Byte })
}

fn times(total: i64) -> Option<UsageLimits> {
    Some(UsageLimits { total, count: None, unit: UsageLimitsUnit::Object })
}

fn plain() -> login::Request {
    login::Request { lease_time: None, request_count: None, usage_limits: None }
}

fn delegated(rights: Vec<Right<'static>>) -> delegated_login::Request<'static> {
    let rights = Rights { rights };
    delegated_login::Request { lease_time: None, request_count: None, usage_limits: None, rights }
}

fn free() -> Right<'static> {
    Right { usage_limits: None, operations: None, objects: None, object_groups: None }
}

fn of(operations: &[Operation]) -> Right<'static> {
    Right { operations: Some(Operations { operations: operations.to_vec() }), ..free() }
}

fn objects(uids: &[&str]) -> Option<Objects<'static>> {
    Some(Objects { uids: uids.iter().map(|uid| (*uid).to_owned().into()).collect() })
}

fn groups(group: &str) -> Option<ObjectGroups> {
    Some(ObjectGroups { groups: vec![group.into()] })
}

fn ping() -> Request {
    ping::Request {}.into()
}

fn hashed(length: usize) -> Request {
    let parameters = kmip_ttlv::attribute::CryptographicParameters {
        hashing_algorithm: Some(kmip_ttlv::enums::HashingAlgorithm::Sha256),
        ..Default::default()
    };
    hash::Request {
        parameters,
        data: Some(vec![0; length].into()),
        correlation_value: None,
        init: None,
        last: None,
    }
    .into()
}

fn end(value: &[u8]) -> Request {
    let ticket = Ticket { kind: TicketType::Login, value: Secret::new(value.to_vec()) };
    logout::Request { ticket }.into()
}

#[expect(clippy::needless_pass_by_value, reason = "nobody needs the answer any more")]
fn value(answer: Answer) -> Vec<u8> {
    let ticket = match answer.as_ref().unwrap() {
        ResponsePayload::Login(response) => &response.ticket,
        ResponsePayload::DelegatedLogin(response) => &response.ticket,
        other => panic!("{other:?}"),
    };
    assert_eq!(ticket.kind, TicketType::Login);
    ticket.value.expose().clone()
}

async fn client(world: &World) -> Client<'_> {
    world.client("orders", Version::V2_1).await
}

#[tokio::test]
async fn a_ticket_is_good_until_its_lease_ends() {
    for (lease, seconds) in [
        (lease(60), 60),
        (lease(0), DAY),
        (None, DAY),
        (Some(LeaseTime::Until(DateTime(START + 5 * 24 * 60 * 60))), 5 * DAY),
        (lease(u32::MAX), 30 * DAY),
    ] {
        let world = World::new().await;
        let client = client(&world).await;
        let ticket = value(client.ask(login::Request { lease_time: lease, ..plain() }).await);
        let holder = client.under(&ticket);
        world.clock.advance(Duration::from_secs(seconds - 1));
        assert!(holder.ask(ping()).await.is_ok(), "{lease:?}");
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(holder.ask(ping()).await, Err(Reason::InvalidTicket), "{lease:?}");
        assert_eq!(client.ask(end(&ticket)).await, Err(Reason::InvalidTicket), "{lease:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_no_limit() {
    let world = World::new().await;
    let client = client(&world).await;
    let past = Some(LeaseTime::Until(DateTime(START)));
    let strange = Some(UsageLimits { total: 1, count: Some(2), unit: UsageLimitsUnit::Byte });
    let unknown = Some(UsageLimits { total: 1, count: None, unit: UsageLimitsUnit::Unknown(9) });
    for request in [
        login::Request { lease_time: past, ..plain() },
        login::Request { request_count: Some(0), ..plain() },
        login::Request { request_count: Some(-1), ..plain() },
        login::Request { usage_limits: bytes(0), ..plain() },
        login::Request { usage_limits: strange.clone(), ..plain() },
        login::Request { usage_limits: unknown, ..plain() },
    ] {
        assert_eq!(client.ask(request).await, Err(Reason::InvalidField));
    }
    let right = Right { usage_limits: strange, ..free() };
    assert_eq!(client.ask(delegated(vec![right])).await, Err(Reason::InvalidField));
}

#[tokio::test]
async fn requests_under_a_ticket_are_counted_whatever_becomes_of_them() {
    let world = World::new().await;
    let client = client(&world).await;
    let ticket = value(client.ask(login::Request { request_count: Some(3), ..plain() }).await);
    let holder = client.under(&ticket);
    assert!(holder.ask(ping()).await.is_ok());
    assert_eq!(holder.ask(ask::get("nobody")).await, Err(Reason::ObjectNotFound));
    let two = holder.batch(None, vec![ping(), ping()]).await;
    assert!(two.iter().all(Result::is_ok), "a request is one, however long");
    assert_eq!(holder.ask(ping()).await, Err(Reason::UsageLimitExceeded));
    assert!(client.ask(ping()).await.is_ok(), "without the ticket there is no limit");
}

#[tokio::test]
async fn a_ticket_means_nothing_to_another_service_or_tenant() {
    let world = World::new().await;
    let owner = client(&world).await;
    let ticket = value(owner.ask(plain()).await);
    let neighbour = world.client("billing", Version::V2_1).await;
    let stranger = world.client_of("tenant-b", "orders", Version::V2_1).await;
    let holder = neighbour.under(&[7; 32]);
    let nothing = holder.answer(&holder.request(vec![ping()])).await;
    for other in [&neighbour, &stranger] {
        let holder = other.under(&ticket);
        assert_eq!(holder.ask(ping()).await, Err(Reason::InvalidTicket));
        assert_eq!(other.ask(end(&ticket)).await, Err(Reason::InvalidTicket));
        assert_eq!(holder.answer(&holder.request(vec![ping()])).await, nothing);
    }
    assert!(owner.under(&ticket).ask(ping()).await.is_ok(), "and nobody has ended it");
}

#[tokio::test]
async fn a_ticket_that_was_ended_is_none() {
    let world = World::new().await;
    let client = client(&world).await;
    let (first, second) = (value(client.ask(plain()).await), value(client.ask(plain()).await));
    assert_ne!(first, second);
    let itself = client.under(&first);
    assert!(itself.ask(end(&first)).await.is_ok());
    assert_eq!(itself.ask(ping()).await, Err(Reason::InvalidTicket));
    assert_eq!(client.ask(end(&first)).await, Err(Reason::InvalidTicket));
    assert!(client.ask(end(&second)).await.is_ok());
    let third = value(client.ask(plain()).await);
    let batch = client.under(&third).batch(None, vec![ping(), end(&third), ping()]).await;
    assert!(batch[1].is_ok());
    assert_eq!(batch[2], Err(Reason::InvalidTicket));
    let fourth = value(client.ask(plain()).await);
    let items = vec![end(&fourth), ping()];
    let batch = client.under(&fourth).batch(Some(OnError::Undo), items).await;
    assert_eq!(batch[1], Err(Reason::InvalidTicket), "an item sees what the items before it did");
    assert!(client.under(&fourth).ask(ping()).await.is_ok(), "and it was undone");
}

#[tokio::test]
async fn a_delegated_ticket_is_for_its_operations() {
    let world = World::new().await;
    let client = client(&world).await;
    let rights = vec![of(&[Operation::Query, Operation::Ping]), of(&[Operation::Create])];
    let holder = client.under(&value(client.ask(delegated(rights)).await));
    assert!(holder.ask(ping()).await.is_ok());
    let uid = holder.create(Vec::new()).await;
    assert_eq!(holder.ask(ask::get(&uid)).await, Err(Reason::PermissionDenied));
    assert_eq!(holder.ask(plain()).await, Err(Reason::PermissionDenied));
    let functions = vec![QueryFunction::QueryOperations];
    match holder.ask(query::Request { functions, object_groups: None }).await.unwrap() {
        ResponsePayload::Query(told) => {
            assert_eq!(told.operations, [Operation::Create, Operation::Query, Operation::Ping]);
        }
        other => panic!("{other:?}"),
    }
    let nothing = client.under(&value(client.ask(delegated(Vec::new())).await));
    assert_eq!(nothing.ask(ping()).await, Err(Reason::PermissionDenied));
}

#[tokio::test]
async fn a_right_for_objects_is_for_no_others() {
    let world = World::new().await;
    let client = client(&world).await;
    let (mine, other) = (client.create(Vec::new()).await, client.create(Vec::new()).await);
    let right = Right { objects: objects(&[&mine]), ..free() };
    let holder = client.under(&value(client.ask(delegated(vec![right])).await));
    assert!(holder.ask(ask::get(&mine)).await.is_ok());
    assert_eq!(holder.ask(ask::get(&other)).await, Err(Reason::PermissionDenied));
    assert_eq!(holder.ask(ask::get("nobody")).await, Err(Reason::ObjectNotFound));
    assert_eq!(holder.ask(ask::create(Vec::new())).await, Err(Reason::PermissionDenied));
    assert_eq!(ask::found(holder.ask(ask::locate(Vec::new())).await), [mine]);
    assert_eq!(holder.ask(plain()).await, Err(Reason::PermissionDenied), "it would have no limits");
}

#[tokio::test]
async fn a_right_for_a_group_is_for_its_members_old_and_new() {
    let world = World::new().await;
    let client = client(&world).await;
    let inside = client.create(vec![ask::group("a"), ask::group("b")]).await;
    let outside = client.create(vec![ask::group("c")]).await;
    let right = Right { object_groups: groups("a"), ..free() };
    let holder = client.under(&value(client.ask(delegated(vec![right])).await));
    assert!(holder.ask(ask::get(&inside)).await.is_ok());
    assert_eq!(holder.ask(ask::get(&outside)).await, Err(Reason::PermissionDenied));
    assert!(holder.ask(ask::create(vec![ask::group("a")])).await.is_ok());
    assert_eq!(holder.ask(ask::create(Vec::new())).await, Err(Reason::PermissionDenied));
}

#[tokio::test]
async fn what_is_used_under_a_ticket_comes_off_it_and_off_the_right() {
    let world = World::new().await;
    let client = client(&world).await;
    let rights = vec![
        Right { usage_limits: times(1), ..of(&[Operation::Hash]) },
        Right { usage_limits: bytes(100), ..of(&[Operation::Hash, Operation::Ping]) },
    ];
    let request = delegated_login::Request { usage_limits: bytes(150), ..delegated(rights) };
    let holder = client.under(&value(client.ask(request).await));
    assert!(holder.ask(hashed(60)).await.is_ok(), "by the first right");
    assert!(holder.ask(hashed(60)).await.is_ok(), "by the second");
    assert_eq!(holder.ask(hashed(41)).await, Err(Reason::UsageLimitExceeded), "40 of 100 are left");
    assert_eq!(holder.ask(hashed(31)).await, Err(Reason::UsageLimitExceeded), "30 of 150 are left");
    assert!(holder.ask(ping()).await.is_ok(), "it works on no bytes");
    assert!(holder.ask(hashed(30)).await.is_ok());
    assert_eq!(holder.ask(hashed(1)).await, Err(Reason::UsageLimitExceeded));
}

#[tokio::test]
async fn items_that_are_undone_take_nothing_off_a_ticket() {
    let world = World::new().await;
    let client = client(&world).await;
    let right = Right { usage_limits: times(2), ..free() };
    let holder = client.under(&value(client.ask(delegated(vec![right])).await));
    let items = vec![ping(), ping(), ask::get("nobody")];
    let undone = holder.batch(Some(OnError::Undo), items).await;
    assert!(undone.iter().all(Result::is_err));
    let done = holder.batch(Some(OnError::Undo), vec![ping(), ping()]).await;
    assert!(done.iter().all(Result::is_ok), "each sees what the one before it took");
    assert_eq!(holder.ask(ping()).await, Err(Reason::UsageLimitExceeded));
}

#[tokio::test]
async fn a_service_has_so_many_tickets_and_what_has_expired_makes_room() {
    let world = World::new().await;
    let client = client(&world).await;
    for _ in 0..10 {
        let many = (0..100).map(|_| login::Request { lease_time: lease(60), ..plain() }.into());
        let answers = client.batch(Some(OnError::Undo), many.collect()).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    assert_eq!(client.ask(plain()).await, Err(Reason::ServerLimitExceeded));
    let neighbour = world.client("billing", Version::V2_1).await;
    assert!(neighbour.ask(plain()).await.is_ok());
    world.clock.advance(Duration::from_mins(1));
    assert!(client.ask(plain()).await.is_ok());
}

#[tokio::test]
async fn rights_without_end_are_refused() {
    let world = World::new().await;
    let client = client(&world).await;
    let right = || Right { objects: objects(&["x".repeat(1000).as_str()]), ..free() };
    let rights = (0..17).map(|_| right()).collect();
    assert_eq!(client.ask(delegated(rights)).await, Err(Reason::ServerLimitExceeded));
}
