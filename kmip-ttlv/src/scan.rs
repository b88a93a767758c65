//! One look over a whole message before anything is made of it.

use crate::item::first;
use crate::{Error, ItemType, Result, Tag, Version};

/// What a message may contain at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of a message in bytes, header included.
    pub message_bytes_max: usize,
    /// Nesting of structures, the message itself counted; at most [`DEPTH_MAX`].
    pub depth_max: usize,
    /// Items in all, structures included.
    pub items_max: usize,
    /// Batch items.
    pub batch_items_max: usize,
}

/// The deepest nesting that any setting allows. Well-formed messages need less than a dozen.
pub const DEPTH_MAX: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 1024 * 1024,
            depth_max: DEPTH_MAX,
            items_max: 16 * 1024,
            batch_items_max: 256,
        }
    }
}

/// Checks the form of one whole message: every length, type and padding, and the limits.
///
/// After this, reading finds at most wrong meanings, never a wrong form: cursors over any structure
/// in the message do not fail in [`first`]. It takes one pass and no allocation.
///
/// # Errors
///
/// Those of [`first`], [`Error::TrailingBytes`], and those about limits.
pub fn scan(bytes: &[u8], limits: &Limits) -> Result<()> {
    let max = limits.message_bytes_max;
    if bytes.len() > max {
        return Err(Error::TooLong { length: bytes.len() as u64, max: max as u64 });
    }
    // The form is the same in all versions.
    let (message, rest) = first(bytes, Version::V1_0)?;
    if !matches!(message.tag, Tag::RequestMessage | Tag::ResponseMessage)
        || message.kind != ItemType::Structure
    {
        return Err(Error::NotAMessage);
    }
    if !rest.is_empty() {
        return Err(Error::TrailingBytes);
    }
    walk(message.body(), limits)
}

/// Checks the form of one whole item that was not part of a message, such as a Key Value that was
/// just unwrapped; otherwise as [`scan`].
///
/// # Errors
///
/// Those of [`first`], [`Error::TrailingBytes`], and those about limits.
pub fn scan_item(bytes: &[u8], limits: &Limits) -> Result<()> {
    let (item, rest) = first(bytes, Version::V1_0)?;
    if !rest.is_empty() {
        return Err(Error::TrailingBytes);
    }
    if item.kind == ItemType::Structure { walk(item.body(), limits) } else { Ok(()) }
}

/// Walks over everything inside the message. `open` holds what follows each structure that the walk
/// is in.
fn walk<'a>(message: &'a [u8], limits: &Limits) -> Result<()> {
    let mut open: [&'a [u8]; DEPTH_MAX] = [&[]; DEPTH_MAX];
    let mut depth = 1;
    let mut rest = message;
    let (mut items, mut batch_items) = (1_usize, 0_usize);
    loop {
        if rest.is_empty() {
            depth -= 1;
            if depth == 0 {
                return Ok(());
            }
            rest = open.get(depth).copied().unwrap_or_default();
            continue;
        }
        let (item, after) = first(rest, Version::V1_0)?;
        items += 1;
        if items > limits.items_max {
            return Err(Error::TooManyItems);
        }
        if depth == 1 && item.tag == Tag::BatchItem {
            batch_items += 1;
            if batch_items > limits.batch_items_max {
                return Err(Error::TooManyBatchItems);
            }
        }
        if item.kind == ItemType::Structure {
            let place = open.get_mut(depth).filter(|_| depth < limits.depth_max);
            *place.ok_or(Error::TooDeep)? = after;
            depth += 1;
            rest = item.body();
        } else {
            rest = after;
        }
    }
}
