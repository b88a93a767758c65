//! What a peer has sent and has not been answered yet.

use kmip_ttlv::{Buffer, Error, frame};

/// An idle connection keeps no more than this many bytes in each of its buffers.
pub(super) const IDLE_BYTES_MAX: usize = 1024;

/// Received bytes, cut into messages. Wiped wherever they have been.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Buffer,
    /// Where the bytes start that have not been taken.
    start: usize,
}

impl Inbox {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// The next message if all of it is here.
    ///
    /// # Errors
    /// If what is here cannot be the beginning of a message of at most `bytes_max` bytes.
    pub(super) fn take(&mut self, bytes_max: usize) -> Result<Option<&[u8]>, Error> {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        let Some(length) = frame::length(rest, bytes_max)? else { return Ok(None) };
        let message = rest.get(..length);
        if message.is_some() {
            self.start += length;
        }
        Ok(message)
    }

    /// Wipes what was taken. What is left moves to the front.
    pub(super) fn compact(&mut self) {
        if self.is_empty() {
            self.bytes.clear();
        } else if self.start > 0 {
            let mut rest = Buffer::new();
            rest.extend(self.bytes.get(self.start..).unwrap_or_default());
            self.bytes = rest;
        }
        self.start = 0;
        release(&mut self.bytes);
    }
}

/// Gives the memory of an empty buffer back if it is much.
pub(super) fn release(buffer: &mut Buffer) {
    if buffer.is_empty() && buffer.capacity() > IDLE_BYTES_MAX {
        *buffer = Buffer::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A request message whose body is `body` bytes (a multiple of eight).
    fn message(body: u8) -> Vec<u8> {
        let mut message = vec![0x42, 0x00, 0x78, 0x01, 0, 0, 0, body];
        message.resize(8 + usize::from(body), 0xEE);
        message
    }

    proptest! {
        /// However a stream is cut into pieces, the same messages come out.
        #[test]
        fn messages_do_not_depend_on_how_they_arrive(
            bodies in proptest::collection::vec((0u8..8).prop_map(|n| n * 8), 0..6),
            piece in 1usize..100,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|&body| message(body)).collect();
            let mut inbox = Inbox::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(piece) {
                inbox.extend(piece);
                while let Some(message) = inbox.take(1024).unwrap() {
                    seen.push(message.to_vec());
                }
                inbox.compact();
            }
            prop_assert!(inbox.is_empty());
            prop_assert_eq!(seen, bodies.into_iter().map(message).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_large_message_leaves_no_large_buffer() {
        let mut inbox = Inbox::default();
        for _ in 0..64 {
            inbox.extend(&message(248));
        }
        while inbox.take(1024).unwrap().is_some() {}
        inbox.compact();
        assert!(inbox.bytes.capacity() <= IDLE_BYTES_MAX);
    }
}
