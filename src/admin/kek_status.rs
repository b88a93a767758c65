//! `kek status`: every level and version, and how many envelopes name it.

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Admin, Answer, Call};
use crate::clock::Timestamp;
use crate::keys::rotation::{Refused, Subject, state_name};
use crate::store::{BoxFuture, Phase, TenantRow};
use crate::tenant::{TenantId, TenantName};

/// Tenants that are shown when none is named.
const TENANTS_SHOWN: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    tenant: Option<String>,
}

/// `kek status`.
pub(super) fn status<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let arguments: Arguments = call.arguments()?;
        let engine = admin.parts.store.engine();
        let mut rows = match &arguments.tenant {
            Some(name) => {
                let name = TenantName::new(name)?;
                let row = engine.tenant(&name).await?;
                let unknown = || super::Refusal::new(format!("there is no tenant {name}"));
                vec![row.ok_or_else(unknown)?]
            }
            None => engine.tenants(TenantId(0), TENANTS_SHOWN + 1).await?,
        };
        let more = rows.len() > TENANTS_SHOWN;
        rows.truncate(TENANTS_SHOWN);
        let mut tenants = Vec::new();
        for row in rows {
            tenants.push(tenant(admin, row).await?);
        }
        Ok(json!({
            "root": root(admin).await?, "nodes": nodes(admin).await?,
            "rotations": rotations(admin).await?, "tenants": tenants, "more_tenants": more,
        }))
    })
}

async fn root(admin: &Admin) -> Result<Value, Refused> {
    let status = admin.parts.keyring.root_status();
    Ok(json!({
        "provider": status.provider.name(), "active": status.active, "has": status.versions,
        "versions": versions(admin, &Subject::Root).await?,
    }))
}

async fn tenant(admin: &Admin, row: TenantRow) -> Result<Value, Refused> {
    let mut services = Vec::new();
    for service in admin.parts.store.engine().services(row.id).await? {
        let name = service.name.clone();
        let subject = Subject::Service(row.clone(), service);
        let versions = versions(admin, &subject).await?;
        services.push(json!({ "service": name.as_str(), "versions": versions }));
    }
    let name = row.name.clone();
    let versions = versions(admin, &Subject::Tenant(row)).await?;
    Ok(json!({ "tenant": name.as_str(), "versions": versions, "services": services }))
}

/// The versions of a key.
async fn versions(admin: &Admin, subject: &Subject) -> Result<Vec<Value>, Refused> {
    let engine = admin.parts.store.engine();
    let counts = engine.envelopes(subject.level()).await?;
    let rows = engine.keys(subject.level()).await?;
    let shown = rows.iter().map(|row| {
        let count = counts.iter().find(|count| count.version == row.version);
        json!({
            "version": row.version, "state": state_name(row.state),
            "compromised": row.compromised, "created": moment(row.created),
            "envelopes": count.map_or(0, |count| count.living),
            "sealed_ever": count.map_or(0, |count| count.sealed),
            "sealed_by": row.sealed.parent_version(),
        })
    });
    Ok(shown.collect())
}

async fn nodes(admin: &Admin) -> Result<Vec<Value>, Refused> {
    let rows = admin.parts.store.engine().nodes().await?;
    let shown = rows.into_iter().map(|node| {
        json!({ "node": node.name, "heard": moment(node.heard), "root_versions": node.roots })
    });
    Ok(shown.collect())
}

async fn rotations(admin: &Admin) -> Result<Vec<Value>, Refused> {
    let mut shown = Vec::new();
    for row in admin.parts.store.engine().rotations().await? {
        let subject = admin.parts.keyring.subject(row.level).await?;
        let far = admin.parts.rotator.far(row.level).await?.map(|(_, far)| far).unwrap_or_default();
        let phase = if row.phase == Phase::Announced { "announced" } else { "re-wrapping" };
        shown.push(json!({
            "key": subject.name(), "from": row.from, "to": row.to, "phase": phase,
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
