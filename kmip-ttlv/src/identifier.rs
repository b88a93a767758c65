//! Unique Identifier (KMIP 1.4 §3.1, KMIP 2.1 §4.58).

use std::borrow::Cow;
use std::ops::Deref;

use crate::enums::UniqueIdentifierEnum;
use crate::{Decode, Encode, Item, ItemType, Result, Tag, Writer};

/// Names a managed object.
///
/// In 2.x it may also be a word for an object of an earlier batch item, or the number of the batch
/// item that made it. In 1.x it is always text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UniqueIdentifier<'a> {
    /// The identifier that the server gave the object.
    Text(Cow<'a, str>),
    /// The object that an operation earlier in the batch made or found.
    Enumeration(UniqueIdentifierEnum),
    /// The nth identifier in the response from zero; if negative, counted back from this batch item.
    Integer(i32),
}

impl UniqueIdentifier<'_> {
    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Enumeration(_) | Self::Integer(_) => None,
        }
    }

    /// The same identifier without a borrow.
    #[must_use]
    pub fn into_owned(self) -> UniqueIdentifier<'static> {
        match self {
            Self::Text(text) => UniqueIdentifier::Text(Cow::Owned(text.into_owned())),
            Self::Enumeration(word) => UniqueIdentifier::Enumeration(word),
            Self::Integer(position) => UniqueIdentifier::Integer(position),
        }
    }
}

impl<'a> From<&'a str> for UniqueIdentifier<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for UniqueIdentifier<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> Decode<'a> for UniqueIdentifier<'a> {
    fn decode(item: Item<'a>) -> Result<Self> {
        match item.kind {
            ItemType::Enumeration if item.version().is_2x() => {
                UniqueIdentifierEnum::decode(item).map(Self::Enumeration)
            }
            ItemType::Integer if item.version().is_2x() => item.integer().map(Self::Integer),
            _ => item.text().map(|text| Self::Text(Cow::Borrowed(text))),
        }
    }
}

impl Encode for UniqueIdentifier<'_> {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Text(text) => w.text(tag, text),
            Self::Enumeration(word) => word.encode(tag, w),
            Self::Integer(position) => w.integer(tag, *position),
        }
    }
}

/// A Unique Identifier that owns its text, for values that outlive the message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedIdentifier(pub UniqueIdentifier<'static>);

impl Deref for OwnedIdentifier {
    type Target = UniqueIdentifier<'static>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<&str> for OwnedIdentifier {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl From<String> for OwnedIdentifier {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<UniqueIdentifier<'_>> for OwnedIdentifier {
    fn from(identifier: UniqueIdentifier<'_>) -> Self {
        Self(identifier.into_owned())
    }
}

impl Decode<'_> for OwnedIdentifier {
    fn decode(item: Item<'_>) -> Result<Self> {
        UniqueIdentifier::decode(item).map(Self::from)
    }
}

impl Encode for OwnedIdentifier {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        self.0.encode(tag, w);
    }
}
