//! `service …`: the services of a tenant, and what each may do.

use kmip_ttlv::enums::Operation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::party::{MODES, Party, ROLES, name_of, named, service_name, state_name};
use super::tenant::{ROWS_MAX, more};
use super::{Admin, Answer, Call, Refusal, Scope};
use crate::store::{BoxFuture, ServiceRow, TenantState};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    tenant: String,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    tenant: String,
    service: String,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

/// What is to be set of a service. A command sets one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    tenant: String,
    service: String,
    mode: Option<String>,
    role: Option<String>,
    /// Names of operations; `all` alone takes the list away.
    operations: Option<Vec<String>>,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

fn shown(row: &ServiceRow) -> Value {
    let operations = row.operations.as_ref().map(|numbers| {
        let names = numbers.iter().map(|number| Operation::from_number(*number).xml_name());
        names.collect::<Vec<_>>()
    });
    json!({
        "service": row.name.as_str(),
        "state": state_name(row.state),
        "mode": name_of(&row.mode, &MODES),
        "role": name_of(&row.role, &ROLES),
        "operations": operations,
        "created": row.created.rfc3339(),
    })
}

/// `service list`: the services of a tenant, by name.
pub(super) fn list<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let List { tenant, after } = call.arguments()?;
        let after = after.as_deref().map(service_name).transpose()?;
        let party = Party::find(admin, call, &tenant, None).await?;
        let rows =
            admin.parts.store.engine().services_by_name(party.tenant.id, after, ROWS_MAX).await?;
        let more = rows.len() == ROWS_MAX;
        Ok(json!({ "services": rows.iter().map(shown).collect::<Vec<_>>(), "more": more }))
    })
}

/// `service show`: one service, its key's versions, and how much it has.
pub(super) fn show<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, service, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, Some(&service)).await?;
        let mut answer = party.service.as_ref().map(shown).unwrap_or_default();
        more(admin, &party, &mut answer).await?;
        Ok(answer)
    })
}

/// `service create`: a service with version 1 of its key, read-write, for its own objects.
pub(super) fn create<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, service, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?.alive()?;
        let (tenant, name) = (party.tenant, service_name(&service)?);
        let scope = Scope { tenant: Some(tenant.name.clone()), service: Some(name.clone()) };
        call.concerns(scope);
        if admin.parts.store.service(tenant.id, &name).await?.is_some() {
            let line = format!("tenant {} has a service {name} already", tenant.name);
            return Err(Refusal::new(line));
        }
        let made = |word| format!("service {name} of tenant {} {word} made", tenant.name);
        if call.is_plan() {
            return Ok(json!({ "plan": true, "line": made("would be") }));
        }
        let line = made("is");
        admin.parts.keyring.create_service(&tenant, &name, vec![call.record(&line)]).await?;
        Ok(json!({ "line": line }))
    })
}

/// `service suspend`: its keys leave memory and its requests are refused.
pub(super) fn suspend<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    switch(admin, call, TenantState::Suspended)
}

/// `service resume`: it is served again.
pub(super) fn resume<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    switch(admin, call, TenantState::Active)
}

fn switch<'a>(admin: &'a Admin, call: &'a Call, state: TenantState) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let One { tenant, service, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, Some(&service)).await?;
        party.switch(admin, call, state).await
    })
}

/// `service set-mode`, `set-role`, `set-operations`: what a service may do. Open connections are held
/// to it, too.
pub(super) fn set<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let wanted: Set = call.arguments()?;
        let party = Party::find(admin, call, &wanted.tenant, Some(&wanted.service)).await?;
        let party = party.alive()?;
        let mut to = party.clone();
        let (Some(from), Some(row)) = (&party.service, &mut to.service) else {
            return Err(Refusal::new("no service is named"));
        };
        let what = change(&wanted, row)?;
        if from == row {
            return Err(Refusal::new(format!("{party}: {what} already")));
        }
        if call.is_plan() {
            return Ok(json!({ "plan": true, "line": format!("{party}: {what}, if not planned") }));
        }
        let line = format!("{party}: {what}");
        party.become_other(admin, call, &to, &line).await?;
        Ok(json!({ "line": line }))
    })
}

/// Makes the change in the row; what it is, in words.
fn change(wanted: &Set, row: &mut ServiceRow) -> Result<String, Refusal> {
    if let Some(mode) = &wanted.mode {
        row.mode = named("mode", mode, &MODES)?;
        return Ok(format!("its mode is {mode}"));
    }
    if let Some(role) = &wanted.role {
        row.role = named("role", role, &ROLES)?;
        return Ok(format!("its role is {role}"));
    }
    let names = wanted.operations.as_deref().unwrap_or_default();
    if names.is_empty() {
        return Err(Refusal::new("nothing is to be set"));
    }
    if names == ["all"] {
        row.operations = None;
        return Ok("it may call all operations".to_owned());
    }
    let number = |name: &String| {
        let operation = Operation::from_xml_name(name);
        let unknown =
            || Refusal::new(format!("`{name}` is no operation; they are called as in Get"));
        operation.map(Operation::number).ok_or_else(unknown)
    };
    let mut numbers = names.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    row.operations = Some(numbers);
    Ok(format!("it may call {} only", names.join(", ")))
}
