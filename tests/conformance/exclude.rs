//! Which cases a release need not pass, and why. A reason is computed from the case itself, so it
//! cannot outlive its truth; `fixtures/cases/exclusions.txt` says for which cases we know it.

use std::collections::BTreeMap;

use crate::case::{Case, Element, Step};

/// How a reason ends that is ours and not the specification's: what the case needs is not served yet.
/// It stands in the list alone, and goes when the case passes.
pub(crate) const NOT_YET: &str = "not served yet";

/// The list.
pub(crate) const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cases/exclusions.txt");

/// What stands above it.
pub(crate) const HEAD: &str = "\
# Cases that this release does not pass: case, colon, reason. The reason is computed from the case
# itself (tests/conformance/exclude.rs); the test fails if it is no longer true, or if the case passes.
# KEYSTRATA_REWRITE_EXCLUSIONS=1 cargo test --test conformance official   writes the list anew.
";

// The reasons, and where the specification gives them.

const OTHER_VERSION: &str =
    "contradicts itself: the server asks in another version than the client (KMIP 1.2 §6.1)";
const ATTESTS: &str = "tells that the server attests its clients, which is for each server to say \
    (KMIP 1.4 §2.1.21)";
const LEASED_TEMPLATE: &str =
    "has a Lease Time on a Template, and only cryptographic objects have one (KMIP 1.2 §3.20)";
const OTHER_ORDER: &str = "numbers links otherwise than the same case of 1.0, which passes; the \
    server assigns the numbers (KMIP 1.2 §2.1.1)";
const OTHER_LEASE: &str =
    "for one client, and how long they are the server determines (KMIP 1.0 §4.16)";
const OTHER_VALUE: &str =
    "contradicts itself: Add Attribute sets another value than it was sent (KMIP 1.0 §4.13)";
const OTHER_KEY: &str =
    "contradicts itself: Get gives another key than was sent in this format (KMIP 1.4 §4.11)";
const NAMELESS: &str =
    "sends an Attribute without an Attribute Name, which is required (KMIP 1.2 §2.1.1)";

/// Why a case cannot pass, if it cannot: what the specification or the case itself says.
pub(crate) fn reason(case: &Case) -> Option<String> {
    other_version(case)
        .or_else(|| case.steps.iter().find_map(attestation))
        .or_else(|| case.steps.iter().find_map(leased_template))
        .or_else(|| case.steps.iter().find_map(other_order))
        .or_else(|| other_lease(case))
        .or_else(|| case.steps.iter().find_map(contradiction))
        .or_else(|| other_key(case))
        .or_else(|| case.steps.iter().find_map(nameless))
}

/// Whether a step asks for what was promised. One that is repeated waits for the server, not for a
/// date.
pub(crate) fn polls(step: &Step) -> bool {
    step.items().any(|(item, _)| item.value_of("Operation") == "Poll")
}

/// Whether the list may give this reason for a case that fails: the computed one, or that what it
/// needs is not served yet.
pub(crate) fn is_true(listed: &str, computed: Option<&str>) -> bool {
    computed.map_or_else(|| listed.ends_with(NOT_YET), |computed| listed == computed)
}

/// Requests of the server's in another version than that in which the client has asked: it would be
/// told in words that nobody knows it to understand (KMIP 1.2 §6.1).
fn other_version(case: &Case) -> Option<String> {
    let version = |step: &Step| step.request.child("RequestHeader").map(stated);
    let (sent, asked): (Vec<_>, Vec<_>) = case.steps.iter().partition(|step| step.from_server);
    let last = asked.last().map(|step| version(step))?;
    sent.iter().any(|step| version(step) != last).then(|| OTHER_VERSION.to_owned())
}

/// The version in a header, in words.
fn stated(header: &Element) -> (String, String) {
    let number = |name: &str| {
        header.child("ProtocolVersion").map_or_else(String::new, |v| v.value_of(name).to_owned())
    };
    (number("ProtocolVersionMajor"), number("ProtocolVersionMinor"))
}

/// A Query that is answered by a server which attests its clients. What kinds of attestation there are
/// is open to the server (KMIP 1.4 §4.25), and this one has none: certificates say who comes.
fn attestation(step: &Step) -> Option<String> {
    step.items()
        .filter_map(|(_, response)| response.child("ResponsePayload"))
        .filter_map(|payload| payload.child("CapabilityInformation"))
        .find(|capability| capability.value_of("AttestationCapability") == "true")
        .map(|_| ATTESTS.to_owned())
}

/// A Lease Time on a Template; only cryptographic objects have one (KMIP 1.2 §3.20).
fn leased_template(step: &Step) -> Option<String> {
    let has = |item: &Element, name: &str, value: &str| {
        let mut all = item.all().into_iter();
        all.any(|e| {
            e.value_of("AttributeName") == name
                && (value.is_empty() || e.value_of("AttributeValue") == value)
        })
    };
    step.items()
        .find(|(_, response)| {
            has(response, "Object Type", "Template") && has(response, "Lease Time", "")
        })
        .map(|_| LEASED_TEMPLATE.to_owned())
}

/// The links of a new certificate in another order than the same case of 1.0 and 1.1 has them. Which
/// index an instance gets is the server's choice (KMIP 1.4 §2.1.1).
fn other_order(step: &Step) -> Option<String> {
    step.items()
        .find(|(_, response)| {
            let all = response.all();
            let links: Vec<_> =
                all.iter().filter(|e| e.name == "LinkType").map(|e| e.value.as_str()).collect();
            links == ["PublicKeyLink", "ReplacedObjectLink"]
        })
        .map(|_| OTHER_ORDER.to_owned())
}

/// Leases of different lengths of one client: one that ends, and later one of zero, which is none at all
/// (KMIP 1.0 §4.16). Ours are as long for all objects of a service.
fn other_lease(case: &Case) -> Option<String> {
    let (leases, all_alike) = (case.leases(), case.lease().is_some());
    (!leases.is_empty() && !all_alike).then(|| {
        let leases = leases.iter().map(|lease| format!("{lease} s")).collect::<Vec<_>>();
        format!("has leases of {} {OTHER_LEASE}", leases.join(" and "))
    })
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
        .map(|_| OTHER_VALUE.to_owned())
}

/// An attribute of 1.x without the name that it must have (KMIP 1.4 §2.1.1).
fn nameless(step: &Step) -> Option<String> {
    let all = step.items().flat_map(|(request, _)| request.all());
    let mut attributes = all.filter(|e| e.name == "Attribute");
    let unnamed = |e: &&Element| {
        e.children.iter().any(|child| child.name == "AttributeValue")
            && e.children.iter().all(|child| child.name != "AttributeName")
    };
    attributes.find(unnamed).map(|_| NAMELESS.to_owned())
}

/// A Get that gives a key in the format in which it was registered, but other bytes than those.
fn other_key(case: &Case) -> Option<String> {
    let value = |item: &Element, name: &str| {
        item.all().into_iter().find(|e| e.name == name).map(|e| e.value.to_lowercase())
    };
    let key = |item: &Element| Some((value(item, "KeyFormatType")?, value(item, "KeyMaterial")?));
    let mut registered = BTreeMap::new();
    for (request, response) in case.steps.iter().flat_map(Step::items) {
        let Some(uid) = value(response, "UniqueIdentifier") else { continue };
        match (request.value_of("Operation"), key(request), key(response)) {
            ("Register", Some(key), _) if value(request, "WrappingMethod").is_none() => {
                registered.insert(uid, key);
            }
            ("Get", _, Some((format, bytes))) => {
                let known = registered.get(&uid).filter(|known| known.0 == format);
                if known.is_some_and(|known| known.1 != bytes && !bytes.is_empty())
                    && !bytes.starts_with('$')
                    && !request.all().iter().any(|e| e.name == "KeyWrappingSpecification")
                {
                    return Some(OTHER_KEY.to_owned());
                }
            }
            _ => {}
        }
    }
    None
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
