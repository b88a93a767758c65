//! `kek migrate`: the root moves to another provider.

use std::sync::Arc;

use serde_json::json;

use super::call::{Call, Refusal};
use super::kek::{Arguments, begin_and_wait, provider};
use super::{Admin, Answer};
use crate::keys::rotation::{Order, Refused, Subject};
use crate::store::BoxFuture;

/// `kek migrate`: the root moves to another provider.
pub(super) fn migrate<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let to = provider(of.to.as_deref())?.ok_or_else(|| Refusal::new("give --to pkcs11|env"))?;
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
        if of.plan {
            let from = admin.parts.keyring.root_status().active;
            let envelopes =
                rotator.left_over(&Subject::Root).await? + rotator.under_active().await?;
            return Ok(json!({ "planned": true, "rotations": [{
                "key": Subject::Root.name(), "from": from, "to": next, "provider": to.name(),
                "new_version": true, "envelopes": envelopes,
            }] }));
        }
        let open = Arc::clone(&admin.parts.open_root);
        let opened = tokio::task::spawn_blocking(move || open(to, next)).await?;
        admin.parts.keyring.open_window(opened.map_err(Refusal::new)?);
        let done = begin_and_wait(admin, call, vec![Subject::Root], order, false).await;
        if done.is_err() && rotator.far(Subject::Root.level()).await?.is_none() {
            admin.parts.keyring.close_window();
        }
        done
    })
}
