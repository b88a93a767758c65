//! `kek …`: the keys of the hierarchy.

use serde_json::json;

use super::{Admin, Answer, Call};
use crate::store::BoxFuture;

/// `kek status`: every level and version.
pub(super) fn status<'a>(admin: &'a Admin, _call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let root = admin.parts.keyring.root_status();
        Ok(json!({
            "root": { "provider": root.provider.name(), "active": root.active,
                      "versions": root.versions },
        }))
    })
}
