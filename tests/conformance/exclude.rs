//! Which cases a release need not pass, and why. A reason is computed from the case itself, so it
//! cannot outlive its truth; `fixtures/cases/exclusions.txt` says for which cases we know it.

use std::collections::BTreeMap;

use crate::case::{Case, Element, Step};

/// The operations served.
const OPERATIONS: &[&str] = &[
    "DiscoverVersions",
    "Query",
    "Create",
    "Register",
    "Get",
    "GetAttributes",
    "GetAttributeList",
    "AddAttribute",
    "ModifyAttribute",
    "DeleteAttribute",
    "SetAttribute",
    "Locate",
    "Check",
    "Activate",
    "Revoke",
    "Destroy",
    "ReKey",
    "Encrypt",
    "Decrypt",
    "RNGRetrieve",
    "Hash",
    "MAC",
    "MACVerify",
    "Ping",
    "Interop",
];

/// The types of object served.
const OBJECT_TYPES: &[&str] = &["SymmetricKey", "SecretData", "OpaqueObject"];

/// The algorithms of keys that are made, registered and used.
const ALGORITHMS: &[&str] =
    &["AES", "HMAC_SHA1", "HMAC_SHA224", "HMAC_SHA256", "HMAC_SHA384", "HMAC_SHA512", "HMAC_MD5"];

/// The operations that do something with an algorithm.
const USES: &[&str] = &["Create", "ReKey", "Encrypt", "Decrypt", "MAC", "MACVerify"];

/// What Query tells about the recorded server and nobody else.
const DESCRIPTIONS: &[&str] = &[
    "QueryExtensionList",
    "QueryExtensionMap",
    "QueryRNGs",
    "QueryValidations",
    "QueryProfiles",
    "QueryCapabilities",
    "QueryClientRegistrationMethods",
];

/// Cases that go on with what another case made, which therefore runs before them.
pub(crate) const CONTINUATIONS: &[(&str, &str)] =
    &[("TL-M-3", "TL-M-2"), ("TC-CREG-2", "TC-CREG-1")];

/// Why a case cannot pass, if it cannot.
pub(crate) fn reason(case: &Case) -> Option<String> {
    let later = |what: String| format!("{what}, served by a later release");
    first_outside(case, "Operation", OPERATIONS, |operation| later(format!("uses {operation}")))
        .or_else(|| {
            case.steps
                .iter()
                .any(|step| step.from_server)
                .then(|| "has the server ask its client".to_owned())
        })
        .or_else(|| {
            first_outside(case, "ObjectType", OBJECT_TYPES, |kind| later(format!("uses {kind}")))
        })
        .or_else(|| algorithm(case).map(|algorithm| later(format!("uses {algorithm}"))))
        .or_else(|| wrapping(case).then(|| later("uses key wrapping".to_owned())))
        .or_else(|| {
            case.steps.iter().find_map(query).map(|what| {
                if what.starts_with("Query") {
                    format!("has {what} describe the server that was recorded")
                } else {
                    later(format!("has Query list {what}"))
                }
            })
        })
        .or_else(|| case.steps.iter().find_map(old_versions_only))
        .or_else(|| {
            case.steps
                .iter()
                .any(|step| step.repeats)
                .then(|| "waits minutes for a date to pass".to_owned())
        })
        .or_else(|| foreign_object(case))
        .or_else(|| case.steps.iter().find_map(contradiction))
}

/// The first value of this element in a request that is not in the list.
fn first_outside(
    case: &Case,
    name: &str,
    list: &[&str],
    reason: impl Fn(&str) -> String,
) -> Option<String> {
    values(case, name).into_iter().find(|value| !list.contains(&value.as_str())).map(|v| reason(&v))
}

/// The values in requests of an element, or of the 1.x attribute of that name.
fn values(case: &Case, name: &str) -> Vec<String> {
    let elements: Vec<&Element> = case.request_items().flat_map(Element::all).collect();
    let direct = elements.iter().filter(|e| e.name == name && !e.value.is_empty());
    let attributes = elements
        .iter()
        .filter(|e| e.name == "Attribute" && e.value_of("AttributeName").replace(' ', "") == name);
    let direct = direct.map(|e| e.value.clone());
    direct.chain(attributes.map(|e| e.value_of("AttributeValue").to_owned())).collect()
}

/// An algorithm that the server would have to make keys for or use; keeping a key needs none. The
/// Random Number Generator attribute only describes.
fn algorithm(case: &Case) -> Option<String> {
    let only_kept = case.request_items().all(|item| !USES.contains(&item.value_of("Operation")));
    let mut algorithms = values(case, "CryptographicAlgorithm").into_iter();
    algorithms.find(|value| !only_kept && !ALGORITHMS.contains(&value.as_str()))
}

fn wrapping(case: &Case) -> bool {
    let all = case.request_items().flat_map(Element::all);
    all.into_iter()
        .any(|e| ["KeyWrappingSpecification", "KeyWrappingData"].contains(&e.name.as_str()))
}

/// What a Query is expected to say that this server does not.
fn query(step: &Step) -> Option<String> {
    step.items().filter(|(request, _)| request.value_of("Operation") == "Query").find_map(
        |(request, response)| {
            let asked =
                request.all().into_iter().find(|e| DESCRIPTIONS.contains(&e.value.as_str()));
            let payload = response.child("ResponsePayload")?;
            let missing = payload.children.iter().find(|e| match e.name.as_str() {
                "Operation" => !OPERATIONS.contains(&e.value.as_str()),
                "ObjectType" => !OBJECT_TYPES.contains(&e.value.as_str()),
                _ => false,
            });
            asked.or(missing).map(|e| e.value.clone())
        },
    )
}

/// Discover Versions of a server that has no 2.x.
fn old_versions_only(step: &Step) -> Option<String> {
    step.items()
        .filter(|(request, _)| request.value_of("Operation") == "DiscoverVersions")
        .filter(|(request, _)| !request.all().iter().any(|e| e.name == "ProtocolVersion"))
        .find(|(_, response)| {
            !response.all().iter().any(|e| e.name == "ProtocolVersionMajor" && e.value == "2")
        })
        .map(|_| "is for a server without KMIP 2.x".to_owned())
}

/// An identifier that Locate is expected to find although nothing in the case made it.
fn foreign_object(case: &Case) -> Option<String> {
    let file = case.name.rsplit('/').next().unwrap_or_default();
    if CONTINUATIONS.iter().any(|(next, _)| file.starts_with(next)) {
        return None;
    }
    let mut made = Vec::new();
    for (request, response) in case.steps.iter().flat_map(Step::items) {
        for uid in response.all().into_iter().filter(|e| e.name.ends_with("UniqueIdentifier")) {
            if request.value_of("Operation") == "Locate" && !made.contains(&uid.value) {
                return Some("wants an object that it does not make".to_owned());
            }
            made.push(uid.value.clone());
        }
    }
    None
}

/// An attribute that the response gives another value than the request has just set.
fn contradiction(step: &Step) -> Option<String> {
    step.items()
        .filter(|(request, _)| request.value_of("Operation") == "AddAttribute")
        .find(|(request, response)| {
            let value = |item: &Element| {
                let all = item.all().into_iter();
                all.filter(|e| e.name == "AttributeValue").map(|e| e.value.clone()).next()
            };
            value(response).is_some() && value(request) != value(response)
        })
        .map(|_| "contradicts itself: the response has another value than was sent".to_owned())
}

/// The file's lines: case and reason.
pub(crate) fn listed() -> BTreeMap<String, String> {
    include_str!("../../fixtures/cases/exclusions.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, reason) = line.split_once(": ").expect("a line is `case: reason`");
            (name.to_owned(), reason.to_owned())
        })
        .collect()
}
