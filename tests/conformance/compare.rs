//! What a response must be: the same items in the same order with the same types and values, but
//! for what the cases leave to the server. Each freedom is one function here.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::case::Element;
use crate::encode::{Bindings, date, is_placeholder, leaf, tag};
use crate::support::ttlv::{Node, Value, hex};

/// How far the server's clock may be from the case's `$NOW`, in seconds. The case's `$NOW` is the
/// time when its first request was made.
const CLOCK_TOLERANCE: i64 = 60;

/// Where in a response we are.
struct Place<'a> {
    path: String,
    operation: Option<Operation>,
    /// The request named the attributes that it wants.
    attributes_named: bool,
    /// The name of the attribute whose value this is (1.x).
    attribute: Option<&'a str>,
    /// The answer is about an object that the server made itself, so keys are its own.
    made_by_server: bool,
    /// The answer's output is random by nature.
    random: bool,
}

/// Compares a response with the one expected, binding placeholders; the differences in words.
pub(crate) fn response(
    expected: &Element,
    actual: &Node,
    request: &Element,
    bindings: &mut Bindings,
) -> Vec<String> {
    let mut differences = Vec::new();
    let mut items = request.children_named("BatchItem");
    let mut wanted = expected.children.iter();
    for (index, found) in actual.children().iter().enumerate() {
        let Some(wanted) = wanted.next() else {
            differences.push(format!("more than expected: {found:?}"));
            continue;
        };
        let asked = if wanted.name == "BatchItem" { items.next() } else { None };
        let mut place = Place::of(asked, wanted, found, bindings);
        place.path = format!("{}[{index}]", wanted.name);
        element(wanted, found, &place, bindings, &mut differences);
        note_maker(wanted, found, bindings);
        note_padding(asked, found, bindings);
    }
    differences.extend(wanted.map(|missing| format!("{} is missing", missing.name)));
    bindings.saw(actual);
    differences
}

/// Compares a request of the server's with the one expected, as [`response`] does.
pub(crate) fn request(expected: &Element, actual: &Node, bindings: &mut Bindings) -> Vec<String> {
    let mut differences = Vec::new();
    let mut place = Place::of(None, expected, actual, bindings);
    place.operation = expected.child("BatchItem").and_then(operation_of);
    element(expected, actual, &place, bindings, &mut differences);
    differences
}

impl Place<'_> {
    fn of(asked: Option<&Element>, wanted: &Element, found: &Node, bindings: &Bindings) -> Self {
        let payload = asked.and_then(|item| item.child("RequestPayload"));
        let names = ["AttributeName", "AttributeReference"];
        let uid = found.child(Tag::ResponsePayload).and_then(|p| p.child(Tag::UniqueIdentifier));
        let operation = asked.and_then(operation_of);
        Self {
            path: wanted.name.clone(),
            operation,
            attributes_named: payload
                .is_some_and(|payload| names.iter().any(|name| payload.child(name).is_some())),
            attribute: None,
            made_by_server: uid.is_some_and(|uid| bindings.made_by_server.contains(&uid.value)),
            random: operation == Some(Operation::RngRetrieve)
                || payload.is_some_and(|payload| {
                    payload.all().iter().any(|e| e.name == "RandomIV" && e.value == "true")
                })
                || (operation == Some(Operation::Encrypt)
                    && (payload.is_some_and(pads_at_random)
                        || uid.is_some_and(|uid| bindings.padded.contains(&uid.value)))),
        }
    }

    fn below(&self, name: &str) -> Self {
        Self { path: format!("{}/{name}", self.path), attribute: None, ..*self }
    }
}

fn operation_of(item: &Element) -> Option<Operation> {
    let number = leaf(item.child("Operation")?, None, 0).ok()?;
    match number {
        Value::Enumeration(number) => Some(Operation::from_number(number)),
        _ => None,
    }
}

/// Remembers that an object was made by the server: its key, digest and outputs are the server's.
fn note_maker(wanted: &Element, found: &Node, bindings: &mut Bindings) {
    let by_server =
        ["Create", "CreateKeyPair", "ReKey", "ReKeyKeyPair", "DeriveKey", "Certify", "ReCertify"];
    if by_server.contains(&wanted.value_of("Operation")) {
        let payload = found.child(Tag::ResponsePayload);
        let tags = [
            Tag::UniqueIdentifier,
            Tag::PrivateKeyUniqueIdentifier,
            Tag::PublicKeyUniqueIdentifier,
        ];
        let uids = tags.into_iter().filter_map(|tag| payload?.child(tag));
        bindings.made_by_server.extend(uids.map(|uid| uid.value.clone()));
    }
}

/// Remembers a key that is registered with a padding that is random.
fn note_padding(asked: Option<&Element>, found: &Node, bindings: &mut Bindings) {
    let of_register = asked.filter(|item| operation_of(item) == Some(Operation::Register));
    if of_register.is_some_and(pads_at_random) {
        let uid = found.child(Tag::ResponsePayload).and_then(|p| p.child(Tag::UniqueIdentifier));
        bindings.padded.extend(uid.map(|uid| uid.value.clone()));
    }
}

fn pads_at_random(element: &Element) -> bool {
    let random = ["OAEP", "PKCS1V1_5"];
    let all = element.all().into_iter();
    all.filter(|e| e.name == "PaddingMethod").any(|e| random.contains(&e.value.as_str()))
}

fn element(
    wanted: &Element,
    found: &Node,
    place: &Place<'_>,
    bindings: &mut Bindings,
    differences: &mut Vec<String>,
) {
    if tag(&wanted.name) != Ok(found.tag) {
        differences.push(format!("{}: found {}", place.path, found.tag));
        return;
    }
    if is_placeholder(&wanted.value) {
        placeholder(wanted, found, place, bindings, differences);
        return;
    }
    if wanted.kind.is_empty() {
        match &found.value {
            Value::Structure(_) if is_generator_of_server(wanted, found, place) => {}
            Value::Structure(children) => {
                structure(wanted, children, place, bindings, differences);
            }
            other => differences.push(format!("{}: {} for a structure", place.path, other.kind())),
        }
        return;
    }
    match leaf(wanted, place.attribute, bindings.now) {
        Err(why) => differences.push(format!("{}: {why}", place.path)),
        Ok(value) if value.kind() != found.value.kind() => differences.push(format!(
            "{}: type {} for {}",
            place.path,
            found.value.kind(),
            value.kind()
        )),
        Ok(value) if value == found.value || is_free(wanted, found, place, bindings) => {}
        Ok(value) => {
            differences.push(format!("{}: {} for {value}", place.path, found.value));
        }
    }
}

fn placeholder(
    wanted: &Element,
    found: &Node,
    place: &Place<'_>,
    bindings: &mut Bindings,
    differences: &mut Vec<String>,
) {
    // A wrapped Key Value is bytes, which the cases do not type.
    if !wanted.kind.is_empty() && wanted.kind != found.value.kind() {
        differences.push(format!("{}: type {}", place.path, found.value.kind()));
    }
    bindings.bind(&wanted.value, &found.value);
    let bound = bindings.get(&wanted.value);
    if bound != Some(&found.value) {
        let bound = bound.map(ToString::to_string).unwrap_or_default();
        differences.push(format!("{}: {} for {bound}", place.path, found.value));
    }
}

fn structure(
    wanted: &Element,
    found: &[Node],
    place: &Place<'_>,
    bindings: &mut Bindings,
    differences: &mut Vec<String>,
) {
    let attribute = wanted.child("AttributeName").map(|name| name.value.as_str());
    let mut rest: Vec<&Node> = found.iter().filter(|node| !is_ignored(node.tag)).collect();
    for child in wanted.children.iter().filter(|child| !may_be_absent(wanted, child)) {
        let value_of = attribute.filter(|_| child.name == "AttributeValue");
        let mut below = place.below(value_of.unwrap_or(&child.name));
        below.attribute = value_of;
        let position = if stands_anywhere(wanted, child, place) {
            let fits = |node: &&Node| fits(child, node, &below, bindings);
            let best = rest.iter().position(fits);
            best.or_else(|| rest.iter().position(|node| is_counterpart(child, node)))
        } else {
            rest.first().map(|_| 0)
        };
        match position {
            Some(position) => {
                element(child, rest.remove(position), &below, bindings, differences);
            }
            None => differences.push(format!("{}: missing{}", below.path, detail(child))),
        }
    }
    rest.retain(|node| !may_be_more(wanted, node, place));
    let more = |node: &&Node| format!("{}: not expected: {:?}", place.path, node);
    differences.extend(rest.iter().map(more));
}

/// Whether an item found is just the one that is expected.
fn fits(wanted: &Element, found: &Node, place: &Place<'_>, bindings: &Bindings) -> bool {
    let mut differences = Vec::new();
    if is_counterpart(wanted, found) {
        element(wanted, found, place, &mut bindings.clone(), &mut differences);
        return differences.is_empty();
    }
    false
}

/// Names the missing attribute.
fn detail(missing: &Element) -> String {
    let names = missing.children.iter().filter(|child| child.name.ends_with("Name"));
    let words: Vec<_> = names.map(|name| name.value.as_str()).collect();
    format!(" {}{}", missing.value, words.join("-"))
}

/// The server correlation value is the server's to give or not.
fn is_ignored(tag: Tag) -> bool {
    tag == Tag::ServerCorrelationValue
}

/// What the expected response has and a server may leave out.
fn may_be_absent(parent: &Element, wanted: &Element) -> bool {
    match wanted.name.as_str() {
        "ServerCorrelationValue" => true,
        "VendorIdentification" | "ServerInformation" => parent.name == "ResponsePayload",
        _ => false,
    }
}

/// Lists whose order says nothing: attributes, their names, and what Query lists.
fn stands_anywhere(parent: &Element, child: &Element, place: &Place<'_>) -> bool {
    let list = ["Attribute", "AttributeName", "AttributeReference"];
    match parent.name.as_str() {
        "Attributes" => true,
        "RequestPayload" => child.name == "Attribute",
        "ResponsePayload" => match place.operation {
            Some(Operation::Query) => true,
            Some(Operation::GetAttributes | Operation::GetAttributeList) => {
                list.contains(&child.name.as_str())
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether an item found is the one that an expected element of an unordered list is about.
fn is_counterpart(wanted: &Element, found: &Node) -> bool {
    if tag(&wanted.name) != Ok(found.tag) {
        return false;
    }
    if wanted.kind.is_empty() {
        let same = |name: &str, tag| {
            let found = found.child(tag).map_or("", Node::as_text);
            wanted.value_of(name) == found
        };
        let index = match found.child(Tag::AttributeIndex).map(|node| &node.value) {
            Some(Value::Integer(index)) => index.to_string(),
            _ => String::new(),
        };
        return same("AttributeName", Tag::AttributeName)
            && same("VendorIdentification", Tag::VendorIdentification)
            && wanted.value_of("AttributeIndex") == index;
    }
    let list = ["AttributeName", "AttributeReference", "Operation", "ObjectType"];
    !list.contains(&wanted.name.as_str())
        || leaf(wanted, None, 0).is_ok_and(|value| value == found.value)
}

/// What a server may add: attributes where the client asked for all, and what it can do besides.
fn may_be_more(parent: &Element, found: &Node, place: &Place<'_>) -> bool {
    let in_payload = parent.name == "ResponsePayload";
    match place.operation {
        Some(Operation::GetAttributes) => {
            !place.attributes_named && (found.tag == Tag::Attribute || parent.name == "Attributes")
        }
        Some(Operation::GetAttributeList) => in_payload && found.tag != Tag::UniqueIdentifier,
        Some(Operation::Query) => in_payload,
        // The server may send attributes along with an object (KMIP 1.4 §5.2), and tells all that have
        // changed (§5.1): of a destroyed object the Destroy Date, too.
        Some(Operation::Put | Operation::Notify) => {
            parent.name == "Attributes"
                || (parent.name == "RequestPayload" && found.tag == Tag::Attribute)
        }
        _ => false,
    }
}

/// Values that are the server's own.
fn is_free(wanted: &Element, found: &Node, place: &Place<'_>, bindings: &Bindings) -> bool {
    let sent = bindings.sent.contains(&wanted.value);
    match found.tag {
        Tag::TimeStamp | Tag::ResultMessage => true,
        // A literal identifier is the one that the recorded server gave.
        Tag::UniqueIdentifier | Tag::AsynchronousCorrelationValue => !sent,
        Tag::KeyMaterial if is_der(found) => place.made_by_server,
        Tag::KeyMaterial | Tag::DigestValue => place.made_by_server && same_length(wanted, found),
        _ if place.made_by_server && is_of_issuer(found.tag, place) => true,
        // The numbers of a transparent key.
        _ if matches!(found.value, Value::BigInteger(_)) => place.made_by_server,
        Tag::Data | Tag::MacData | Tag::SignatureData | Tag::IvCounterNonce => {
            (place.made_by_server || place.random) && same_length(wanted, found)
        }
        // CK_INFO names the server; it is the only output that the cases have.
        Tag::Pkcs11OutputParameters => same_length(wanted, found),
        _ => match found.value {
            Value::DateTime(seconds) => is_free_date(&wanted.value, seconds, sent, bindings.now),
            _ => false,
        },
    }
}

/// What an authority of another name, with other serial numbers, says otherwise in a certificate.
fn is_of_issuer(tag: Tag, place: &Place<'_>) -> bool {
    let attribute = match place.attribute {
        Some(name) => name == "Certificate Length",
        None => tag == Tag::CertificateLength,
    };
    let tags = [
        Tag::CertificateValue,
        Tag::CertificateSerialNumber,
        Tag::IssuerDistinguishedName,
        Tag::CertificateIssuerDistinguishedName,
        Tag::Issuer,
        Tag::SerialNumber,
    ];
    attribute || tags.contains(&tag)
}

/// Which generator made a key is information about the server, unless the client registered it.
fn is_generator_of_server(wanted: &Element, found: &Node, place: &Place<'_>) -> bool {
    let is_generator = place.attribute == Some("Random Number Generator")
        || wanted.name == "RandomNumberGenerator";
    is_generator && place.made_by_server && found.child(Tag::RngAlgorithm).is_some()
}

/// A date that the client did not send is the time when the server did something; `$NOW` must be
/// near.
fn is_free_date(wanted: &str, found: i64, sent: bool, now: i64) -> bool {
    if wanted.starts_with("$NOW") {
        return date(wanted, now).is_ok_and(|wanted| (wanted - found).abs() <= CLOCK_TOLERANCE);
    }
    !sent
}

/// A key in DER has the length that its numbers happen to have.
fn is_der(found: &Node) -> bool {
    matches!(&found.value, Value::Bytes(bytes) if bytes.starts_with(&[0x30, 0x82]))
}

fn same_length(wanted: &Element, found: &Node) -> bool {
    let found = match &found.value {
        Value::Bytes(bytes) => hex(bytes),
        _ => return false,
    };
    found.len() == wanted.value.len()
}
