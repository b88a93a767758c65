//! The payloads of operations.

use std::collections::BTreeSet;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::*;
use kmip_ttlv::{Structure, Tag};

use crate::compare::{Table, compare, every_rule_is_in_its_range};
use crate::csv::{Row, lifetime, rows};

macro_rules! payloads {
    ($(($name:literal, $part:literal): $type:ty,)*) => {
        &[$(Table { name: $name, part: $part, fields: <$type as Structure>::FIELDS },)*]
    };
}

const PAYLOADS: &[Table] = payloads! {
    ("Create", "request"): create::Request,
    ("Create", "response"): create::Response<'_>,
    ("CreateKeyPair", "request"): create_key_pair::Request,
    ("CreateKeyPair", "response"): create_key_pair::Response<'_>,
    ("Register", "request"): register::Request,
    ("Register", "response"): register::Response<'_>,
    ("ReKey", "request"): re_key::Request<'_>,
    ("ReKey", "response"): re_key::Response<'_>,
    ("DeriveKey", "request"): derive_key::Request<'_>,
    ("DeriveKey", "response"): derive_key::Response<'_>,
    ("Certify", "request"): certify::Request<'_>,
    ("Certify", "response"): certify::Response<'_>,
    ("ReCertify", "request"): re_certify::Request<'_>,
    ("ReCertify", "response"): re_certify::Response<'_>,
    ("Locate", "request"): locate::Request,
    ("Locate", "response"): locate::Response<'_>,
    ("Check", "request"): check::Request<'_>,
    ("Check", "response"): check::Response<'_>,
    ("Get", "request"): get::Request<'_>,
    ("Get", "response"): get::Response<'_>,
    ("GetAttributes", "request"): get_attributes::Request<'_>,
    ("GetAttributes", "response"): get_attributes::Response<'_>,
    ("GetAttributeList", "request"): get_attribute_list::Request<'_>,
    ("GetAttributeList", "response"): get_attribute_list::Response<'_>,
    ("AddAttribute", "request"): add_attribute::Request<'_>,
    ("AddAttribute", "response"): add_attribute::Response<'_>,
    ("ModifyAttribute", "request"): modify_attribute::Request<'_>,
    ("ModifyAttribute", "response"): modify_attribute::Response<'_>,
    ("DeleteAttribute", "request"): delete_attribute::Request<'_>,
    ("DeleteAttribute", "response"): delete_attribute::Response<'_>,
    ("ObtainLease", "request"): obtain_lease::Request<'_>,
    ("ObtainLease", "response"): obtain_lease::Response<'_>,
    ("GetUsageAllocation", "request"): get_usage_allocation::Request<'_>,
    ("GetUsageAllocation", "response"): get_usage_allocation::Response<'_>,
    ("Activate", "request"): activate::Request<'_>,
    ("Activate", "response"): activate::Response<'_>,
    ("Revoke", "request"): revoke::Request<'_>,
    ("Revoke", "response"): revoke::Response<'_>,
    ("Destroy", "request"): destroy::Request<'_>,
    ("Destroy", "response"): destroy::Response<'_>,
    ("Archive", "request"): archive::Request<'_>,
    ("Archive", "response"): archive::Response<'_>,
    ("Recover", "request"): recover::Request<'_>,
    ("Recover", "response"): recover::Response<'_>,
    ("Validate", "request"): validate::Request<'_>,
    ("Validate", "response"): validate::Response,
    ("Query", "request"): query::Request,
    ("Query", "response"): query::Response,
    ("Cancel", "request"): cancel::Request<'_>,
    ("Cancel", "response"): cancel::Response<'_>,
    ("Poll", "request"): poll::Request<'_>,
    ("ReKeyKeyPair", "request"): re_key_key_pair::Request<'_>,
    ("ReKeyKeyPair", "response"): re_key_key_pair::Response<'_>,
    ("DiscoverVersions", "request"): discover_versions::Request,
    ("DiscoverVersions", "response"): discover_versions::Response,
    ("Encrypt", "request"): encrypt::Request<'_>,
    ("Encrypt", "response"): encrypt::Response<'_>,
    ("Decrypt", "request"): decrypt::Request<'_>,
    ("Decrypt", "response"): decrypt::Response<'_>,
    ("Sign", "request"): sign::Request<'_>,
    ("Sign", "response"): sign::Response<'_>,
    ("SignatureVerify", "request"): signature_verify::Request<'_>,
    ("SignatureVerify", "response"): signature_verify::Response<'_>,
    ("MAC", "request"): mac::Request<'_>,
    ("MAC", "response"): mac::Response<'_>,
    ("MACVerify", "request"): mac_verify::Request<'_>,
    ("MACVerify", "response"): mac_verify::Response<'_>,
    ("RNGRetrieve", "request"): rng_retrieve::Request,
    ("RNGRetrieve", "response"): rng_retrieve::Response<'_>,
    ("RNGSeed", "request"): rng_seed::Request<'_>,
    ("RNGSeed", "response"): rng_seed::Response,
    ("Hash", "request"): hash::Request<'_>,
    ("Hash", "response"): hash::Response<'_>,
    ("CreateSplitKey", "request"): create_split_key::Request<'_>,
    ("CreateSplitKey", "response"): create_split_key::Response<'_>,
    ("JoinSplitKey", "request"): join_split_key::Request<'_>,
    ("JoinSplitKey", "response"): join_split_key::Response<'_>,
    ("Export", "request"): export::Request<'_>,
    ("Export", "response"): export::Response<'_>,
    ("Import", "request"): import::Request<'_>,
    ("Import", "response"): import::Response<'_>,
    ("AdjustAttribute", "request"): adjust_attribute::Request<'_>,
    ("AdjustAttribute", "response"): adjust_attribute::Response<'_>,
    ("DelegatedLogin", "request"): delegated_login::Request<'_>,
    ("DelegatedLogin", "response"): delegated_login::Response,
    ("Interop", "request"): interop::Request,
    ("Interop", "response"): interop::Response,
    ("Log", "request"): log::Request,
    ("Log", "response"): log::Response,
    ("Login", "request"): login::Request,
    ("Login", "response"): login::Response,
    ("Logout", "request"): logout::Request,
    ("Logout", "response"): logout::Response,
    ("PKCS_11", "request"): pkcs11::Request<'_>,
    ("PKCS_11", "response"): pkcs11::Response<'_>,
    ("ReProvision", "request"): re_provision::Request,
    ("ReProvision", "response"): re_provision::Response<'_>,
    ("SetAttribute", "request"): set_attribute::Request<'_>,
    ("SetAttribute", "response"): set_attribute::Response<'_>,
    ("SetEndpointRole", "request"): set_endpoint_role::Request,
    ("SetEndpointRole", "response"): set_endpoint_role::Response,
    ("GetConstraints", "request"): get_constraints::Request,
    ("GetConstraints", "response"): get_constraints::Response,
    ("Ping", "request"): ping::Request,
    ("Ping", "response"): ping::Response,
    ("Process", "request"): process::Request<'_>,
    ("Process", "response"): process::Response,
    ("QueryAsynchronousRequests", "request"): query_asynchronous_requests::Request,
    ("QueryAsynchronousRequests", "response"): query_asynchronous_requests::Response,
    ("SetConstraints", "request"): set_constraints::Request,
    ("SetConstraints", "response"): set_constraints::Response,
    ("SetDefaults", "request"): set_defaults::Request,
    ("SetDefaults", "response"): set_defaults::Response,
    ("Notify", "request"): notify::Request<'_>,
    ("Put", "request"): put::Request<'_>,
};

/// Fields whose type is wider than the specification's tables: real clients leave them out.
const WIDER: &[(&str, Tag)] = &[("SetConstraints", Tag::Constraints)];

/// The rows of all payloads. Where an operation goes both ways, a server asks as a client does.
fn facts() -> Vec<Row> {
    let mut facts = rows("operation_fields");
    let both_ways: BTreeSet<String> = facts
        .iter()
        .filter(|row| row["direction"] == "client-to-server")
        .map(|row| row["operation"].clone())
        .collect();
    facts.retain(|row| {
        row["direction"] == "client-to-server" || !both_ways.contains(&row["operation"])
    });
    facts
}

#[test]
fn payloads_have_the_fields_of_the_specification_in_its_order() {
    let facts = facts();
    for table in PAYLOADS {
        let is_its = |row: &&Row| row["operation"] == table.name && row["message"] == table.part;
        compare(table, facts.iter().filter(is_its), "tag", WIDER);
        every_rule_is_in_its_range(table);
    }
}

#[test]
fn every_operation_of_the_specification_has_its_payloads() {
    let facts = facts();
    let expected: BTreeSet<(&str, &str)> =
        facts.iter().map(|row| (row["operation"].as_str(), row["message"].as_str())).collect();
    let known: BTreeSet<_> = PAYLOADS.iter().map(|table| (table.name, table.part)).collect();
    assert_eq!(known, expected);
}

#[test]
fn payloads_are_found_by_operation() {
    let operations = rows("operations");
    let known: Vec<&Row> = operations.iter().filter(|row| lifetime(row).is_some()).collect();
    for row in &known {
        let operation = Operation::from_xml_name(&row["operation"]).unwrap();
        assert!(RequestPayload::OPERATIONS.contains(&operation), "{operation}");
        let answers = ResponsePayload::OPERATIONS.contains(&operation);
        assert_eq!(answers, operation != Operation::Poll, "{operation}");
    }
    let names: BTreeSet<_> = known.iter().map(|row| &row["operation"]).collect();
    assert_eq!(RequestPayload::OPERATIONS.len(), names.len());
}
