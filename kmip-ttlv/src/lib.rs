//! KMIP 1.0 to 2.1 messages in binary TTLV, as values.
//!
//! TTLV (tag, type, length, value) is KMIP's encoding (KMIP 1.4 §9.1). This crate turns bytes into
//! typed values and back. It does no I/O, has no clock and holds no state.
//!
//! Reading goes through a cursor: [`item::first`] cuts one [`Item`] off a slice, [`Fields`] walks
//! over the children of a structure, [`Decode`] makes a value of an item. Nothing is copied unless
//! the value's type owns its data. Writing goes through a [`Writer`] into a [`Buffer`] that is wiped
//! when it is cleared. Structures are tables made with `ttlv_struct!`; a field's version range
//! stands beside it, so one type serves every version of the protocol.
//!
//! Whatever is accepted encodes to the same bytes again, in the same version. Unknown tags and
//! enumeration values survive as `Unknown`; it is for the caller to refuse them.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod attribute;
pub mod buffer;
pub mod codec;
pub mod dump;
pub mod enums;
pub mod error;
pub mod fields;
pub mod frame;
pub mod identifier;
pub mod item;
#[cfg(feature = "json")]
pub mod json;
pub mod leaf;
pub mod message;
pub mod object;
pub mod payload;
pub mod scan;
pub mod secret;
pub mod structure;
pub mod tag;
pub mod value;
pub mod version;
#[cfg(any(feature = "xml", feature = "json"))]
pub mod words;
pub mod writer;
#[cfg(feature = "xml")]
pub mod xml;

pub use attribute::{
    Attribute, AttributeKind, AttributeList, AttributeReference, IndexedAttribute,
};
pub use buffer::Buffer;
pub use codec::{Decode, Encode, FieldRule, FieldType, Occurs, Structure};
pub use dump::{Dump, DumpWithSecrets};
pub use error::{Error, Result};
pub use fields::Fields;
pub use identifier::{OwnedIdentifier, UniqueIdentifier};
pub use item::{Item, ItemType};
pub use leaf::{BigInteger, DateTime, DateTimeExtended, Interval, LeaseTime, TimeStamp};
pub use message::{RequestMessage, ResponseMessage};
pub use object::ManagedObject;
pub use payload::{RequestPayload, ResponsePayload};
pub use scan::{Limits, scan};
pub use secret::Secret;
pub use tag::Tag;
pub use value::Value;
pub use version::{ProtocolVersion, Version, Versions};
pub use writer::Writer;
