//! Login, Delegated Login and Logout (KMIP 2.1 §6.1.12, §6.1.30 and §6.1.31).
//!
//! Who logs in has shown a certificate, so a ticket never says more than that: it narrows what a
//! request may do, and is good for the service that has logged in only.

use kmip_ttlv::attribute::UsageLimits;
use kmip_ttlv::enums::{TicketType, UsageLimitsUnit};
use kmip_ttlv::payload::{ResponsePayload, delegated_login, login, logout};
use kmip_ttlv::structure::{self, Ticket as Shown};
use kmip_ttlv::{LeaseTime, Secret};

use super::permit::good;
use super::ticket::{self, Right, TICKETS_MAX, Ticket, VALUE_BYTES};
use super::{Context, Failure, Outcome};
use crate::clock::Timestamp;
use crate::store::{Change, NewNote, NoteChange, NoteKind};

/// How long a ticket is good where the client does not say, or says zero: a day.
const LEASE_SECONDS: i64 = 24 * 60 * 60;

/// How long a ticket is good at most, whatever the client says: 30 days.
const LEASE_SECONDS_MAX: i64 = 30 * LEASE_SECONDS;

/// Makes a ticket that allows all that the service may do.
pub(super) async fn login(cx: &Context<'_>, request: &login::Request) -> Result<Outcome, Failure> {
    let ticket = Ticket {
        requests: requests(request.request_count)?,
        limits: limits(request.usage_limits.as_ref())?,
        rights: vec![Right::default()],
    };
    let (shown, change) = make(cx, request.lease_time, &ticket).await?;
    let response = ResponsePayload::Login(login::Response { ticket: shown });
    Ok(Outcome { changes: vec![change], ..Outcome::told(response) })
}

/// Makes a ticket with chosen rights.
pub(super) async fn delegated_login(
    cx: &Context<'_>,
    request: &delegated_login::Request<'_>,
) -> Result<Outcome, Failure> {
    let rights = request.rights.rights.iter().map(|asked| right(cx, asked));
    let ticket = Ticket {
        requests: requests(request.request_count)?,
        limits: limits(request.usage_limits.as_ref())?,
        rights: rights.collect::<Result<_, _>>()?,
    };
    let (shown, change) = make(cx, request.lease_time, &ticket).await?;
    let response = ResponsePayload::DelegatedLogin(delegated_login::Response { ticket: shown });
    Ok(Outcome { changes: vec![change], ..Outcome::told(response) })
}

/// Ends a ticket of the service.
pub(super) async fn logout(
    cx: &Context<'_>,
    request: &logout::Request,
) -> Result<Outcome, Failure> {
    if request.ticket.kind != TicketType::Login {
        return Err(Failure::InvalidTicket);
    }
    let key = ticket::key(cx.tenant(), cx.service(), request.ticket.value.expose())?;
    let note = good(cx.note(&key).await?, cx.time())?;
    let change =
        Change::Note(NoteChange { key, from: Some(note.revision), to: None, now: cx.time() });
    let response = ResponsePayload::Logout(logout::Response {});
    Ok(Outcome { changes: vec![change], ..Outcome::told(response) })
}

async fn make(
    cx: &Context<'_>,
    lease: Option<LeaseTime>,
    ticket: &Ticket,
) -> Result<(Shown, Change), Failure> {
    if cx.permit().is_some_and(|permit| !permit.is_free()) {
        return Err(Failure::Forbidden("a ticket with limits makes no tickets"));
    }
    let (parts, now) = (cx.parts(), cx.time());
    let expires = Some(expiry(lease, cx.now())?);
    let engine = parts.store.engine();
    let tickets = engine.count_notes(cx.tenant(), cx.service(), NoteKind::Ticket, now).await?;
    if tickets >= TICKETS_MAX {
        return Err(Failure::LimitExceeded("the service has too many tickets"));
    }
    let mut value = vec![0; VALUE_BYTES];
    parts.random.fill(&mut value)?;
    let key = ticket::key(cx.tenant(), cx.service(), &value)?;
    let to = Some(NewNote { expires, body: ticket.to_bytes()? });
    let shown = Shown { kind: TicketType::Login, value: Secret::new(value) };
    Ok((shown, Change::Note(NoteChange { key, from: None, to, now })))
}

/// When a ticket of this lease ends. Zero means as for leases of objects that there is no wish
/// (KMIP 2.1 §6.1.37).
fn expiry(lease: Option<LeaseTime>, now: i64) -> Result<Timestamp, Failure> {
    let seconds = match lease {
        None => LEASE_SECONDS,
        Some(LeaseTime::For(interval)) if interval.0 == 0 => LEASE_SECONDS,
        Some(LeaseTime::For(interval)) => i64::from(interval.0),
        Some(LeaseTime::Until(date)) => date.0.saturating_sub(now),
    };
    if seconds <= 0 {
        return Err(Failure::InvalidField("the Lease Time has passed".into()));
    }
    let seconds = now.saturating_add(seconds.min(LEASE_SECONDS_MAX));
    Ok(Timestamp::of_seconds(seconds))
}

fn requests(count: Option<i32>) -> Result<Option<i32>, Failure> {
    match count {
        Some(count) if count <= 0 => {
            Err(Failure::InvalidField("the Request Count is not positive".into()))
        }
        count => Ok(count),
    }
}

fn limits(asked: Option<&UsageLimits>) -> Result<Option<UsageLimits>, Failure> {
    let Some(limits) = asked else { return Ok(None) };
    let left = limits.count.unwrap_or(limits.total);
    let known = !matches!(limits.unit, UsageLimitsUnit::Unknown(_));
    if !known || limits.total <= 0 || !(0..=limits.total).contains(&left) {
        return Err(Failure::InvalidField("the Usage Limits are not possible".into()));
    }
    Ok(Some(limits.clone()))
}

fn right(cx: &Context<'_>, asked: &structure::Right<'_>) -> Result<Right, Failure> {
    let objects = asked.objects.as_ref().map(|objects| {
        objects.uids.iter().map(|uid| cx.resolve(uid)).collect::<Result<Vec<_>, _>>()
    });
    Ok(Right {
        limits: limits(asked.usage_limits.as_ref())?,
        operations: asked.operations.as_ref().map(|list| list.operations.clone()),
        objects: objects.transpose()?,
        groups: asked.object_groups.as_ref().map(|list| list.groups.clone()),
    })
}
