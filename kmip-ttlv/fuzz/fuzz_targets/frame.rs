//! The length of a message is known from its first eight bytes or not at all, and within the limit.

#![no_main]

use kmip_ttlv::frame;
use libfuzzer_sys::fuzz_target;

const BYTES_MAX: usize = 1024 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let whole = frame::length(bytes, BYTES_MAX);
    if let Ok(Some(length)) = whole {
        assert!((8..=BYTES_MAX).contains(&length) && length.is_multiple_of(8));
        assert_eq!(frame::length(&bytes[..8], BYTES_MAX), whole);
    }
    if whole.is_ok() {
        for end in 0..bytes.len().min(8) {
            assert_eq!(frame::length(&bytes[..end], BYTES_MAX), Ok(None));
        }
    }
});
