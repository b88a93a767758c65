//! `kek status`: every level and version, how many envelopes name it, and which nodes have it loaded.

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kek::version;
use super::{Admin, Answer, Call};
use crate::clock::Timestamp;
use crate::keys::rotation::{Nodes, Refused, Subject, is_doomed, provider_of, state_name};
use crate::keys::{OwnRootStatus, Provider, Whose};
use crate::store::{BoxFuture, KeyRow, KeyState, Phase, ServiceRow, TenantRow};
use crate::tenant::{ServiceName, TenantId, TenantName};

/// Tenants that are shown when none is named.
const TENANTS_SHOWN: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    tenant: Option<String>,
    service: Option<String>,
}

/// `kek status`.
pub(super) fn status<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let arguments: Arguments = call.arguments()?;
        let engine = admin.parts.store.engine();
        let service = arguments.service.as_deref().map(ServiceName::new).transpose()?;
        let mut rows = match &arguments.tenant {
            Some(name) => {
                let name = TenantName::new(name)?;
                let row = engine.tenant(&name).await?;
                let unknown = || super::Refusal::new(format!("there is no tenant {name}"));
                vec![row.ok_or_else(unknown)?]
            }
            None if service.is_some() => {
                return Err(super::Refusal::new("name the service's tenant, too: --tenant T"));
            }
            None => engine.tenants(TenantId(0), TENANTS_SHOWN + 1).await?,
        };
        let more = rows.len() > TENANTS_SHOWN;
        rows.truncate(TENANTS_SHOWN);
        let nodes = admin.parts.rotator.nodes().await?;
        let mut tenants = Vec::new();
        for row in rows {
            let services = services(admin, &row, service.as_ref()).await?;
            tenants.push(tenant(admin, &nodes, row, services).await?);
        }
        Ok(json!({
            "root": root(admin, &nodes).await?, "nodes": shown(&nodes),
            "rotations": rotations(admin).await?, "tenants": tenants, "more_tenants": more,
        }))
    })
}

/// The services that are to be shown: the one that is named, or all.
async fn services(
    admin: &Admin,
    tenant: &TenantRow,
    name: Option<&ServiceName>,
) -> Result<Vec<ServiceRow>, super::Refusal> {
    let engine = admin.parts.store.engine();
    let Some(name) = name else { return Ok(engine.services(tenant.id).await?) };
    let row = engine.service(tenant.id, name).await?;
    let unknown = || super::Refusal::new(format!("tenant {} has no service {name}", tenant.name));
    Ok(vec![row.ok_or_else(unknown)?])
}

async fn root(admin: &Admin, nodes: &Nodes) -> Result<Value, Refused> {
    let status = admin.parts.keyring.root_status();
    Ok(json!({
        "provider": status.provider.name(), "active": status.active, "has": status.versions,
        "versions": versions(admin, nodes, &Subject::Root).await?,
    }))
}

async fn tenant(
    admin: &Admin,
    nodes: &Nodes,
    row: TenantRow,
    rows: Vec<ServiceRow>,
) -> Result<Value, Refused> {
    let mut services = Vec::new();
    for service in rows {
        let name = service.name.clone();
        let subject = Subject::Service(row.clone(), service);
        let versions = versions(admin, nodes, &subject).await?;
        services.push(json!({ "service": name.as_str(), "versions": versions }));
    }
    let name = row.name.clone();
    let root = root_of(admin, nodes, &row).await?;
    let versions = versions(admin, nodes, &Subject::Tenant(row)).await?;
    Ok(json!({
        "tenant": name.as_str(), "root": root, "versions": versions, "services": services,
    }))
}

/// Which root key a tenant is under, and what there is of its own.
async fn root_of(admin: &Admin, nodes: &Nodes, row: &TenantRow) -> Result<Value, Refused> {
    let subject = Subject::OwnRoot(row.clone());
    let rows = admin.parts.store.keys(subject.level()).await?;
    let active = rows.iter().find(|row| row.state == KeyState::Active).map(|row| row.version);
    let whose = if active.is_some() { Whose::Own } else { Whose::Shared };
    let OwnRootStatus { provider, versions: has, trouble } =
        admin.parts.keyring.own_root_status(&row.name);
    Ok(json!({
        "whose": whose.name(), "active": active, "provider": provider.map(Provider::name),
        "has": has, "described": admin.parts.keyring.has_own_root(&row.name),
        "trouble": trouble, "versions": versions(admin, nodes, &subject).await?,
    }))
}

/// The versions of a key.
async fn versions(admin: &Admin, nodes: &Nodes, subject: &Subject) -> Result<Vec<Value>, Refused> {
    let engine = admin.parts.store.engine();
    let counts = engine.envelopes(subject.level()).await?;
    let is_tenants = matches!(subject, Subject::Tenant(_));
    let mut shown = Vec::new();
    for row in engine.keys(subject.level()).await? {
        let root = is_tenants.then(|| row.sealed.whose().name());
        let provider = provider_of(&row).filter(|_| subject.is_root()).map(Provider::name);
        let count = counts.iter().find(|count| count.version == row.version);
        shown.push(json!({
            "version": row.version, "state": state_name(row.state),
            "compromised": row.compromised, "client_use": row.client_use, "created": moment(row.created),
            "envelopes": count.map_or(0, |count| count.living),
            "sealed_ever": count.map_or(0, |count| count.sealed),
            "sealed_by": row.sealed.parent_version(), "sealed_by_root": root,
            "provider": provider, "remains": remains(admin, subject, &row),
            "loaded_by": admin.parts.rotator.loaded_by(nodes, subject, row.version).await?,
        }));
    }
    Ok(shown)
}

/// Of a version of a root that is destroyed, and whose token may have the key still: where, and why.
fn remains(admin: &Admin, subject: &Subject, row: &KeyRow) -> Option<Value> {
    let rotator = &admin.parts.rotator;
    let key = rotator.place_of(subject, row).filter(|_| is_doomed(row))?;
    Some(json!({ "place": key.place, "why": rotator.why_it_remains(row) }))
}

/// What nodes say of themselves.
fn shown(nodes: &Nodes) -> Vec<Value> {
    let shown = nodes.all.iter().map(|node| {
        let row = &node.row;
        json!({
            "node": row.name, "heard": moment(row.heard), "alive": node.is_alive,
            "root_versions": row.roots,
            "tenant_keys": row.open.tenant, "service_keys": row.open.service,
        })
    });
    shown.collect()
}

async fn rotations(admin: &Admin) -> Result<Vec<Value>, Refused> {
    let mut shown = Vec::new();
    for row in admin.parts.store.engine().rotations().await? {
        let subject = admin.parts.keyring.subject(row.level).await?;
        let far = admin.parts.rotator.far(row.level).await?.map(|(_, far)| far).unwrap_or_default();
        let phase = if row.phase == Phase::Announced { "announced" } else { "re-wrapping" };
        shown.push(json!({
            "key": subject.name(), "from": version(row.from), "to": version(row.to), "phase": phase,
            "effective_time": row.started.rfc3339(),
            "compromised": row.compromised, "reverting": row.reverting, "done": far.done,
            "total": far.total, "trouble": far.trouble,
        }));
    }
    Ok(shown)
}

fn moment(time: Timestamp) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(time.seconds()).ok()?.format(&Rfc3339).ok()
}
