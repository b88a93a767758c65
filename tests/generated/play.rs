//! A client that asks for one thing after the other, each decided by bytes, and keeps what it is
//! told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use keystrata::crypto::policy::Policy;
use keystrata::operation::{Facts, Policies};
use keystrata::tenant::{Mode, Role};
use kmip_ttlv::enums::Operation;
use kmip_ttlv::{Dump, Tag, Value, Version};

use super::ask;
use super::build;
use super::generate::Choices;
use super::known::Known;
use super::laws::{self, Lawful, RESPONSE_BYTES_MAX};
use super::memory;
use super::world::{Client, World};

/// How many requests one client sends at most.
const REQUESTS_MAX: usize = 40;

/// What a server may take to answer: so many bytes for each of the request, and what it has for
/// itself: response, buffers, and caches that are filled for the first time.
const BYTES_PER_BYTE: usize = 16;
const BYTES_AT_LEAST: usize = 2 * RESPONSE_BYTES_MAX;

/// What came of a client's requests.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Requests that were sent.
    pub(crate) sent: usize,
    /// Operations that were done, and how often.
    pub(crate) done: BTreeMap<Operation, usize>,
    /// The most bytes that one answer took.
    pub(crate) peak: usize,
}

impl Tally {
    /// Takes another in.
    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.peak = self.peak.max(other.peak);
        for (operation, times) in other.done {
            *self.done.entry(operation).or_default() += times;
        }
    }
}

/// A law that was broken, and by what.
pub(crate) struct Broken {
    law: String,
    sent: Vec<u8>,
    answer: Vec<u8>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, answer) = (Dump(&self.sent), Dump(&self.answer));
        write!(f, "{}\nrequest:\n{sent}\nanswer:\n{answer}", self.law)
    }
}

/// How often anything has panicked, on whatever thread.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts every panic from now on.
pub(crate) fn count_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Relaxed);
        usual(panic);
    }));
}

/// Plays a client whose decisions are these bytes, against a server of its own.
///
/// # Errors
/// The first law that is broken.
pub(crate) async fn play(bytes: &[u8]) -> Result<Tally, Broken> {
    let choices = &mut Choices(bytes);
    let policy = Policy { legacy: choices.below(4) == 3, ..Policy::default() };
    let facts = Facts { policies: Policies::new(policy), ..Facts::default() };
    let world = World::with_facts_and_limit(facts, RESPONSE_BYTES_MAX).await;
    let version = Version::ALL[choices.below(Version::ALL.len())];
    let plain = world.client("orders", version).await;
    let standing = choices.below(16);
    let mut known = Known::new(&world, &plain, standing == 14).await;
    let client = match standing {
        14 => plain.in_role(Role::TenantAdmin),
        15 => plain.in_mode([Mode::ReadOnly, Mode::WriteOnly][choices.below(2)]),
        _ => plain.clone(),
    };
    let mut tally = Tally::default();
    while tally.sent < REQUESTS_MAX && !choices.0.is_empty() {
        let speaking = match choices.below(8) {
            7 => client.speaking(Version::ALL[choices.below(Version::ALL.len())]),
            _ => client.clone(),
        };
        if choices.below(24) == 23 {
            world.clock.advance(std::time::Duration::from_secs(60 << choices.below(12)));
        }
        let sent = build::request(&speaking, &known, choices);
        let lawful = answered(&speaking, sent, &known, &mut tally).await?;
        for operation in &lawful.done {
            *tally.done.entry(*operation).or_default() += 1;
        }
        learn(&mut known, &lawful.tree);
    }
    // The server goes on serving others, and answers this client too.
    world.client_of("tenant-b", "orders", version).await.key(128, Vec::new()).await;
    let sent = plain.request(vec![ask::locate(Vec::new()).into()]);
    answered(&plain, sent.to_bytes().unwrap().to_vec(), &known, &mut tally).await?;
    Ok(tally)
}

/// Sends a request and holds what comes of it to the laws.
async fn answered(
    client: &Client<'_>,
    sent: Vec<u8>,
    known: &Known,
    tally: &mut Tally,
) -> Result<Lawful, Broken> {
    let panics = PANICS.load(Relaxed);
    let (answer, peak) = memory::peak(client.answer_bytes(&sent)).await;
    tally.sent += 1;
    tally.peak = tally.peak.max(peak);
    let bound = BYTES_AT_LEAST + BYTES_PER_BYTE * sent.len();
    let law = if PANICS.load(Relaxed) != panics {
        Err("something panicked".to_owned())
    } else if peak > bound {
        Err(format!("it took {peak} bytes to answer {}", sent.len()))
    } else {
        laws::check(&sent, &answer, known)
    };
    law.map_err(|law| Broken { law, sent, answer })
}

/// Keeps what an answer tells, item by item.
fn learn(known: &mut Known, answer: &Value) {
    let Value::Structure(items) = answer else { return };
    for (_, item) in items.iter().filter(|(tag, _)| *tag == Tag::BatchItem) {
        let Value::Structure(fields) = item else { continue };
        let operation = fields.iter().find_map(|(tag, value)| match (tag, value) {
            (Tag::Operation, Value::Enumeration(number)) => Some(Operation::from_number(*number)),
            _ => None,
        });
        known.learn(operation, item);
    }
}
