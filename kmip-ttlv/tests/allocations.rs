//! Reading a Get request takes nothing from the allocator, nor does answering into a warm buffer.

#[path = "allocations/counting.rs"]
mod counting;

use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::message::{
    RequestHeader, RequestItem, RequestMessage, ResponseHeader, ResponseItem, ResponseWriter,
    request,
};
use kmip_ttlv::payload::{activate, create, get};
use kmip_ttlv::{
    AttributeList, Buffer, DateTime, Limits, ProtocolVersion, RequestPayload, TimeStamp, Version,
};

use counting::allocations;

fn request(version: Version, payload: RequestPayload<'_>) -> Buffer {
    let header = RequestHeader::new(version.into(), 1);
    RequestMessage { header, items: vec![RequestItem::new(payload)] }.to_bytes().unwrap()
}

#[test]
fn reading_a_get_request_allocates_nothing() {
    for version in Version::ALL {
        let bytes = request(version, get::Request::new("319").into());
        let limits = Limits::default();
        let count = allocations(|| {
            let request = request::read(&bytes, &limits).unwrap();
            for item in request.items() {
                let RequestPayload::Get(payload) = item.unwrap().payload().unwrap() else {
                    panic!("not a Get")
                };
                assert_eq!(payload.uid.unwrap().text(), Some("319"));
            }
        });
        assert_eq!(count, 0, "{version}");
    }
}

#[test]
fn the_count_is_not_always_zero() {
    let payload = create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    };
    let bytes = request(Version::V1_2, payload.into());
    assert!(allocations(|| drop(RequestMessage::from_bytes(&bytes).unwrap())) > 0);
}

#[test]
fn writing_into_a_buffer_that_is_large_enough_allocates_nothing() {
    let mut buffer = Buffer::with_capacity(1024);
    let header = ResponseHeader::new(
        ProtocolVersion::from(Version::V1_2),
        TimeStamp::Seconds(DateTime(1_700_000_000)),
    );
    let count = allocations(|| {
        let mut response = ResponseWriter::new(&mut buffer, Version::V1_2, &header);
        let payload = activate::Response { uid: "319".into() };
        response.item(&ResponseItem::success(Some((&[1_u8, 2][..]).into()), payload));
        response.finish();
    });
    assert_eq!(count, 0);
}
