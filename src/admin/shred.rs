//! `tenant shred`, `service shred`, `tenant statements`: keys that are gone for good, and the proof.

use serde::Deserialize;
use serde_json::{Value, json};

use super::backup::shown;
use super::party::{Party, service_name};
use super::remains::erase;
use super::tenant::ROWS_MAX;
use super::{Admin, Answer, Call, Refusal};
use crate::keys::active_version;
use crate::keys::events::EventKind;
use crate::keys::statement::{Signer, verified};
use crate::store::{
    Administration, BackupChange, BackupRow, BoxFuture, Change, Commit, Counts, Engine, Held,
    KeyLevel, KeyState, ServiceRow, Target, TenantState, backup_names,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    tenant: String,
    service: Option<String>,
    /// The name once more, so that nobody shreds by a slip.
    confirm: Option<String>,
    #[serde(default, rename = "plan")]
    _plan: bool,
}

/// What is shredded, counted.
struct Extent {
    keys: Vec<Value>,
    services: Vec<ServiceRow>,
    counts: Counts,
    /// The known copies that have it.
    backups: Vec<BackupRow>,
}

/// Shreds a tenant with all that it has, or one service.
pub(super) fn shred<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Arguments { tenant, service, confirm, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, service.as_deref()).await?.alive()?;
        let extent = extent(admin, &party).await?;
        let line = format!(
            "{party}: {} key versions, {} objects ({} with a value)",
            extent.keys.len(),
            extent.counts.objects,
            extent.counts.values
        );
        let copies = match extent.backups.as_slice() {
            [] => String::new(),
            held => format!("; still in {}", backup_names(held)),
        };
        let name = service.as_ref().unwrap_or(&tenant);
        if call.is_plan() {
            return Ok(json!({
                "plan": true,
                "line": format!(
                    "{line} would be gone for good{copies}; to do it, give --confirm {name}"
                ),
                "keys": extent.keys,
                "objects": extent.counts.objects,
                "backups": shown(&extent.backups),
            }));
        }
        if confirm.as_ref() != Some(name) {
            let line = format!("{party} would be gone for good: give --confirm {name}, or --plan");
            return Err(Refusal::new(line));
        }
        let keys = admin.parts.store.keys(party.level()).await?;
        let statement = statement(admin, call, &party, &extent)?;
        let target = party.target();
        let shred = Administration::Shred { target, statement: statement.to_string() };
        // The statement has named every backup: none may have become known since.
        let ids = extent.backups.iter().map(|row| row.id.clone()).collect();
        let held = Change::Backup(BackupChange::HeldBy { target, ids });
        // Refused from here on, so that nothing new is sealed while the keys die.
        let dead = party.dead(&extent.services);
        let audit = vec![call.record(format!("shredded {line}"))];
        let commit = Commit { changes: vec![held, Change::Administer(shred)], audit };
        admin.parts.store.commit(commit).await?;
        for party in &dead {
            party.hold(admin);
        }
        party.tell(admin, call, EventKind::Shredding, active_version(&keys));
        erase(admin, &party, |progress| call.progress.tell(progress), None).await?;
        Ok(json!({ "line": format!("shredded {line}{copies}"), "statement": statement }))
    })
}

impl Party {
    /// This and its services, shredded.
    fn dead(&self, services: &[ServiceRow]) -> Vec<Self> {
        let state = TenantState::Shredded;
        let mut dead: Vec<Self> = services
            .iter()
            .map(|row| {
                let service = Some(ServiceRow { state, ..row.clone() });
                Self { tenant: self.tenant.clone(), service }
            })
            .collect();
        if self.service.is_none() {
            let mut tenant = self.clone();
            tenant.tenant.state = state;
            dead = vec![tenant];
        }
        dead
    }
}

/// What there is to shred.
async fn extent(admin: &Admin, party: &Party) -> Result<Extent, Refusal> {
    let engine = admin.parts.store.engine();
    let services = match &party.service {
        Some(service) => vec![service.clone()],
        None => all_services(&**engine, party).await?,
    };
    let mut keys = Vec::new();
    if party.service.is_none() {
        add_keys(admin, &mut keys, party.level(), None).await?;
    }
    for service in &services {
        let level = KeyLevel::Service(service.id);
        add_keys(admin, &mut keys, level, Some(service.name.as_str())).await?;
    }
    let counts = engine.counts(party.target()).await?;
    let backups = engine.backups_holding(Held::Keys(party.target())).await?;
    Ok(Extent { keys, services, counts, backups })
}

async fn all_services(engine: &dyn Engine, party: &Party) -> Result<Vec<ServiceRow>, Refusal> {
    let mut services: Vec<ServiceRow> = Vec::new();
    loop {
        let after = services.last().map(|row| row.name.clone());
        let more = engine.services_by_name(party.tenant.id, after, ROWS_MAX).await?;
        let is_last = more.len() < ROWS_MAX;
        services.extend(more);
        if is_last {
            return Ok(services);
        }
    }
}

async fn add_keys(
    admin: &Admin,
    keys: &mut Vec<Value>,
    level: KeyLevel,
    service: Option<&str>,
) -> Result<(), Refusal> {
    let rows = admin.parts.store.keys(level).await?;
    let living = rows.iter().filter(|row| row.state != KeyState::Destroyed);
    keys.extend(living.map(|row| {
        let level = if service.is_some() { "L3" } else { "L2" };
        json!({ "level": level, "service": service, "version": row.version })
    }));
    Ok(())
}

/// Says what dies, and signs it.
fn statement(admin: &Admin, call: &Call, party: &Party, extent: &Extent) -> Result<Value, Refusal> {
    let position = admin.parts.store.audit().position();
    let said = json!({
        "statement": "the keys named here, and with them every value that they sealed, are gone",
        "node": admin.parts.node,
        "time": call.time().rfc3339(),
        "tenant": party.tenant.name.as_str(),
        "service": party.service.as_ref().map(|service| service.name.as_str()),
        "keys": extent.keys,
        "objects": extent.counts.objects,
        "values": extent.counts.values,
        "backups": shown(&extent.backups),
        "audit_after": { "seq": position.seq, "hash": crate::audit::chain::Hex(position.hash).to_string() },
    });
    let signer = Signer::open(&admin.parts.directory, &*admin.parts.random)?;
    Ok(signer.sign(&said))
}

/// `tenant statements`: what was shredded of a tenant, as it was signed; and of each statement, the
/// backups that still have what it names.
pub(super) fn statements<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Arguments { tenant, .. } = call.arguments()?;
        let party = Party::find(admin, call, &tenant, None).await?;
        let engine = admin.parts.store.engine();
        let (mut statements, mut still_in) = (Vec::new(), Vec::new());
        for text in engine.statements(party.tenant.id).await? {
            let signed: Value = serde_json::from_str(&text)?;
            let held = Held::Keys(subject(admin, &party, &signed).await?);
            still_in.push(shown(&engine.backups_holding(held).await?));
            statements.push(signed);
        }
        Ok(json!({ "statements": statements, "still_in": still_in }))
    })
}

/// Whom a statement is about: the tenant, or a service of it.
async fn subject(admin: &Admin, tenant: &Party, signed: &Value) -> Result<Target, Refusal> {
    let said = verified(signed).unwrap_or_default();
    let Some(name) = said.get("service").and_then(Value::as_str) else {
        return Ok(tenant.target());
    };
    let tenant = tenant.tenant.id;
    let service = admin.parts.store.service(tenant, &service_name(name)?).await?;
    Ok(Target { tenant, service: service.map(|row| row.id) })
}
