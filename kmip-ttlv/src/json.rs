//! TTLV in JSON, as the KMIP profiles define it (KMIP Profiles 2.1 §5.5, JSON).
//!
//! An item is an object with the members `tag`, `type` and `value`; the type of a structure is left
//! out and its value is an array. Numbers are JSON's own as long as every reader of JSON gets them
//! right; longer ones, big integers and unnamed values are text in hexadecimal after `0x`. Names of
//! mask bits have `|` between them. Nothing is lost on the way from JSON to TTLV and back but the
//! choice between a name and its number.

use serde_json::{Map, Value as Json};

use crate::scan::DEPTH_MAX;
use crate::words::{self, Place};
use crate::{ItemType, Tag, Value};

/// The largest number that JSON readers which compute with floating point get right.
const EXACT_MAX: u64 = 1 << 53;

/// Why JSON could not be read as TTLV.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not JSON.
    #[error("not well-formed: {0}")]
    Syntax(#[from] serde_json::Error),
    /// What should be an item is something else.
    #[error("an item is an object with a tag, a type and a value")]
    NotAnItem,
    /// A member of an item is none that items have.
    #[error("an item has no member {0}")]
    UnknownMember(String),
    /// Structures are nested too deeply.
    #[error("structures are nested too deeply")]
    TooDeep,
    /// A name or a value means nothing.
    #[error(transparent)]
    Word(#[from] words::Error),
}

/// Reads an item, or an array of items.
///
/// # Errors
///
/// Any [`Error`] about the first item that cannot be read.
pub fn read(json: &str) -> Result<Vec<(Tag, Value)>, Error> {
    match serde_json::from_str(json)? {
        Json::Array(items) => read_items(&items, DEPTH_MAX),
        item => Ok(vec![read_item(&item, &mut { Place::OPEN }, DEPTH_MAX)?]),
    }
}

fn read_items(items: &[Json], depth: usize) -> Result<Vec<(Tag, Value)>, Error> {
    let mut place = Place::OPEN;
    items.iter().map(|item| read_item(item, &mut place, depth)).collect()
}

fn read_item(item: &Json, place: &mut Place, depth: usize) -> Result<(Tag, Value), Error> {
    let members = item.as_object().ok_or(Error::NotAnItem)?;
    // An extension may say its name beside its number.
    if let Some(other) =
        members.keys().find(|key| !["tag", "name", "type", "value"].contains(&key.as_str()))
    {
        return Err(Error::UnknownMember(other.clone()));
    }
    let tag = tag_of(members)?;
    let kind = match members.get("type") {
        Some(name) => words::type_named(name.as_str().ok_or(Error::NotAnItem)?)?,
        None => ItemType::Structure,
    };
    let value = match (kind, members.get("value")) {
        (_, None) => return Err(words::Error::NoValue(tag).into()),
        (ItemType::Structure, Some(Json::Array(items))) => {
            let depth = depth.checked_sub(1).ok_or(Error::TooDeep)?;
            Value::Structure(read_items(items, depth)?)
        }
        (_, Some(value)) => words::parse(*place, tag, kind, &text_of(tag, kind, value)?)?,
    };
    place.see(tag, &value);
    Ok((tag, value))
}

fn tag_of(members: &Map<String, Json>) -> Result<Tag, Error> {
    let name = members.get("tag").and_then(Json::as_str).ok_or(Error::NotAnItem)?;
    let tag =
        if name.starts_with("0x") { words::tag_numbered(name) } else { words::tag_named(name) };
    Ok(tag?)
}

/// The value in words. Text is no number and no truth value, and the other way round.
fn text_of(tag: Tag, kind: ItemType, value: &Json) -> Result<String, Error> {
    let is_text = matches!(kind, ItemType::TextString | ItemType::ByteString);
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) if kind == ItemType::BigInteger => match number.as_i64() {
            Some(number) => Ok(format!("{number:#018x}")),
            None => Err(words::Error::BadValue { tag, value: number.to_string() }.into()),
        },
        Json::Number(number) if !is_text && kind != ItemType::Boolean => Ok(number.to_string()),
        Json::Bool(value) if kind == ItemType::Boolean => Ok(value.to_string()),
        other => Err(words::Error::BadValue { tag, value: other.to_string() }.into()),
    }
}

/// One item as JSON, with everything that is in it: secrets too.
#[must_use]
pub fn write(tag: Tag, value: &Value) -> Json {
    write_item(tag, value, Place::OPEN)
}

/// One item as JSON, with a word about the length in the place of each secret. What is hidden cannot
/// be read back.
#[must_use]
pub fn write_without_secrets(tag: Tag, value: &Value) -> Json {
    write_item(tag, value, Place::HIDING)
}

fn write_item(tag: Tag, value: &Value, place: Place) -> Json {
    let name = match tag {
        Tag::Unknown(number) => format!("{number:#08x}"),
        known => known.xml_name().to_owned(),
    };
    let mut members = Map::new();
    members.insert("tag".into(), name.into());
    if let Value::Structure(fields) = value {
        let mut inside = place.below(tag);
        let fields = fields.iter().map(|(tag, value)| {
            inside.see(*tag, value);
            write_item(*tag, value, inside)
        });
        members.insert("value".into(), fields.collect());
        return Json::Object(members);
    }
    members.insert("type".into(), format!("{:?}", value.kind()).into());
    members.insert("value".into(), leaf(tag, value, place));
    Json::Object(members)
}

fn leaf(tag: Tag, value: &Value, place: Place) -> Json {
    let text = words::text(place, tag, value, "|");
    match value {
        Value::Boolean(value) => Json::Bool(*value),
        Value::Interval(seconds) => Json::from(*seconds),
        Value::Integer(number) if text.parse::<i32>().is_ok() => Json::from(*number),
        Value::LongInteger(number) if number.unsigned_abs() < EXACT_MAX => Json::from(*number),
        Value::LongInteger(number) => format!("{number:#018x}").into(),
        // What is hidden begins otherwise.
        Value::BigInteger(_) if !text.starts_with('<') => format!("0x{text}").into(),
        _ => text.into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Version, codec};
    use serde_json::json;

    fn request() -> Json {
        json!({"tag": "RequestPayload", "value": [
            {"tag": "UniqueIdentifier", "type": "Enumeration", "value": "IDPlaceholder"},
            {"tag": "Attribute", "value": [
                {"tag": "AttributeName", "type": "TextString", "value": "Cryptographic Usage Mask"},
                {"tag": "AttributeValue", "type": "Integer", "value": "Encrypt|Decrypt|0x80000000"},
            ]},
            {"tag": "OpaqueDataType", "type": "Enumeration", "value": "0x80000001"},
            {"tag": "0x540001", "type": "TextString", "value": "a < \"b\""},
            {"tag": "ValidityDate", "type": "DateTime", "value": "2018-12-19T09:24:26Z"},
            {"tag": "SubmissionDate", "type": "DateTimeExtended",
             "value": "2018-12-19T09:24:26.000001Z"},
            {"tag": "UsageLimitsTotal", "type": "LongInteger", "value": -1},
            {"tag": "UsageLimitsTotal", "type": "LongInteger", "value": "0x8000000000000000"},
            {"tag": "PrimeFieldSize", "type": "BigInteger", "value": "0x0000000000010001"},
            {"tag": "Data", "type": "ByteString", "value": "00ff"},
            {"tag": "InitIndicator", "type": "Boolean", "value": true},
            {"tag": "CryptographicLength", "type": "Integer", "value": 256},
            {"tag": "LeaseTime", "type": "Interval", "value": 3600},
        ]})
    }

    #[test]
    fn every_type_is_read_and_written_back() {
        let items = read(&request().to_string()).unwrap();
        let [(tag, value)] = items.as_slice() else { panic!("one item") };
        assert_eq!(write(*tag, value), request());
        let bytes = codec::encode(*tag, value, Version::V2_1);
        assert_eq!(codec::decode::<Value>(*tag, &bytes, Version::V2_1).as_ref(), Ok(value));
    }

    #[test]
    fn what_is_hidden_is_neither_shown_nor_read_back() {
        let text =
            json!({"tag": "KeyMaterial", "type": "ByteString", "value": "5ec2e7"}).to_string();
        let items = read(&text).unwrap();
        let hidden = write_without_secrets(items[0].0, &items[0].1).to_string();
        assert!(hidden.contains("<3 bytes hidden>") && !hidden.contains("5ec2e7"), "{hidden}");
        assert!(read(&hidden).is_err());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let bad = |json: Json| read(&json.to_string()).unwrap_err().to_string();
        let item = |tag: &str, kind: &str, value: Json| {
            bad(json!({"tag": tag, "type": kind, "value": value}))
        };
        assert_eq!(item("Nothing", "Integer", json!(1)), "there is no tag Nothing");
        assert_eq!(item("0x1000000", "Integer", json!(1)), "there is no tag 0x1000000");
        assert_eq!(item("State", "Word", json!(1)), "there is no item type Word");
        let meaningless = "which means nothing there";
        assert!(item("State", "Enumeration", json!("Asleep")).ends_with(meaningless));
        assert!(item("BatchCount", "Integer", json!(1.5)).ends_with(meaningless));
        assert!(item("BatchCount", "Integer", json!(4_294_967_296_u64)).ends_with(meaningless));
        assert!(item("Data", "ByteString", json!("0")).ends_with(meaningless));
        assert!(item("NameValue", "TextString", json!(1)).ends_with(meaningless));
        assert!(item("InitIndicator", "Boolean", json!(1)).ends_with(meaningless));
        assert!(item("Name", "Structure", json!("a")).ends_with(meaningless));
        assert_eq!(bad(json!({"tag": "State", "type": "Enumeration"})), "State has no value");
        assert_eq!(bad(json!({"tag": "Name", "valve": []})), "an item has no member valve");
        let not_an_item = "an item is an object with a tag, a type and a value";
        assert_eq!(bad(json!([1])), not_an_item);
        assert!(read("{").unwrap_err().to_string().starts_with("not well-formed"));
    }
}
