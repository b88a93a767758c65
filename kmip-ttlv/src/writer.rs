//! Writing items, with lengths put in afterwards.

use crate::item::{HEADER_BYTES, padded};
use crate::{Buffer, Encode, ItemType, Tag, Version};

/// Writes items to the end of a buffer, in one version of the protocol.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut Buffer,
    version: Version,
}

impl<'b> Writer<'b> {
    /// A writer that appends to `buffer`; fields that `version` does not have are left out.
    pub const fn new(buffer: &'b mut Buffer, version: Version) -> Self {
        Self { buffer, version }
    }

    /// The version being written.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The number of bytes in the buffer so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.buffer.len()
    }

    /// Takes back everything from `position` on.
    ///
    /// Only positions between whole items make sense, inside the structure being written.
    pub fn truncate(&mut self, position: usize) {
        self.buffer.truncate(position);
    }

    /// Changes the value of the Integer that was written at `position`.
    pub fn patch_integer(&mut self, position: usize, value: i32) {
        self.buffer.patch(position.saturating_add(HEADER_BYTES), &value.to_be_bytes());
    }

    /// Writes a value under `tag`.
    #[inline]
    pub fn put(&mut self, tag: Tag, value: &impl Encode) {
        value.encode(tag, self);
    }

    /// Writes a value under `tag`, if there is one.
    #[inline]
    pub fn put_optional(&mut self, tag: Tag, value: Option<&impl Encode>) {
        if let Some(value) = value {
            value.encode(tag, self);
        }
    }

    /// Writes a structure whose fields are what `fields` writes.
    pub fn structure(&mut self, tag: Tag, fields: impl FnOnce(&mut Self)) {
        let start = self.position();
        self.header(tag, ItemType::Structure, 0);
        fields(self);
        let length = wire_length(self.position().saturating_sub(start + HEADER_BYTES));
        self.buffer.patch(start + 4, &length.to_be_bytes());
    }

    /// Writes an Integer.
    #[inline]
    pub fn integer(&mut self, tag: Tag, value: i32) {
        self.word(tag, ItemType::Integer, value.to_be_bytes());
    }

    /// Writes a Long Integer.
    #[inline]
    pub fn long_integer(&mut self, tag: Tag, value: i64) {
        self.double_word(tag, ItemType::LongInteger, value);
    }

    /// Writes a Big Integer: two's complement, most significant byte first.
    ///
    /// A number whose length is no multiple of eight is preceded by bytes of its sign.
    pub fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        let negative = value.first().is_some_and(|byte| byte & 0x80 != 0);
        let sign = if negative { [0xff; 8] } else { [0; 8] };
        let missing = padded(value.len()) - value.len();
        self.header(tag, ItemType::BigInteger, value.len() + missing);
        self.buffer.extend(sign.get(..missing).unwrap_or_default());
        self.buffer.extend(value);
    }

    /// Writes an Enumeration.
    #[inline]
    pub fn enumeration(&mut self, tag: Tag, value: u32) {
        self.word(tag, ItemType::Enumeration, value.to_be_bytes());
    }

    /// Writes a Boolean.
    #[inline]
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.double_word(tag, ItemType::Boolean, i64::from(value));
    }

    /// Writes a Text String.
    #[inline]
    pub fn text(&mut self, tag: Tag, value: &str) {
        self.raw(tag, ItemType::TextString, value.as_bytes());
    }

    /// Writes a Byte String.
    #[inline]
    pub fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.raw(tag, ItemType::ByteString, value);
    }

    /// Writes a Date-Time: seconds since 1970, UTC.
    #[inline]
    pub fn date_time(&mut self, tag: Tag, seconds: i64) {
        self.double_word(tag, ItemType::DateTime, seconds);
    }

    /// Writes an Interval in seconds.
    #[inline]
    pub fn interval(&mut self, tag: Tag, seconds: u32) {
        self.word(tag, ItemType::Interval, seconds.to_be_bytes());
    }

    /// Writes a Date-Time Extended (2.0 and later): microseconds since 1970, UTC.
    #[inline]
    pub fn date_time_extended(&mut self, tag: Tag, microseconds: i64) {
        self.double_word(tag, ItemType::DateTimeExtended, microseconds);
    }

    /// Writes an item of any type with the body as given, and zeros up to a multiple of eight.
    ///
    /// The body must suit the type; a structure's body is its fields, encoded.
    pub fn raw(&mut self, tag: Tag, kind: ItemType, body: &[u8]) {
        self.buffer.reserve(HEADER_BYTES + padded(body.len()));
        self.header(tag, kind, body.len());
        self.buffer.extend(body);
        let missing = padded(body.len()) - body.len();
        self.buffer.extend([0; 8].get(..missing).unwrap_or_default());
    }

    fn word(&mut self, tag: Tag, kind: ItemType, value: [u8; 4]) {
        let value = u64::from(u32::from_be_bytes(value)) << 32;
        self.pair(first_word(tag, kind, 4), value);
    }

    fn double_word(&mut self, tag: Tag, kind: ItemType, value: i64) {
        self.pair(first_word(tag, kind, 8), u64::from_be_bytes(value.to_be_bytes()));
    }

    /// An item of sixteen bytes, in one go.
    fn pair(&mut self, header: u64, body: u64) {
        let both = (u128::from(header) << 64) | u128::from(body);
        self.buffer.extend(&both.to_be_bytes());
    }

    fn header(&mut self, tag: Tag, kind: ItemType, length: usize) {
        self.buffer.extend(&first_word(tag, kind, wire_length(length)).to_be_bytes());
    }
}

/// Tag (3 bytes), type (1) and length (4).
const fn first_word(tag: Tag, kind: ItemType, length: u32) -> u64 {
    ((tag.number() as u64) << 40) | ((kind as u64) << 32) | length as u64
}

/// The length field. A body of 4 GiB and more has none that is right; no limit lets one through.
fn wire_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
