//! What can be wrong with bytes that claim to be TTLV.

use nom::error::{ErrorKind, ParseError};

use crate::{ItemType, Tag};

/// The result of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes could not be read as what was expected.
///
/// `Display` is fit for the peer that sent them: it names tags and types, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end inside an item's header.
    #[error("the message ends early")]
    Truncated,
    /// Something follows the end of the message.
    #[error("bytes follow the end of the message")]
    TrailingBytes,
    /// What starts here is neither a request nor a response.
    #[error("this is not a KMIP message")]
    NotAMessage,
    /// The bytes that fill an item up to a multiple of eight are not zero.
    #[error("{0} is padded with other bytes than zero")]
    BadPadding(Tag),
    /// The length does not fit the item's type, or reaches beyond the enclosing structure.
    #[error("{0} has a wrong length")]
    BadLength(Tag),
    /// There is no such item type.
    #[error("there is no item type {0:#04x}")]
    BadType(u8),
    /// The item has another type than its place calls for.
    #[error("{tag} should be of type {expected}, not {found}")]
    WrongType {
        /// The item's tag.
        tag: Tag,
        /// The type that belongs there.
        expected: ItemType,
        /// The type that was sent.
        found: ItemType,
    },
    /// A field that must be there is not.
    #[error("{0} is missing")]
    Missing(Tag),
    /// A field that does not belong there: unknown, repeated, out of order or from another version.
    #[error("{0} is not expected here")]
    Unexpected(Tag),
    /// A text string is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(Tag),
    /// A Boolean is neither 0 nor 1.
    #[error("{0} is neither true nor false")]
    BadBoolean(Tag),
    /// Structures are nested too deeply.
    #[error("structures are nested too deeply")]
    TooDeep,
    /// The message has too many items.
    #[error("the message has too many items")]
    TooManyItems,
    /// The message has too many batch items.
    #[error("the message has too many batch items")]
    TooManyBatchItems,
    /// The message is too long.
    #[error("the message has {length} bytes; {max} are allowed")]
    TooLong {
        /// The length in bytes that the message claims, header included.
        length: u64,
        /// The longest message allowed, in bytes.
        max: u64,
    },
    /// An enumeration has a value that decides the meaning of other fields and is not known.
    #[error("{tag} has the unknown value {value:#010x}")]
    UnknownValue {
        /// The enumeration's tag.
        tag: Tag,
        /// The value that was sent.
        value: u32,
    },
    /// The operation is unknown, or does not exist in the message's version.
    #[error("operation {0:#010x} is not known")]
    UnknownOperation(u32),
    /// The message's version is not served.
    #[error("KMIP {major}.{minor} is not supported")]
    UnsupportedVersion {
        /// The number before the dot.
        major: i32,
        /// The number after the dot.
        minor: i32,
    },
}

impl ParseError<&[u8]> for Error {
    /// The leaf parsers fail in one way only: too few bytes.
    fn from_error_kind(_: &[u8], _: ErrorKind) -> Self {
        Self::Truncated
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl From<nom::Err<Self>> for Error {
    fn from(error: nom::Err<Self>) -> Self {
        match error {
            nom::Err::Incomplete(_) => Self::Truncated,
            nom::Err::Error(error) | nom::Err::Failure(error) => error,
        }
    }
}
