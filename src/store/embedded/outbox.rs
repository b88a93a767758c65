//! The outbox: audit records of changes, durable with the changes, until they are in the trail.

use rusqlite::{Connection, params};

use super::write::{number, run};
use crate::audit::Anchor;
use crate::audit::chain::Head;
use crate::store::audit_log::Group;

/// What the store knows of the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// A line that is durable.
    pub(super) anchor: Anchor,
    /// The latest group commit that is in the trail.
    pub(super) number: u64,
}

/// Reads what the store knows of the trail.
pub(super) fn known(db: &Connection) -> rusqlite::Result<Known> {
    db.query_row("SELECT seq, hash, number FROM audit_anchor", [], |row| {
        let anchor = Anchor { seq: unsigned(row.get(0)?), hash: row.get(1)? };
        Ok(Known { anchor, number: unsigned(row.get(2)?) })
    })
}

/// Every group in the outbox, in order.
pub(super) fn groups(db: &Connection) -> rusqlite::Result<Vec<Group>> {
    let mut statement = db.prepare("SELECT number, records FROM audit_outbox ORDER BY number")?;
    let groups = statement
        .query_map([], |row| Ok(Group { commit: unsigned(row.get(0)?), records: row.get(1)? }))?;
    groups.collect()
}

/// Puts a group in.
pub(super) fn put(db: &Connection, group: &Group) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit_outbox (number, records) VALUES (?1, ?2)";
    run(db, sql, params![number(group.commit), group.records]).map(drop)
}

/// Takes the groups out that are in the trail up to `durable`, and remembers that place.
pub(super) fn clear(db: &Connection, durable: &Head) -> rusqlite::Result<()> {
    let upto = number(durable.mark.commit);
    run(db, "DELETE FROM audit_outbox WHERE number <= ?1", [upto])?;
    let sql = "UPDATE audit_anchor SET seq = ?1, hash = ?2, number = ?3";
    run(db, sql, params![number(durable.last.seq), durable.last.hash, upto]).map(drop)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
