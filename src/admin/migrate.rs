//! `kek migrate`: the shared root moves to another provider, or a tenant to a root of its own and back.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Refusal, Scope};
use super::kek::begin_and_wait;
use super::{Admin, Answer};
use crate::keys::rotation::{Order, Refused, Subject};
use crate::keys::{Provider, Whose};
use crate::store::BoxFuture;
use crate::tenant::TenantName;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    tenant: Option<String>,
    to: String,
    #[serde(default)]
    plan: bool,
}

/// `kek migrate`.
pub(super) fn migrate<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let Arguments { tenant, to, plan } = call.arguments()?;
        let whose = Whose::ALL.into_iter().find(|whose| whose.name() == to);
        let provider = Provider::ALL.into_iter().find(|provider| provider.name() == to);
        match (tenant, whose, provider) {
            (Some(tenant), Some(whose), _) => {
                migrate_tenant(admin, call, &TenantName::new(&tenant)?, whose, plan).await
            }
            (None, _, Some(provider)) => migrate_shared(admin, call, provider, plan).await,
            _ => Err(Refusal::new(
                "give --to pkcs11 or --to env for the shared root key, or --tenant T with --to own \
                 or --to shared",
            )),
        }
    })
}

/// A tenant moves to a root of its own, or back to the shared one.
async fn migrate_tenant(
    admin: &Admin,
    call: &Call,
    name: &TenantName,
    whose: Whose,
    is_plan: bool,
) -> Answer {
    call.concerns(Scope { tenant: Some(name.clone()), service: None });
    let subject = Subject::OwnRoot(admin.tenant(name).await?);
    admin.reload_root()?;
    if whose == Whose::Own && !admin.parts.keyring.has_own_root(name) {
        let file = "describe its root key in the configuration";
        return Err(Refusal::new(format!("there is no [root.tenants.{name}]: {file}")));
    }
    let order = Order { whose: Some(whose), ..Order::default() };
    begin_and_wait(admin, call, vec![subject], order, is_plan).await
}

/// The shared root moves to another provider.
async fn migrate_shared(admin: &Admin, call: &Call, to: Provider, is_plan: bool) -> Answer {
    if admin.parts.keyring.root_status().provider == to {
        return Err(Refused::SameProvider(to).into());
    }
    let rotator = &admin.parts.rotator;
    let order = Order { provider: Some(to), ..Order::default() };
    if let Some((row, _)) = rotator.far(Subject::Root.level()).await? {
        let key = Subject::Root.name();
        return Err(Refused::AnotherRunning { key, from: row.from, to: row.to }.into());
    }
    let rows = admin.parts.store.keys(Subject::Root.level()).await?;
    let next = rows.last().map_or(1, |row| row.version + 1);
    if is_plan {
        let from = admin.parts.keyring.root_status().active;
        let envelopes = rotator.left_over(&Subject::Root).await? + rotator.under_active().await?;
        return Ok(json!({ "planned": true, "rotations": [{
            "key": Subject::Root.name(), "from": from, "to": next, "provider": to.name(),
            "new_version": true, "envelopes": envelopes,
        }] }));
    }
    let open = Arc::clone(&admin.parts.open_root);
    let opened = tokio::task::spawn_blocking(move || open(to, Some(next))).await?;
    admin.parts.keyring.open_window(opened.map_err(Refusal::new)?);
    let done = begin_and_wait(admin, call, vec![Subject::Root], order, false).await;
    if done.is_err() && rotator.far(Subject::Root.level()).await?.is_none() {
        admin.parts.keyring.close_window();
    }
    done
}
