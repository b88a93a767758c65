//! The pieces of the server that operations work with.

use std::sync::Arc;

use super::facts::Facts;
use super::feeds::Feeds;
use super::groups::GroupTurns;
use super::streams::Streams;
use super::workers::Workers;
use crate::crypto::random::Random;
use crate::keys::{ClientIssuers, Keyring};
use crate::store::Store;

/// What all operations share.
#[derive(Debug)]
pub struct Parts {
    /// Sealed rows.
    pub store: Arc<Store>,
    /// The key hierarchy.
    pub keyring: Arc<Keyring>,
    /// Where keys, identifiers and nonces come from.
    pub random: Arc<dyn Random>,
    /// Cryptographic operations that run over several requests.
    pub streams: Streams,
    /// Whose turn it is in each object group.
    pub group_turns: GroupTurns,
    /// Connections that are told what happens to objects.
    pub feeds: Feeds,
    /// Where long computations run.
    pub workers: Workers,
    /// Who gives clients new certificates for their connections.
    pub client_issuers: Arc<ClientIssuers>,
    /// What Query tells, and the limits.
    pub facts: Facts,
}

impl Parts {
    /// These pieces, with nothing under way.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        keyring: Arc<Keyring>,
        random: Arc<dyn Random>,
        facts: Facts,
    ) -> Self {
        let (streams, group_turns) = (Streams::default(), GroupTurns::default());
        let (feeds, workers) = (Feeds::default(), Workers::default());
        let client_issuers = Arc::default();
        Self { store, keyring, random, streams, group_turns, feeds, workers, client_issuers, facts }
    }
}
