//! Well-formed structures at random, made from the tables in source and the types in the facts.
//!
//! They are written item by item, without the types that the laws are about.

use std::collections::HashMap;
use std::sync::LazyLock;

use kmip_ttlv::attribute::*;
use kmip_ttlv::enums::KeyFormatType;
use kmip_ttlv::object::*;
use kmip_ttlv::{FieldRule, ItemType, Occurs, Structure, Tag, Writer};

use crate::csv::{number, rows};

/// A structure's table.
type Table = &'static [&'static [FieldRule]];

/// The item types that a tag may have, in 1.x and in 2.x.
static TYPES: LazyLock<HashMap<Tag, [Vec<ItemType>; 2]>> = LazyLock::new(|| {
    let types = |text: &str| text.split('|').filter_map(item_type).collect();
    rows("tags")
        .iter()
        .map(|row| {
            let tag = Tag::from_number(number(&row["tag"]));
            (tag, [types(&row["type_1x"]), types(&row["type_2x"])])
        })
        .collect()
});

fn item_type(name: &str) -> Option<ItemType> {
    ItemType::ALL.into_iter().find(|kind| kind.to_string().replace(' ', "") == name)
}

/// The tables of structures inside structures.
fn table_of(tag: Tag) -> Option<Table> {
    Some(match tag {
        Tag::Name => Name::FIELDS,
        Tag::CryptographicParameters => CryptographicParameters::FIELDS,
        Tag::CryptographicDomainParameters => CryptographicDomainParameters::FIELDS,
        Tag::CertificateIdentifier => CertificateIdentifier::FIELDS,
        Tag::CertificateSubject => CertificateSubject::FIELDS,
        Tag::CertificateIssuer => CertificateIssuer::FIELDS,
        Tag::Digest => Digest::FIELDS,
        Tag::UsageLimits => UsageLimits::FIELDS,
        Tag::RevocationReason => RevocationReason::FIELDS,
        Tag::Link => Link::FIELDS,
        Tag::ApplicationSpecificInformation => ApplicationSpecificInformation::FIELDS,
        Tag::X509CertificateIdentifier => X509CertificateIdentifier::FIELDS,
        Tag::X509CertificateSubject => X509CertificateSubject::FIELDS,
        Tag::X509CertificateIssuer => X509CertificateIssuer::FIELDS,
        Tag::AlternativeName => AlternativeName::FIELDS,
        Tag::KeyValueLocation => KeyValueLocation::FIELDS,
        Tag::RandomNumberGenerator => RngParameters::FIELDS,
        Tag::RotateName => RotateName::FIELDS,
        Tag::EncryptionKeyInformation | Tag::MacSignatureKeyInformation => KeyInformation::FIELDS,
        Tag::KeyWrappingData => KeyWrappingData::FIELDS,
        Tag::KeyWrappingSpecification => KeyWrappingSpecification::FIELDS,
        Tag::SymmetricKey => SymmetricKey::FIELDS,
        Tag::PublicKey => PublicKey::FIELDS,
        Tag::PrivateKey => PrivateKey::FIELDS,
        Tag::SplitKey => SplitKey::FIELDS,
        Tag::Template => Template::FIELDS,
        Tag::SecretData => SecretData::FIELDS,
        Tag::OpaqueObject => OpaqueObject::FIELDS,
        Tag::PgpKey => PgpKey::FIELDS,
        Tag::Certificate => Certificate::FIELDS,
        Tag::CertificateRequest => CertificateRequest::FIELDS,
        _ => return None,
    })
}

/// Formats with a transparent structure.
const TRANSPARENT: [(KeyFormatType, Table); 15] = [
    (KeyFormatType::TransparentSymmetricKey, TransparentSymmetricKey::FIELDS),
    (KeyFormatType::TransparentDsaPrivateKey, TransparentDsaPrivateKey::FIELDS),
    (KeyFormatType::TransparentDsaPublicKey, TransparentDsaPublicKey::FIELDS),
    (KeyFormatType::TransparentRsaPrivateKey, TransparentRsaPrivateKey::FIELDS),
    (KeyFormatType::TransparentRsaPublicKey, TransparentRsaPublicKey::FIELDS),
    (KeyFormatType::TransparentDhPrivateKey, TransparentDhPrivateKey::FIELDS),
    (KeyFormatType::TransparentDhPublicKey, TransparentDhPublicKey::FIELDS),
    (KeyFormatType::TransparentEcdsaPrivateKey, TransparentEcPrivateKey::FIELDS),
    (KeyFormatType::TransparentEcdsaPublicKey, TransparentEcPublicKey::FIELDS),
    (KeyFormatType::TransparentEcdhPrivateKey, TransparentEcPrivateKey::FIELDS),
    (KeyFormatType::TransparentEcdhPublicKey, TransparentEcPublicKey::FIELDS),
    (KeyFormatType::TransparentEcmqvPrivateKey, TransparentEcPrivateKey::FIELDS),
    (KeyFormatType::TransparentEcmqvPublicKey, TransparentEcPublicKey::FIELDS),
    (KeyFormatType::TransparentEcPrivateKey, TransparentEcPrivateKey::FIELDS),
    (KeyFormatType::TransparentEcPublicKey, TransparentEcPublicKey::FIELDS),
];

/// Decisions read from random bytes; when these are used up, every decision is the first choice.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    pub(crate) fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(20)).map(|_| self.byte()).collect()
    }
}

/// Writes what may stand under `tag` in the writer's version.
pub(crate) fn item(tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    match tag {
        Tag::Attribute => attribute_1x(choices, w),
        Tag::TemplateAttribute => w.structure(tag, |w| {
            (0..choices.below(2)).for_each(|_| item(Tag::Name, choices, w));
            (0..choices.below(4)).for_each(|_| attribute_1x(choices, w));
        }),
        Tag::Attributes => w.structure(tag, |w| {
            (0..choices.below(4)).for_each(|_| attribute_2x(choices, w));
        }),
        Tag::NewAttribute => w.structure(tag, |w| attribute_2x(choices, w)),
        Tag::KeyBlock => key_block(choices, w),
        _ => match table_of(tag) {
            Some(table) => structure(tag, table, choices, w),
            None => leaf(tag, tag, choices, w),
        },
    }
}

fn structure(tag: Tag, table: Table, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    w.structure(tag, |w| {
        for rules in table {
            let version = w.version();
            let Some(rule) = rules.iter().find(|rule| rule.accepted.contains(version)) else {
                continue;
            };
            let times = match rule.occurs {
                Occurs::Once => 1,
                Occurs::Optional => choices.below(2),
                Occurs::Repeated => choices.below(3),
            };
            (0..times).for_each(|_| item(rule.tag, choices, w));
        }
    });
}

fn attribute_1x(choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    w.structure(Tag::Attribute, |w| {
        let kind = AttributeKind::ALL[choices.below(AttributeKind::ALL.len())];
        let (name, types) = match choices.below(4) {
            0 => ("x-Product", Tag::AttributeValue),
            1 => ("Colour", Tag::AttributeValue),
            _ => (kind.name(), kind.tag()),
        };
        w.text(Tag::AttributeName, name);
        if choices.yes() {
            w.integer(Tag::AttributeIndex, i32::from(choices.byte()));
        }
        if choices.byte() == 7 {
            return; // As Notify sends it.
        }
        match table_of(types) {
            Some(table) => structure(Tag::AttributeValue, table, choices, w),
            None => leaf(Tag::AttributeValue, types, choices, w),
        }
    });
}

fn attribute_2x(choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    match choices.below(4) {
        0 => w.structure(Tag::Attribute, |w| {
            w.text(Tag::VendorIdentification, "acme");
            w.text(Tag::AttributeName, "Product");
            leaf(Tag::AttributeValue, Tag::AttributeValue, choices, w);
        }),
        1 => leaf(Tag::Unknown(0x54_0001), Tag::AttributeValue, choices, w),
        _ => item(AttributeKind::ALL[choices.below(AttributeKind::ALL.len())].tag(), choices, w),
    }
}

fn key_block(choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    w.structure(Tag::KeyBlock, |w| {
        let transparent = TRANSPARENT.get(choices.below(20));
        let format = transparent.map_or(KeyFormatType::Raw, |(format, _)| *format);
        w.put(Tag::KeyFormatType, &format);
        match choices.below(4) {
            0 => w.structure(Tag::KeyValue, |w| {
                match transparent {
                    Some((_, table)) => structure(Tag::KeyMaterial, table, choices, w),
                    None => w.bytes(Tag::KeyMaterial, &choices.bytes()),
                }
                if w.version().is_2x() {
                    (0..choices.below(2)).for_each(|_| item(Tag::Attributes, choices, w));
                } else {
                    (0..choices.below(3)).for_each(|_| attribute_1x(choices, w));
                }
            }),
            1 => w.structure(Tag::KeyValue, |w| w.bytes(Tag::KeyMaterial, &choices.bytes())),
            2 => w.bytes(Tag::KeyValue, &choices.bytes()),
            _ => {}
        }
        for tag in [Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::KeyWrappingData] {
            if choices.yes() {
                item(tag, choices, w);
            }
        }
    });
}

/// Writes a leaf under `tag` with a type that `types` may have; any type if the facts name none.
fn leaf(tag: Tag, types: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    let is_2x = usize::from(w.version().is_2x());
    // Where the facts are silent about 1.x or 2.x, the type is that of the other.
    let kinds = TYPES
        .get(&types)
        .and_then(|types| {
            [is_2x, 1 - is_2x].map(|line| &types[line]).into_iter().find(|kinds| !kinds.is_empty())
        })
        .map_or(&ItemType::ALL[1..], |kinds| kinds);
    leaf_of(kinds[choices.below(kinds.len())], tag, choices, w);
}

/// Writes a leaf of this type under `tag`.
pub(crate) fn leaf_of(kind: ItemType, tag: Tag, choices: &mut Choices<'_>, w: &mut Writer<'_>) {
    match kind {
        ItemType::Structure => w.structure(tag, |w| w.integer(Tag::Unknown(0x54_0002), 1)),
        ItemType::Integer => w.integer(tag, i32::from_be_bytes(choices.array())),
        ItemType::LongInteger => w.long_integer(tag, i64::from_be_bytes(choices.array())),
        ItemType::BigInteger if choices.yes() => w.big_integer(tag, &choices.array::<16>()),
        ItemType::BigInteger => w.big_integer(tag, &choices.array::<8>()),
        ItemType::Enumeration if choices.yes() => w.enumeration(tag, 0x8000_0001),
        ItemType::Enumeration => w.enumeration(tag, u32::from(choices.byte())),
        ItemType::Boolean => w.boolean(tag, choices.yes()),
        ItemType::TextString => w.text(tag, &String::from_utf8_lossy(&choices.bytes())),
        ItemType::ByteString => w.bytes(tag, &choices.bytes()),
        ItemType::DateTime => w.date_time(tag, i64::from_be_bytes(choices.array())),
        ItemType::Interval => w.interval(tag, u32::from_be_bytes(choices.array())),
        ItemType::DateTimeExtended => {
            w.date_time_extended(tag, i64::from_be_bytes(choices.array()));
        }
    }
}
