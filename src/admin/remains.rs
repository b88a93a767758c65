//! The values of those who are shredded: nothing opens them any more, and they are taken out of the
//! store. What a process did not come to is done by the next one.

use serde_json::{Value, json};

use super::party::Party;
use super::tenant::ROWS_MAX;
use super::{Admin, Refusal};
use crate::audit::{Act, Actor, Record};
use crate::store::{Administration, Change, Commit, TenantState};
use crate::tenant::TenantId;

/// How many values of objects are taken in one commit.
const ERASED_AT_ONCE: u32 = 500;

/// Takes the values of a party that is shredded out of the store, also those that came in while it was.
/// The record, if there is one, is part of the first commit.
///
/// # Errors
/// The store's.
pub(super) async fn erase(
    admin: &Admin,
    party: &Party,
    tell: impl Fn(Value),
    mut record: Option<Record>,
) -> Result<(), Refusal> {
    let target = party.target();
    let mut done = 0;
    loop {
        let left = admin.parts.store.engine().counts(target).await?.values;
        if left == 0 {
            return Ok(());
        }
        let of = done + left;
        while done < of {
            let erase = Administration::Erase { target, limit: ERASED_AT_ONCE };
            let changes = vec![Change::Administer(erase)];
            let audit = record.take().into_iter().collect();
            admin.parts.store.commit(Commit { changes, audit }).await?;
            done = of.min(done + u64::from(ERASED_AT_ONCE));
            let line = format!("{done} of {of} values erased");
            tell(json!({ "line": line, "done": done, "of": of }));
        }
    }
}

impl Admin {
    /// Erases the values of those who are shredded that an earlier process has left, because it ended
    /// before it had done so. To be called once after a start; it looks at every tenant.
    ///
    /// # Errors
    /// The store's; then it is to be called again.
    pub async fn erase_remains(&self) -> Result<(), Refusal> {
        let engine = self.parts.store.engine();
        let mut after = TenantId(0);
        loop {
            let tenants = engine.tenants(after, ROWS_MAX).await?;
            let Some(last) = tenants.last() else { return Ok(()) };
            after = last.id;
            for tenant in tenants {
                let id = tenant.id;
                let whole = Party { tenant, service: None };
                if whole.state() == TenantState::Shredded {
                    self.erase_rest(&whole).await?;
                    continue;
                }
                for service in engine.services(id).await? {
                    if service.state == TenantState::Shredded {
                        let tenant = whole.tenant.clone();
                        self.erase_rest(&Party { tenant, service: Some(service) }).await?;
                    }
                }
            }
        }
    }

    async fn erase_rest(&self, party: &Party) -> Result<(), Refusal> {
        let values = self.parts.store.engine().counts(party.target()).await?.values;
        if values == 0 {
            return Ok(());
        }
        let detail = format!("{values} values that were left of the shredded {party} are erased");
        tracing::info!("{detail}");
        let tenant = Some(party.tenant.name.clone());
        let service = party.service.as_ref().map(|service| service.name.clone());
        let actor = Actor::Server(Box::new(Act { tenant, service, detail }));
        let record = Record::of_act(self.parts.clock.now(), actor, "shredding");
        erase(self, party, |_| (), Some(record)).await
    }
}
