//! Operation × state: what an operation on one object answers in each state of its life-cycle.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{ResultReason, RevocationReasonCode, State};

use super::ask;
use super::csv::rows;
use super::facts::allowed;
use super::requests::{ROWS, Row, every_mask};
use super::table::{Table, word};
use super::world::{Client, World};

const HEAD: &str = "What each operation on one object answers in each state of the object, which is
for every use: `ok`, or the Result Reason. (KMIP 1.4 §3.22, KMIP 2.1 §4.57; state_permissions.csv)";

const STATES: [(State, &str); 6] = [
    (State::PreActive, "PreActive"),
    (State::Active, "Active"),
    (State::Deactivated, "Deactivated"),
    (State::Compromised, "Compromised"),
    (State::Destroyed, "Destroyed"),
    (State::DestroyedCompromised, "DestroyedCompromised"),
];

/// Brings a Pre-Active object into a state.
async fn bring(client: &Client<'_>, uid: &str, state: State) {
    let lost = RevocationReasonCode::KeyCompromise;
    let steps = match state {
        State::Active => vec![ask::activate(uid)],
        State::Deactivated => {
            vec![ask::activate(uid), ask::revoke(uid, RevocationReasonCode::Superseded)]
        }
        State::Compromised => vec![ask::revoke(uid, lost)],
        State::Destroyed => vec![ask::destroy(uid)],
        State::DestroyedCompromised => vec![ask::destroy(uid), ask::revoke(uid, lost)],
        _ => Vec::new(),
    };
    for step in steps {
        client.ask(step).await.unwrap();
    }
}

async fn outcome(client: &Client<'_>, row: &Row, state: State) -> Option<ResultReason> {
    let uid = row.object(client, every_mask()).await;
    bring(client, &uid, state).await;
    client.ask((row.request)(&uid)).await.err()
}

async fn table() -> Table {
    let world = World::new().await;
    let mut table = Table::default();
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for row in ROWS.iter().filter(|row| row.is_in(version)) {
            for (state, name) in STATES {
                let outcome = outcome(&client, row, state).await;
                table.put(version, row.name(), name, word(outcome));
            }
        }
    }
    table
}

#[tokio::test]
async fn every_operation_answers_in_every_state_as_the_table_says() {
    let table = table().await;
    table.check("states", HEAD);
    check_permissions(&table);
    for (version, operation, state, word) in table.cells().filter(|cell| cell.3 != "ok") {
        let row = ROWS.iter().find(|row| row.name() == operation).unwrap();
        let allowed = allowed(row.operation, version);
        assert!(allowed.contains(word), "{version} {operation} {state}: {word} of {allowed:?}");
    }
}

/// Uses as the facts call them, and the operations that they are.
const USES: [(&str, &str); 7] = [
    ("encrypt", "Encrypt"),
    ("sign", "Sign"),
    ("mac-generate", "MAC"),
    ("derive", "DeriveKey"),
    ("decrypt", "Decrypt"),
    ("verify", "SignatureVerify"),
    ("mac-verify", "MACVerify"),
];

/// `state_permissions.csv`: in which states a use is permitted at all.
fn check_permissions(table: &Table) {
    let facts = rows("state_permissions");
    for (version, operation, state, word) in table.cells() {
        let Some((used, _)) = USES.iter().find(|(_, name)| *name == operation) else { continue };
        let row = facts.iter().find(|row| row["state"] == state).unwrap();
        let permits = |column: &str| row[column].split('|').any(|permitted| permitted == *used);
        let expected = permits("protect") || permits("process");
        assert_eq!(word == "ok", expected, "{version} {operation} {state}: {word}");
    }
}
