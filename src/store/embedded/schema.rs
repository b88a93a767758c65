//! The schema and its versions.

use rusqlite::Connection;

/// Every step from nothing to the newest schema; step `n` leads to version `n`. Steps are only ever
/// added.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

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
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}
