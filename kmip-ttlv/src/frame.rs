//! Where a message on a stream ends.

use crate::item::{HEADER_BYTES, header};
use crate::{Error, ItemType, Result, Tag};

/// The first three bytes of a message, and the type that follows them.
const STARTS: [[u8; 4]; 2] = [start(Tag::RequestMessage), start(Tag::ResponseMessage)];

const fn start(tag: Tag) -> [u8; 4] {
    (tag.number() << 8 | ItemType::Structure as u32).to_be_bytes()
}

/// The length of the message that starts with `bytes`, header included; `None` if its header is not
/// complete yet.
///
/// A stream that is no KMIP is refused at its first wrong byte, so nobody waits for the rest.
///
/// # Errors
///
/// [`Error::NotAMessage`] if no message starts so, [`Error::BadLength`] if the length is not a
/// multiple of eight, [`Error::TooLong`] if the message has more than `max` bytes.
pub fn length(bytes: &[u8], max: usize) -> Result<Option<usize>> {
    let beginning = bytes.get(..4).unwrap_or(bytes);
    if !STARTS.iter().any(|start| start.starts_with(beginning)) {
        return Err(Error::NotAMessage);
    }
    let Some(bytes) = bytes.get(..HEADER_BYTES) else { return Ok(None) };
    let (_, header) = header(bytes)?;
    if !header.length.is_multiple_of(8) {
        return Err(Error::BadLength(header.tag));
    }
    let length = header.length.saturating_add(HEADER_BYTES);
    if length > max {
        return Err(Error::TooLong { length: length as u64, max: max as u64 });
    }
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 8] = [0x42, 0x00, 0x78, 0x01, 0x00, 0x00, 0x00, 0x60];

    #[test]
    fn the_length_is_known_once_the_header_is_there() {
        for end in 0..HEADER.len() {
            assert_eq!(length(&HEADER[..end], 1024), Ok(None));
        }
        assert_eq!(length(&HEADER, 1024), Ok(Some(0x68)));
    }

    #[test]
    fn another_protocol_is_refused_at_its_first_byte() {
        assert_eq!(length(b"G", 1024), Err(Error::NotAMessage));
        assert_eq!(length(&[0x42, 0x00, 0x78, 0x02], 1024), Err(Error::NotAMessage));
    }

    #[test]
    fn the_limit_counts_the_header() {
        assert_eq!(length(&HEADER, 0x68), Ok(Some(0x68)));
        assert_eq!(length(&HEADER, 0x67), Err(Error::TooLong { length: 0x68, max: 0x67 }));
    }
}
