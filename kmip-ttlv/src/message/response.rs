//! Writing a response as a server does: the header first, each batch item when it is done.

use super::{ResponseHeader, ResponseItem};
use crate::item::HEADER_BYTES;
use crate::{Buffer, Tag, Version, Writer};

/// The length of an Integer item, header and padding included.
const INTEGER_BYTES: usize = HEADER_BYTES + 8;

/// A response in the making.
///
/// The lengths and the batch count are put in by [`ResponseWriter::finish`].
#[derive(Debug)]
pub struct ResponseWriter<'b> {
    buffer: &'b mut Buffer,
    version: Version,
    start: usize,
    batch_count_at: usize,
    batch_count: i32,
}

/// A place between two batch items, to go back to.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    position: usize,
    batch_count: i32,
}

impl<'b> ResponseWriter<'b> {
    /// Begins a response at the end of `buffer`; the batch count in `header` does not matter.
    pub fn new(buffer: &'b mut Buffer, version: Version, header: &ResponseHeader<'_>) -> Self {
        let start = buffer.len();
        let mut w = Writer::new(buffer, version);
        w.structure(Tag::ResponseMessage, |w| w.put(Tag::ResponseHeader, header));
        // Batch Count is the last field of the header.
        let batch_count_at = w.position().saturating_sub(INTEGER_BYTES);
        Self { buffer, version, start, batch_count_at, batch_count: 0 }
    }

    /// Writes a batch item.
    pub fn item(&mut self, item: &ResponseItem<'_>) {
        Writer::new(self.buffer, self.version).put(Tag::BatchItem, item);
        self.batch_count = self.batch_count.saturating_add(1);
    }

    /// The length of the response so far, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// This place, to go back to with [`Self::rewind`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { position: self.buffer.len(), batch_count: self.batch_count }
    }

    /// Takes back, and wipes, the batch items written since `mark`.
    pub fn rewind(&mut self, mark: Mark) {
        self.buffer.truncate(mark.position);
        self.batch_count = mark.batch_count;
    }

    /// Puts in the length and the batch count.
    pub fn finish(self) {
        let length = self.bytes().saturating_sub(HEADER_BYTES);
        // Limits on messages are far below 4 GiB.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.buffer.patch(self.start + 4, &length.to_be_bytes());
        Writer::new(self.buffer, self.version).patch_integer(self.batch_count_at, self.batch_count);
    }
}
