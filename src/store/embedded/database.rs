//! Opens the database file of a store.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{self, Kind};
use super::{OpenError, connection};

/// The smallest page that a database of SQLite can have, in bytes.
const PAGE_BYTES_MIN: u64 = 512;

/// Opens the database for writing, with the newest schema. A database that is not ours or newer is
/// left as it was.
pub(super) fn open_database(directory: &Path) -> Result<Connection, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Database {
        directory: directory.to_owned(),
        text: error.to_string(),
    };
    let file = directory.join(connection::FILE);
    if is_cut_short(&file) {
        return Err(OpenError::Foreign(file));
    }
    let mut db = connection::writer(directory).map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly(file));
    }
    let version = match schema::kind(&db).map_err(failed)? {
        Kind::Empty => 0,
        Kind::Store(version) if version <= schema::newest() => version,
        Kind::Store(found) => {
            let (directory, known) = (directory.to_owned(), schema::newest());
            return Err(OpenError::Newer { directory, found, known });
        }
        Kind::Foreign => return Err(OpenError::Foreign(file)),
    };
    connection::use_log(&db).map_err(failed)?;
    schema::migrate(&mut db, version).map_err(failed)?;
    Ok(db)
}

/// Whether a file has something in it, but less than a page of a database, which SQLite would take
/// for a new one and write over.
fn is_cut_short(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|file| (1..PAGE_BYTES_MIN).contains(&file.len()))
}
