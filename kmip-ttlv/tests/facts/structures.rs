//! The fields of structures, their order and their versions.

use std::collections::BTreeSet;

use kmip_ttlv::attribute::*;
use kmip_ttlv::object::*;
use kmip_ttlv::{ProtocolVersion, Structure, Tag};

use crate::compare::{Difference, Table, compare};
use crate::csv::{Row, rows};

macro_rules! structures {
    ($($name:literal $($variant:literal)?: $type:ty,)*) => {
        &[$(($name, concat!($($variant)?), <$type as Structure>::FIELDS),)*]
    };
}

/// Structures by their name in the facts and their variant.
const TABLES: &[(&str, &str, Table)] = structures! {
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
const FREER: &[Difference] = &[("UsageLimits", Tag::UsageLimitsCount)];

/// The structures that these tests speak of.
pub(crate) fn names() -> BTreeSet<&'static str> {
    TABLES.iter().map(|table| table.0).chain(BY_HAND.iter().copied()).collect()
}

#[test]
fn structures_have_the_fields_of_the_specification_in_its_order() {
    let all = rows("structures");
    for (name, variant, table) in TABLES {
        let is_here = |row: &&Row| row["structure"] == *name && row["variant"] == *variant;
        let facts: Vec<&Row> = all.iter().filter(is_here).collect();
        compare(name, table, &facts, "field_tag", FREER);
    }
}

#[test]
fn the_tables_name_a_structure_once() {
    let names: BTreeSet<_> = TABLES.iter().map(|table| (table.0, table.1)).collect();
    assert_eq!(names.len(), TABLES.len());
    assert!(TABLES.iter().all(|table| !BY_HAND.contains(&table.0)));
}
