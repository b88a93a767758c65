//! Enumerations and masks.

use std::collections::BTreeSet;

use kmip_ttlv::Versions;
use kmip_ttlv::enums::*;

use crate::csv::{Row, lifetime, number, rows};

/// A value as the tables have it: number, name in XML, versions.
type Value = (u32, String, Versions);

/// What the test needs to know of an enumeration or a mask.
struct Table {
    name: &'static str,
    values: Vec<Value>,
    by_xml_name: fn(&str) -> Option<u32>,
}

macro_rules! enumerations {
    ($($name:literal: $type:ident,)*) => {
        vec![$(Table {
            name: $name,
            values: $type::ALL
                .iter()
                .map(|(value, versions)| {
                    assert_eq!($type::from_number(value.number()), *value);
                    (value.number(), value.xml_name().to_owned(), *versions)
                })
                .collect(),
            by_xml_name: |name| $type::from_xml_name(name).map($type::number),
        },)*]
    };
}

macro_rules! masks {
    ($($name:literal: $type:ident,)*) => {
        vec![$(Table {
            name: $name,
            values: $type::ALL
                .iter()
                .map(|(bit, name, versions)| {
                    (bit.bits().cast_unsigned(), (*name).to_owned(), *versions)
                })
                .collect(),
            by_xml_name: |name| $type::from_xml_name(name).map(|bit| bit.bits().cast_unsigned()),
        },)*]
    };
}

/// Compares tables with the rows of a fact file, both ways.
fn compare(file: &str, column: &str, tables: &[Table]) {
    let rows: Vec<Row> = rows(file).into_iter().filter(|row| lifetime(row).is_some()).collect();
    let named: BTreeSet<&str> = rows.iter().map(|row| row[column].as_str()).collect();
    let known: BTreeSet<&str> = tables.iter().map(|table| table.name).collect();
    assert_eq!(known, named);
    for table in tables {
        let facts: Vec<&Row> = rows.iter().filter(|row| row[column] == table.name).collect();
        let expected: Vec<Value> = facts
            .iter()
            .map(|row| (number(&row["value"]), row["xml_name"].clone(), lifetime(row).unwrap()))
            .collect();
        assert_eq!(table.values, expected, "{}", table.name);
        for row in facts {
            let aliases = row["xml_aliases"].split('|').filter(|alias| !alias.is_empty());
            for name in aliases.chain([row["xml_name"].as_str()]) {
                assert_eq!((table.by_xml_name)(name), Some(number(&row["value"])), "{name}");
            }
        }
    }
}

#[test]
fn every_enumeration_has_the_values_of_the_specification_and_no_other() {
    let tables = enumerations! {
        "Adjustment Type": AdjustmentType,
        "Alternative Name Type": AlternativeNameType,
        "Asynchronous Indicator": AsynchronousIndicator,
        "Attestation Type": AttestationType,
        "Batch Error Continuation Option": BatchErrorContinuationOption,
        "Block Cipher Mode": BlockCipherMode,
        "Cancellation Result": CancellationResult,
        "Certificate Request Type": CertificateRequestType,
        "Certificate Type": CertificateType,
        "Client Registration Method": ClientRegistrationMethod,
        "Credential Type": CredentialType,
        "Cryptographic Algorithm": CryptographicAlgorithm,
        "DRBG Algorithm": DrbgAlgorithm,
        "Data": DataEnum,
        "Derivation Method": DerivationMethod,
        "Destroy Action": DestroyAction,
        "Digital Signature Algorithm": DigitalSignatureAlgorithm,
        "Encoding Option": EncodingOption,
        "Endpoint Role": EndpointRole,
        "FIPS186 Variation": Fips186Variation,
        "Hashing Algorithm": HashingAlgorithm,
        "Interop Function": InteropFunction,
        "Item Type": ItemTypeEnum,
        "Key Compression Type": KeyCompressionType,
        "Key Format Type": KeyFormatType,
        "Key Role Type": KeyRoleType,
        "Key Value Location Type": KeyValueLocationType,
        "Key Wrap Type": KeyWrapType,
        "Link Type": LinkType,
        "Mask Generator": MaskGenerator,
        "NIST Key Type": NistKeyType,
        "Name Type": NameType,
        "Object Group Member": ObjectGroupMember,
        "Object Type": ObjectType,
        "Operation": Operation,
        "Padding Method": PaddingMethod,
        "Processing Stage": ProcessingStage,
        "Profile Name": ProfileName,
        "Protection Level": ProtectionLevel,
        "Put Function": PutFunction,
        "Query Function": QueryFunction,
        "RNG Algorithm": RngAlgorithm,
        "RNG Mode": RngMode,
        "Recommended Curve": RecommendedCurve,
        "Result Reason": ResultReason,
        "Result Status": ResultStatus,
        "Revocation Reason Code": RevocationReasonCode,
        "Rotate Name Type": RotateNameType,
        "Secret Data Type": SecretDataType,
        "Shredding Algorithm": ShreddingAlgorithm,
        "Split Key Method": SplitKeyMethod,
        "State": State,
        "Ticket Type": TicketType,
        "Unique Identifier": UniqueIdentifierEnum,
        "Unwrap Mode": UnwrapMode,
        "Usage Limits Unit": UsageLimitsUnit,
        "Validation Authority Type": ValidationAuthorityType,
        "Validation Type": ValidationType,
        "Validity Indicator": ValidityIndicator,
        "Wrapping Method": WrappingMethod,
    };
    compare("enumerations", "enumeration", &tables);
}

#[test]
fn every_mask_has_the_bits_of_the_specification_and_no_other() {
    let tables = masks! {
        "Cryptographic Usage Mask": CryptographicUsageMask,
        "Protection Storage Mask": ProtectionStorageMask,
        "Storage Status Mask": StorageStatusMask,
    };
    compare("bitmasks", "mask", &tables);
}
