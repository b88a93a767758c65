//! The schema and its versions.

use rusqlite::Connection;

use super::rotating;

/// Every step from nothing to the newest schema; step `n` leads to version `n`. Steps are only ever
/// added.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_rotation.sql"),
    include_str!("migrations/0003_administration.sql"),
    include_str!("migrations/0004_hold.sql"),
    include_str!("migrations/0005_notes.sql"),
    include_str!("migrations/0006_requests.sql"),
    include_str!("migrations/0007_rotating.sql"),
    include_str!("migrations/0008_open_keys.sql"),
    include_str!("migrations/0009_backups.sql"),
    include_str!("migrations/0010_client_use.sql"),
    include_str!("migrations/0011_own_roots.sql"),
    include_str!("migrations/0012_legacy.sql"),
];

/// The step that makes the table of what is to be rotated, which SQL alone cannot fill.
const ROTATING: i64 = 7;

/// Marks the file as ours (`PRAGMA application_id`): "kmst".
const APPLICATION: i64 = 0x6b6d_7374;

/// What a database file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A new file.
    Empty,
    /// A store with this schema version.
    Store(i64),
    /// Somebody else's database.
    Foreign,
}

/// The newest schema version.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Looks at a database without changing it.
pub(super) fn kind(connection: &Connection) -> rusqlite::Result<Kind> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (number("application_id")?, number("user_version")?) {
        (APPLICATION, version) => Kind::Store(version),
        (0, 0) if tables == 0 => Kind::Empty,
        _ => Kind::Foreign,
    })
}

/// Takes the steps from `version` to the newest, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    for (step, sql) in (1..).zip(MIGRATIONS).filter(|(step, _)| *step > version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        if step == ROTATING {
            rotating::fill(&transaction)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kmip_ttlv::attribute::Attribute;
    use kmip_ttlv::enums::{ObjectType, State};
    use kmip_ttlv::{DateTime, Interval};

    use super::*;
    use crate::object::{AttributeSet, Object};
    use crate::store::row_format;

    /// Stores of before have envelopes that nobody has counted.
    #[test]
    fn the_envelopes_of_a_store_of_version_1_are_counted_once() {
        let mut db = Connection::open_in_memory().expect("opens");
        db.execute_batch(MIGRATIONS[0]).expect("well formed");
        db.execute_batch(
            "INSERT INTO tenants VALUES (7, 'a', 1, 0);
             INSERT INTO services VALUES (8, 7, 's', 1, 1, 1, NULL, 0);
             INSERT INTO keys VALUES (2, 7, 1, 2, x'010202123456ff0001', 0);
             INSERT INTO keys VALUES (3, 8, 1, 3, x'01030000000001ff', 0);
             INSERT INTO keys VALUES (3, 8, 2, 2, x'01030000000002ff', 0);
             INSERT INTO objects VALUES (1, 7, 8, 'u', 1, 2, 1, 0, x'01', x'01040000000001ff');
             INSERT INTO objects VALUES (2, 7, 8, 'v', 1, 2, 1, 0, x'01', x'01040000000001ff');
             INSERT INTO objects VALUES (3, 7, 8, 'w', 1, 2, 1, 0, x'01', NULL);",
        )
        .expect("well formed");
        migrate(&mut db, 1).expect("migrates");
        let mut statement =
            db.prepare("SELECT * FROM envelopes ORDER BY level, version").expect("well formed");
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let rows = statement.query_map([], read).expect("runs");
        let rows: Vec<(i64, i64, i64, i64, i64)> = rows.map(|row| row.expect("a row")).collect();
        assert_eq!(
            rows,
            [(1, 0, 0x1234_56ff, 1, 1), (2, 7, 1, 1, 1), (2, 7, 2, 1, 1), (3, 8, 1, 2, 2)]
        );
    }

    /// Objects of before that are to be rotated by their attributes are known from then on.
    #[test]
    fn what_is_to_be_rotated_in_a_store_of_version_6_is_noted() {
        let mut db = Connection::open_in_memory().expect("opens");
        for sql in MIGRATIONS.iter().take(6) {
            db.execute_batch(sql).expect("well formed");
        }
        db.execute_batch(
            "INSERT INTO tenants (id, name, state, created) VALUES (7, 'a', 1, 0);
             INSERT INTO services (id, tenant, name, state, mode, role, created)
             VALUES (8, 7, 's', 1, 1, 1, 0);",
        )
        .expect("well formed");
        let add = |uid: &str, attributes: &[u8]| {
            let sql =
                "INSERT INTO objects (tenant, service, uid, revision, object_type, state, timed,
                       attributes) VALUES (7, 8, ?1, 1, ?2, 2, 0, ?3)";
            db.execute(sql, (uid, ObjectType::SymmetricKey.number(), attributes))
                .expect("is added");
        };
        for (uid, seconds) in [("rests", 0), ("rotates", 30)] {
            let mut attributes = AttributeSet::default();
            attributes.put(Attribute::State(State::Active));
            attributes.put(Attribute::InitialDate(DateTime(100)));
            attributes.put(Attribute::RotateAutomatic(seconds > 0));
            attributes.put(Attribute::RotateInterval(Interval(30)));
            let object =
                Object { uid: uid.into(), object_type: ObjectType::SymmetricKey, attributes };
            add(uid, &row_format::encode(&object));
        }
        add("damaged", b"nothing that can be read");
        migrate(&mut db, 6).expect("migrates");
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let noted = db.query_row("SELECT uid, service, due FROM rotating", [], read);
        let noted: (String, i64, i64) = noted.expect("one row");
        assert_eq!(noted, ("rotates".into(), 8, 130_000_000));
    }
}
