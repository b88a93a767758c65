//! One connection of a client to which the server sends requests, in one thread with the server.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use keystrata::service::{Heard, Occasion, Session};
use kmip_ttlv::attribute::{Attribute, AttributeReference};
use kmip_ttlv::enums::{EndpointRole, ObjectType, Operation, ResultReason as R};
use kmip_ttlv::message::{
    RequestItem, RequestMessage, ResponseHeader, ResponseItem, ResponseMessage,
};
use kmip_ttlv::payload::{
    RequestPayload, ResponsePayload, discover_versions, notify, put, query, set_endpoint_role,
};
use kmip_ttlv::{Buffer, DateTime, ProtocolVersion, TimeStamp, Version};

use super::ask::Request;
use super::world::{Client, START};

/// A connection of a client on which the server may ask.
pub(crate) struct Line<'w> {
    pub(crate) client: Client<'w>,
    pub(crate) session: Session,
    /// What the client says of itself; nothing if it does not know the question.
    pub(crate) versions: Option<Vec<Version>>,
    pub(crate) operations: Option<Vec<Operation>>,
    pub(crate) objects: Vec<ObjectType>,
    /// What the server has asked.
    pub(crate) asked: Vec<Operation>,
}

pub(crate) fn role(role: EndpointRole) -> Request {
    set_endpoint_role::Request { role }.into()
}

impl<'w> Line<'w> {
    pub(crate) fn new(client: &Client<'w>) -> Self {
        let session = client.world.service.session(client.caller());
        Self {
            client: client.clone(),
            session,
            versions: None,
            operations: None,
            objects: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// One that listens.
    pub(crate) async fn listening(client: &Client<'w>) -> Self {
        let mut line = Self::new(client);
        let answer = line.ask(role(EndpointRole::Client)).await;
        assert!(matches!(answer, Ok(ResponsePayload::SetEndpointRole(_))), "{answer:?}");
        line
    }

    pub(crate) async fn hear(&mut self, message: &[u8], response: &mut Buffer) -> Heard {
        let (service, caller) = (&self.client.world.service, self.client.caller());
        service.converse(&mut self.session, caller, message, response).await
    }

    pub(crate) async fn ask(&mut self, payload: Request) -> Result<ResponsePayload<'static>, R> {
        let message = self.client.request(vec![payload]).to_bytes().unwrap();
        let mut response = Buffer::new();
        assert_eq!(self.hear(&message, &mut response).await, Heard::Answered);
        let response = ResponseMessage::from_bytes(Vec::leak(response.to_vec())).unwrap();
        let item = response.items.into_iter().next().unwrap();
        item.payload.ok_or_else(|| item.reason.unwrap())
    }

    /// What the server says next.
    pub(crate) async fn sent(&mut self) -> Option<Request> {
        while self.session.listens() {
            let occasion = {
                let mut context = Context::from_waker(Waker::noop());
                match pin!(self.session.next()).poll(&mut context) {
                    Poll::Ready(occasion) => occasion.expect("it has not fallen behind"),
                    Poll::Pending => return None,
                }
            };
            let mut message = Buffer::new();
            let (service, caller) = (&self.client.world.service, self.client.caller());
            service.offer(&mut self.session, caller, &occasion, &mut message).await;
            if message.is_empty() {
                assert_ne!(occasion, Occasion::Unknown);
                continue;
            }
            let message = RequestMessage::from_bytes(Vec::leak(message.to_vec())).unwrap();
            let spoken = self.versions.as_ref().and_then(|versions| versions.first());
            let version = *spoken.filter(|_| self.asked.len() > 1).unwrap_or(&self.client.version);
            assert_eq!(message.header.protocol_version, ProtocolVersion::from(version));
            assert!(!self.session.listens(), "one at a time");
            let [item]: [RequestItem<'_>; 1] = message.items.try_into().unwrap();
            return Some(item.payload);
        }
        None
    }

    /// What the server tells next, if that is something; the client answers that, and the questions
    /// before it.
    pub(crate) async fn told(&mut self) -> Option<Request> {
        loop {
            let sent = self.sent().await?;
            assert_eq!(self.answer(&sent).await, Heard::Answer);
            match sent.operation() {
                question @ (Operation::DiscoverVersions | Operation::Query) => {
                    self.asked.push(question);
                }
                _ => return Some(sent),
            }
        }
    }

    pub(crate) async fn answer(&mut self, asked: &Request) -> Heard {
        let unknown = || {
            let reason = R::OperationNotSupported;
            ResponseItem::failure(Some(asked.operation()), None, reason, "unknown")
        };
        let success = |payload| ResponseItem::success(None, payload);
        let item = match asked {
            RequestPayload::Put(_) => success(ResponsePayload::from(put::Response {})),
            RequestPayload::DiscoverVersions(_) => match &self.versions {
                Some(versions) => {
                    let versions = versions.iter().copied().map(ProtocolVersion::from).collect();
                    success(discover_versions::Response { versions }.into())
                }
                None => unknown(),
            },
            RequestPayload::Query(_) => match &self.operations {
                Some(operations) => success(says(operations, &self.objects)),
                None => unknown(),
            },
            _ => success(notify::Response {}.into()),
        };
        let message = self.message(item);
        self.hear(&message, &mut Buffer::new()).await
    }

    pub(crate) fn message(&self, item: ResponseItem<'_>) -> Vec<u8> {
        let time = TimeStamp::Seconds(DateTime(START));
        let header = ResponseHeader::new(self.client.version.into(), time);
        ResponseMessage { header, items: vec![item] }.to_bytes().unwrap().to_vec()
    }

    pub(crate) async fn put(&mut self) -> put::Request<'static> {
        match self.told().await {
            Some(RequestPayload::Put(put)) => put,
            other => panic!("{other:?}"),
        }
    }

    /// The attributes that have changed and those that are gone.
    pub(crate) async fn changed(&mut self) -> (Vec<Attribute>, Vec<AttributeReference>) {
        match self.told().await {
            Some(RequestPayload::Notify(notify)) => {
                (notify.attributes.iter().cloned().collect(), notify.references)
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What a client says of itself.
pub(crate) fn says(operations: &[Operation], objects: &[ObjectType]) -> ResponsePayload<'static> {
    ResponsePayload::Query(Box::new(query::Response {
        operations: operations.to_vec(),
        object_types: objects.to_vec(),
        ..query::Response::default()
    }))
}
