//! The payloads of the operations.

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::*;
use kmip_ttlv::{RequestPayload, ResponsePayload, Structure, Tag};

use crate::compare::{Difference, Table, compare};
use crate::csv::{Row, lifetime, rows};

macro_rules! payloads {
    ($($operation:literal: $module:ident,)*) => {
        &[$(($operation, $module::Request::FIELDS, $module::Response::FIELDS),)*]
    };
}

/// The operations with their requests and responses. Poll has no response of its own.
const PAYLOADS: &[(&str, Table, Table)] = payloads! {
    "Create": create,
    "CreateKeyPair": create_key_pair,
    "Register": register,
    "ReKey": re_key,
    "DeriveKey": derive_key,
    "Certify": certify,
    "ReCertify": re_certify,
    "Locate": locate,
    "Check": check,
    "Get": get,
    "GetAttributes": get_attributes,
    "GetAttributeList": get_attribute_list,
    "AddAttribute": add_attribute,
    "ModifyAttribute": modify_attribute,
    "DeleteAttribute": delete_attribute,
    "ObtainLease": obtain_lease,
    "GetUsageAllocation": get_usage_allocation,
    "Activate": activate,
    "Revoke": revoke,
    "Destroy": destroy,
    "Archive": archive,
    "Recover": recover,
    "Validate": validate,
    "Query": query,
    "Cancel": cancel,
    "ReKeyKeyPair": re_key_key_pair,
    "DiscoverVersions": discover_versions,
    "Encrypt": encrypt,
    "Decrypt": decrypt,
    "Sign": sign,
    "SignatureVerify": signature_verify,
    "MAC": mac,
    "MACVerify": mac_verify,
    "RNGRetrieve": rng_retrieve,
    "RNGSeed": rng_seed,
    "Hash": hash,
    "CreateSplitKey": create_split_key,
    "JoinSplitKey": join_split_key,
    "Export": export,
    "Import": import,
    "AdjustAttribute": adjust_attribute,
    "DelegatedLogin": delegated_login,
    "Interop": interop,
    "Log": log,
    "Login": login,
    "Logout": logout,
    "PKCS_11": pkcs11,
    "ReProvision": re_provision,
    "SetAttribute": set_attribute,
    "SetEndpointRole": set_endpoint_role,
    "GetConstraints": get_constraints,
    "Ping": ping,
    "Process": process,
    "QueryAsynchronousRequests": query_asynchronous_requests,
    "SetConstraints": set_constraints,
    "SetDefaults": set_defaults,
    "Notify": notify,
    "Put": put,
};

/// Fields that the specification requires and that may be absent here, each with the reason beside
/// it in source.
const FREER: &[Difference] = &[("SetConstraints request", Tag::Constraints)];

/// The rows of one payload.
fn facts<'r>(rows: &'r [Row], operation: &str, direction: &str, part: &str) -> Vec<&'r Row> {
    let is_here = |row: &&Row| {
        row["operation"] == operation && row["direction"] == direction && row["message"] == part
    };
    rows.iter().filter(is_here).collect()
}

/// The direction of an operation; of those that go both ways, the one with more fields.
fn direction(operation: &str) -> &'static str {
    match operation {
        "Notify" | "Put" => "server-to-client",
        _ => "client-to-server",
    }
}

#[test]
fn payloads_have_the_fields_of_the_specification_in_its_order() {
    let all = rows("operation_fields");
    let check = |operation: &str, part: &str, table: Table| {
        let facts = facts(&all, operation, direction(operation), part);
        compare(&format!("{operation} {part}"), table, &facts, "tag", FREER);
    };
    for (operation, request, response) in PAYLOADS {
        check(operation, "request", request);
        if direction(operation) == "server-to-client" {
            assert!(response.is_empty(), "{operation} returns nothing");
        } else {
            check(operation, "response", response);
        }
    }
    check("Poll", "request", poll::Request::FIELDS);
}

#[test]
fn servers_send_to_clients_no_other_fields_than_clients_to_servers() {
    let all = rows("operation_fields");
    for operation in ["Query", "DiscoverVersions", "SetEndpointRole"] {
        for part in ["request", "response"] {
            let there = facts(&all, operation, "client-to-server", part);
            let back = facts(&all, operation, "server-to-client", part);
            assert!(!back.is_empty());
            for row in back {
                let same = |other: &&&Row| other["tag"] == row["tag"];
                assert!(there.iter().any(|other| same(&other)), "{operation} {}", row["field"]);
            }
        }
    }
}

#[test]
fn every_operation_has_its_payloads_and_its_versions() {
    let operations = rows("operations");
    let known: Vec<&Row> = operations.iter().filter(|row| lifetime(row).is_some()).collect();
    for row in &known {
        let operation = Operation::from_xml_name(&row["operation"]).unwrap();
        assert!(RequestPayload::OPERATIONS.contains(&operation), "{operation}");
        let answers = ResponsePayload::OPERATIONS.contains(&operation);
        assert_eq!(answers, operation != Operation::Poll, "{operation}");
        if row["direction"] == direction(&row["operation"]) {
            assert_eq!(operation.versions(), lifetime(row), "{operation}");
        }
    }
    assert_eq!(RequestPayload::OPERATIONS.len(), PAYLOADS.len() + 1);
}
