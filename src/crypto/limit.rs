//! How much data one stream may take.

use super::error::Error;

/// Limits of one stream (KMIP 1.4 §2.1.15: an operation in several parts), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All parts together.
    pub stream_bytes_max: u64,
    /// What a stream may hold back until its last part: the text of an authenticated decryption.
    pub held_bytes_max: u64,
}

impl Limits {
    /// For data that came in one message, whose size was checked when it was read.
    pub const ONE_PART: Self = Self { stream_bytes_max: u64::MAX, held_bytes_max: u64::MAX };
}

impl Default for Limits {
    /// 64 GiB in all (the most that GCM may encrypt under one IV), 16 MiB held back.
    fn default() -> Self {
        Self { stream_bytes_max: 1 << 36, held_bytes_max: 1 << 24 }
    }
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(u64);

impl Budget {
    /// A budget of `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Takes `bytes` off.
    ///
    /// # Errors
    /// [`Error::TooMuchData`] if they are not left; the budget stays as it was.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let bytes = u64::try_from(bytes).map_err(|_| Error::TooMuchData)?;
        self.0 = self.0.checked_sub(bytes).ok_or(Error::TooMuchData)?;
        Ok(())
    }
}
