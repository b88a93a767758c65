//! The store: what every engine does, and what the embedded one does when things go wrong.
#![allow(clippy::disallowed_methods, reason = "tests measure time and talk to their children")]

mod backups;
mod crash;
mod faults;
mod fixture;
mod groups;
mod model;
mod notes;
mod own_roots;
mod races;
mod requests;
mod rotating;
mod rotation;
mod suite;
mod trail;
mod views;

/// Runs the suite against the embedded engine; one test for each of its functions.
macro_rules! embedded {
    ($($test:ident)+) => {
        mod embedded {
            $(#[tokio::test]
            async fn $test() {
                let directory = tempfile::tempdir().expect("a directory");
                let store = super::fixture::store(directory.path());
                super::suite::$test(&**store.engine()).await;
            })+
        }
    };
}

embedded! {
    tenants_and_services_are_registered_once
    a_setting_is_written_once
    an_object_is_seen_by_its_own_alone
    a_row_is_always_under_its_own_tenant
    a_change_needs_the_latest_revision
    a_commit_is_made_whole_or_not_at_all
    a_conflict_fails_alone
    a_search_pages_from_new_to_old
    a_search_by_type_and_state_uses_what_is_stored
    a_search_by_name_follows_changes
    a_destroyed_value_is_gone
    a_closed_engine_refuses
}
