//! `kek remove`: a version that nothing names is destroyed, and what becomes of a root key in its
//! provider.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::kek::Arguments;
use super::{Admin, Answer, Call, Refusal};
use crate::keys::rotation::{KeyPlace, Subject};
use crate::keys::{Provider, RootKey};
use crate::store::BoxFuture;

/// What becomes of a key.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Destroyed,
    /// And it is tried again.
    Remains,
    Left,
    /// To remove.
    Yours,
    Planned,
}

/// What becomes of the key of a version of a root, which was not in the store.
#[derive(Debug, Serialize)]
pub(super) struct KeyEnd {
    end: End,
    /// Where it is or was.
    place: String,
    /// Why it remains.
    why: Option<String>,
    /// All that in a line.
    pub(super) line: String,
}

impl KeyEnd {
    fn new(end: End, place: String, why: Option<String>) -> Self {
        let why_not = why.as_deref().unwrap_or_default();
        let line = match end {
            End::Destroyed => format!("{place}: is destroyed"),
            End::Remains => format!("{place}: is there still, and is tried again: {why_not}"),
            End::Left => format!("{place}: stays"),
            End::Yours => format!("{place}: remove it now, nobody else does"),
            End::Planned => format!("{place}: would be destroyed, too"),
        };
        Self { end, place, why, line }
    }

    /// What has become of it: why it remains, if it does.
    fn tried(place: String, why: Option<String>) -> Self {
        Self::new(if why.is_some() { End::Remains } else { End::Destroyed }, place, why)
    }

    /// What would become of it.
    fn planned(key: KeyPlace, is_left: bool) -> Self {
        let KeyPlace { provider, place } = key;
        let end = match provider.can_destroy() {
            false => End::Yours,
            true if is_left => End::Left,
            true => End::Planned,
        };
        Self::new(end, place, None)
    }
}

/// `kek remove`: destroys a version that nothing names. Of a root key that is destroyed already and that
/// its token has still, the second half is done.
pub(super) fn remove<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let version = of.version.ok_or_else(|| Refusal::new("give --version VERSION"))?;
        let subject = admin.one(call, &of).await?;
        if subject.is_root() {
            admin.reload_root()?;
        }
        let (rotator, is_left) = (&admin.parts.rotator, of.keep_in_token);
        let doomed = rotator.doomed(&subject, version).await?;
        if doomed.is_none() {
            rotator.plan_remove(&subject, version).await?;
            if !of.discard_encrypted {
                rotator.check_client_use(&subject, version).await?;
            }
        }
        let key = rotator.key_place(&subject, version).await?;
        let key = if of.plan {
            key.map(|key| KeyEnd::planned(key, is_left))
        } else {
            if doomed.is_none() {
                let detail = subject.said(format!("version {version} is destroyed"));
                rotator.remove(&subject, version, is_left, call.record(detail)).await?;
            } else if let Some(row) = doomed.filter(|_| is_left) {
                rotator.leave_key(&subject, &row).await?;
            }
            end_of_key(admin, &subject, version, key, is_left).await?
        };
        Ok(json!({
            "planned": of.plan, "key": subject.name(), "version": version, "state": "destroyed",
            "root_key": key,
        }))
    })
}

/// What became of the key of a version of a root that is destroyed, and was at `key`.
async fn end_of_key(
    admin: &Admin,
    subject: &Subject,
    version: u32,
    key: Option<KeyPlace>,
    is_left: bool,
) -> Result<Option<KeyEnd>, Refusal> {
    let Some(KeyPlace { provider, place }) = key else { return Ok(None) };
    let rotator = &admin.parts.rotator;
    let opened = open_elsewhere(admin, subject, provider).await?;
    let place = match &opened {
        Some(Ok(root)) => root.place_of(version),
        _ => place,
    };
    let doomed = rotator.doomed(subject, version).await?;
    let end = match (doomed, &opened) {
        _ if !provider.can_destroy() => KeyEnd::new(End::Yours, place, None),
        _ if is_left => KeyEnd::new(End::Left, place, None),
        // The server was faster.
        (None, _) => KeyEnd::new(End::Destroyed, place, None),
        (Some(row), opened) => {
            let root = opened.as_ref().and_then(|opened| opened.as_ref().ok()).cloned();
            let why = rotator.destroy_key(subject, &row, root).await?;
            let not_open = opened.as_ref().and_then(|opened| opened.as_ref().err()).cloned();
            KeyEnd::tried(place, not_open.or(why))
        }
    };
    // The last one who has a token waits for it.
    tokio::task::spawn_blocking(move || drop(opened));
    Ok(Some(end))
}

/// A provider that the shared root has moved away from, if the configuration knows it still.
async fn open_elsewhere(
    admin: &Admin,
    subject: &Subject,
    provider: Provider,
) -> Result<Option<Result<Arc<dyn RootKey>, String>>, Refusal> {
    if !subject.is_shared_root() || admin.parts.keyring.has_provider(provider) {
        return Ok(None);
    }
    let open = Arc::clone(&admin.parts.open_root);
    Ok(Some(tokio::task::spawn_blocking(move || open(provider, None)).await?))
}

/// What became of the keys that rotations have moved away from, if they were root keys that are
/// compromised.
pub(super) async fn ends(
    admin: &Admin,
    left: Vec<(Subject, u32, KeyPlace)>,
) -> Result<Vec<Value>, Refusal> {
    let mut ends = Vec::new();
    for (subject, version, key) in left {
        let end = end_of_key(admin, &subject, version, Some(key), false).await?;
        ends.extend(end.map(|end| json!(end)));
    }
    Ok(ends)
}
