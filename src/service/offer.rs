//! Messages from the server to the client, and which way the messages of a connection go (KMIP 1.4
//! §5, KMIP 2.1 §6.2).

use std::sync::Arc;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage};
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::{Buffer, Tag, Version};

use super::report::Subject;
use super::session::{Heard, Occasion, Session};
use super::{Service, suspend};
use crate::access;
use crate::operation::feeds::{Event, News};
use crate::operation::{Batch, Context, Failure, Trace, offers};
use crate::store::{Change, Commit, Error as StoreError, View};
use crate::tenant::Caller;

impl Service {
    /// A new connection of a caller. Some services listen on each of theirs without asking.
    #[must_use]
    pub fn session(&self, caller: &Caller) -> Session {
        let feeds = &self.parts.feeds;
        let feed = if feeds.is_told(caller) { feeds.listen(caller).ok() } else { None };
        Session { feed, ..Session::default() }
    }

    /// Takes a message of a connection, and answers it if it is a request.
    pub async fn converse(
        &self,
        session: &mut Session,
        caller: &Arc<Caller>,
        message: &[u8],
        response: &mut Buffer,
    ) -> Heard {
        if is_response(message) {
            let is_awaited = session.inquiry.hear(message, &self.settings.limits);
            return if is_awaited { Heard::Answer } else { Heard::OutOfTurn };
        }
        if session.is_reversed {
            return Heard::OutOfTurn;
        }
        let (version, feed) = self.answer_request(caller, message, response).await;
        session.version = version.or(session.version);
        if let Some(feed) = feed {
            session.feed = Some(feed);
            session.is_reversed = true;
        }
        Heard::Answered
    }

    /// Appends to `message` the request that this occasion calls for. Nothing is appended if there is
    /// nothing that this caller takes and may know.
    pub async fn offer(
        &self,
        session: &mut Session,
        caller: &Arc<Caller>,
        occasion: &Occasion,
        message: &mut Buffer,
    ) {
        let Some(last) = session.version else { return };
        match occasion {
            Occasion::Unknown => {
                let Some(question) = session.inquiry.ask(last) else { return };
                let operation = question.operation();
                if let Ok(bytes) = to_message(last, question) {
                    message.extend(&bytes);
                    session.inquiry.sent(operation);
                }
            }
            Occasion::Event(event) => self.offer_event(session, last, caller, event, message).await,
        }
    }

    /// Appends the request that tells the caller of an event.
    async fn offer_event(
        &self,
        session: &mut Session,
        last: Version,
        caller: &Arc<Caller>,
        event: &Event,
        message: &mut Buffer,
    ) {
        let operation = match event {
            Event::Made { .. } => Operation::Put,
            Event::Changed { .. } | Event::Key(_) => Operation::Notify,
        };
        if !session.inquiry.takes(operation) {
            return;
        }
        let version = session.inquiry.version(last);
        let changed = self.caller_now(caller);
        let caller = changed.as_ref().unwrap_or(caller);
        let (subject, trace) = (self.unasked(caller, version, operation), Trace::default());
        let offer = match self.offered(&subject, &trace, event).await {
            Ok(Some(offer)) => offer,
            Ok(None) => return,
            Err(failure) => return tracing::debug!(%failure, "not told"),
        };
        if let RequestPayload::Put(put) = &offer
            && !session.inquiry.takes_object(put.object.object_type())
        {
            return;
        }
        let Ok(bytes) = to_message(version, offer) else { return };
        if self.audit.read(self.record(&subject, &trace, None)).await.is_ok() {
            self.report(&subject, &trace, None);
            message.extend(&bytes);
            session.inquiry.sent(operation);
        }
    }

    /// What the caller is sent of an event, as far as it could have asked for it.
    async fn offered(
        &self,
        subject: &Subject<'_>,
        trace: &Trace,
        event: &Event,
    ) -> Result<Option<RequestPayload<'static>>, Failure> {
        // That its keys are not used any more is told to a service that is not served any more, too.
        if !matches!(event, Event::Key(_)) {
            self.parts.keyring.check_caller(subject.caller).map_err(Failure::of_keys)?;
        }
        let batch = Batch::default();
        let (caller, version) = (subject.caller, subject.version);
        let cx = Context::new(&self.parts, caller, &batch, trace, version, subject.time);
        match event {
            Event::Made { uid } => {
                access::check_operation(caller, Operation::Get)?;
                offers::put(&cx, uid).await.map(Some)
            }
            Event::Changed { uid, changed, gone } => {
                access::check_operation(caller, Operation::GetAttributes)?;
                offers::notify(&cx, uid, changed, gone).await
            }
            Event::Key(event) => {
                access::check_operation(caller, Operation::GetAttributes)?;
                offers::notify_of_key(&cx, event).await
            }
        }
    }

    /// Makes changes durable, and tells those who listen.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let news = self.news(&commit.changes).await;
        if suspend::suspends(&commit.changes) {
            self.suspend(commit).await?;
        } else {
            self.parts.store.commit(commit).await?;
        }
        if !news.is_empty() {
            self.parts.feeds.tell(news);
        }
        Ok(())
    }

    /// What these changes are to those who listen; nothing where nobody does.
    async fn news(&self, changes: &[Change]) -> Vec<News> {
        let mut news = Vec::new();
        if !self.parts.feeds.is_heard() {
            return news;
        }
        for change in changes {
            let (Change::Insert { tenant, stored } | Change::Update { tenant, stored }) = change
            else {
                continue;
            };
            let (tenant, service, object) = (*tenant, stored.service, &stored.object);
            if !self.parts.feeds.is_heard_by(tenant, service) {
                continue;
            }
            let event = if matches!(change, Change::Insert { .. }) {
                Event::Made { uid: object.uid.clone() }
            } else {
                let view = View { tenant, service: Some(service) };
                // What cannot be read now cannot be changed either.
                let Ok(Some(old)) = self.parts.store.object(view, &object.uid).await else {
                    continue;
                };
                Event::between(&object.uid, &old.object.attributes, &object.attributes)
            };
            news.push(News { tenant, service, event });
        }
        news
    }
}

/// Whether a message is an answer.
fn is_response(message: &[u8]) -> bool {
    let [_, tag @ ..] = Tag::ResponseMessage.number().to_be_bytes();
    message.starts_with(&tag)
}

fn to_message(version: Version, offer: RequestPayload<'_>) -> kmip_ttlv::Result<Buffer> {
    let header = RequestHeader::new(version.into(), 1);
    RequestMessage { header, items: vec![RequestItem::new(offer)] }.to_bytes()
}
