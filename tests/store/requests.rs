//! Asynchronous requests as rows: their limits, their order, and what is counted of them.

use keystrata::clock::Timestamp;
use keystrata::store::{
    Administration, Change, Commit, Error, KeyLevel, RequestChange, RequestCounts, RequestKey,
    RequestLimits, RequestRow, RequestStage, Store, Target, View,
};

use super::fixture::{self, changes, sealed_under, service};

const MANY: RequestLimits = RequestLimits { service_max: 100, tenant_max: 100 };

fn row(view: View, value: u8, due: i64) -> RequestRow {
    RequestRow {
        key: RequestKey { tenant: view.tenant, service: service(view), value: [value; 16] },
        revision: 1,
        operation: 8,
        stage: RequestStage::Waiting,
        is_fetched: false,
        submitted: Timestamp(due - 1),
        due: Timestamp(due),
        sealed: Some(sealed_under(1, value, 90)),
    }
}

fn one(change: RequestChange) -> Commit {
    changes(vec![Change::Request(change)])
}

async fn add(store: &Store, row: RequestRow, limits: RequestLimits) -> Result<(), Error> {
    store.commit(one(RequestChange::New { row, limits })).await
}

/// How many envelopes of the service's key there are.
async fn living(store: &Store, view: View) -> u64 {
    let rows = store.engine().envelopes(KeyLevel::Service(service(view))).await.unwrap();
    rows.iter().map(|row| row.living).sum()
}

fn values(rows: Vec<RequestRow>) -> Vec<u8> {
    rows.into_iter().map(|row| row.key.value[0]).collect()
}

#[tokio::test]
async fn there_are_no_more_requests_than_the_limits_say() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let orders = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let other = fixture::view(&**store.engine(), "tenant-a", "other").await;
    let limits = RequestLimits { service_max: 2, tenant_max: 3 };
    add(&store, row(orders, 1, 5), limits).await.unwrap();
    let twice = add(&store, row(orders, 1, 5), limits).await;
    assert!(twice.is_err(), "a value is used once");
    add(&store, row(orders, 2, 5), limits).await.unwrap();
    let of_service = add(&store, row(orders, 3, 5), limits).await;
    assert!(matches!(of_service, Err(Error::Conflict)), "{of_service:?}");
    add(&store, row(other, 4, 5), limits).await.unwrap();
    let of_tenant = add(&store, row(other, 5, 5), limits).await;
    assert!(matches!(of_tenant, Err(Error::Conflict)), "{of_tenant:?}");
    let counts = store.engine().request_counts(other.tenant, service(other)).await.unwrap();
    assert_eq!(counts, RequestCounts { service: 1, tenant: 3 });
    assert_eq!(living(&store, orders).await, 2);
}

#[tokio::test]
async fn a_request_is_changed_by_those_who_have_seen_it_and_seen_by_its_service() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let orders = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let other = fixture::view(&**store.engine(), "tenant-a", "other").await;
    let first = row(orders, 1, 5);
    add(&store, first.clone(), MANY).await.unwrap();
    let key = first.key;
    assert_eq!(store.engine().request(key).await.unwrap(), Some(first.clone()));
    let stranger = RequestKey { service: service(other), ..key };
    assert_eq!(store.engine().request(stranger).await.unwrap(), None);
    assert_eq!(store.engine().requests(other.tenant, service(other)).await.unwrap(), []);

    let (stage, sealed) = (RequestStage::Canceled, None);
    let canceled = RequestRow { stage, sealed, is_fetched: true, ..first.clone() };
    store.commit(one(RequestChange::Replace(canceled.clone()))).await.unwrap();
    let now = RequestRow { revision: 2, ..canceled };
    assert_eq!(store.engine().request(key).await.unwrap(), Some(now));
    assert_eq!(living(&store, orders).await, 0);
    for late in [RequestChange::Replace(first), RequestChange::Delete { key, revision: 1 }] {
        let late = store.commit(one(late)).await;
        assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
    }
    store.commit(one(RequestChange::Delete { key, revision: 2 })).await.unwrap();
    assert_eq!(store.engine().request(key).await.unwrap(), None);
}

#[tokio::test]
async fn requests_begin_in_their_order_and_no_tenant_is_before_all_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let busy = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    let quiet = fixture::view(&**store.engine(), "tenant-b", "orders").await;
    for value in 1..=4 {
        add(&store, row(busy, value, value.into()), MANY).await.unwrap();
    }
    add(&store, row(quiet, 9, 9), MANY).await.unwrap();
    let due = async |now, limit| {
        values(store.engine().due_requests(Timestamp(now), 2, limit).await.unwrap())
    };
    assert_eq!(due(1, 10).await, [1]);
    assert_eq!(due(9, 10).await, [1, 2, 9]);
    assert_eq!(due(9, 2).await, [1, 2]);
    let done = RequestRow { stage: RequestStage::Done, due: Timestamp(20), ..row(busy, 1, 1) };
    store.commit(one(RequestChange::Replace(done))).await.unwrap();
    assert_eq!(due(20, 10).await, [2, 3, 9]);
    let ended =
        async |now| values(store.engine().ended_requests(Timestamp(now), 10).await.unwrap());
    assert_eq!(ended(19).await, [0; 0]);
    assert_eq!(ended(20).await, [1]);
}

#[tokio::test]
async fn requests_under_other_versions_are_found_and_go_with_their_keys() {
    let directory = tempfile::tempdir().unwrap();
    let store = fixture::store(directory.path());
    let orders = fixture::view(&**store.engine(), "tenant-a", "orders").await;
    add(&store, row(orders, 1, 5), MANY).await.unwrap();
    let stale = async |version| {
        let engine = store.engine();
        values(engine.stale_requests(orders.tenant, service(orders), version, 9).await.unwrap())
    };
    assert_eq!(stale(1).await, [0; 0]);
    assert_eq!(stale(2).await, [1]);
    let target = Target { tenant: orders.tenant, service: orders.service };
    let statement = "gone".to_owned();
    let shred = Change::Administer(Administration::Shred { target, statement });
    store.commit(changes(vec![shred])).await.unwrap();
    assert_eq!(stale(2).await, [0; 0]);
    assert_eq!(living(&store, orders).await, 0);
    let late = add(&store, row(orders, 2, 5), MANY).await;
    assert!(matches!(late, Err(Error::Conflict)), "{late:?}");
}
