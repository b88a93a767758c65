//! Attributes as people write them, such as on a command line: `Cryptographic Length=256`.
//!
//! The name is that of the specification, or the tag's in XML; blanks, dashes and capitals do not
//! count. The value is in the words of XML and JSON. A structure is written field by field,
//! `Link=LinkType:ParentLink,LinkedObjectIdentifier:7`; where it is a text of some type, the text
//! alone will do: `Name=orders`.

use super::{
    AlternativeName, ApplicationSpecificInformation, Attribute, AttributeKind, AttributeReference,
    CertificateIdentifier, CertificateIssuer, CertificateSubject, CryptographicDomainParameters,
    CryptographicParameters, CustomAttribute, Digest, KeyValueLocation, Link, Name,
    RevocationReason, RngParameters, RotateName, UsageLimits, X509CertificateIdentifier,
    X509CertificateIssuer, X509CertificateSubject, custom,
};
use crate::enums::NameType;
use crate::item::first;
use crate::words::{self, Place};
use crate::{Error as Unreadable, FieldRule, Structure as _, Tag, Value, Version, codec};

/// The version in which values are made: the one that has all types.
const VERSION: Version = Version::V2_1;

/// Why a phrase means no attribute.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no value.
    #[error("an attribute is written NAME=VALUE")]
    NoValue,
    /// No attribute has this name.
    #[error("there is no attribute {0}; one of your own begins with x-")]
    UnknownAttribute(String),
    /// The value does not begin with a field of the structure that it should be.
    #[error("{attribute} is written FIELD:VALUE,…; its fields are {fields}")]
    NotFields {
        /// The attribute.
        attribute: &'static str,
        /// What fields it has.
        fields: String,
    },
    /// A value means nothing.
    #[error(transparent)]
    Word(#[from] words::Error),
    /// A structure lacks a field, or has one twice.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// The attribute that `NAME=VALUE` means.
///
/// # Errors
/// Any [`Error`].
pub fn attribute(phrase: &str) -> Result<Attribute, Error> {
    let (name, text) = phrase.split_once('=').ok_or(Error::NoValue)?;
    match reference(name)? {
        AttributeReference::Custom { vendor, name } => {
            Ok(Attribute::Custom(CustomAttribute { vendor, name, value: Value::from(text) }))
        }
        AttributeReference::Known(kind) => value(kind, text),
        _ => Err(Error::UnknownAttribute(name.to_owned())),
    }
}

/// The attribute that has this name.
///
/// # Errors
/// [`Error::UnknownAttribute`].
pub fn reference(name: &str) -> Result<AttributeReference, Error> {
    let name = name.trim();
    if let Some((vendor, name)) = custom::split_name(name) {
        return Ok(AttributeReference::Custom { vendor: vendor.into(), name: name.into() });
    }
    let mut kinds = AttributeKind::ALL.iter().copied();
    let kind = kinds.find(|kind| letters(kind.name()).eq(letters(name)));
    kind.map(AttributeReference::Known).ok_or_else(|| Error::UnknownAttribute(name.to_owned()))
}

/// What counts of a name.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}

/// The attribute of this kind that `text` means.
///
/// # Errors
/// Any [`Error`] but that of an unknown attribute.
pub fn value(kind: AttributeKind, text: &str) -> Result<Attribute, Error> {
    let Some(rules) = fields(kind) else { return leaf(kind, text) };
    let rules: Vec<Tag> = rules.iter().filter_map(|rules| rules.first()).map(|r| r.tag).collect();
    let mut pieces =
        pieces(&rules, text).or_else(|| typed_text(&rules, text)).ok_or_else(|| {
            let names = rules.iter().map(|tag| tag.xml_name()).collect::<Vec<_>>();
            Error::NotFields { attribute: kind.name(), fields: names.join(", ") }
        })?;
    pieces.sort_by_key(|(tag, _)| rules.iter().position(|rule| rule == tag));
    let mut made: Vec<_> = pieces.iter().map(|(tag, text)| (*tag, Value::from(*text))).collect();
    // Each round finds the type of one field; what all types are is known by the attribute alone.
    for _ in 0..=made.len() {
        match decode(kind, &Value::Structure(made.clone())) {
            Err(Unreadable::WrongType { tag, expected, .. }) => {
                for ((_, value), (_, text)) in
                    made.iter_mut().zip(&pieces).filter(|((field, _), _)| *field == tag)
                {
                    *value = words::parse(Place::OPEN, tag, expected, text)?;
                }
            }
            done => return Ok(done?),
        }
    }
    Ok(decode(kind, &Value::Structure(made))?)
}

/// A value that is no structure: text, or else what the attribute says that it must be.
fn leaf(kind: AttributeKind, text: &str) -> Result<Attribute, Error> {
    match decode(kind, &Value::from(text)) {
        Err(Unreadable::WrongType { expected, .. }) => {
            let value = words::parse(Place::OPEN, kind.tag(), expected, text)?;
            Ok(decode(kind, &value)?)
        }
        done => Ok(done?),
    }
}

fn decode(kind: AttributeKind, value: &Value) -> Result<Attribute, Unreadable> {
    let bytes = codec::encode(kind.tag(), value, VERSION);
    let (item, _) = first(&bytes, VERSION)?;
    Attribute::decode_tagged(item)
}

/// The fields in `FIELD:VALUE,FIELD:VALUE`. A comma belongs to the value unless a field follows.
fn pieces<'t>(rules: &[Tag], text: &'t str) -> Option<Vec<(Tag, &'t str)>> {
    let begins = |text: &str| {
        let (name, _) = text.split_once(':')?;
        let tag = rules.iter().find(|tag| letters(tag.xml_name()).eq(letters(name)))?;
        Some((*tag, name.len() + 1))
    };
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        let (tag, start) = begins(rest)?;
        let value = rest.get(start..)?;
        let ends = value.match_indices(',').map(|(at, _)| at);
        let end = ends.into_iter().find(|at| value.get(at + 1..).and_then(begins).is_some());
        found.push((tag, value.get(..end.unwrap_or(value.len()))?));
        match end {
            Some(end) => rest = value.get(end + 1..)?,
            None => return Some(found),
        }
    }
}

/// The fields of a structure that is a text and how to read it.
fn typed_text<'t>(rules: &[Tag], text: &'t str) -> Option<Vec<(Tag, &'t str)>> {
    let plain = NameType::UninterpretedTextString.xml_name();
    match rules {
        [value, kind]
            if value.xml_name().ends_with("Value") && kind.xml_name().ends_with("Type") =>
        {
            Some(vec![(*value, text), (*kind, plain)])
        }
        _ => None,
    }
}

/// The fields of an attribute that is a structure.
fn fields(kind: AttributeKind) -> Option<&'static [&'static [FieldRule]]> {
    use AttributeKind as Kind;
    Some(match kind {
        Kind::Name => Name::FIELDS,
        Kind::CryptographicParameters => CryptographicParameters::FIELDS,
        Kind::CryptographicDomainParameters => CryptographicDomainParameters::FIELDS,
        Kind::CertificateIdentifier => CertificateIdentifier::FIELDS,
        Kind::CertificateSubject => CertificateSubject::FIELDS,
        Kind::CertificateIssuer => CertificateIssuer::FIELDS,
        Kind::Digest => Digest::FIELDS,
        Kind::UsageLimits => UsageLimits::FIELDS,
        Kind::RevocationReason => RevocationReason::FIELDS,
        Kind::Link => Link::FIELDS,
        Kind::ApplicationSpecificInformation => ApplicationSpecificInformation::FIELDS,
        Kind::X509CertificateIdentifier => X509CertificateIdentifier::FIELDS,
        Kind::X509CertificateSubject => X509CertificateSubject::FIELDS,
        Kind::X509CertificateIssuer => X509CertificateIssuer::FIELDS,
        Kind::AlternativeName => AlternativeName::FIELDS,
        Kind::KeyValueLocation => KeyValueLocation::FIELDS,
        Kind::RandomNumberGenerator => RngParameters::FIELDS,
        Kind::RotateName => RotateName::FIELDS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enums::{
        BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, LinkType, State,
    };
    use crate::{DateTime, Interval, ItemType};

    #[test]
    fn values_have_the_type_that_their_attribute_calls_for() {
        let usage = CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT;
        let cases = [
            ("Cryptographic Length=256", Attribute::CryptographicLength(256)),
            ("cryptographic-length=0x100", Attribute::CryptographicLength(256)),
            (
                "CryptographicAlgorithm=AES",
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
            ),
            ("Cryptographic Usage Mask=Encrypt|Decrypt", Attribute::CryptographicUsageMask(usage)),
            ("State=Active", Attribute::State(State::Active)),
            ("Activation Date=1970-01-01T00:01:00Z", Attribute::ActivationDate(DateTime(60))),
            ("Rotate Interval=86400", Attribute::RotateInterval(Interval(86400))),
            ("Sensitive=true", Attribute::Sensitive(true)),
            ("Comment=a=b, c:d", Attribute::Comment("a=b, c:d".into())),
            ("Short Unique Identifier=00ff", Attribute::ShortUniqueIdentifier(vec![0, 255])),
            ("Unique Identifier=7", Attribute::UniqueIdentifier("7".into())),
            (
                "x-Product=42",
                Attribute::Custom(CustomAttribute {
                    vendor: "x".into(),
                    name: "Product".into(),
                    value: Value::from("42"),
                }),
            ),
        ];
        for (phrase, expected) in cases {
            assert_eq!(attribute(phrase).unwrap(), expected, "{phrase}");
        }
    }

    #[test]
    fn structures_are_written_by_fields_in_any_order() {
        let name = |value: &str, kind| Attribute::Name(Name { value: value.into(), kind });
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::Gcm),
            random_iv: Some(true),
            tag_length: Some(16),
            ..CryptographicParameters::default()
        };
        let cases = [
            ("Name=orders", name("orders", NameType::UninterpretedTextString)),
            ("Name=a:b, c", name("a:b, c", NameType::UninterpretedTextString)),
            ("Name=NameType:URI,NameValue:kms://a,b", name("kms://a,b", NameType::Uri)),
            (
                "Cryptographic Parameters=TagLength:16,RandomIV:true,BlockCipherMode:GCM",
                Attribute::CryptographicParameters(parameters.into()),
            ),
            (
                "Link=LinkType:ParentLink,LinkedObjectIdentifier:7",
                Attribute::Link(Link { kind: LinkType::ParentLink, object: "7".into() }),
            ),
            (
                "Application Specific Information=ApplicationNamespace:ssl,ApplicationData:a:1",
                Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
                    namespace: "ssl".into(),
                    data: Some("a:1".into()),
                }),
            ),
        ];
        for (phrase, expected) in cases {
            assert_eq!(attribute(phrase).unwrap(), expected, "{phrase}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        let cases = [
            ("State", "an attribute is written NAME=VALUE"),
            ("Stat=Active", "there is no attribute Stat"),
            ("State=Asleep", "State has the value Asleep, which means nothing there"),
            ("Cryptographic Length=long", "Cryptographic Length has the value long"),
            ("Link=7", "its fields are LinkType, LinkedObjectIdentifier"),
            ("Link=LinkType:ParentLink", "Linked Object Identifier is missing"),
            ("Link=LinkType:Aunt,LinkedObjectIdentifier:7", "Link Type has the value Aunt"),
            ("Usage Limits=UsageLimitsUnit:Byte,UsageLimitsUnit:Byte,UsageLimitsTotal:1", "Usage"),
        ];
        for (phrase, says) in cases {
            let error = attribute(phrase).unwrap_err().to_string();
            assert!(error.contains(says), "{phrase}: {error}");
        }
    }

    /// The table of structures is complete, and names nothing else.
    #[test]
    fn every_attribute_is_a_structure_or_is_not() {
        for kind in AttributeKind::ALL {
            let read = decode(*kind, &Value::Structure(Vec::new()));
            let is_leaf =
                matches!(read, Err(Unreadable::WrongType { found: ItemType::Structure, .. }));
            assert_eq!(is_leaf, fields(*kind).is_none(), "{kind:?}: {read:?}");
        }
    }
}
