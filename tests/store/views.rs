//! What a view does not have costs its reader the same as what does not exist.

use kmip_ttlv::enums::State;

use super::fixture::{changes, insert, object, store, view, whole};

#[tokio::test]
async fn what_somebody_else_asks_for_is_not_kept_in_the_cache() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = store(directory.path());
    let own = view(&**made.engine(), "tenant-a", "orders").await;
    let sibling = view(&**made.engine(), "tenant-a", "billing").await;
    made.commit(changes(vec![insert(own, object("u", State::Active, "n"))])).await.expect("made");
    drop(made);
    let store = store(directory.path());
    for stranger in ["u", "unknown"] {
        assert_eq!(store.object(sibling, stranger).await.expect("reads"), None);
    }
    assert_eq!(store.cached(own, "u"), None);
    assert!(store.object(whole(own), "u").await.expect("reads").is_some());
    assert!(store.cached(own, "u").is_some());
    assert_eq!(store.cached(sibling, "u"), None);
}
