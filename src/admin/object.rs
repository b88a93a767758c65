//! `object restore`: a Destroy that is undone while the value is held. And the end of the hold.

use kmip_ttlv::enums::State;
use serde::Deserialize;
use serde_json::json;

use super::party::Party;
use super::{Admin, Answer, Call, Refusal};
use crate::audit::record::ERASURE;
use crate::audit::{Act, Actor, Record};
use crate::store::{
    Administration, BoxFuture, Change, Commit, Error as StoreError, KeyLevel, Stored, View,
};
use crate::tenant::TenantId;

/// How many values are erased at most before others have their turn.
const ERASED_AT_ONCE: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    tenant: String,
    uid: String,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

/// `object restore`: the object is what it was before it was destroyed.
pub(super) fn restore<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, uid, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?.alive()?;
        let tenant = party.tenant.id;
        let held = admin.parts.store.engine().held(tenant, uid.clone()).await?;
        let gone = || Refusal::new(format!("{party} has no destroyed object {uid} that is held"));
        let held = held.ok_or_else(gone)?;
        let view = View { tenant, service: None };
        let stored = admin.parts.store.object(view, &uid).await?.ok_or_else(gone)?;
        if stored.object.state() == State::DestroyedCompromised
            && held.before.state() != State::Compromised
        {
            let line = format!("object {uid} was compromised after it was destroyed: it stays so");
            return Err(Refusal::new(line));
        }
        if call.is_plan() {
            let due = held.due.rfc3339();
            let line = format!("object {uid} of {party} would be restored; it is held until {due}");
            return Ok(json!({ "plan": true, "line": line }));
        }
        let line = format!("object {uid} of {party} is restored");
        let stored = Box::new(Stored { object: held.before, ..Stored::clone(&stored) });
        let changes = vec![
            Change::Update { tenant, stored },
            Change::Administer(Administration::Release { tenant, uid }),
        ];
        admin.parts.store.commit(Commit { changes, audit: vec![call.record(&line)] }).await?;
        Ok(json!({ "line": line }))
    })
}

impl Admin {
    /// Erases the values whose hold is over. To be called every few seconds.
    pub async fn erase_due(&self) {
        let now = self.parts.clock.now();
        let due = self.parts.store.engine().held_until(now, ERASED_AT_ONCE).await;
        for (tenant, uid) in due.unwrap_or_default() {
            match self.erase_held(tenant, &uid).await {
                Ok(()) => tracing::info!(object = uid, "its hold is over, its value is erased"),
                // Somebody else was faster, or it is tried again.
                Err(error) => tracing::debug!(object = uid, %error, "not erased"),
            }
        }
    }

    async fn erase_held(&self, tenant: TenantId, uid: &str) -> Result<(), StoreError> {
        let owner = self.parts.store.engine().owner(KeyLevel::Tenant(tenant)).await?;
        let view = View { tenant, service: None };
        let mut changes = Vec::new();
        if let Some(stored) = self.parts.store.object(view, uid).await? {
            let stored = Box::new(Stored { sealed: None, ..Stored::clone(&stored) });
            changes.push(Change::Update { tenant, stored });
        }
        let uid = uid.to_owned();
        let detail = "its hold is over, its value is erased".to_owned();
        let name = owner.map(|(tenant, _)| tenant.name);
        let actor = Actor::Server(Box::new(Act { tenant: name, service: None, detail }));
        let record = Record::of_act(self.parts.clock.now(), actor, ERASURE);
        let audit = vec![Record { objects: vec![uid.clone()], ..record }];
        changes.push(Change::Administer(Administration::Release { tenant, uid }));
        self.parts.store.commit(Commit { changes, audit }).await
    }
}
