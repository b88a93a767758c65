//! Data that cryptographic operations work on (KMIP 1.4 §2.1.10, KMIP 2.1 §7.9).

use std::fmt;

use subtle::ConstantTimeEq;

use crate::enums::DataEnum;
use crate::{Decode, Encode, Item, ItemType, Result, Secret, Tag, Writer};

/// Secret bytes, either still in the message they came with or owned and wiped.
#[derive(Clone)]
pub enum SecretBytes<'a> {
    /// Bytes of a message; whoever holds the message wipes it.
    Borrowed(&'a [u8]),
    /// Bytes that are wiped when dropped.
    Owned(Secret<Vec<u8>>),
}

impl SecretBytes<'_> {
    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes.expose(),
        }
    }

    /// The same bytes without a borrow.
    #[must_use]
    pub fn into_owned(self) -> SecretBytes<'static> {
        SecretBytes::Owned(match self {
            Self::Borrowed(bytes) => Secret::new(bytes.to_vec()),
            Self::Owned(bytes) => bytes,
        })
    }
}

impl<'a> From<&'a [u8]> for SecretBytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl From<Vec<u8>> for SecretBytes<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(Secret::new(bytes))
    }
}

impl From<Secret<Vec<u8>>> for SecretBytes<'_> {
    fn from(bytes: Secret<Vec<u8>>) -> Self {
        Self::Owned(bytes)
    }
}

impl fmt::Debug for SecretBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.expose().len())
    }
}

impl PartialEq for SecretBytes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SecretBytes<'_> {}

impl<'a> Decode<'a> for SecretBytes<'a> {
    fn decode(item: Item<'a>) -> Result<Self> {
        item.bytes().map(Self::Borrowed)
    }
}

impl Encode for SecretBytes<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.bytes(tag, self.expose());
    }
}

/// Data, or in 2.x the output of an earlier batch item that stands in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'a> {
    /// The data itself.
    Bytes(SecretBytes<'a>),
    /// The output of the last batch item that did this.
    Enumeration(DataEnum),
    /// The nth output in the response from zero; if negative, counted back from this batch item.
    Integer(i32),
}

impl Data<'_> {
    /// The data, if it is there itself.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes.expose()),
            Self::Enumeration(_) | Self::Integer(_) => None,
        }
    }
}

impl<'a, T: Into<SecretBytes<'a>>> From<T> for Data<'a> {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<'a> Decode<'a> for Data<'a> {
    fn decode(item: Item<'a>) -> Result<Self> {
        match item.kind {
            ItemType::Enumeration if item.version().is_2x() => {
                DataEnum::decode(item).map(Self::Enumeration)
            }
            ItemType::Integer if item.version().is_2x() => item.integer().map(Self::Integer),
            _ => SecretBytes::decode(item).map(Self::Bytes),
        }
    }
}

impl Encode for Data<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Bytes(bytes) => bytes.encode(tag, w),
            Self::Enumeration(operation) => operation.encode(tag, w),
            Self::Integer(position) => w.integer(tag, *position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Version, codec};

    #[test]
    fn data_prints_its_length_and_nothing_else() {
        let data = Data::from(b"attack at dawn".as_slice());
        assert_eq!(format!("{data:?}"), "Bytes(<14 bytes>)");
    }

    #[test]
    fn data_stands_for_itself_in_1x() {
        let output = Data::Enumeration(DataEnum::Decrypt);
        let bytes = codec::encode(Tag::Data, &output, Version::V2_0);
        assert_eq!(codec::decode(Tag::Data, &bytes, Version::V2_0), Ok(output));
        let refused = codec::decode::<Data<'_>>(Tag::Data, &bytes, Version::V1_4);
        assert!(matches!(refused, Err(Error::WrongType { tag: Tag::Data, .. })));
    }
}
