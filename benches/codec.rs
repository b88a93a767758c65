//! How fast messages are read and written, and how often memory is asked for meanwhile.
//!
//! One group for reading, one for writing; throughput is in message bytes. The allocations of one
//! round are printed before the measurement.

#[path = "../kmip-ttlv/tests/allocations/counting.rs"]
mod counting;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kmip_ttlv::attribute::{CustomAttribute, InlineAttributes, Name};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, NameType, ObjectType, State,
};
use kmip_ttlv::message::{
    RequestHeader, RequestItem, RequestMessage, ResponseHeader, ResponseItem, ResponseMessage,
    ResponseWriter, request,
};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, SymmetricKey};
use kmip_ttlv::payload::{create, get, get_attributes};
use kmip_ttlv::{
    Attribute, AttributeList, Buffer, DateTime, Limits, ManagedObject, RequestPayload,
    ResponsePayload, Secret, TimeStamp, Value, Version,
};

const VERSION: Version = Version::V1_4;

const UID: &str = "0190f6a4-5c1e-7b8e-9a52-3d0f8e1c7a64";

/// How often `work` asks for memory the second time, when its buffers have grown.
fn allocations(mut work: impl FnMut()) -> u64 {
    work();
    counting::allocations(work)
}

fn attributes() -> AttributeList {
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(
            CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT,
        ),
        Attribute::Name(Name { value: "orders".into(), kind: NameType::UninterpretedTextString }),
    ]
    .into_iter()
    .collect()
}

fn forty_attributes() -> AttributeList {
    let mut list = attributes();
    list.attributes.push(Attribute::State(State::Active).into());
    list.attributes.push(Attribute::InitialDate(DateTime(1_700_000_000)).into());
    for number in list.attributes.len()..40 {
        let attribute = if number % 2 == 0 {
            Attribute::ObjectGroup(format!("group-{number}"))
        } else {
            Attribute::Custom(CustomAttribute {
                vendor: "x".into(),
                name: format!("Label{number}"),
                value: Value::from("a label of medium length"),
            })
        };
        list.attributes.push(attribute.into());
    }
    list
}

/// The requests that are measured, by name.
fn requests() -> Vec<(&'static str, RequestPayload<'static>)> {
    vec![
        ("get", get::Request::new(UID).into()),
        (
            "create",
            create::Request {
                object_type: ObjectType::SymmetricKey,
                attributes: attributes(),
                protection_storage_masks: None,
            }
            .into(),
        ),
    ]
}

/// The responses that are measured, by name.
fn responses() -> Vec<(&'static str, ResponsePayload<'static>)> {
    let key = SymmetricKey {
        key_block: KeyBlock {
            format: KeyFormatType::Raw,
            compression: None,
            value: Some(KeyValue::new(KeyMaterial::Bytes(Secret::new(vec![7; 32])))),
            algorithm: Some(CryptographicAlgorithm::Aes),
            length: Some(256),
            wrapping: None,
        },
    };
    vec![
        (
            "get",
            get::Response {
                object_type: ObjectType::SymmetricKey,
                uid: UID.into(),
                object: ManagedObject::SymmetricKey(key),
            }
            .into(),
        ),
        (
            "40 attributes",
            get_attributes::Response {
                uid: UID.into(),
                attributes: InlineAttributes(Some(forty_attributes())),
            }
            .into(),
        ),
    ]
}

fn response_header() -> ResponseHeader<'static> {
    ResponseHeader::new(VERSION.into(), TimeStamp::Seconds(DateTime(1_700_000_000)))
}

fn read_request(bytes: &[u8], limits: &Limits) {
    let request = request::read(bytes, limits).expect("it was written by this crate");
    for item in request.items() {
        let item = item.expect("a batch item that can be read");
        black_box(item.typed().expect("likewise"));
    }
}

fn write_response(buffer: &mut Buffer, header: &ResponseHeader<'_>, item: &ResponseItem<'_>) {
    buffer.clear();
    let mut response = ResponseWriter::new(buffer, VERSION, header);
    response.item(item);
    response.finish();
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read");
    let limits = Limits::default();
    for (name, payload) in requests() {
        let header = RequestHeader::new(VERSION.into(), 1);
        let message = RequestMessage { header, items: vec![RequestItem::new(payload)] };
        let bytes = message.to_bytes().expect("a served version");
        let count = allocations(|| read_request(&bytes, &limits));
        println!("read {name} request: {} bytes, {count} allocations", bytes.len());
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("{name} request"), |b| {
            b.iter(|| read_request(black_box(&bytes), &limits));
        });
    }
    for (name, payload) in responses() {
        let mut bytes = Buffer::new();
        write_response(&mut bytes, &response_header(), &ResponseItem::success(None, payload));
        let read = || drop(black_box(ResponseMessage::from_bytes(black_box(&bytes))));
        let count = allocations(read);
        println!("read {name} response: {} bytes, {count} allocations", bytes.len());
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("{name} response"), |b| b.iter(read));
    }
    group.finish();
}

fn writing(c: &mut Criterion) {
    let mut group = c.benchmark_group("write");
    for (name, payload) in requests() {
        let header = RequestHeader::new(VERSION.into(), 1);
        let message = RequestMessage { header, items: vec![RequestItem::new(payload)] };
        let write = || drop(black_box(message.to_bytes()));
        let length = message.to_bytes().expect("a served version").len();
        println!("write {name} request: {length} bytes, {} allocations", allocations(write));
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("{name} request"), |b| b.iter(write));
    }
    for (name, payload) in responses() {
        let header = response_header();
        let item = ResponseItem::success(None, payload);
        let mut buffer = Buffer::new();
        let count = allocations(|| write_response(&mut buffer, &header, &item));
        println!("write {name} response: {} bytes, {count} allocations", buffer.len());
        group.throughput(Throughput::Bytes(buffer.len() as u64));
        group.bench_function(format!("{name} response"), |b| {
            b.iter(|| write_response(black_box(&mut buffer), &header, &item));
        });
    }
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
