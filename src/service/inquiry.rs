//! What the server asks a client of before it sends it anything (KMIP 1.4 §5.3 and §5.4, KMIP 2.1
//! §6.2.1 and §6.2.4): which versions it speaks, and which operations and objects it takes.
//!
//! The client answers each question or says that it does not know it; what it does not say, it is
//! thought to take. Each question is asked once on a connection, and nothing is asked before 1.3, where
//! servers have no questions.

use kmip_ttlv::enums::{ObjectType, Operation, QueryFunction, ResultReason, ResultStatus};
use kmip_ttlv::message::{ResponseItem, ResponseMessage};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, discover_versions, query};
use kmip_ttlv::scan::{self, Limits};
use kmip_ttlv::{ProtocolVersion, Version};

/// The longest answer that is read, in bytes. One that is longer is an answer that says nothing.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The questions, in their order.
const QUESTIONS: &[Operation] = &[Operation::DiscoverVersions, Operation::Query];

/// What a server asks with Query, in the order of the official cases. Operations and object types are
/// what counts here.
const FUNCTIONS: &[QueryFunction] = &[
    QueryFunction::QueryOperations,
    QueryFunction::QueryObjects,
    QueryFunction::QueryServerInformation,
    QueryFunction::QueryAttestationTypes,
    QueryFunction::QueryCapabilities,
];

/// What is known of a client.
#[derive(Debug, Default)]
pub(super) struct Inquiry {
    /// How many of the questions have been asked.
    asked: usize,
    /// What the client was sent and has not answered yet.
    open: Option<Operation>,
    /// The versions that it speaks, if it has said so.
    versions: Option<Vec<Version>>,
    /// The operations that it takes, if it has said so.
    operations: Option<Vec<Operation>>,
    /// The objects that it takes, if it has said so.
    objects: Option<Vec<ObjectType>>,
    /// Operations of which it has said that it does not know them.
    refused: Vec<Operation>,
}

impl Inquiry {
    /// The next question to a client that has asked in this version.
    pub(super) fn question(&self, version: Version) -> Option<Operation> {
        let asks = version >= Version::V1_3;
        QUESTIONS.get(self.asked).copied().filter(|_| asks)
    }

    /// The next question's payload; it counts as asked.
    pub(super) fn ask(&mut self, version: Version) -> Option<RequestPayload<'static>> {
        let question = self.question(version)?;
        self.asked += 1;
        Some(match question {
            Operation::Query => {
                query::Request { functions: FUNCTIONS.to_vec(), object_groups: None }.into()
            }
            _ => discover_versions::Request { versions: Vec::new() }.into(),
        })
    }

    /// Notes what the client has to answer next.
    pub(super) fn sent(&mut self, operation: Operation) {
        self.open = Some(operation);
    }

    /// Whether the client has still to answer.
    pub(super) fn awaits_answer(&self) -> bool {
        self.open.is_some()
    }

    /// The version in which a client that has asked in `last` is told something: that one, if it has
    /// not said that it speaks only others.
    pub(super) fn version(&self, last: Version) -> Version {
        let others = self.versions.as_ref().filter(|versions| !versions.contains(&last));
        others.and_then(|versions| versions.first().copied()).unwrap_or(last)
    }

    /// Whether the client takes such messages.
    pub(super) fn takes(&self, operation: Operation) -> bool {
        let is_listed = |listed: &Vec<Operation>| listed.contains(&operation);
        self.operations.as_ref().is_none_or(is_listed) && !self.refused.contains(&operation)
    }

    /// Whether the client takes such objects.
    pub(super) fn takes_object(&self, object_type: ObjectType) -> bool {
        self.objects.as_ref().is_none_or(|listed| listed.contains(&object_type))
    }

    /// Takes an answer. `false` if none was awaited.
    pub(super) fn hear(&mut self, message: &[u8], limits: &Limits) -> bool {
        let Some(open) = self.open.take() else { return false };
        if message.len() > ANSWER_BYTES_MAX || scan::scan(message, limits).is_err() {
            return true;
        }
        // What cannot be read says nothing.
        if let Ok(answer) = ResponseMessage::from_bytes(message)
            && let [item] = answer.items.as_slice()
        {
            self.note(open, item);
        }
        true
    }

    fn note(&mut self, asked: Operation, item: &ResponseItem<'_>) {
        if item.status != ResultStatus::Success {
            if item.reason == Some(ResultReason::OperationNotSupported) {
                self.refused.push(asked);
            }
            return;
        }
        match &item.payload {
            Some(ResponsePayload::DiscoverVersions(said))
                if asked == Operation::DiscoverVersions =>
            {
                let known = said.versions.iter().copied().filter_map(ProtocolVersion::version);
                self.versions = Some(known.take(Version::ALL.len()).collect());
            }
            // Empty lists are those of a client that was asked for nothing that it knows.
            Some(ResponsePayload::Query(said)) if asked == Operation::Query => {
                self.operations = Some(said.operations.clone()).filter(|said| !said.is_empty());
                self.objects = Some(said.object_types.clone()).filter(|said| !said.is_empty());
            }
            _ => {}
        }
    }
}
