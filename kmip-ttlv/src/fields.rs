//! The fields of a structure, one after the other.

use crate::item::first;
use crate::{Decode, Error, FieldRule, FieldType, Item, Result, Tag, Version};

/// A cursor over the children of a structure, in the order of the wire.
///
/// Fields stand in the order of the specification's tables, so each is asked for once, in turn. A
/// field that is not at the cursor is taken as absent; one that nobody asked for is left over, and
/// [`Fields::finish`] refuses it.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: Rest<'a>,
    version: Version,
}

/// The bytes not yet read. Never printed.
#[derive(Clone)]
struct Rest<'a>(&'a [u8]);

impl std::fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl<'a> Fields<'a> {
    /// A cursor over items that stand in a row.
    #[must_use]
    pub const fn new(bytes: &'a [u8], version: Version) -> Self {
        Self { rest: Rest(bytes), version }
    }

    /// The version of the message that is being read.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest.0
    }

    /// The tag at the cursor, or `None` at the end (or if less than a tag is left).
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<Tag> {
        let [a, b, c] = *self.rest.0.first_chunk()?;
        Some(Tag::from_number(u32::from_be_bytes([0, a, b, c])))
    }

    /// The item at the cursor, whatever it is; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`first`].
    #[inline]
    pub fn next_item(&mut self) -> Result<Option<Item<'a>>> {
        if self.rest.0.is_empty() {
            return Ok(None);
        }
        let (item, rest) = first(self.rest.0, self.version)?;
        self.rest = Rest(rest);
        Ok(Some(item))
    }

    /// The item at the cursor if it has this tag.
    ///
    /// # Errors
    ///
    /// Those of [`first`].
    #[inline]
    pub fn item(&mut self, tag: Tag) -> Result<Option<Item<'a>>> {
        let number = tag.number().to_be_bytes();
        if self.rest.0.first_chunk::<3>().is_some_and(|start| *start == number[1..]) {
            self.next_item()
        } else {
            Ok(None)
        }
    }

    /// A field that must be there.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not, else those of the field's type.
    #[inline]
    pub fn required<T: Decode<'a>>(&mut self, tag: Tag) -> Result<T> {
        self.optional(tag)?.ok_or(Error::Missing(tag))
    }

    /// A field that may be there.
    ///
    /// # Errors
    ///
    /// Those of the field's type.
    #[inline]
    pub fn optional<T: Decode<'a>>(&mut self, tag: Tag) -> Result<Option<T>> {
        self.item(tag)?.map(T::decode).transpose()
    }

    /// A field that may be there any number of times.
    ///
    /// # Errors
    ///
    /// Those of the field's type.
    pub fn repeated<T: Decode<'a>>(&mut self, tag: Tag) -> Result<Vec<T>> {
        let mut values = Vec::new();
        while let Some(value) = self.optional(tag)? {
            values.push(value);
        }
        Ok(values)
    }

    /// A field as its rules say: the one that holds in this version says under which tag.
    ///
    /// # Errors
    ///
    /// Those of the field's type; [`Error::Missing`] if the type wants a value and this version has
    /// no such field.
    #[inline]
    pub fn field<T: FieldType<'a>>(&mut self, rules: &[FieldRule]) -> Result<T> {
        match rules.iter().find(|rule| rule.accepted.contains(self.version)) {
            Some(rule) => T::take(self, rule.tag),
            None => T::absent(rules.first().map_or(Tag::Unknown(0), |rule| rule.tag)),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Error::Unexpected`] if a field is left over.
    #[inline]
    pub fn finish(mut self) -> Result<()> {
        match self.next_item()? {
            None => Ok(()),
            Some(item) => Err(Error::Unexpected(item.tag)),
        }
    }
}
