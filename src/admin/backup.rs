//! `backup …`: copies of the store, and which of them are known.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::party::Party;
use super::{Admin, Answer, Call, Refusal};
use crate::audit::Record;
use crate::audit::chain::Hex;
use crate::store::backup::{check_place, copied_bytes};
use crate::store::{
    BackupChange, BackupError, BackupRow, BoxFuture, Change, Commit, Copied, Error as StoreError,
    Held, KeyLevel, Manifest, View,
};

/// How often it is said how much is copied.
const TELL: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    to: PathBuf,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    tenant: Option<String>,
    service: Option<String>,
    uid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    id: String,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

/// `backup create`: a copy of the store. It is known before it has its name, so that there is never
/// one that the store does not know.
pub(super) fn create<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Create { to, .. } = call.arguments()?;
        check_place(&to)?;
        let path = to.display().to_string();
        let of = admin.parts.store.engine().copy_bytes().await?;
        if call.is_plan() {
            let roots = roots(admin).await?;
            let line = format!(
                "about {of} bytes would be copied to {path}; to open them takes {}",
                versions(&roots)
            );
            return Ok(json!({ "plan": true, "line": line, "bytes": of, "root_versions": roots }));
        }
        let copied = copy(admin, call, to, of).await?;
        let mut bytes = [0; 8];
        admin.parts.random.fill(&mut bytes)?;
        let row = BackupRow {
            id: format!("{:016x}", u64::from_be_bytes(bytes)),
            made: call.time(),
            path,
            bytes: copied.bytes,
            digest: copied.digest,
            last_object: copied.contents.last_object,
            exact: true,
            roots: copied.contents.roots(),
        };
        publish(admin, call, copied, &row).await?;
        let line = format!(
            "backup {}: {} bytes in {}; to open them takes {}",
            row.id,
            row.bytes,
            row.path,
            versions(&row.roots)
        );
        Ok(json!({ "line": line, "backup": row.to_json() }))
    })
}

/// The versions of the root key that envelopes name, and the one that seals.
async fn roots(admin: &Admin) -> Result<Vec<u32>, Refusal> {
    let active = admin.parts.keyring.root_status().active;
    let counts = admin.parts.store.engine().envelopes(KeyLevel::Root).await?;
    let named = counts.iter().filter(|count| count.living > 0);
    let mut roots: Vec<u32> = named.map(|count| count.version).chain([active]).collect();
    roots.sort_unstable();
    roots.dedup();
    Ok(roots)
}

fn versions(roots: &[u32]) -> String {
    let numbers: Vec<_> = roots.iter().map(u32::to_string).collect();
    let word = if roots.len() == 1 { "version" } else { "versions" };
    format!("{word} {} of the root key", numbers.join(", "))
}

/// Copies, and says how far it is.
async fn copy(admin: &Admin, call: &Call, to: PathBuf, of: u64) -> Result<Copied, Refusal> {
    let copying = admin.parts.store.engine().copy(to.clone());
    tokio::pin!(copying);
    loop {
        tokio::select! {
            copied = &mut copying => return Ok(copied?),
            () = tokio::time::sleep(TELL) => {
                let done = copied_bytes(&to);
                let line = format!("{done} of about {of} bytes copied");
                call.progress.tell(json!({ "line": line, "done": done, "of": of }));
            }
        }
    }
}

/// Makes a copy known, and then gives it its name. If it cannot have it, it is gone and forgotten.
async fn publish(
    admin: &Admin,
    call: &Call,
    copied: Copied,
    row: &BackupRow,
) -> Result<(), Refusal> {
    let manifest = Manifest::new(
        row.id.clone(),
        row.made,
        admin.parts.node.clone(),
        (row.bytes, row.digest),
        &copied.contents,
    );
    let add = BackupChange::Add { row: row.clone(), keys: copied.contents.keys.clone() };
    let detail = format!("sha256:{} {}", Hex(row.digest), row.path);
    let known = commit(admin, add, record(call, &row.id, detail)).await;
    known.map_err(|error| match error {
        StoreError::Conflict => BackupError::Overtaken,
        other => other.into(),
    })?;
    let published = tokio::task::spawn_blocking(move || copied.publish(&manifest)).await?;
    if let Err(error) = published {
        let forget = BackupChange::Forget { id: row.id.clone() };
        let mut record = record(call, &row.id, format!("not put in its place: {error}"));
        record.operation = FORGET;
        commit(admin, forget, record).await?;
        return Err(error.into());
    }
    Ok(())
}

/// What the record of a backup that is known no more is called.
const FORGET: &str = "backup forget";

/// The record of an act on a backup.
fn record(call: &Call, id: &str, detail: String) -> Record {
    Record { objects: vec![id.to_owned()], ..call.record(detail) }
}

async fn commit(admin: &Admin, change: BackupChange, record: Record) -> Result<(), StoreError> {
    let changes = vec![Change::Backup(change)];
    admin.parts.store.commit(Commit { changes, audit: vec![record] }).await
}

/// `backup list`: those that are known, or those of them that still have something.
pub(super) fn list<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let List { tenant, service, uid } = call.arguments()?;
        let engine = admin.parts.store.engine();
        let Some(tenant) = tenant else {
            if service.is_some() || uid.is_some() {
                return Err(Refusal::new("give --tenant, too"));
            }
            return Ok(json!({ "backups": shown(&engine.backups().await?) }));
        };
        let party = Party::find(admin, call, &tenant, service.as_deref()).await?;
        let held = match uid {
            None => Held::Keys(party.target()),
            Some(_) if service.is_some() => {
                return Err(Refusal::new("give --service or --uid, not both"));
            }
            Some(uid) => {
                let tenant = party.tenant.id;
                let view = View { tenant, service: None };
                // Of what is not here it is not known whether a backup has it.
                if admin.parts.store.object(view, &uid).await?.is_none() {
                    return Err(Refusal::new(format!("{party} has no object {uid}")));
                }
                Held::Object { tenant, uid }
            }
        };
        Ok(json!({ "backups": shown(&engine.backups_holding(held).await?) }))
    })
}

/// Backups as answers and statements say them.
pub(super) fn shown(backups: &[BackupRow]) -> Value {
    backups.iter().map(BackupRow::to_json).collect()
}

/// `backup forget`: its copy was destroyed.
pub(super) fn forget<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Forget { id, .. } = call.arguments()?;
        let known = admin.parts.store.engine().backups().await?;
        let none = || Refusal::new(format!("there is no known backup {id}: see `backup list`"));
        let row = known.into_iter().find(|row| row.id == id).ok_or_else(none)?;
        let path = PathBuf::from(&row.path);
        let found = tokio::task::spawn_blocking(move || Manifest::read(&path)).await?;
        if found.is_ok_and(|manifest| manifest.id == id) {
            let line = format!("backup {id} is still in {}: destroy it first", row.path);
            return Err(Refusal::new(line));
        }
        if call.is_plan() {
            let line = format!("backup {id} ({}) would be known no more", row.path);
            return Ok(json!({ "plan": true, "line": line }));
        }
        let line = format!("backup {id} ({}) is known no more", row.path);
        let forget = BackupChange::Forget { id: id.clone() };
        commit(admin, forget, record(call, &id, line.clone())).await?;
        Ok(json!({ "line": line }))
    })
}
