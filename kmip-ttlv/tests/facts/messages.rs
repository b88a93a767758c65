//! Headers, batch items, and the structures that are neither attributes nor objects.

use kmip_ttlv::message::{
    MessageExtension, RequestBatchItem, RequestHeader, RequestMessage, ResponseBatchItem,
    ResponseHeader, ResponseMessage,
};
use kmip_ttlv::structure::*;
use kmip_ttlv::{Structure, Tag};

use crate::compare::{Difference, Table, compare};
use crate::csv::{Row, rows};

macro_rules! tables {
    ($($name:literal $($variant:literal)?: $type:ty,)*) => {
        &[$(($name, concat!($($variant)?), <$type as Structure>::FIELDS),)*]
    };
}

const PARTS: &[(&str, &str, Table)] = tables! {
    "RequestHeader": RequestHeader,
    "RequestBatchItem": RequestBatchItem,
    "ResponseHeader": ResponseHeader,
    "ResponseBatchItem": ResponseBatchItem,
};

/// Structures with the variant that the facts tell apart.
const STRUCTURES: &[(&str, &str, Table)] = tables! {
    "RequestMessage": RequestMessage,
    "ResponseMessage": ResponseMessage,
    "Authentication": Authentication,
    "Credential": Credential,
    "CredentialValue" "Username and Password Credential": UsernameAndPassword,
    "CredentialValue" "Device Credential": DeviceCredential,
    "CredentialValue" "Attestation Credential": AttestationCredential,
    "CredentialValue" "One Time Password Credential": OneTimePassword,
    "CredentialValue" "Hashed Password Credential": HashedPassword,
    "CredentialValue" "Ticket": TicketCredential,
    "Nonce": Nonce,
    "Ticket": Ticket,
    "MessageExtension": MessageExtension,
    "DerivationParameters": DerivationParameters,
    "DerivationParameters" "PBKDF2 Derivation Parameters": DerivationParameters,
    "ExtensionInformation": ExtensionInformation,
    "ServerInformation": ServerInformation,
    "ProfileInformation": ProfileInformation,
    "ProfileVersion": ProfileVersion,
    "ValidationInformation": ValidationInformation,
    "CapabilityInformation": CapabilityInformation,
    "AsynchronousCorrelationValues": AsynchronousCorrelationValues,
    "AsynchronousRequest": AsynchronousRequest,
    "Operations": Operations,
    "Constraint": Constraint,
    "Constraints": Constraints,
    "DefaultsInformation": DefaultsInformation,
    "ObjectDefaults": ObjectDefaults,
    "ObjectGroups": ObjectGroups,
    "ObjectTypes": ObjectTypes,
    "Objects": Objects,
    "Right": Right,
    "Rights": Rights,
};

/// Fields that occur otherwise here than in the facts.
const FREER: &[Difference] = &[
    // One structure serves every method.
    (PBKDF2, Tag::DerivationData),
    (PBKDF2, Tag::Salt),
    (PBKDF2, Tag::IterationCount),
    // The facts do not say that the list may have several values.
    ("AsynchronousCorrelationValues ", Tag::AsynchronousCorrelationValue),
];

const PBKDF2: &str = "DerivationParameters PBKDF2 Derivation Parameters";

#[test]
fn headers_and_batch_items_have_the_fields_of_the_specification_in_its_order() {
    let all = rows("messages");
    for (name, _, table) in PARTS {
        let facts: Vec<&Row> = all.iter().filter(|row| row["message_part"] == *name).collect();
        compare(name, table, &facts, "tag", FREER);
    }
}

#[test]
fn shared_structures_have_the_fields_of_the_specification_in_its_order() {
    let all = rows("structures");
    for (name, variant, table) in STRUCTURES {
        let is_here = |row: &&Row| row["structure"] == *name && row["variant"] == *variant;
        let facts: Vec<&Row> = all.iter().filter(is_here).collect();
        compare(&format!("{name} {variant}"), table, &facts, "field_tag", FREER);
    }
}

/// Between them, the tests of this program name every structure of the facts.
#[test]
fn no_structure_of_the_facts_is_left_out() {
    let elsewhere = crate::structures::names();
    for row in &rows("structures") {
        let name = row["structure"].as_str();
        let here = STRUCTURES.iter().any(|(known, ..)| *known == name);
        let inside_itself = name.starts_with("PKCS_11");
        assert!(here || inside_itself || elsewhere.contains(name), "{name}");
    }
}
