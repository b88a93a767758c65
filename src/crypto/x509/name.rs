//! Distinguished names (RFC 5280 §4.1.2.4) and alternative names (§4.2.1.6).

use std::fmt::Write as _;
use std::net::IpAddr;

use pkcs8::ObjectIdentifier;
use pkcs8::der::{Encode, Reader, SliceReader};
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::extensions::GeneralName;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::X509Error;
use super::der::{SEQUENCE, SET, tlv};

const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;

/// The parts of a name that have an attribute of their own (KMIP 2.1 §4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Common name.
    Cn,
    /// Organization.
    O,
    /// Organizational unit.
    Ou,
    /// E-mail address.
    Email,
    /// Country.
    C,
    /// State or province.
    St,
    /// Locality.
    L,
    /// User identifier.
    Uid,
    /// Serial number of the subject, not of the certificate.
    SerialNumber,
    /// Title.
    Title,
    /// Domain component.
    Dc,
    /// What tells equal names apart.
    DnQualifier,
}

/// Type, name in text (RFC 4514 §3, and where that has none, OpenSSL's), and part of KMIP.
const PARTS: &[(&str, &str, Option<Part>)] = &[
    ("2.5.4.3", "CN", Some(Part::Cn)),
    ("2.5.4.10", "O", Some(Part::O)),
    ("2.5.4.11", "OU", Some(Part::Ou)),
    ("1.2.840.113549.1.9.1", "emailAddress", Some(Part::Email)),
    ("2.5.4.6", "C", Some(Part::C)),
    ("2.5.4.8", "ST", Some(Part::St)),
    ("2.5.4.7", "L", Some(Part::L)),
    ("0.9.2342.19200300.100.1.1", "UID", Some(Part::Uid)),
    ("2.5.4.5", "serialNumber", Some(Part::SerialNumber)),
    ("2.5.4.12", "title", Some(Part::Title)),
    ("0.9.2342.19200300.100.1.25", "DC", Some(Part::Dc)),
    ("2.5.4.46", "dnQualifier", Some(Part::DnQualifier)),
    ("2.5.4.9", "STREET", None),
    ("2.5.4.4", "SN", None),
    ("2.5.4.42", "GN", None),
];

/// A distinguished name, with the alternative names that stand beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// In DER.
    pub der: Vec<u8>,
    /// As text, the last part first (RFC 4514).
    pub text: String,
    /// The parts that have an attribute of their own, in the order in which they stand.
    pub parts: Vec<(Part, String)>,
    /// The alternative names, each a `GeneralName` in DER.
    pub alternatives: Vec<Vec<u8>>,
    /// Those of them that can be read, as text.
    pub alternative_texts: Vec<String>,
}

impl Name {
    /// Takes a name that was read.
    pub(super) fn new(name: &X509Name<'_>) -> Self {
        let mut parts = Vec::new();
        for attribute in name.iter_attributes() {
            if let (Some((_, _, Some(part))), Some(text)) = (known(attribute), value(attribute)) {
                parts.push((*part, text));
            }
        }
        Self { der: name.as_raw().to_vec(), text: text(name), parts, ..Self::default() }
    }

    /// Adds alternative names: those of an extension, read and in DER.
    ///
    /// # Errors
    /// [`X509Error::Malformed`].
    pub(super) fn add(&mut self, read: &[GeneralName<'_>], der: &[u8]) -> Result<(), X509Error> {
        if read.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
            return Err(X509Error::Malformed);
        }
        self.alternative_texts.extend(read.iter().filter_map(alternative));
        let mut reader = SliceReader::new(der).map_err(X509Error::malformed)?;
        let names = reader.sequence(|inside| {
            let mut names = Vec::new();
            while !inside.is_finished() {
                names.push(inside.tlv_bytes()?.to_vec());
            }
            Ok::<_, pkcs8::der::Error>(names)
        });
        self.alternatives.extend(names.map_err(X509Error::malformed)?);
        Ok(())
    }
}

/// A distinguished name in DER, of these parts in their order.
///
/// # Errors
/// [`X509Error::Malformed`] for a value that its part cannot have.
pub fn distinguished_name(parts: &[(Part, &str)]) -> Result<Vec<u8>, X509Error> {
    let mut rdns = Vec::new();
    for (part, value) in parts {
        let row = PARTS.iter().find(|(_, _, known)| *known == Some(*part));
        let oid = row.and_then(|(oid, ..)| ObjectIdentifier::new(oid).ok());
        let oid = oid.and_then(|oid| oid.to_der().ok()).ok_or(X509Error::Malformed)?;
        let is_printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
        let (tag, is_good) = match part {
            Part::C => (PRINTABLE_STRING, value.len() == 2 && value.chars().all(is_printable)),
            Part::SerialNumber | Part::DnQualifier => {
                (PRINTABLE_STRING, value.chars().all(is_printable))
            }
            Part::Email | Part::Dc => (IA5_STRING, value.is_ascii()),
            _ => (UTF8_STRING, true),
        };
        if !is_good || value.is_empty() {
            return Err(X509Error::Malformed);
        }
        let value = tlv(tag, &[value.as_bytes()]);
        rdns.push(tlv(SET, &[&tlv(SEQUENCE, &[&oid, &value])]));
    }
    let rdns: Vec<&[u8]> = rdns.iter().map(Vec::as_slice).collect();
    Ok(tlv(SEQUENCE, &rdns))
}

fn known(
    attribute: &AttributeTypeAndValue<'_>,
) -> Option<&'static (&'static str, &'static str, Option<Part>)> {
    let oid = attribute.attr_type().to_id_string();
    PARTS.iter().find(|(known, ..)| *known == oid)
}

/// The value as text, if it is text.
fn value(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let any: &Any<'_> = attribute.attr_value();
    let bytes = any.data;
    match any.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        // What is called T.61 is Latin-1 in practice.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = bytes.chunks_exact(2).filter_map(|unit| unit.try_into().ok());
            let units: Vec<u16> = units.map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        }
        _ => None,
    }
}

/// The name as text (RFC 4514 §2).
fn text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute_text).collect::<Vec<_>>().join("+"))
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute_text(attribute: &AttributeTypeAndValue<'_>) -> String {
    let word = known(attribute).map(|(_, word, _)| (*word).to_owned());
    match (word, value(attribute)) {
        (Some(word), Some(text)) => format!("{word}={}", escaped(&text)),
        (word, _) => {
            let word = word.unwrap_or_else(|| attribute.attr_type().to_id_string());
            let der = attribute.attr_value().to_der_vec().unwrap_or_default();
            format!("{word}=#{}", hexadecimal(&der))
        }
    }
}

/// The digits of bytes.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// A value with what would end it escaped (RFC 4514 §2.4).
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (place, c) in value.chars().enumerate() {
        match c {
            '\0' => text.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', c]),
            '#' | ' ' if place == 0 => text.extend(['\\', c]),
            ' ' if place == last => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

fn alternative(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::RFC822Name(text) | GeneralName::DNSName(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::DirectoryName(name) => Some(text(name)),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        GeneralName::RegisteredID(oid) => Some(oid.to_id_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_value_is_escaped() {
        let table = [
            ("plain", "plain"),
            ("a,b", "a\\,b"),
            (" #", "\\ #"),
            ("# ", "\\#\\ "),
            ("a+b\\", "a\\+b\\\\"),
            ("nul\0", "nul\\00"),
        ];
        for (value, text) in table {
            assert_eq!(escaped(value), text);
        }
    }
}
