//! What a scan accepts can be walked to its last item; what is read as a request or a response is
//! written again as it came; anything can be shown.

#![no_main]

use kmip_ttlv::message::{RequestMessage, ResponseMessage, request};
use kmip_ttlv::{Dump, Item, ItemType, Limits, Version, item, scan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Dump(bytes).to_string();
    if scan(bytes, &Limits::default()).is_ok() {
        let (message, rest) = item::first(bytes, Version::V2_1).expect("the scan accepted it");
        assert!(rest.is_empty());
        walk(&message);
    }
    if let Ok(request) = request::read(bytes, &Limits::default()) {
        for item in request.items().flatten() {
            let _ = item.payload();
        }
    }
    if let Ok(request) = RequestMessage::from_bytes(bytes) {
        assert_eq!(&*request.to_bytes().expect("its version is known"), bytes);
    }
    if let Ok(response) = ResponseMessage::from_bytes(bytes) {
        assert_eq!(&*response.to_bytes().expect("its version is known"), bytes);
    }
});

fn walk(item: &Item<'_>) {
    let mut fields = item.fields().expect("the walk enters structures only");
    while let Some(field) = fields.next_item().expect("the scan accepted it") {
        if field.kind == ItemType::Structure {
            walk(&field);
        }
    }
}
