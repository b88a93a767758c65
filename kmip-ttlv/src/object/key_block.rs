//! Key Block and Key Value (KMIP 1.4 §2.1.3 and §2.1.4, KMIP 2.1 §3.1 and §3.2).

use super::{KeyMaterial, KeyWrappingData};
use crate::attribute::InlineAttributes;
use crate::codec::{put_field, rules};
use crate::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType};
use crate::{Decode, Encode, FieldRule, Fields, Item, ItemType, Result, Secret, Tag, Writer};

/// A key, perhaps wrapped, and what is needed to read it.
///
/// Written by hand because the format decides the type of the key material.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyBlock {
    /// Form of the key material; of a wrapped key, the form it has inside.
    pub format: KeyFormatType,
    /// Encoding of an elliptic-curve public key.
    pub compression: Option<KeyCompressionType>,
    /// The key; absent if the server does not hold it (1.2 and later).
    pub value: Option<KeyValue>,
    /// Algorithm; may be absent if the key material tells it or there is none.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Length in bits; may be absent likewise.
    pub length: Option<i32>,
    /// How the key is wrapped; absent if it is not. On the heap, for few are and it is long.
    pub wrapping: Option<Box<KeyWrappingData>>,
}

impl KeyBlock {
    /// A key block that says nothing but what is in it.
    #[must_use]
    pub fn new(format: KeyFormatType, value: KeyValue) -> Self {
        let value = Some(value);
        Self { format, compression: None, value, algorithm: None, length: None, wrapping: None }
    }
}

impl Decode<'_> for KeyBlock {
    fn decode(item: Item<'_>) -> Result<Self> {
        item.structure(|fields| {
            let format = fields.required(Tag::KeyFormatType)?;
            Ok(Self {
                format,
                compression: fields.optional(Tag::KeyCompressionType)?,
                value: KeyValue::take(format, fields)?,
                algorithm: fields.optional(Tag::CryptographicAlgorithm)?,
                length: fields.optional(Tag::CryptographicLength)?,
                wrapping: fields.optional(Tag::KeyWrappingData)?,
            })
        })
    }
}

impl Encode for KeyBlock {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        w.structure(tag, |w| {
            w.put(Tag::KeyFormatType, &self.format);
            w.put_optional(Tag::KeyCompressionType, self.compression.as_ref());
            w.put_optional(Tag::KeyValue, self.value.as_ref());
            w.put_optional(Tag::CryptographicAlgorithm, self.algorithm.as_ref());
            w.put_optional(Tag::CryptographicLength, self.length.as_ref());
            w.put_optional(Tag::KeyWrappingData, self.wrapping.as_ref());
        });
    }
}

/// The key material with its attributes, in the clear or wrapped.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyValue {
    /// A structure. The material in it may still be wrapped, if the encoding option says so.
    Plain {
        /// The key.
        material: KeyMaterial,
        /// Attributes that travel with it.
        attributes: InlineAttributes,
    },
    /// The whole structure, encoded and wrapped.
    Wrapped(Secret<Vec<u8>>),
}

impl KeyValue {
    /// Where the attributes stand.
    const ATTRIBUTES: &'static [FieldRule] =
        rules!('static InlineAttributes; Attribute [to V1_4] Attributes [from V2_0]);

    /// A key without attributes.
    #[must_use]
    pub fn new(material: KeyMaterial) -> Self {
        Self::Plain { material, attributes: InlineAttributes::default() }
    }

    /// The bytes of the key material, if it is bytes and not the whole Key Value that is wrapped.
    #[must_use]
    pub fn bytes(&self) -> Option<&Secret<Vec<u8>>> {
        match self {
            Self::Plain { material: KeyMaterial::Bytes(bytes), .. } => Some(bytes),
            Self::Plain { .. } | Self::Wrapped(_) => None,
        }
    }

    /// Reads the Key Value at the cursor, if there is one.
    fn take(format: KeyFormatType, fields: &mut Fields<'_>) -> Result<Option<Self>> {
        fields.item(Tag::KeyValue)?.map(|item| Self::decode(format, item)).transpose()
    }

    /// Reads a Key Value whose material has this format: also one that was just unwrapped.
    ///
    /// # Errors
    ///
    /// Those of the material and of the attributes.
    pub fn decode(format: KeyFormatType, item: Item<'_>) -> Result<Self> {
        if item.kind == ItemType::ByteString {
            return Secret::decode(item).map(Self::Wrapped);
        }
        item.structure(|fields| {
            let material = fields
                .item(Tag::KeyMaterial)?
                .ok_or(crate::Error::Missing(Tag::KeyMaterial))
                .and_then(|item| KeyMaterial::decode(format, item))?;
            Ok(Self::Plain { material, attributes: fields.field(Self::ATTRIBUTES)? })
        })
    }
}

impl Encode for KeyValue {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        match self {
            Self::Plain { material, attributes } => w.structure(tag, |w| {
                w.put(Tag::KeyMaterial, material);
                put_field(attributes, Self::ATTRIBUTES, w);
            }),
            Self::Wrapped(bytes) => bytes.encode(tag, w),
        }
    }
}
