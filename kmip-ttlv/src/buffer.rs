//! Bytes on their way out, wiped wherever they have been.

use std::fmt;
use std::ops::Deref;

use zeroize::optimization_barrier;

/// A growable run of bytes that leaves nothing behind.
///
/// What is cut off, cleared or moved to a larger allocation is overwritten first. The spare capacity
/// is therefore always clean, and wiping costs time only for bytes that were written.
#[derive(Default, PartialEq, Eq)]
pub struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// An empty buffer without an allocation.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// An empty buffer with room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// The number of bytes that fit without a new allocation.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends `bytes`.
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes room for `additional` bytes; the allocation that is left, if any, is wiped.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        if self.bytes.capacity() - self.bytes.len() < additional {
            self.grow(additional);
        }
    }

    fn grow(&mut self, additional: usize) {
        let needed = self.bytes.len().saturating_add(additional);
        let mut larger = Vec::with_capacity(needed.max(self.bytes.capacity().saturating_mul(2)));
        larger.extend_from_slice(&self.bytes);
        wipe(&mut self.bytes);
        self.bytes = larger;
    }

    /// Cuts off and wipes everything from `length` on.
    pub fn truncate(&mut self, length: usize) {
        if let Some(tail) = self.bytes.get_mut(length..) {
            wipe(tail);
        }
        self.bytes.truncate(length);
    }

    /// Wipes everything and keeps the allocation.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Overwrites the bytes from `position` on, as far as there are any.
    pub(crate) fn patch(&mut self, position: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(position..position.saturating_add(bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }
}

/// Overwrites the bytes in one stroke, which the compiler may not leave out.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_the_bytes() {
        let mut buffer = Buffer::with_capacity(4);
        for byte in 0..100 {
            buffer.extend(&[byte]);
        }
        assert_eq!(&*buffer, (0..100).collect::<Vec<u8>>());
    }

    #[test]
    fn clearing_keeps_the_allocation() {
        let mut buffer = Buffer::new();
        buffer.extend(&[7; 64]);
        let capacity = buffer.capacity();
        buffer.clear();
        assert!(buffer.is_empty());
        assert_eq!(buffer.capacity(), capacity);
    }
}
