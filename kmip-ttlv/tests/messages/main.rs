//! Laws that hold for every operation in every version, and for whole messages.

#[path = "../facts/csv.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts")]
mod csv;
#[path = "../laws/generate.rs"]
#[allow(dead_code, reason = "shared with the laws of structures")]
mod generate;
mod generate_payload;

use std::fmt;

use generate::Choices;
use generate_payload::{OPERATIONS, is_in, message};
use kmip_ttlv::enums::Operation;
use kmip_ttlv::message::{RequestMessage, ResponseMessage, request};
use kmip_ttlv::{Buffer, Dump, Limits, Result, Tag, Value, Version, codec, json, xml};
use proptest::prelude::*;
use proptest::sample::Index;

/// A message of one operation.
#[derive(Clone)]
struct Sample {
    operation: Operation,
    version: Version,
    is_request: bool,
    bytes: Vec<u8>,
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}\n{}", self.operation, self.version, Dump(&self.bytes))
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let choices = proptest::collection::vec(any::<u8>(), 0..400);
    (proptest::sample::select(&Version::ALL), any::<Index>(), choices).prop_map(
        |(version, row, choices)| {
            let rows: Vec<_> = OPERATIONS.iter().filter(|row| is_in(row, version)).collect();
            let row = row.get(&rows);
            let operation = Operation::from_xml_name(&row["operation"]).unwrap();
            let part = row["message"].as_str();
            let choices = &mut Choices(&choices);
            let bytes = message(operation, &row["direction"], part, version, choices);
            Sample { operation, version, is_request: part == "request", bytes }
        },
    )
}

fn again(sample: &Sample, bytes: &[u8]) -> Result<Buffer> {
    if sample.is_request {
        RequestMessage::from_bytes(bytes)?.to_bytes()
    } else {
        ResponseMessage::from_bytes(bytes)?.to_bytes()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What the specification allows is read, and written again as it came.
    #[test]
    fn every_message_round_trips(sample in sample()) {
        let written = again(&sample, &sample.bytes);
        prop_assert_eq!(written.as_deref(), Ok(sample.bytes.as_slice()));
    }

    /// A damaged message is refused, or else it is another message that is written as it came.
    #[test]
    fn whatever_is_accepted_is_written_as_it_came(
        sample in sample(),
        at in any::<Index>(),
        flip in 1_u8..,
    ) {
        let mut bytes = sample.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(written) = again(&sample, &bytes) {
            prop_assert_eq!(&*written, bytes.as_slice(), "\n{}", Dump(&bytes));
        }
    }

    /// The server's way of reading finds what the client wrote, and never more than it wrote.
    #[test]
    fn requests_are_read_lazily_as_they_are_read_whole(sample in sample(), end in any::<Index>()) {
        let read = request::read(&sample.bytes, &Limits::default());
        if !sample.is_request {
            prop_assert!(read.is_err());
            return Ok(());
        }
        let request = read.unwrap();
        let items: Result<Vec<_>> =
            request.items().map(|item| item.map_err(|bad| bad.error)?.typed()).collect();
        let whole = RequestMessage::from_bytes(&sample.bytes).unwrap();
        prop_assert_eq!(request.version, sample.version);
        prop_assert_eq!(items, Ok(whole.items));
        prop_assert_eq!(request.header, whole.header);
        let end = end.index(sample.bytes.len());
        prop_assert!(request::read(&sample.bytes[..end], &Limits::default()).is_err());
    }

    /// XML and JSON lose nothing of a message.
    #[test]
    fn every_message_survives_xml_and_json(sample in sample()) {
        let (tag, value) = tree(&sample);
        let xml = xml::Xml(tag, &value).to_string();
        let back = xml::read(&xml);
        prop_assert!(back.is_ok(), "{:?}\n{}", back.err(), xml);
        prop_assert_eq!(written(&back.unwrap(), sample.version), &*sample.bytes, "\n{}", xml);
        let json = json::write(tag, &value).to_string();
        let back = json::read(&json);
        prop_assert!(back.is_ok(), "{:?}\n{}", back.err(), json);
        prop_assert_eq!(written(&back.unwrap(), sample.version), &*sample.bytes, "\n{}", json);
    }

    /// Where secrets are hidden, XML and JSON show no key material.
    #[test]
    fn hidden_secrets_are_in_neither_encoding(sample in sample()) {
        let (tag, value) = tree(&sample);
        let xml = xml::XmlWithoutSecrets(tag, &value).to_string();
        let json = json::write_without_secrets(tag, &value).to_string();
        for secret in materials(&value) {
            let shown = xml::Xml(Tag::KeyMaterial, &Value::ByteString(secret.to_vec().into()));
            let shown = shown.to_string();
            let digits = shown.split('"').nth(3).unwrap();
            prop_assert_eq!(digits.len(), 2 * secret.len());
            prop_assert!(!xml.contains(digits), "{} in\n{}", digits, xml);
            prop_assert!(!json.contains(digits), "{} in\n{}", digits, json);
        }
    }
}

/// The message as values.
fn tree(sample: &Sample) -> (Tag, Value) {
    let tag = if sample.is_request { Tag::RequestMessage } else { Tag::ResponseMessage };
    (tag, codec::decode(tag, &sample.bytes, sample.version).unwrap())
}

fn written(items: &[(Tag, Value)], version: Version) -> Vec<u8> {
    items.iter().flat_map(|(tag, value)| codec::encode(*tag, value, version).to_vec()).collect()
}

/// All key material of eight bytes and more, which is in no other field by chance.
fn materials(value: &Value) -> Vec<&[u8]> {
    let Value::Structure(fields) = value else { return Vec::new() };
    let found = fields.iter().flat_map(|(tag, value)| match (tag, value) {
        (Tag::KeyMaterial, Value::ByteString(bytes)) if bytes.len() >= 8 => vec![bytes.as_slice()],
        (_, value) => materials(value),
    });
    found.collect()
}
