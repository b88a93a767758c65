//! Requests: valid ones of every kind and such as the tables of fields allow, filled with what there
//! is, then changed.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, CredentialType, CryptographicAlgorithm as A,
    CryptographicUsageMask as Mask, Operation, RecommendedCurve, TicketType,
};
use kmip_ttlv::{DateTime, Tag, Value, Version, codec};
use zeroize::Zeroizing;

use super::ask::{self, Request};
use super::fill::fill;
use super::generate::Choices;
use super::generate_payload::{OPERATIONS, is_in, message};
use super::known::{Known, one_of};
use super::mutate;
use super::pair;
use super::requests::ROWS;
use super::world::{Client, START};

/// Header fields that ask for nothing special.
const PLAIN_HEADER: [Tag; 2] = [Tag::ProtocolVersion, Tag::BatchCount];

/// Fields of a batch item that ask for nothing special.
const PLAIN_ITEM: [Tag; 3] = [Tag::Operation, Tag::UniqueBatchItemId, Tag::RequestPayload];

/// A whole message.
pub(crate) fn request(client: &Client<'_>, known: &Known, choices: &mut Choices<'_>) -> Vec<u8> {
    let version = client.version;
    let count = match choices.below(64) {
        0..8 => 2 + choices.below(5),
        8 => 255 + choices.below(3),
        _ => 1,
    };
    let (header, first) = item(client, known, choices);
    let mut items = vec![first];
    while items.len() < count && items.len() < 8 {
        items.push(item(client, known, choices).1);
    }
    // So many would take too long to be made.
    items.extend(vec![items[0].clone(); count - items.len()]);
    let mut fields = vec![(Tag::RequestHeader, framed(header, count, known, version, choices))];
    fields.extend(items.into_iter().map(|item| (Tag::BatchItem, item)));
    let mut bytes = codec::encode(Tag::RequestMessage, &Value::Structure(fields), version).to_vec();
    if choices.below(20) == 19 {
        mutate::damage(&mut bytes, choices);
    }
    bytes
}

/// A batch item, and a header that could stand before it.
fn item(client: &Client<'_>, known: &Known, choices: &mut Choices<'_>) -> (Value, Value) {
    let version = client.version;
    let from_tables = choices.yes();
    let bytes = if from_tables {
        by_tables(version, choices)
    } else {
        let payload = valid(known, choices);
        client.request(vec![payload]).to_bytes().unwrap().to_vec()
    };
    let whole: Value = codec::decode(Tag::RequestMessage, &bytes, version).unwrap();
    let [header, mut item] = parts(whole);
    let plain = choices.below(16) != 0;
    if let Value::Structure(fields) = &mut item {
        fields.retain(|(tag, _)| !plain || PLAIN_ITEM.contains(tag));
        for (tag, payload) in fields.iter_mut().filter(|(tag, _)| *tag == Tag::RequestPayload) {
            if from_tables {
                fill(*tag, payload, version, known, choices);
            }
            // Half of the valid ones stay so.
            let changes = [0, 0, 0, 0, 1, 1, 2, 4][choices.below(8)];
            (0..changes).for_each(|_| mutate::change(payload, version, known, choices));
        }
    }
    (header, item)
}

/// The header and the item of a message with one.
fn parts(message: Value) -> [Value; 2] {
    let Value::Structure(fields) = message else { panic!("a message is a structure") };
    let of = |wanted: Tag| {
        let found = fields.iter().find(|(tag, _)| *tag == wanted);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    [of(Tag::RequestHeader), of(Tag::BatchItem)]
}

/// A request for any operation that the facts know of, whoever sends it and when.
fn by_tables(version: Version, choices: &mut Choices<'_>) -> Vec<u8> {
    let rows: Vec<_> = OPERATIONS
        .iter()
        .filter(|row| is_in(row, version) && row["message"] == "request" && row["position"] == "1")
        .collect();
    let row = one_of(&rows, choices).unwrap();
    let operation = Operation::from_xml_name(&row["operation"]).unwrap();
    message(operation, &row["direction"], "request", version, choices)
}

/// A request that can be carried out, if the object that it names is right.
fn valid(known: &Known, choices: &mut Choices<'_>) -> Request {
    let more: &[fn() -> Request] = &[
        || ask::create(vec![ask::custom("note", "some")]),
        || ask::create(vec![ask::name("one"), ask::group("some"), active(), every_use()]),
        || {
            ask::create(vec![
                active(),
                every_use(),
                ask::name("one"),
                Attribute::Extractable(false),
            ])
        },
        || ask::opaque(vec![ask::name("two")]),
        || {
            pair::create(vec![pair::of(A::Ecdsa), pair::on(RecommendedCurve::P256), every_use()])
                .into()
        },
        || pair::create(vec![pair::of(A::Ed25519), every_use(), active()]).into(),
        || ask::locate(vec![ask::name("one")]).into(),
        || ask::locate(Vec::new()).into(),
    ];
    let number = choices.below(ROWS.len() + more.len());
    match ROWS.get(number) {
        Some(row) => (row.request)(&known.object(Some(row.target), choices)),
        None => more[number - ROWS.len()](),
    }
}

fn active() -> Attribute {
    Attribute::ActivationDate(DateTime(START - 100))
}

fn every_use() -> Attribute {
    Attribute::CryptographicUsageMask(Mask::from_bits(0x00ff_ffff))
}

/// The header of a message of so many items: plain, or with what it may have.
fn framed(
    header: Value,
    count: usize,
    known: &Known,
    version: Version,
    choices: &mut Choices<'_>,
) -> Value {
    let Value::Structure(mut fields) = header else { return header };
    let whole = choices.below(32) == 31;
    fields.retain(|(tag, _)| whole || PLAIN_HEADER.contains(tag));
    let mut fields: Vec<_> =
        fields.into_iter().filter(|(tag, _)| *tag != Tag::BatchCount).collect();
    if !whole {
        let extra = [
            (Tag::MaximumResponseSize, 24, Value::Integer(size(choices))),
            (Tag::AsynchronousIndicator, 12, asynchronous(version, choices)),
            (Tag::Authentication, 8, authentication(known, choices)),
            (Tag::BatchErrorContinuationOption, 3, Value::Enumeration(on_error(choices).number())),
            (Tag::BatchOrderOption, 16, Value::Boolean(choices.yes())),
        ];
        let mut new = Vec::new();
        for (tag, one_in, value) in extra {
            if choices.below(one_in) == one_in - 1 && (count > 1 || tag != Tag::BatchOrderOption) {
                new.push((tag, value));
            }
        }
        fields.extend(new);
    }
    let count = i32::try_from(count).unwrap();
    let count = if choices.below(64) == 63 { count + 1 } else { count };
    fields.push((Tag::BatchCount, Value::Integer(count)));
    let mut header = Value::Structure(fields);
    if choices.below(48) == 47 {
        mutate::change(&mut header, version, known, choices);
    }
    header
}

fn size(choices: &mut Choices<'_>) -> i32 {
    [0, -1, 1, 100, 300, 1000, 100_000, i32::MAX][choices.below(8)]
}

fn on_error(choices: &mut Choices<'_>) -> OnError {
    [OnError::Continue, OnError::Stop, OnError::Undo][choices.below(3)]
}

fn asynchronous(version: Version, choices: &mut Choices<'_>) -> Value {
    if version.is_2x() {
        Value::Enumeration(1 + u32::try_from(choices.below(4)).unwrap())
    } else {
        Value::Boolean(choices.below(4) != 0)
    }
}

/// A ticket that there is, or one that there is not.
fn authentication(known: &Known, choices: &mut Choices<'_>) -> Value {
    let bytes = known.ticket(choices).unwrap_or_else(|| vec![7; 16]);
    let ticket = vec![
        (Tag::TicketType, Value::Enumeration(TicketType::Login.number())),
        (Tag::TicketValue, Value::ByteString(Zeroizing::new(bytes))),
    ];
    let value = Value::Structure(vec![(Tag::Ticket, Value::Structure(ticket))]);
    let credential = vec![
        (Tag::CredentialType, Value::Enumeration(CredentialType::Ticket.number())),
        (Tag::CredentialValue, value),
    ];
    Value::Structure(vec![(Tag::Credential, Value::Structure(credential))])
}
