//! Connections to the database file: how they are set, and what their errors mean.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::store::Error;

/// The database file in the store's directory.
pub(super) const FILE: &str = "keystrata.db";

/// How long a connection waits for another.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the committer waits for a reader that keeps the log from being emptied.
const PATIENCE_FOR_READERS: Duration = Duration::from_millis(100);

/// Statements that a connection keeps prepared; more than there are.
const STATEMENTS: usize = 64;

/// For the committer: a commit is on the disk when it returns, what is deleted is
/// overwritten in the file, and the log is folded into the file every 16 MiB. Its cache is small
/// because SQLite goes through all of it after every commit that has split a page; the system keeps
/// the file's pages anyway.
const WRITER: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA wal_autocheckpoint = 4096;
    PRAGMA journal_size_limit = 67108864;
";

/// For the readers.
const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768;
";

/// Opens the database for the committer; the file is made (mode 0600) if it is not there.
pub(super) fn writer(directory: &Path) -> rusqlite::Result<Connection> {
    let path = directory.join(FILE);
    // SQLite gives its log the mode of the file. If this fails, so will SQLite, and say why.
    let _ = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    whole_writer(&path)
}

/// Folds the log into the database and empties it, so that no page of before is left in either.
/// Returns whether it could: a reader that is slow is not waited for.
pub(super) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(PATIENCE_FOR_READERS)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(PATIENCE)?;
    Ok(!busy?)
}

/// Changes the database to the write-ahead log, in which readers and the writer do not wait for
/// each other. It stays so.
pub(super) fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

/// Opens the database for a reader.
pub(super) fn reader(directory: &Path) -> rusqlite::Result<Connection> {
    whole(&directory.join(FILE))
}

/// Opens the database to copy it; it changes nothing in it.
pub(super) fn copier(directory: &Path) -> rusqlite::Result<Connection> {
    let connection = reader(directory)?;
    // The statement that copies writes another file.
    connection.execute_batch("PRAGMA query_only = OFF;")?;
    Ok(connection)
}

/// Opens a database that is one file, such as a copy, to read it.
pub(super) fn whole(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    set(&connection, READER)?;
    Ok(connection)
}

/// Opens a database that is one file to change it, before it is a server's.
pub(super) fn whole_writer(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    set(&connection, WRITER)?;
    Ok(connection)
}

fn set(connection: &Connection, pragmas: &str) -> rusqlite::Result<()> {
    connection.execute_batch(pragmas)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    // Only the folding of the log ever makes one connection wait for another.
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// What an error of SQLite means for whoever asked.
pub(super) fn error(error: &rusqlite::Error) -> Error {
    let text = || error.to_string().into();
    match error.sqlite_error() {
        Some(ffi::Error { extended_code, .. })
            if matches!(
                *extended_code,
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            ) =>
        {
            Error::Conflict
        }
        Some(ffi::Error { code: ErrorCode::DiskFull | ErrorCode::ReadOnly, .. }) => {
            Error::Unwritable(text())
        }
        Some(ffi::Error { code: ErrorCode::CannotOpen, .. }) => Error::Unwritable(text()),
        Some(ffi::Error { extended_code, .. })
            if matches!(
                *extended_code,
                ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_SHMSIZE
            ) =>
        {
            Error::Unwritable(text())
        }
        _ => Error::Failed(text()),
    }
}

/// Whether it is not known what an error left behind: a sync failed, and the system may have
/// dropped what it could not write.
pub(super) fn is_uncertain(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(error.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
    })
}
