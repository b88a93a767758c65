//! Makes a copy of the store, and reads what is in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::read::{all, get, known, one};
use super::readers::closed;
use super::{connection, outbox, schema};
use crate::audit::chain::Hash;
use crate::store::backup::{
    BackupError, BackupKey, Contents, Copied, Manifest, Partial, RootSample, TrailPlace,
    check_place, digest, io_error,
};
use crate::store::row::{CHECK_SETTING, PROVIDER_SETTING, Sealed};
use crate::store::{Error, codes};
use crate::tenant::TenantName;

/// That a copy is being made, until it is dropped.
struct Copying(Arc<AtomicBool>);

impl Copying {
    fn begin(copying: Arc<AtomicBool>) -> Option<Self> {
        let was_free =
            copying.compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        was_free.then_some(Self(copying))
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Copies the store of a directory on a thread of its own. `copying` says so as long as that takes.
pub(super) async fn copy(
    directory: PathBuf,
    to: PathBuf,
    copying: Arc<AtomicBool>,
) -> Result<Copied, BackupError> {
    let copying = Copying::begin(copying).ok_or(BackupError::Busy)?;
    let (answer, answered) = oneshot::channel();
    let work = move || {
        let copied = copied(&directory, to);
        // Whoever is answered may ask for the next one.
        drop(copying);
        let _ = answer.send(copied);
    };
    let thread = std::thread::Builder::new().name("store-backup".into()).spawn(work);
    thread.map_err(|error| Error::Failed(error.to_string().into()))?;
    answered.await.map_err(|_| closed())?
}

/// One statement, so one moment: what is committed meanwhile is not in it. Only what lives is copied,
/// and no page of before.
fn copied(directory: &Path, to: PathBuf) -> Result<Copied, BackupError> {
    check_place(&to)?;
    let partial = Partial::beside(&to)?;
    let source = connection::copier(directory).map_err(|error| connection::error(&error))?;
    let path = partial.path().to_str().ok_or_else(|| BackupError::BadPath(to.clone()))?;
    source.execute("VACUUM INTO ?1", [path]).map_err(|error| not_written(&to, &error))?;
    let copy = connection::whole(partial.path()).map_err(|error| connection::error(&error))?;
    let contents = contents(&copy)?;
    drop(copy);
    Copied::new(partial, to, contents)
}

/// Why a copy was not written.
fn not_written(to: &Path, error: &rusqlite::Error) -> BackupError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => std::io::ErrorKind::StorageFull,
        Some(ErrorCode::SystemIoFailure) => std::io::ErrorKind::Other,
        _ => return connection::error(error).into(),
    };
    io_error(to, std::io::Error::new(kind, format!("the copy cannot be written: {error}")))
}

/// A copy that is what its manifest says.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The manifest.
    pub manifest: Manifest,
    /// Its length and SHA-256.
    pub digest: (u64, Hash),
    /// What is in it.
    pub contents: Contents,
}

/// Verifies a copy against its manifest: digest, schema, the database itself, and what it has. Reads
/// all of it and changes nothing.
///
/// # Errors
/// [`BackupError`].
pub fn verify(path: &Path) -> Result<Verified, BackupError> {
    let manifest = Manifest::read(path)?;
    let digest = digest(path)?;
    manifest.check_bytes(path, digest)?;
    let contents = sound(path)?;
    match manifest.differs(digest, &contents) {
        None => Ok(Verified { manifest, digest, contents }),
        Some(what) => Err(BackupError::Changed { path: path.to_owned(), what }),
    }
}

/// What is in a database file that is ours, and sound.
fn sound(path: &Path) -> Result<Contents, BackupError> {
    let damaged = |text: String| BackupError::Damaged { path: path.to_owned(), text };
    let broken = |error: rusqlite::Error| damaged(error.to_string());
    let db = connection::whole(path).map_err(broken)?;
    match schema::kind(&db).map_err(broken)? {
        schema::Kind::Store(version) if version <= schema::newest() => {}
        schema::Kind::Store(found) => {
            let (path, known) = (path.to_owned(), schema::newest());
            return Err(BackupError::Newer { path, found, known });
        }
        _ => return Err(damaged("it is not a keystrata store".into())),
    }
    let found: String =
        db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(broken)?;
    if found != "ok" {
        return Err(damaged(found));
    }
    contents(&db).map_err(|error| damaged(error.to_string()))
}

/// What is in a copy.
fn contents(db: &Connection) -> Result<Contents, Error> {
    let setting = |name| super::read::setting(db, name);
    let provider = setting(PROVIDER_SETTING)?.and_then(|name| String::from_utf8(name).ok());
    let kind = schema::kind(db).map_err(|error| connection::error(&error))?;
    let schema::Kind::Store(schema) = kind else {
        return Err(Error::Failed("it is not a keystrata store".into()));
    };
    let check = setting(CHECK_SETTING)?.map(|check| Sealed::from_envelope(&check));
    let last = one(db, "SELECT coalesce(max(seq), 0) FROM objects", [], |row| get(row, 0))?;
    Ok(Contents {
        schema,
        provider: known(PROVIDER_SETTING, provider)?,
        place: place(db).map_err(|error| connection::error(&error))?,
        keys: keys(db, check.as_ref())?,
        last_object: last.unwrap_or_default(),
        samples: samples(db, check)?,
    })
}

/// Where in the audit trail a store stands.
pub(super) fn place(db: &Connection) -> rusqlite::Result<TrailPlace> {
    let known = outbox::known(db)?;
    let sql = "SELECT coalesce(max(number), 0) FROM audit_outbox";
    let waiting: i64 = db.query_row(sql, [], |row| row.get(0))?;
    let commit = known.number.max(u64::try_from(waiting).unwrap_or_default());
    Ok(TrailPlace { anchor: known.anchor, commit })
}

/// The versions that are not destroyed, and how many envelopes name each of them. What is left of
/// those that are destroyed (values that are being erased) nothing opens any more.
fn keys(db: &Connection, check: Option<&Sealed>) -> Result<Vec<BackupKey>, Error> {
    let mut named: BTreeMap<(i64, i64, u32), u64> = BTreeMap::new();
    let sql = "SELECT level, owner, version FROM keys WHERE state <> 4";
    for key in all(db, sql, [], |row| Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?)))? {
        named.insert(key, 0);
    }
    // The second column is the version of the parent, as the envelope says.
    let kinds = [
        // Of a tenant's own root, the highest bit of the third byte is set.
        (
            1,
            "SELECT 0, substr(sealed, 4, 4), count(*) FROM keys
             WHERE level = 2 AND state <> 4 AND substr(sealed, 3, 1) < x'80' GROUP BY 1, 2",
        ),
        (
            4,
            "SELECT owner, substr(sealed, 4, 4), count(*) FROM keys
             WHERE level = 2 AND state <> 4 AND substr(sealed, 3, 1) >= x'80' GROUP BY 1, 2",
        ),
        (
            2,
            "SELECT s.tenant, substr(k.sealed, 4, 4), count(*)
             FROM keys k JOIN services s ON s.id = k.owner
             WHERE k.level = 3 AND k.state <> 4 GROUP BY 1, 2",
        ),
        (
            3,
            "SELECT service, substr(sealed, 4, 4), count(*) FROM objects
             WHERE sealed IS NOT NULL GROUP BY 1, 2",
        ),
        (
            3,
            "SELECT service, substr(sealed, 4, 4), count(*) FROM requests
             WHERE sealed IS NOT NULL GROUP BY 1, 2",
        ),
    ];
    for (level, sql) in kinds {
        let rows = all(db, sql, [], |row| {
            let version: Vec<u8> = get(row, 1)?;
            let version = version.try_into().ok().map(u32::from_be_bytes);
            Ok((get(row, 0)?, known("envelope", version)?, get::<i64>(row, 2)?))
        })?;
        for (owner, version, count) in rows {
            if let Some(envelopes) = named.get_mut(&(level, owner, version)) {
                *envelopes += u64::try_from(count).unwrap_or_default();
            }
        }
    }
    if let Some(version) = check.and_then(Sealed::parent_version) {
        *named.entry((1, 0, version)).or_default() += 1;
    }
    let key = |((level, owner, version), envelopes)| {
        let level = known("level", codes::key_level(level, owner))?;
        Ok(BackupKey { level, version, envelopes })
    };
    named.into_iter().map(key).collect()
}

/// Of the root that tenants share, and of each that is a tenant's own.
fn samples(db: &Connection, check: Option<Sealed>) -> Result<Vec<RootSample>, Error> {
    let check = check.into_iter().map(|sealed| {
        let version = sealed.parent_version().unwrap_or_default();
        RootSample { tenant: None, version, sealed }
    });
    let sql = "SELECT t.name, k.version, k.sealed FROM keys k JOIN tenants t ON t.id = k.owner
               WHERE k.level = 2 AND k.state <> 4
               GROUP BY iif(substr(k.sealed, 3, 1) < x'80', 0, k.owner), substr(k.sealed, 4, 4)";
    let tenants = all(db, sql, [], |row| {
        let (name, sealed): (String, Vec<u8>) = (get(row, 0)?, get(row, 2)?);
        let tenant = Some(known("name", TenantName::new(&name).ok())?);
        Ok(RootSample { tenant, version: get(row, 1)?, sealed: Sealed::from_envelope(&sealed) })
    })?;
    Ok(check.chain(tenants).collect())
}
