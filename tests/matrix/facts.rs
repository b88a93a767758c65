//! Which reasons the specification lets an operation give (`operation_errors.csv`).

use std::collections::BTreeSet;

use kmip_ttlv::Version;
use kmip_ttlv::enums::Operation;

use super::csv::rows;

/// Reasons that the tables do not have for every operation that can give them. An object that is not
/// there, or is destroyed, is answered so by whatever needs it, as the official cases show for Get; a
/// limit of the server's is one wherever it is met, and so is a value that there is not.
const EVERYWHERE_IN_1X: [&str; 1] = ["ItemNotFound"];
const EVERYWHERE_IN_2X: [&str; 4] =
    ["ObjectNotFound", "ObjectDestroyed", "ServerLimitExceeded", "UnknownEnumeration"];

/// The reasons of the last specification of the version's line, for the operation or for all, in the
/// words of the enumeration.
pub(crate) fn allowed(operation: Operation, version: Version) -> BTreeSet<String> {
    let line = if version.is_2x() { "2." } else { "1." };
    let name = operation.xml_name();
    let everywhere: &[&str] = if version.is_2x() { &EVERYWHERE_IN_2X } else { &EVERYWHERE_IN_1X };
    rows("operation_errors")
        .into_iter()
        .filter(|row| row["spec_version"].starts_with(line))
        .filter(|row| row["operation"] == name || row["operation"] == "General")
        .map(|row| row["result_reason"].clone())
        .chain(everywhere.iter().map(ToString::to_string))
        .collect()
}
