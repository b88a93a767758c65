//! The fields of structures, their order and their versions.

use std::collections::BTreeSet;

use kmip_ttlv::attribute::*;
use kmip_ttlv::object::*;
use kmip_ttlv::{FieldRule, Occurs, ProtocolVersion, Structure, Tag, Version};

use crate::csv::{Row, number, range, rows};

/// The name of a structure in the facts, its variant, and the table in source.
type Table = (&'static str, &'static str, &'static [&'static [FieldRule]]);

macro_rules! structures {
    ($($name:literal $($variant:literal)?: $type:ty,)*) => {
        &[$(($name, concat!($($variant)?), <$type as Structure>::FIELDS),)*]
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
    "PrivateKeyAttributes",
    "PrivateKeyTemplateAttribute",
    "PublicKeyAttributes",
    "PublicKeyTemplateAttribute",
    "TemplateAttribute",
];

/// Fields that the specification requires and real clients leave out.
const LENIENT: &[(&str, Tag)] = &[
    ("ApplicationSpecificInformation", Tag::ApplicationData),
    ("UsageLimits", Tag::UsageLimitsCount),
];

/// The structures that these tests speak of.
pub(crate) fn names() -> BTreeSet<&'static str> {
    TABLES.iter().map(|table| table.0).chain(BY_HAND.iter().copied()).collect()
}

/// The rows of one structure in one version, in order.
fn fields_in<'r>(facts: &'r [Row], table: &Table, version: Version) -> Vec<&'r Row> {
    let mut fields: Vec<&Row> = facts
        .iter()
        .filter(|row| row["structure"] == table.0 && row["variant"] == table.1)
        .filter(|row| range(&row["versions"]).contains(version))
        .collect();
    fields.sort_by_key(|row| row["position"].parse::<u32>().unwrap());
    fields
}

#[test]
fn structures_have_the_fields_of_the_specification_in_its_order() {
    let facts = rows("structures");
    for table in TABLES {
        let mut seen = false;
        for version in Version::ALL {
            let expected = fields_in(&facts, table, version);
            if expected.is_empty() {
                continue; // This version does not have the structure.
            }
            seen = true;
            let rules: Vec<&FieldRule> = table
                .2
                .iter()
                .flat_map(|rules| rules.iter())
                .filter(|rule| rule.versions.contains(version))
                .collect();
            let tags: Vec<u32> = rules.iter().map(|rule| rule.tag.number()).collect();
            let expected_tags: Vec<u32> =
                expected.iter().map(|row| number(&row["field_tag"])).collect();
            assert_eq!(tags, expected_tags, "{} {} in {version}", table.0, table.1);
            for (rule, row) in rules.iter().zip(expected) {
                check_occurrence(table.0, rule, row);
            }
        }
        assert!(seen, "{} {} is not in the facts", table.0, table.1);
    }
}

fn check_occurrence(structure: &str, rule: &FieldRule, row: &Row) {
    let required = matches!(row["required"].as_str(), "yes" | "");
    let expected = match (row["repeatable"].as_str(), required) {
        ("yes", _) => Occurs::Repeated,
        (_, true) if !LENIENT.contains(&(structure, rule.tag)) => Occurs::Once,
        _ => Occurs::Optional,
    };
    assert_eq!(rule.occurs, expected, "{} in {structure}", rule.tag);
}

#[test]
fn what_is_accepted_beyond_the_specification_is_wider_than_it() {
    for rule in TABLES.iter().flat_map(|table| table.2.iter()).flat_map(|rules| rules.iter()) {
        assert!(rule.accepted.first <= rule.versions.first, "{}", rule.tag);
        assert!(rule.accepted.last >= rule.versions.last, "{}", rule.tag);
    }
}

#[test]
fn the_tables_name_a_structure_once() {
    let names: BTreeSet<_> = TABLES.iter().map(|table| (table.0, table.1)).collect();
    assert_eq!(names.len(), TABLES.len());
    assert!(TABLES.iter().all(|table| !BY_HAND.contains(&table.0)));
}
