//! How every answer is shown: as plain JSON, and as the same for people.
//!
//! Plain JSON is an object of the payload's fields by their names in KMIP's XML encoding. Attributes
//! are an object of their own, the same at every version.

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::codec::FieldRule;
use kmip_ttlv::enums::{Operation, ValidityIndicator};
use kmip_ttlv::payload::{discover_versions, get_attribute_list, locate, query};
use kmip_ttlv::{Decode as _, Item, Occurs, Structure as _, Tag, Value, Version, json};
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::command::Failure;

/// Fields whose bytes are no secrets in the answer of an operation; anywhere else they are hidden.
const SHOWN: &[(Operation, &[Tag])] = &[
    (Operation::Get, &[Tag::Certificate, Tag::CertificateRequest, Tag::PublicKey]),
    (Operation::GetAttributes, &[Tag::Attribute, Tag::Attributes]),
    (Operation::AddAttribute, &[Tag::Attribute]),
    (Operation::ModifyAttribute, &[Tag::Attribute]),
    (Operation::DeleteAttribute, &[Tag::Attribute]),
    (Operation::Encrypt, &[Tag::Data, Tag::AuthenticatedEncryptionTag]),
    (Operation::Sign, &[Tag::SignatureData]),
    (Operation::Mac, &[Tag::MacData]),
    (Operation::Hash, &[Tag::Data]),
];

/// What an operation is asked for, if that is bytes.
const PRODUCTS: [Tag; 8] = [
    Tag::Data,
    Tag::SignatureData,
    Tag::MacData,
    Tag::KeyMaterial,
    Tag::KeyValue,
    Tag::CertificateValue,
    Tag::CertificateRequestValue,
    Tag::OpaqueDataValue,
];

/// An answer.
pub(super) struct Answer {
    operation: Operation,
    fields: Vec<(Tag, Value)>,
    version: Version,
}

impl Answer {
    /// The answer in a payload; some operations have none.
    pub(super) fn of(operation: Operation, payload: Option<Item<'_>>) -> kmip_ttlv::Result<Self> {
        let version = payload.map_or(Version::V1_0, |item| item.version());
        let fields = match payload.map(Value::decode).transpose()? {
            Some(Value::Structure(fields)) => fields,
            _ => Vec::new(),
        };
        Ok(Self { operation, fields, version })
    }

    /// The answer as plain JSON.
    pub(super) fn json(&self, secrets: bool) -> Json {
        let shown = SHOWN.iter().find(|(operation, _)| *operation == self.operation);
        let shown = shown.map_or(&[][..], |(_, tags)| tags);
        let mut members = Map::new();
        for tag in self.repeated() {
            members.insert(name_of_list(tag).to_owned(), Json::Array(Vec::new()));
        }
        for (tag, value) in &self.fields {
            let write = if secrets || shown.contains(tag) {
                json::write
            } else {
                json::write_without_secrets
            };
            insert(&mut members, &write(*tag, value));
        }
        Json::Object(members)
    }

    /// Fields that are arrays however often they occur.
    fn repeated(&self) -> impl Iterator<Item = Tag> {
        let rules: &[&[FieldRule]] = match self.operation {
            Operation::DiscoverVersions => discover_versions::Response::FIELDS,
            Operation::GetAttributeList => get_attribute_list::Response::FIELDS,
            Operation::Locate => locate::Response::FIELDS,
            Operation::Query => query::Response::FIELDS,
            _ => &[],
        };
        let version = self.version;
        let rules = rules
            .iter()
            .filter_map(move |rules| rules.iter().find(|rule| rule.versions.contains(version)));
        rules.filter(|rule| rule.occurs == Occurs::Repeated).map(|rule| rule.tag)
    }

    /// The bytes that the operation was asked for.
    pub(super) fn product(&self) -> Option<Zeroizing<Vec<u8>>> {
        find(&self.fields).map(|bytes| Zeroizing::new(bytes.to_vec()))
    }

    /// Whether a signature or an authentication code is what it should be. Other answers are.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let valid = Value::Enumeration(ValidityIndicator::Valid.number());
        let verdict = self.fields.iter().find(|(tag, _)| *tag == Tag::ValidityIndicator);
        match verdict {
            Some((_, verdict)) if *verdict != valid => Err(Failure::new("it is not valid")),
            _ => Ok(()),
        }
    }
}

fn find(fields: &[(Tag, Value)]) -> Option<&[u8]> {
    fields.iter().find_map(|(tag, value)| match value {
        Value::ByteString(bytes) if PRODUCTS.contains(tag) => Some(bytes.as_slice()),
        Value::Structure(fields) => find(fields),
        _ => None,
    })
}

/// Names of attributes have one name in all versions.
fn name_of_list(tag: Tag) -> &'static str {
    match tag {
        Tag::AttributeName => Tag::AttributeReference.xml_name(),
        other => other.xml_name(),
    }
}

/// A member of an item in KMIP's JSON.
fn member<'j>(item: &'j Json, name: &str) -> Option<&'j Json> {
    item.get("value")?.as_array()?.iter().find(|field| is(field, name))
}

fn is(item: &Json, name: &str) -> bool {
    item.get("tag").and_then(Json::as_str) == Some(name)
}

fn text<'j>(item: &'j Json, name: &str) -> Option<&'j str> {
    member(item, name)?.get("value")?.as_str()
}

/// Puts an item of KMIP's JSON among the fields of plain JSON.
fn insert(members: &mut Map<String, Json>, item: &Json) {
    let tag = item.get("tag").and_then(Json::as_str).unwrap_or_default();
    let fields = item.get("value").and_then(Json::as_array);
    match (tag, fields) {
        ("Attributes", Some(fields)) => insert_attributes(members, fields),
        ("Attribute", Some(_)) => insert_attributes(members, std::slice::from_ref(item)),
        ("AttributeName" | "AttributeReference", _) => {
            push(members, Tag::AttributeReference.xml_name(), reference(item));
        }
        _ => push(members, tag, plain(item)),
    }
}

/// Puts attributes of either version into the object that holds them all.
fn insert_attributes(members: &mut Map<String, Json>, items: &[Json]) {
    let place = members.entry("Attributes").or_insert_with(|| Json::Object(Map::new()));
    if let Json::Object(attributes) = place {
        for item in items {
            insert_attribute(attributes, item);
        }
    }
}

/// An attribute of either version, under its name; one that may have several values is an array.
fn insert_attribute(attributes: &mut Map<String, Json>, item: &Json) {
    let tag = item.get("tag").and_then(Json::as_str).unwrap_or_default();
    let (name, value) = if tag == "Attribute" {
        let name = text(item, "AttributeName").unwrap_or_default();
        let name = match text(item, "VendorIdentification") {
            Some(vendor) => format!("{vendor}-{name}"),
            None => xml_name(name),
        };
        (name, member(item, "AttributeValue").map_or(Json::Null, plain))
    } else {
        (tag.to_owned(), plain(item))
    };
    let kind = Tag::from_xml_name(&name).and_then(AttributeKind::from_tag);
    if kind.is_none_or(AttributeKind::is_multi_instance) && !name.contains('-') {
        let all = attributes.entry(name).or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(all) = all {
            all.push(value);
        }
    } else {
        push(attributes, &name, value);
    }
}

/// The name in XML of an attribute that 1.x names.
fn xml_name(name: &str) -> String {
    let kind = AttributeKind::from_name(name);
    kind.map_or(name, |kind| kind.tag().xml_name()).to_owned()
}

/// The name of an attribute.
fn reference(item: &Json) -> Json {
    match (text(item, "VendorIdentification"), text(item, "AttributeName")) {
        (Some(vendor), Some(name)) => format!("{vendor}-{name}").into(),
        _ => match item.get("value").and_then(Json::as_str) {
            Some(name) => xml_name(name).into(),
            None => plain(item),
        },
    }
}

/// Adds a field. What occurs again becomes an array.
fn push(members: &mut Map<String, Json>, name: &str, value: Json) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Json::Array(all)) => all.push(value),
        Some(one) => *one = Json::Array(vec![one.take(), value]),
    }
}

/// The value of an item of KMIP's JSON.
fn plain(item: &Json) -> Json {
    let Some(value) = item.get("value") else { return Json::Null };
    let kind = item.get("type").and_then(Json::as_str);
    match (kind, value) {
        (None, Json::Array(_)) if is(item, "ProtocolVersion") => {
            let number = |name| member(item, name).and_then(|part| part.get("value")?.as_i64());
            let (major, minor) = (number("ProtocolVersionMajor"), number("ProtocolVersionMinor"));
            format!("{}.{}", major.unwrap_or_default(), minor.unwrap_or_default()).into()
        }
        (None, Json::Array(fields)) => {
            let mut members = Map::new();
            for field in fields {
                insert(&mut members, field);
            }
            Json::Object(members)
        }
        // A mask: what is not a number of its own is names.
        (Some("Integer"), Json::String(names)) => names.split('|').collect(),
        _ => value.clone(),
    }
}

/// Plain JSON as people read it: a line for each value, indented by nesting.
pub(super) fn lines(answer: &Json) -> String {
    let mut lines = String::new();
    write(&mut lines, answer, 0);
    lines
}

fn write(out: &mut String, value: &Json, depth: usize) {
    let Json::Object(members) = value else { return };
    for (name, value) in members {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            out.extend(std::iter::repeat_n("  ", depth));
            out.push_str(name);
            match value {
                Json::Object(_) => {
                    out.push('\n');
                    write(out, value, depth + 1);
                }
                Json::String(text) => {
                    out.push_str(": ");
                    // What a server says is not to move the cursor.
                    out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
                    out.push('\n');
                }
                other => {
                    out.push_str(": ");
                    out.push_str(&other.to_string());
                    out.push('\n');
                }
            }
        }
    }
}
