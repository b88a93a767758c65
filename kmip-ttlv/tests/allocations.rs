//! Reading a Get request takes nothing from the allocator, nor does answering into a warm buffer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::message::{
    RequestHeader, RequestItem, RequestMessage, ResponseHeader, ResponseItem, ResponseWriter,
    request,
};
use kmip_ttlv::payload::{activate, create, get};
use kmip_ttlv::{
    AttributeList, Buffer, DateTime, Limits, ProtocolVersion, RequestPayload, TimeStamp, Version,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what each thread takes from it.
struct Counting;

// SAFETY: every call is passed on as it came; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` asks for memory.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

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
