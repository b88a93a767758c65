//! `tenant …`: who is served, and how.

use serde::Deserialize;
use serde_json::{Value, json};

use super::party::{Party, name_of, state_name, tenant_name};
use super::{Admin, Answer, Call, Refusal, Scope};
use crate::store::{BoxFuture, KeyState, TenantRow, TenantState};

/// How many rows an answer has at most.
pub(super) const ROWS_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    tenant: String,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    tenant: String,
    strict: Option<bool>,
    destroy_hold: Option<u32>,
    legacy: Option<Legacy>,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

/// Whether a tenant may what only old estates need.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Legacy {
    On,
    Off,
    /// What `[cryptography]` says of it.
    Configured,
}

impl Legacy {
    fn row(self) -> Option<bool> {
        match self {
            Self::On => Some(true),
            Self::Off => Some(false),
            Self::Configured => None,
        }
    }
}

/// The word for what the row says.
fn legacy_name(legacy: Option<bool>) -> &'static str {
    match legacy {
        Some(true) => "on",
        Some(false) => "off",
        None => "configured",
    }
}

fn shown(row: &TenantRow) -> Value {
    json!({
        "tenant": row.name.as_str(),
        "state": state_name(row.state),
        "strict": row.strict,
        "destroy_hold": row.destroy_hold,
        "legacy": legacy_name(row.legacy),
        "created": row.created.rfc3339(),
    })
}

/// `tenant list`: all tenants, by name.
pub(super) fn list<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let List { after } = call.arguments()?;
        let after = after.as_deref().map(tenant_name).transpose()?;
        let rows = admin.parts.store.engine().tenants_by_name(after, ROWS_MAX).await?;
        let more = rows.len() == ROWS_MAX;
        Ok(json!({ "tenants": rows.iter().map(shown).collect::<Vec<_>>(), "more": more }))
    })
}

/// `tenant show`: one tenant, its key's versions, and how much it has.
pub(super) fn show<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?;
        let mut answer = shown(&party.tenant);
        more(admin, &party, &mut answer).await?;
        let services =
            admin.parts.store.engine().services_by_name(party.tenant.id, None, ROWS_MAX).await?;
        add(&mut answer, "services", services.iter().map(|row| row.name.as_str()).collect());
        Ok(answer)
    })
}

/// Adds a member to an answer.
fn add(answer: &mut Value, name: &str, value: Value) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Adds the versions of a key and the number of objects to an answer.
pub(super) async fn more(admin: &Admin, party: &Party, answer: &mut Value) -> Result<(), Refusal> {
    let keys = admin.parts.store.keys(party.level()).await?;
    let names = [
        (KeyState::Pending, "pending"),
        (KeyState::Active, "active"),
        (KeyState::Retired, "retired"),
        (KeyState::Destroyed, "destroyed"),
    ];
    let versions = keys
        .iter()
        .map(|key| json!({ "version": key.version, "state": name_of(&key.state, &names) }))
        .collect();
    add(answer, "versions", versions);
    let counts = admin.parts.store.engine().counts(party.target()).await?;
    add(answer, "objects", counts.objects.into());
    add(answer, "values", counts.values.into());
    Ok(())
}

/// `tenant create`: a tenant with version 1 of its key.
pub(super) fn create<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, .. } = call.arguments()?;
        let name = tenant_name(&tenant)?;
        call.concerns(Scope { tenant: Some(name.clone()), service: None });
        if admin.parts.store.tenant(&name).await?.is_some() {
            return Err(Refusal::new(format!("tenant {name} exists already")));
        }
        let is_own = admin.parts.keyring.has_own_root(&name);
        let under = if is_own { " under a root key of its own" } else { "" };
        if call.is_plan() {
            let line = format!("tenant {name} would be made, with version 1 of its key{under}");
            return Ok(json!({ "plan": true, "line": line }));
        }
        let line = format!("tenant {name} is made, with version 1 of its key{under}");
        admin.parts.keyring.create_tenant(&name, vec![call.record(&line)]).await?;
        Ok(json!({ "line": line }))
    })
}

/// `tenant suspend`: its keys leave memory and its requests are refused.
pub(super) fn suspend<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    switch(admin, call, TenantState::Suspended)
}

/// `tenant resume`: it is served again.
pub(super) fn resume<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    switch(admin, call, TenantState::Active)
}

fn switch<'a>(admin: &'a Admin, call: &'a Call, state: TenantState) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, .. } = call.arguments()?;
        Party::find(admin, call, &tenant, None).await?.switch(admin, call, state).await
    })
}

/// `tenant set`: what else can be said of a tenant.
pub(super) fn set<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Set { tenant, strict, destroy_hold, legacy, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?.alive()?;
        let mut to = party.clone();
        let mut said = Vec::new();
        if let Some(strict) = strict {
            to.tenant.strict = strict;
            said.push(format!("strict {strict}"));
        }
        if let Some(seconds) = destroy_hold {
            to.tenant.destroy_hold = seconds;
            said.push(format!("destroyed objects are held for {seconds} s"));
        }
        if let Some(legacy) = legacy.map(Legacy::row) {
            to.tenant.legacy = legacy;
            said.push(format!("legacy {}", legacy_name(legacy)));
        }
        let what = said.join(", ");
        if said.is_empty() {
            let text = "nothing is to be set: give --strict, --destroy-hold or --legacy";
            return Err(Refusal::new(text));
        }
        if party.tenant == to.tenant {
            return Err(Refusal::new(format!("{party}: {what} already")));
        }
        let line = format!("{party}: {what}");
        if call.is_plan() {
            return Ok(json!({ "plan": true, "line": format!("would be set: {line}") }));
        }
        party.become_other(admin, call, &to, &line).await?;
        Ok(json!({ "line": line }))
    })
}
