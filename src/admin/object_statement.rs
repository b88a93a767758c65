//! `object statement`: the proof that one object is gone.
//!
//! It is made when it is asked for: of the row that stays, of the audit trail, which has the Destroy, and
//! of what is known of backups.

use kmip_ttlv::attribute::{Attribute, AttributeKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::backup::shown;
use super::party::Party;
use super::{Admin, Answer, Call, Refusal};
use crate::audit::Anchor;
use crate::audit::chain::Hex;
use crate::keys::statement::Signer;
use crate::store::audit_log::{Destruction, Told, destruction};
use crate::store::{BackupRow, BoxFuture, Held, Stored, View, backup_names};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    tenant: String,
    uid: String,
}

/// `object statement`.
pub(super) fn statement<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, uid } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?;
        let id = party.tenant.id;
        let view = View { tenant: id, service: None };
        let stored = admin.parts.store.object(view, &uid).await?;
        let stored = stored.ok_or_else(|| Refusal::new(format!("{party} has no object {uid}")))?;
        let engine = admin.parts.store.engine();
        if let Some(held) = engine.held(id, uid.clone()).await? {
            let due = held.due.rfc3339();
            let line = format!("object {uid} of {party} is held until {due}: its value is there");
            return Err(Refusal::new(line));
        }
        if !stored.object.is_destroyed() || stored.sealed.is_some() {
            return Err(Refusal::new(format!("object {uid} of {party} is not destroyed")));
        }
        let end = end(admin, &party, &stored).await?;
        let backups = engine.backups_holding(Held::Object { tenant: id, uid: uid.clone() }).await?;
        let said = said(admin, call, &party, &stored, &end, &backups).await?;
        let signer = Signer::open(&admin.parts.directory, &*admin.parts.random)?;
        let copies = match backups.as_slice() {
            [] => String::new(),
            held => format!("; still in {}", backup_names(held)),
        };
        let time = end.destroyed.text("time");
        let line = format!("object {uid} of {party} was destroyed at {time}{copies}");
        Ok(json!({ "line": line, "statement": signer.sign(&said) }))
    })
}

/// What the trail tells of the object's end.
async fn end(admin: &Admin, party: &Party, stored: &Stored) -> Result<Destruction, Refusal> {
    let (directory, tenant) = (admin.parts.audit.clone(), party.tenant.name.clone());
    let (uid, shown) = (stored.object.uid.clone(), directory.display().to_string());
    let date = match stored.object.attributes.first(AttributeKind::DestroyDate) {
        Some(Attribute::DestroyDate(date)) => date.0,
        _ => 0,
    };
    admin.parts.store.sync_trail().await?;
    let read = move || destruction(&directory, &tenant, &uid, date);
    let found = tokio::task::spawn_blocking(read).await??;
    let uid = &stored.object.uid;
    found.ok_or_else(|| {
        let line = format!("the audit trail in {shown} does not have the Destroy of {uid}");
        Refusal::new(format!("{line}: put its files there"))
    })
}

async fn said(
    admin: &Admin,
    call: &Call,
    party: &Party,
    stored: &Stored,
    end: &Destruction,
    backups: &[BackupRow],
) -> Result<Value, Refusal> {
    let engine = admin.parts.store.engine();
    let service = engine.service_by_id(party.tenant.id, stored.service).await?;
    Ok(json!({
        "statement": "the value of the object named here is gone from the store; the backups named here \
                      may have it still",
        "node": admin.parts.node,
        "time": call.time().rfc3339(),
        "tenant": party.tenant.name.as_str(),
        "service": service.as_ref().map(|service| service.name.as_str()),
        "uid": stored.object.uid,
        "key_version": end.destroyed.record.get("key_version"),
        "destroyed": told(&end.destroyed),
        "erased": told(end.erased.as_ref().unwrap_or(&end.destroyed)),
        "backups": shown(backups),
        "audit_after": place(admin.parts.store.audit().position()),
    }))
}

/// A record of the trail: when it was made and where it is.
fn told(told: &Told) -> Value {
    let mut of = place(told.place);
    if let Some(of) = of.as_object_mut() {
        of.insert("time".to_owned(), told.text("time").into());
    }
    of
}

fn place(anchor: Anchor) -> Value {
    json!({ "seq": anchor.seq, "hash": Hex(anchor.hash).to_string() })
}
