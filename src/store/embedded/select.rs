//! Searches: newest first, through indexes alone until it is known which rows are wanted.
//!
//! * With an entry: the rows of the table `entries` for that value.
//! * Without: objects lie in *kinds* (service, type, state, timed) in the index `objects_by_kind`.
//!   The kinds that there are, a handful, are found by leaping from one to the next; from each that
//!   is selected, at most as many as are wanted are read.
//!
//! A view of a whole tenant does the same for each of its services. In all cases the places found
//! are merged and only the rows of the newest are read. The work is bounded by the limit times the
//! number of kinds, whatever the number of objects.

use kmip_ttlv::enums::State;
use rusqlite::{Connection, params};

use super::connection;
use super::read::{Found, all, found, get, object_columns, one};
use crate::store::row_format::Entry;
use crate::store::{Error, Position, Selector, View};

/// The kind after another one, in the order of the index.
pub(super) const NEXT_KIND: &str = "SELECT service, object_type, state, timed FROM objects
    WHERE tenant = ?1 AND (service, object_type, state, timed) > (?2, ?3, ?4, ?5)
    ORDER BY service, object_type, state, timed LIMIT 1";

/// Objects of one kind.
pub(super) const OF_KIND: &str = "SELECT seq FROM objects
    WHERE tenant = ?1 AND service = ?2 AND object_type = ?3 AND state = ?4 AND timed = ?5
        AND seq < ?6
    ORDER BY seq DESC LIMIT ?7";

/// Objects of one kind, the oldest first.
const OLDEST_OF_KIND: &str = "SELECT seq FROM objects
    WHERE tenant = ?1 AND service = ?2 AND object_type = ?3 AND state = ?4 AND timed = ?5
        AND seq > ?6
    ORDER BY seq LIMIT ?7";

/// Objects of one service with one entry.
pub(super) const BY_ENTRY: &str = "SELECT seq FROM entries
    WHERE service = ?1 AND attribute = ?2 AND digest = ?3 AND seq < ?4
    ORDER BY seq DESC LIMIT ?5";

/// The services of a tenant.
const SERVICES: &str = "SELECT id FROM services WHERE tenant = ?1";

/// One object.
pub(super) const AT: &str = concat!("SELECT ", object_columns!(), " FROM objects WHERE seq = ?1");

/// Objects that can only be told apart by looking at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    service: i64,
    object_type: u32,
    state: u32,
    timed: bool,
}

/// At most `limit` objects, newest first, before `before`.
pub(super) fn select(
    db: &mut Connection,
    view: View,
    selector: &Selector,
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<(Position, Found)>, Error> {
    // One transaction, so that all queries see the same objects.
    let transaction = db.transaction().map_err(|error| connection::error(&error))?;
    let range = Range {
        before: before.map_or(i64::MAX, |Position(seq)| seq),
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let mut places = match &selector.entry {
        Some(entry) => by_entry(&transaction, view, entry.into(), range)?,
        None => by_kind(&transaction, view, selector, range)?,
    };
    places.sort_unstable_by(|one, other| other.cmp(one));
    places.truncate(limit);
    let mut objects = Vec::with_capacity(places.len());
    for seq in places {
        let object = one(&transaction, AT, [seq], found)?;
        objects.extend(object.map(|(seq, found)| (Position(seq), found)));
    }
    Ok(objects)
}

/// The places of the `limit` oldest objects of a view after `after`, in order.
pub(super) fn oldest(
    db: &mut Connection,
    view: View,
    after: Position,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let transaction = db.transaction().map_err(|error| connection::error(&error))?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut places = Vec::new();
    for Kind { service, object_type, state, timed } in kinds(&transaction, view)? {
        let params = params![view.tenant.0, service, object_type, state, timed, after.0, most];
        places.append(&mut all(&transaction, OLDEST_OF_KIND, params, |row| get(row, 0))?);
    }
    places.sort_unstable();
    places.truncate(limit);
    Ok(places)
}

#[derive(Debug, Clone, Copy)]
struct Range {
    before: i64,
    limit: i64,
}

fn by_entry(db: &Connection, view: View, entry: Entry, range: Range) -> Result<Vec<i64>, Error> {
    let services = match view.service {
        Some(service) => vec![service.0],
        None => all(db, SERVICES, [view.tenant.0], |row| get(row, 0))?,
    };
    let mut places = Vec::new();
    for service in services {
        let params = params![service, entry.attribute, entry.digest, range.before, range.limit];
        places.append(&mut all(db, BY_ENTRY, params, |row| get(row, 0))?);
    }
    Ok(places)
}

fn by_kind(
    db: &Connection,
    view: View,
    selector: &Selector,
    range: Range,
) -> Result<Vec<i64>, Error> {
    let mut places = Vec::new();
    for kind in kinds(db, view)? {
        if !wants(selector, kind) {
            continue;
        }
        let Kind { service, object_type, state, timed } = kind;
        let params =
            params![view.tenant.0, service, object_type, state, timed, range.before, range.limit];
        places.append(&mut all(db, OF_KIND, params, |row| get(row, 0))?);
    }
    Ok(places)
}

/// Whether a selector lets a kind through. An object whose state may have changed by itself is let
/// through for every state.
fn wants(selector: &Selector, kind: Kind) -> bool {
    let has_type = |wanted: &[kmip_ttlv::enums::ObjectType]| {
        wanted.iter().any(|wanted| wanted.number() == kind.object_type)
    };
    let has_state = |wanted: &[State]| wanted.iter().any(|wanted| wanted.number() == kind.state);
    (selector.object_types.is_empty() || has_type(&selector.object_types))
        && (selector.states.is_empty() || kind.timed || has_state(&selector.states))
}

/// Every kind of object that the view has.
fn kinds(db: &Connection, view: View) -> Result<Vec<Kind>, Error> {
    let mut kinds = Vec::new();
    // Before every kind: no number is negative.
    let mut last = (view.service.map_or(-1, |service| service.0), -1, -1, -1);
    loop {
        let params = params![view.tenant.0, last.0, last.1, last.2, last.3];
        let next = one(db, NEXT_KIND, params, |row| {
            Ok(Kind {
                service: get(row, 0)?,
                object_type: get(row, 1)?,
                state: get(row, 2)?,
                timed: get(row, 3)?,
            })
        })?;
        let seen = |kind: &Kind| view.service.is_none_or(|service| service.0 == kind.service);
        let Some(kind) = next.filter(seen) else { return Ok(kinds) };
        last = (
            kind.service,
            i64::from(kind.object_type),
            i64::from(kind.state),
            i64::from(kind.timed),
        );
        kinds.push(kind);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{connection, schema};
    use super::*;

    /// What SQLite does to answer `sql`, step by step.
    fn plan(sql: &str) -> Vec<String> {
        let directory = tempfile::tempdir().expect("a directory");
        let mut db = connection::writer(directory.path()).expect("opens");
        schema::migrate(&mut db, 0).expect("makes the schema");
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("well formed");
        let parameters = vec![1_i64; statement.parameter_count()];
        let rows = statement
            .query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>(3))
            .expect("runs");
        rows.map(|row| row.expect("a row")).collect()
    }

    #[test]
    fn a_search_by_entry_uses_the_key_of_the_entries_alone() {
        assert_eq!(
            plan(BY_ENTRY),
            ["SEARCH entries USING PRIMARY KEY (service=? AND attribute=? AND digest=? AND seq<?)"]
        );
    }

    #[test]
    fn a_search_in_a_kind_uses_its_index_alone_and_sorts_nothing() {
        assert_eq!(
            plan(OF_KIND),
            ["SEARCH objects USING COVERING INDEX objects_by_kind \
              (tenant=? AND service=? AND object_type=? AND state=? AND timed=? AND rowid<?)"]
        );
    }

    #[test]
    fn the_oldest_in_a_kind_are_found_by_its_index_alone_and_nothing_is_sorted() {
        assert_eq!(
            plan(OLDEST_OF_KIND),
            ["SEARCH objects USING COVERING INDEX objects_by_kind \
              (tenant=? AND service=? AND object_type=? AND state=? AND timed=? AND rowid>?)"]
        );
    }

    #[test]
    fn the_next_kind_is_found_by_one_leap() {
        assert_eq!(
            plan(NEXT_KIND),
            ["SEARCH objects USING COVERING INDEX objects_by_kind (tenant=? AND \
              (service,object_type,state,timed)>(?,?,?,?))"]
        );
    }

    #[test]
    fn rows_are_read_by_their_places() {
        assert_eq!(plan(AT), ["SEARCH objects USING INTEGER PRIMARY KEY (rowid=?)"]);
        assert_eq!(
            plan(SERVICES),
            ["SEARCH services USING COVERING INDEX \
            sqlite_autoindex_services_2 (tenant=?)"]
        );
    }
}
