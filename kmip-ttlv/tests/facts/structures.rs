//! The fields of structures, their order and their versions.

use std::collections::BTreeSet;

use kmip_ttlv::attribute::*;
use kmip_ttlv::message::*;
use kmip_ttlv::object::*;
use kmip_ttlv::structure::*;
use kmip_ttlv::{ProtocolVersion, Structure, Tag};

use crate::compare::{Table, compare, every_rule_is_in_its_range};
use crate::csv::{Row, rows};

macro_rules! structures {
    ($($name:literal $($variant:literal)?: $type:ty,)*) => {
        &[$(Table {
            name: $name,
            part: concat!($($variant)?),
            fields: <$type as Structure>::FIELDS,
        },)*]
    };
}

const TABLES: &[Table] = structures! {
    "ProtocolVersion": ProtocolVersion,
    "EncryptionKeyInformation": KeyInformation,
    "MACSignatureKeyInformation": KeyInformation,
    "KeyWrappingData": KeyWrappingData,
    "KeyWrappingSpecification": KeyWrappingSpecification,
    "KeyMaterial" "Transparent Symmetric Keys": TransparentSymmetricKey,
    "KeyMaterial" "Transparent DSA Private Keys": TransparentDsaPrivateKey,
    "KeyMaterial" "Transparent DSA Public Keys": TransparentDsaPublicKey,
    "KeyMaterial" "Transparent RSA Private Keys": TransparentRsaPrivateKey,
    "KeyMaterial" "Transparent RSA Public Keys": TransparentRsaPublicKey,
    "KeyMaterial" "Transparent DH Private Keys": TransparentDhPrivateKey,
    "KeyMaterial" "Transparent DH Public Keys": TransparentDhPublicKey,
    "KeyMaterial" "Transparent ECDSA Private Keys": TransparentEcPrivateKey,
    "KeyMaterial" "Transparent ECDSA Public Keys": TransparentEcPublicKey,
    "KeyMaterial" "Transparent ECDH Private Keys": TransparentEcPrivateKey,
    "KeyMaterial" "Transparent ECDH Public Keys": TransparentEcPublicKey,
    "KeyMaterial" "Transparent ECMQV Private Keys": TransparentEcPrivateKey,
    "KeyMaterial" "Transparent ECMQV Public Keys": TransparentEcPublicKey,
    "KeyMaterial" "Transparent EC Private Keys": TransparentEcPrivateKey,
    "KeyMaterial" "Transparent EC Public Keys": TransparentEcPublicKey,
    "Certificate": Certificate,
    "SymmetricKey": SymmetricKey,
    "PublicKey": PublicKey,
    "PrivateKey": PrivateKey,
    "SplitKey": SplitKey,
    "Template": Template,
    "SecretData": SecretData,
    "OpaqueObject": OpaqueObject,
    "PGPKey": PgpKey,
    "CertificateRequest": CertificateRequest,
    "Name": Name,
    "CryptographicParameters": CryptographicParameters,
    "CryptographicDomainParameters": CryptographicDomainParameters,
    "CertificateIdentifier": CertificateIdentifier,
    "CertificateSubject": CertificateSubject,
    "CertificateIssuer": CertificateIssuer,
    "Digest": Digest,
    "UsageLimits": UsageLimits,
    "RevocationReason": RevocationReason,
    "Link": Link,
    "ApplicationSpecificInformation": ApplicationSpecificInformation,
    "X_509CertificateIdentifier": X509CertificateIdentifier,
    "X_509CertificateSubject": X509CertificateSubject,
    "X_509CertificateIssuer": X509CertificateIssuer,
    "AlternativeName": AlternativeName,
    "KeyValueLocation": KeyValueLocation,
    "RNGParameters": RngParameters,
    "RotateName": RotateName,
    "Authentication": Authentication,
    "Credential": Credential,
    "CredentialValue" "Username and Password Credential": UsernameAndPassword,
    "CredentialValue" "Device Credential": DeviceCredential,
    "CredentialValue" "Attestation Credential": AttestationCredential,
    "CredentialValue" "One Time Password Credential": OneTimePassword,
    "CredentialValue" "Hashed Password Credential": HashedPassword,
    "CredentialValue" "Ticket": TicketCredential,
    "Ticket": Ticket,
    "Nonce": Nonce,
    "MessageExtension": MessageExtension,
    "RequestMessage": RequestMessage<'_>,
    "ResponseMessage": ResponseMessage<'_>,
    "ExtensionInformation": ExtensionInformation,
    "ServerInformation": ServerInformation,
    "ProfileInformation": ProfileInformation,
    "ProfileVersion": ProfileVersion,
    "ValidationInformation": ValidationInformation,
    "CapabilityInformation": CapabilityInformation,
    "AsynchronousCorrelationValues": AsynchronousCorrelationValues,
    "AsynchronousRequest": AsynchronousRequest,
    "Operations": Operations,
    "ObjectGroups": ObjectGroups,
    "ObjectTypes": ObjectTypes,
    "Constraint": Constraint,
    "Constraints": Constraints,
    "ObjectDefaults": ObjectDefaults,
    "DefaultsInformation": DefaultsInformation,
    "DerivationParameters": DerivationParameters,
    "Objects": Objects<'_>,
    "Right": Right<'_>,
    "Rights": Rights<'_>,
};

/// The parts of messages.
const MESSAGES: &[Table] = structures! {
    "RequestHeader": RequestHeader<'_>,
    "RequestBatchItem": RequestBatchItem<'_>,
    "ResponseHeader": ResponseHeader<'_>,
    "ResponseBatchItem": ResponseBatchItem<'_>,
};

/// Structures whose form no table can say; `laws.rs` reads and writes them.
const BY_HAND: &[&str] = &[
    "Attribute",
    "AttributeReference",
    "Attributes",
    "CommonAttributes",
    "CommonTemplateAttribute",
    "CurrentAttribute",
    "KeyBlock",
    "KeyValue",
    "NewAttribute",
    "PKCS_11Function",
    "PKCS_11InputParameters",
    "PKCS_11Interface",
    "PKCS_11OutputParameters",
    "PKCS_11ReturnCode",
    "PrivateKeyAttributes",
    "PrivateKeyTemplateAttribute",
    "PublicKeyAttributes",
    "PublicKeyTemplateAttribute",
    "TemplateAttribute",
];

/// Structures that 1.x describes in two tables; 2.x has one, which is the union of both.
const IN_TWO_PARTS: &[&str] = &["DerivationParameters"];

/// Fields whose type is wider than the specification's tables: real clients leave them out, or the
/// text means a list.
const WIDER: &[(&str, Tag)] = &[
    ("AsynchronousCorrelationValues", Tag::AsynchronousCorrelationValue),
    ("UsageLimits", Tag::UsageLimitsCount),
];

#[test]
fn structures_have_the_fields_of_the_specification_in_its_order() {
    let facts = rows("structures");
    for table in TABLES {
        let is_its = |row: &&Row| row["structure"] == table.name && row["variant"] == table.part;
        compare(table, facts.iter().filter(is_its), "field_tag", WIDER);
    }
}

#[test]
fn every_structure_of_the_specification_has_a_table_or_is_written_by_hand() {
    let facts = rows("structures");
    let expected: BTreeSet<(&str, &str)> = facts
        .iter()
        .map(|row| (row["structure"].as_str(), row["variant"].as_str()))
        .filter(|(name, _)| !BY_HAND.contains(name))
        .filter(|(name, part)| part.is_empty() || !IN_TWO_PARTS.contains(name))
        .collect();
    let known: BTreeSet<_> = TABLES.iter().map(|table| (table.name, table.part)).collect();
    assert_eq!(known, expected);
    assert_eq!(known.len(), TABLES.len());
}

#[test]
fn messages_have_the_fields_of_the_specification_in_its_order() {
    let facts = rows("messages");
    let known: BTreeSet<&str> = MESSAGES.iter().map(|table| table.name).collect();
    assert_eq!(known, facts.iter().map(|row| row["message_part"].as_str()).collect());
    for table in MESSAGES {
        let is_its = |row: &&Row| row["message_part"] == table.name;
        compare(table, facts.iter().filter(is_its), "tag", WIDER);
    }
}

#[test]
fn what_is_accepted_beyond_the_specification_is_wider_than_it() {
    TABLES.iter().chain(MESSAGES).for_each(every_rule_is_in_its_range);
}
