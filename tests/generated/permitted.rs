//! Which fields an answer may have, by the facts.

use std::collections::HashMap;
use std::sync::LazyLock;

use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::Operation;
use kmip_ttlv::{Tag, Value, Version};

use super::csv::{Row, number, rows};
use super::generate_payload::{OPERATIONS, is_in};

/// Fields of all variants of the structures.
static STRUCTURES: LazyLock<HashMap<Tag, Vec<Row>>> = LazyLock::new(|| {
    let mut structures: HashMap<_, Vec<Row>> = HashMap::new();
    for row in rows("structures") {
        structures.entry(Tag::from_number(number(&row["tag"]))).or_default().push(row);
    }
    structures
});

static MESSAGES: LazyLock<Vec<Row>> = LazyLock::new(|| rows("messages"));

/// Tags from here on belong to whoever uses them (KMIP 1.4 §9.1.3.1).
const EXTENSIONS: u32 = 0x54_0000;

/// Holds every field of a response to the tables of the version.
///
/// # Errors
/// The field that the version does not have there.
pub(crate) fn check(message: &Value, version: Version) -> Result<(), String> {
    for (tag, value) in fields_of(message) {
        let part = match tag {
            Tag::ResponseHeader => "ResponseHeader",
            Tag::BatchItem => "ResponseBatchItem",
            other => return Err(format!("{other} in a response")),
        };
        let rows: Vec<_> = MESSAGES.iter().filter(|row| row["message_part"] == part).collect();
        each(*tag, value, version, &rows)?;
        let payload = fields_of(value).iter().find(|(tag, _)| *tag == Tag::ResponsePayload);
        if let Some((tag, payload)) = payload {
            let operation = operation(value);
            if operation == Some(Operation::DiscoverVersions) && version == Version::V1_0 {
                // Answered before it came to be, for clients that begin with it.
                continue;
            }
            each(*tag, payload, version, &payload_rows(operation))?;
        }
    }
    Ok(())
}

fn fields_of(value: &Value) -> &[(Tag, Value)] {
    match value {
        Value::Structure(fields) => fields,
        _ => &[],
    }
}

/// The operation of an item.
fn operation(item: &Value) -> Option<Operation> {
    fields_of(item).iter().find_map(|(tag, value)| match (tag, value) {
        (Tag::Operation, Value::Enumeration(number)) => Some(Operation::from_number(*number)),
        _ => None,
    })
}

/// The rows of the payload of a response.
fn payload_rows(operation: Option<Operation>) -> Vec<&'static Row> {
    let name = operation.map_or("", |operation| operation.xml_name());
    let of_response = |row: &&Row| row["operation"] == name && row["message"] == "response";
    OPERATIONS.iter().filter(of_response).collect()
}

/// Holds the fields of a structure to these rows.
fn each(tag: Tag, value: &Value, version: Version, rows: &[&Row]) -> Result<(), String> {
    for (field, value) in fields_of(value) {
        let allowed = rows.iter().any(|row| {
            let named = match (row["field"].as_str(), row["tag"].as_str()) {
                ("ManagedObject", _) => is_object(*field),
                (_, "") => false,
                (_, tag) => Tag::from_number(number(tag)) == *field,
            };
            named && is_in(row, version) && is_of(&row["ttlv_type"], value)
        });
        if !allowed {
            return Err(format!("{field} ({}) in {tag} in {version}", value.kind()));
        }
        if *field != Tag::ResponsePayload {
            inside(*field, value, version)?;
        }
    }
    Ok(())
}

/// Holds what is inside a field to the tables of structures and attributes.
fn inside(tag: Tag, value: &Value, version: Version) -> Result<(), String> {
    let Value::Structure(fields) = value else { return Ok(()) };
    if is_list(tag) && version.is_2x() {
        return attributes(fields, version);
    }
    let mut named = None;
    for (field, value) in fields {
        if !may_hold(tag, *field, value, version) {
            return Err(format!("{field} ({}) in {tag} in {version}", value.kind()));
        }
        match (field, value) {
            (Tag::AttributeName, Value::TextString(name)) if tag == Tag::Attribute => {
                named = attribute(name, version)?;
            }
            (Tag::AttributeValue, value) => {
                if let Some(kind) = named {
                    inside(kind.tag(), value, version)?;
                }
            }
            _ => inside(*field, value, version)?,
        }
    }
    Ok(())
}

/// Whether a structure may have the field. Of some the facts have no table.
fn may_hold(tag: Tag, field: Tag, value: &Value, version: Version) -> bool {
    let Some(rows) = STRUCTURES.get(&tag) else { return true };
    rows.iter().filter(|row| is_in(row, version)).any(|row| {
        let named = match row["field_tag"].as_str() {
            "" => true,
            tag => Tag::from_number(number(tag)) == field,
        };
        named && is_of(&row["ttlv_type"], value)
    })
}

/// Attributes as 2.x has them.
fn attributes(fields: &[(Tag, Value)], version: Version) -> Result<(), String> {
    for (tag, value) in fields {
        let known = AttributeKind::from_tag(*tag).is_some_and(|kind| kind.is_in(version));
        if !known && tag.number() < EXTENSIONS {
            return Err(format!("attribute {tag} in {version}"));
        }
        if *tag != Tag::Attribute {
            inside(*tag, value, version)?;
        }
    }
    Ok(())
}

/// An attribute as 1.x names it; none for a custom one.
fn attribute(name: &str, version: Version) -> Result<Option<AttributeKind>, String> {
    if version.is_2x() || name.starts_with("x-") || name.starts_with("y-") {
        return Ok(None);
    }
    match AttributeKind::from_name(name) {
        Some(kind) if kind.is_in(version) => Ok(Some(kind)),
        _ => Err(format!("attribute {name} in {version}")),
    }
}

fn is_list(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Attributes
            | Tag::CommonAttributes
            | Tag::PrivateKeyAttributes
            | Tag::PublicKeyAttributes
    )
}

fn is_object(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Certificate
            | Tag::CertificateRequest
            | Tag::SymmetricKey
            | Tag::PublicKey
            | Tag::PrivateKey
            | Tag::SplitKey
            | Tag::Template
            | Tag::SecretData
            | Tag::OpaqueObject
            | Tag::PgpKey
    )
}

/// Whether a value is of one of the types named; nothing is named where any will do.
fn is_of(types: &str, value: &Value) -> bool {
    let kind = value.kind().to_string().replace(' ', "");
    types.is_empty() || types == "Any" || types.split('|').any(|name| name == kind)
}
