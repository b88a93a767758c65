//! `kek …`: the keys of the hierarchy.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Refusal, Scope};
use super::kek_remove::ends;
use super::{Admin, Answer};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::keys::rotation::{Order, Progress, Subject};
use crate::store::{BoxFuture, SHARED_ROOT, TenantRow};
use crate::tenant::{ServiceName, TenantId, TenantName};

/// How often long work says how far it is.
const TELL: Duration = Duration::from_millis(500);
/// Tenants that are read together.
const TENANTS_BATCH: usize = 256;

/// Which keys a command is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that stands for itself")]
pub(super) struct Arguments {
    level: Option<String>,
    tenant: Option<String>,
    service: Option<String>,
    #[serde(default)]
    pub(super) plan: bool,
    pub(super) version: Option<u32>,
    from_version: Option<u32>,
    to_version: Option<u32>,
    #[serde(default)]
    compromised: bool,
    #[serde(default)]
    active: bool,
    at: Option<String>,
    #[serde(default)]
    pub(super) discard_encrypted: bool,
    #[serde(default)]
    pub(super) keep_in_token: bool,
}

impl Admin {
    /// The keys that a command is about: one, or all of a level.
    async fn subjects(&self, call: &Call, of: &Arguments) -> Result<Vec<Subject>, Refusal> {
        let tenant = of.tenant.as_deref().map(TenantName::new).transpose();
        let service = of.service.as_deref().map(ServiceName::new).transpose();
        let (tenant, service) = (tenant?, service?);
        call.concerns(Scope { tenant: tenant.clone(), service: service.clone() });
        match (of.level.as_deref(), &tenant, &service) {
            (Some("root"), None, None) => Ok(vec![Subject::Root]),
            (Some("root"), Some(tenant), None) => {
                Ok(vec![Subject::OwnRoot(self.tenant(tenant).await?)])
            }
            (Some("tenant"), Some(tenant), None) => {
                Ok(vec![Subject::Tenant(self.tenant(tenant).await?)])
            }
            (Some("tenant"), None, None) => {
                let tenants = self.all_tenants().await?;
                Ok(tenants.into_iter().map(Subject::Tenant).collect())
            }
            (Some("service"), Some(tenant), service) => {
                let row = self.tenant(tenant).await?;
                let mut services = self.parts.store.engine().services(row.id).await?;
                if let Some(name) = service {
                    services.retain(|service| service.name == *name);
                    if services.is_empty() {
                        let line = format!("tenant {tenant} has no service {name}");
                        return Err(Refusal::new(line));
                    }
                }
                let subject = |service| Subject::Service(row.clone(), service);
                Ok(services.into_iter().map(subject).collect())
            }
            _ => Err(Refusal::new(
                "give --level root, --level tenant, each maybe with --tenant T, or --level service \
                 --tenant T [--service S]",
            )),
        }
    }

    pub(super) async fn one(&self, call: &Call, of: &Arguments) -> Result<Subject, Refusal> {
        let mut subjects = self.subjects(call, of).await?;
        match (subjects.pop(), subjects.is_empty()) {
            (Some(subject), true) => Ok(subject),
            _ => Err(Refusal::new("this is done to one key at a time: name --tenant or --service")),
        }
    }

    pub(super) async fn tenant(&self, name: &TenantName) -> Result<TenantRow, Refusal> {
        let row = self.parts.store.tenant(name).await?;
        row.ok_or_else(|| Refusal::new(format!("there is no tenant {name}")))
    }

    async fn all_tenants(&self) -> Result<Vec<TenantRow>, Refusal> {
        let (mut all, mut after) = (Vec::new(), TenantId(0));
        loop {
            let part = self.parts.store.engine().tenants(after, TENANTS_BATCH).await?;
            let Some(last) = part.last() else { return Ok(all) };
            after = last.id;
            all.extend(part);
        }
    }
}

/// A moment that somebody has written.
fn moment(text: &str) -> Result<Timestamp, Refusal> {
    let moment = Timestamp::from_rfc3339(text);
    moment.ok_or_else(|| Refusal::new("--at is a time such as 2030-01-31T03:00:00Z"))
}

/// `kek add`: a new version, pending.
pub(super) fn add<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let subject = admin.one(call, &of).await?;
        let rotator = &admin.parts.rotator;
        if subject.is_root() {
            admin.reload_root()?;
        }
        let add = rotator.plan_add(&subject, None).await?;
        if !of.plan {
            let detail = subject.said(format!("version {} is pending", add.version));
            rotator.add(&subject, None, call.record(detail)).await?;
        }
        let made = if add.is_made { "made in the token" } else { "taken" };
        Ok(json!({
            "planned": of.plan, "key": subject.name(), "version": add.version,
            "how": if subject.is_root() { made } else { "made" },
            "state": "pending",
        }))
    })
}

/// `kek verify`: whether every live node has a version, and it opens.
pub(super) fn verify<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let version = of.version.ok_or_else(|| Refusal::new("give --target VERSION"))?;
        let subject = admin.one(call, &of).await?;
        admin.parts.rotator.verify(&subject, version).await?;
        Ok(json!({ "key": subject.name(), "version": version, "verified": true }))
    })
}

/// `kek rotate`: another version becomes active, and what the old one sealed is sealed anew.
pub(super) fn rotate<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let order = Order {
            from: of.from_version,
            to: of.to_version,
            compromised: of.compromised,
            eager: of.active,
            provider: None,
            whose: None,
            at: of.at.as_deref().map(moment).transpose()?,
        };
        let subjects = admin.subjects(call, &of).await?;
        if subjects.iter().any(Subject::is_root) {
            admin.reload_root()?;
        }
        begin_and_wait(admin, call, subjects, order, of.plan).await
    })
}

/// What the trail says of a rotation that somebody asks for.
fn asked(call: &Call, subject: &Subject, order: Order) -> Record {
    let detail = if order.compromised {
        "a rotation away from a compromised version was asked for"
    } else {
        "a rotation was asked for"
    };
    call.record(subject.said(detail.to_owned()))
}

/// A version as it is shown; in the place of one of a tenant's own root may be the shared root.
pub(super) fn version(version: u32) -> Value {
    if version == SHARED_ROOT { "shared".into() } else { version.into() }
}

/// Begins rotations of these keys, or says what they would be, and waits for their end.
pub(super) async fn begin_and_wait(
    admin: &Admin,
    call: &Call,
    subjects: Vec<Subject>,
    order: Order,
    is_plan: bool,
) -> Answer {
    let rotator = &admin.parts.rotator;
    let mut rotations = Vec::new();
    let one = subjects.len() == 1;
    let (mut begun, mut left) = (Vec::new(), Vec::new());
    for subject in subjects {
        let plan = if is_plan {
            rotator.plan(&subject, order).await
        } else {
            rotator.begin(&subject, order, asked(call, &subject, order)).await
        };
        match plan {
            Ok(plan) => {
                rotations.push(json!({
                    "key": subject.name(), "from": version(plan.from), "to": version(plan.to),
                    "new_version": plan.is_new, "envelopes": plan.envelopes,
                }));
                if order.compromised
                    && let Some(key) = rotator.key_place(&subject, plan.from).await?
                {
                    left.push((subject.clone(), plan.from, key));
                }
                begun.push(subject);
            }
            // Of many, those are rotated that can be.
            Err(error) if !one => {
                rotations.push(json!({ "key": subject.name(), "refused": error.to_string() }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if !is_plan && order.at.is_none() {
        wait(admin, call, &begun).await?;
    }
    let at = order.at.map(Timestamp::rfc3339);
    let keys = if is_plan { Vec::new() } else { ends(admin, left).await? };
    Ok(json!({
        "planned": is_plan, "rotations": rotations, "effective_time": at, "root_keys": keys,
    }))
}

/// Says how far rotations are until they are done. They go on if nobody listens.
async fn wait(admin: &Admin, call: &Call, subjects: &[Subject]) -> Result<(), Refusal> {
    let clock = &admin.parts.clock;
    let (started, mut told) = (clock.elapsed(), Duration::ZERO);
    loop {
        let (mut running, mut done, mut total, mut trouble) = (0, 0, 0, None);
        for row in admin.parts.store.engine().rotations().await? {
            if subjects.iter().any(|subject| subject.level() == row.level)
                && let Some((_, far)) = admin.parts.rotator.far(row.level).await?
            {
                running += 1;
                done += far.done;
                total += far.total;
                trouble = trouble.or(far.trouble);
            }
        }
        if running == 0 {
            return Ok(());
        }
        let now = clock.elapsed();
        // Before it is known how much there is, there is nothing to tell.
        if (total > 0 || trouble.is_some()) && now.saturating_sub(told) >= TELL {
            told = now;
            call.progress.tell(progress(
                running,
                done,
                total,
                trouble.as_deref(),
                now.saturating_sub(started),
            ));
        }
        admin.parts.rotator.moved(TELL).await;
    }
}

fn progress(
    running: usize,
    done: u64,
    total: u64,
    trouble: Option<&str>,
    spent: Duration,
) -> Value {
    let millis = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    let left = total.saturating_sub(done).checked_div(rate);
    let mut line = format!("{running} under way, {done} of {total} envelopes, {rate}/s");
    if let Some(seconds) = left {
        let _ = write!(line, ", about {seconds} s left");
    }
    if let Some(trouble) = trouble {
        let _ = write!(line, "; {trouble}");
    }
    json!({
        "line": line, "running": running, "done": done, "total": total, "per_second": rate,
        "seconds_left": left, "trouble": trouble,
    })
}

/// `kek rewrap`: what retired versions sealed is sealed under the active one now.
pub(super) fn rewrap<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let mut keys = Vec::new();
        for subject in admin.subjects(call, &of).await? {
            let left = admin.parts.rotator.left_over(&subject).await?;
            let mut done = 0;
            if !of.plan && left > 0 {
                let progress = Progress::default();
                done = admin.parts.rotator.rewrap_now(&subject, &progress).await?;
            }
            if !of.plan {
                let line = format!("{}: {left} envelopes", subject.name());
                call.progress.tell(json!({ "line": line }));
            }
            keys.push(json!({ "key": subject.name(), "envelopes": left, "rewrapped": done }));
        }
        Ok(json!({ "planned": of.plan, "keys": keys }))
    })
}

/// `kek abort`: takes a rotation back.
pub(super) fn abort<'a>(admin: &'a Admin, call: &'a Call) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let of: Arguments = call.arguments()?;
        let subject = admin.one(call, &of).await?;
        let rotator = &admin.parts.rotator;
        let row = rotator.plan_abort(&subject).await?;
        if !of.plan {
            let detail = subject.said("a rotation was aborted".to_owned());
            rotator.abort(&subject, call.record(detail)).await?;
            wait(admin, call, std::slice::from_ref(&subject)).await?;
        }
        Ok(json!({ "planned": of.plan, "key": subject.name(), "active": version(row.from) }))
    })
}
