//! What a client knows when it makes its next request: objects that there are and what the server
//! has told it. Some of it belongs to others.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CryptographicUsageMask as Mask, Operation};
use kmip_ttlv::{DateTime, Tag, Value};

use super::ask::{self, uid_of};
use super::generate::Choices;
use super::requests::{Target, every_mask, make_pair};
use super::world::{Client, START, World};

/// The key of another tenant, and that of another service of the same tenant.
pub(crate) const FOREIGN_KEY: &[u8; 16] = b"FOREIGN-SECRET-1";

/// What the others call their keys.
pub(crate) const FOREIGN_NAME: &str = "FOREIGN-NAME";

/// How much of a kind is remembered: the first things and the last.
const REMEMBERED_MAX: usize = 48;

/// Identifiers and values to ask with.
#[derive(Debug, Default)]
pub(crate) struct Known {
    objects: Vec<(Option<Target>, String)>,
    /// Objects of others.
    pub(crate) foreign: Vec<String>,
    streams: Vec<Vec<u8>>,
    promises: Vec<Vec<u8>>,
    tickets: Vec<Vec<u8>>,
}

/// One of these, or nothing of an empty list.
pub(crate) fn one_of<'t, T>(from: &'t [T], choices: &mut Choices<'_>) -> Option<&'t T> {
    let number = 256 * choices.below(256) + choices.below(256);
    from.get(number % from.len().max(1))
}

impl Known {
    /// What there is at first, for a client that sees its own service alone or all of its tenant.
    pub(crate) async fn new(world: &World, client: &Client<'_>, sees_tenant: bool) -> Self {
        let mut known = Self::default();
        let others = [("tenant-b", "orders"), ("tenant-a", "others")];
        for (tenant, service) in others.into_iter().take(if sees_tenant { 1 } else { 2 }) {
            let other = world.client_of(tenant, service, client.version).await;
            let more = vec![ask::custom("note", FOREIGN_NAME)];
            known.foreign.push(other.register(Some(FOREIGN_KEY), more).await);
        }
        let usable = |bits: Mask| {
            let active = Attribute::ActivationDate(DateTime(START - 100));
            vec![Attribute::CryptographicUsageMask(bits), active]
        };
        known.put(Target::Symmetric, client.create(usable(every_mask())).await);
        let wrapping = Mask::WRAP_KEY.union(Mask::UNWRAP_KEY);
        let wrapping = client.create(usable(every_mask().union(wrapping))).await;
        known.put(Target::Symmetric, wrapping);
        let (private, public) = make_pair(client, every_mask()).await;
        client.ask(ask::activate(&private)).await.unwrap();
        client.ask(ask::activate(&public)).await.unwrap();
        known.put(Target::Private, private);
        known.put(Target::Public, public);
        known.objects.push((None, uid_of(client.ask(ask::opaque(Vec::new())).await)));
        known
    }

    fn put(&mut self, target: Target, uid: String) {
        self.objects.push((Some(target), uid));
    }

    /// An object of this kind, or now and then one of another or of somebody else.
    pub(crate) fn object(&self, target: Option<Target>, choices: &mut Choices<'_>) -> String {
        let other = match choices.below(16) {
            0 => return "nowhere".to_owned(),
            1 => return String::new(),
            2 => return one_of(&self.foreign, choices).cloned().unwrap_or_default(),
            other => other,
        };
        let wanted = target.filter(|_| other > 4);
        let fitting: Vec<_> =
            self.objects.iter().filter(|(kind, _)| wanted.is_none() || *kind == wanted).collect();
        let all: Vec<_> = self.objects.iter().collect();
        let from = if fitting.is_empty() { &all } else { &fitting };
        one_of(from, choices).map(|(_, uid)| uid.clone()).unwrap_or_default()
    }

    /// The correlation value of a stream.
    pub(crate) fn stream(&self, choices: &mut Choices<'_>) -> Option<Vec<u8>> {
        one_of(&self.streams, choices).cloned()
    }

    /// The correlation value of an asynchronous request.
    pub(crate) fn promise(&self, choices: &mut Choices<'_>) -> Option<Vec<u8>> {
        one_of(&self.promises, choices).cloned()
    }

    /// The value of a ticket.
    pub(crate) fn ticket(&self, choices: &mut Choices<'_>) -> Option<Vec<u8>> {
        one_of(&self.tickets, choices).cloned()
    }

    /// Remembers what an answer tells.
    pub(crate) fn learn(&mut self, operation: Option<Operation>, answer: &Value) {
        let Value::Structure(fields) = answer else { return };
        for (tag, value) in fields {
            match (tag, value) {
                (Tag::UniqueIdentifier, Value::TextString(uid)) => {
                    self.remember(target(operation), uid);
                }
                (Tag::PrivateKeyUniqueIdentifier, Value::TextString(uid)) => {
                    self.remember(Some(Target::Private), uid);
                }
                (Tag::PublicKeyUniqueIdentifier, Value::TextString(uid)) => {
                    self.remember(Some(Target::Public), uid);
                }
                (Tag::CorrelationValue, Value::ByteString(bytes)) => {
                    keep(&mut self.streams, bytes.to_vec());
                }
                (Tag::AsynchronousCorrelationValue, Value::ByteString(bytes)) => {
                    keep(&mut self.promises, bytes.to_vec());
                }
                (Tag::TicketValue, Value::ByteString(bytes)) => {
                    keep(&mut self.tickets, bytes.to_vec());
                }
                (_, value) => self.learn(operation, value),
            }
        }
    }

    fn remember(&mut self, target: Option<Target>, uid: &str) {
        if self.objects.iter().all(|(_, known)| known != uid) {
            keep(&mut self.objects, (target, uid.to_owned()));
        }
    }
}

/// What an operation makes.
fn target(operation: Option<Operation>) -> Option<Target> {
    match operation {
        Some(Operation::Create | Operation::ReKey | Operation::DeriveKey) => {
            Some(Target::Symmetric)
        }
        Some(Operation::Certify | Operation::ReCertify) => Some(Target::Certificate),
        _ => None,
    }
}

fn keep<T>(list: &mut Vec<T>, one: T) {
    if list.len() >= REMEMBERED_MAX {
        list.remove(REMEMBERED_MAX / 2);
    }
    list.push(one);
}
