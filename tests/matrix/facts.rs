//! Which reasons the specification lets an operation give (`operation_errors.csv`).

use std::collections::BTreeSet;

use kmip_ttlv::Version;
use kmip_ttlv::enums::Operation as O;

use super::csv::rows;

/// A reason that operations give and their tables of errors do not have.
struct Besides {
    operations: &'static [O],
    reason: &'static str,
    /// For 2.x, or for 1.x.
    is_2x: bool,
    /// What the specification says of the reason, and where. That the others have it in their tables
    /// is no choice of theirs: it is the same error.
    place: &'static str,
}

const BESIDES: &[Besides] = &[
    Besides {
        // Destroy has it; Get answers so in the official cases (BL-M-4-21).
        operations: &[
            O::ReKey,
            O::DeriveKey,
            O::Certify,
            O::ReCertify,
            O::Check,
            O::GetUsageAllocation,
            O::ObtainLease,
            O::AddAttribute,
            O::ModifyAttribute,
            O::DeleteAttribute,
            O::Archive,
            O::Recover,
            O::Validate,
            O::ReKeyKeyPair,
            O::Encrypt,
            O::Decrypt,
            O::Sign,
            O::SignatureVerify,
            O::Mac,
            O::MacVerify,
            O::CreateSplitKey,
            O::Export,
            O::AdjustAttribute,
            O::SetAttribute,
        ],
        reason: "ObjectDestroyed",
        is_2x: true,
        place: "KMIP 2.1 §11.46: Object exists, but has already been destroyed",
    },
    Besides {
        operations: &[O::RngRetrieve],
        reason: "ServerLimitExceeded",
        is_2x: true,
        place: "KMIP 2.1 §11.46: Some limit on the server such as database size has been exceeded",
    },
    Besides {
        operations: &[O::SetEndpointRole],
        reason: "UnknownEnumeration",
        is_2x: true,
        place: "KMIP 2.1 §11.46: An enumerated value is not known by the server",
    },
    Besides {
        operations: &[O::Validate],
        reason: "ItemNotFound",
        is_2x: false,
        place: "KMIP 1.4 §11.12 and all others: No object with the specified Unique Identifier exists",
    },
];

/// The reasons of the last specification of the version's line, for the operation or for all, in the
/// words of the enumeration.
pub(crate) fn allowed(operation: O, version: Version) -> BTreeSet<String> {
    let line = if version.is_2x() { "2." } else { "1." };
    let name = operation.xml_name();
    let besides = BESIDES
        .iter()
        .filter(|row| row.is_2x == version.is_2x() && row.operations.contains(&operation));
    rows("operation_errors")
        .into_iter()
        .filter(|row| row["spec_version"].starts_with(line))
        .filter(|row| row["operation"] == name || row["operation"] == "General")
        .map(|row| row["result_reason"].clone())
        .chain(besides.map(|row| row.reason.to_owned()))
        .collect()
}

/// A row that the tables of facts have, too, is none.
#[test]
fn nothing_stands_beside_the_facts_that_is_in_them() {
    for row in BESIDES {
        let line = if row.is_2x { "2." } else { "1." };
        for operation in row.operations {
            let is_fact = rows("operation_errors").iter().any(|fact| {
                fact["spec_version"].starts_with(line)
                    && fact["operation"] == operation.xml_name()
                    && fact["result_reason"] == row.reason
            });
            assert!(!is_fact, "{operation:?} {} ({})", row.reason, row.place);
        }
    }
}
