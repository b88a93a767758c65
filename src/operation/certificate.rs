//! Certificates as values of objects: what they say of themselves, as attributes (KMIP 1.4 §3.8 to
//! §3.16, KMIP 2.1 §4.6 to §4.8, §4.22, §4.61 to §4.63).

use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeList, AttributeReference, CertificateIdentifier,
    CertificateIssuer, CertificateSubject, X509CertificateIdentifier, X509CertificateIssuer,
    X509CertificateSubject,
};
use kmip_ttlv::enums::CertificateType;
use kmip_ttlv::object::Certificate as Value;
use kmip_ttlv::{Error, Tag, Version};

use super::{Failure, key_pair_value};
use crate::crypto::key::KeyError;
use crate::crypto::openpgp;
use crate::crypto::x509::{Certificate, Name, Part, X509Error};
use crate::object::AttributeSet;

impl From<X509Error> for Failure {
    fn from(error: X509Error) -> Self {
        use X509Error as E;
        match error {
            E::Malformed => Self::InvalidField(error.to_string()),
            E::TooLong => Self::LimitExceeded("the certificate is too long"),
            E::UnknownAlgorithm => {
                Self::CryptographicFailure("it is signed by an algorithm that is not verified here")
            }
            E::WrongSignature => Self::CryptographicFailure("its signature is wrong"),
        }
    }
}

/// Attributes that a certificate says of itself. A client may repeat them, as the official cases do
/// with the Certificate Type.
const REPEATED: &[AttributeKind] = &[
    AttributeKind::CertificateType,
    AttributeKind::CertificateLength,
    AttributeKind::DigitalSignatureAlgorithm,
];

/// The attributes that are the client's to give, and those that only repeat the certificate.
pub(super) fn split(list: &AttributeList) -> (AttributeList, Vec<Attribute>) {
    let mut own = list.clone();
    own.attributes.retain(|instance| !REPEATED.contains(&instance.attribute.kind()));
    let repeated = list.iter().filter(|attribute| REPEATED.contains(&attribute.kind())).cloned();
    (own, repeated.collect())
}

/// The attributes that are not parts of a subject's name, and those parts: what a certificate is
/// asked to say, where no request says it.
pub(super) fn subject(list: &AttributeList) -> (AttributeList, Vec<(Part, String)>) {
    let (mut rest, mut subject) = (list.clone(), Vec::new());
    rest.attributes.retain(|instance| {
        let part = PARTS.iter().find_map(|(part, of_subject, _)| {
            let text = part_text(&instance.attribute)?;
            (of_subject(text.clone()) == instance.attribute).then_some((*part, text))
        });
        let is_rest = part.is_none();
        subject.extend(part);
        is_rest
    });
    (rest, subject)
}

/// Takes away what a certificate says of itself, so that another can say it of itself.
pub(super) fn forget(attributes: &mut AttributeSet) {
    use AttributeKind as K;
    let single = [
        K::CertificateType,
        K::CertificateLength,
        K::X509CertificateIdentifier,
        K::X509CertificateSubject,
        K::X509CertificateIssuer,
        K::CertificateIdentifier,
        K::CertificateSubject,
        K::CertificateIssuer,
        K::DigitalSignatureAlgorithm,
    ];
    for kind in single {
        attributes.remove_all(&AttributeReference::Known(kind));
    }
}

/// What is in a certificate of X.509.
///
/// # Errors
/// [`Failure::FeatureNotSupported`] for one of another type, which is only kept, or
/// [`Failure::InvalidField`].
pub(super) fn read(value: &Value) -> Result<Certificate, Failure> {
    if value.kind != CertificateType::X509 {
        return Err(Failure::FeatureNotSupported("certificates of OpenPGP are kept, and not used"));
    }
    Ok(Certificate::read(&value.value)?)
}

/// Reads a certificate and says of it what it says of itself. What is said already must be the same.
///
/// # Errors
/// [`Failure::InvalidField`] for a certificate that is none or is another than is said.
pub(super) fn accept(
    version: Version,
    value: &Value,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    match value.kind {
        CertificateType::X509 => accept_x509(version, value, attributes),
        CertificateType::Pgp => accept_pgp(value, attributes),
        CertificateType::Unknown(value) => {
            Err(Error::UnknownValue { tag: Tag::CertificateType, value }.into())
        }
    }
}

/// One of OpenPGP, which KMIP 1.0 has as a kind of its own: the Key ID of whoever certifies it stands
/// for the issuer, the first User ID for the subject (KMIP 1.0 §3.9, §3.10).
fn accept_pgp(value: &Value, attributes: &mut AttributeSet) -> Result<(), Failure> {
    let read = openpgp::Certificate::read(&value.value);
    let certificate = read.ok_or_else(|| {
        Failure::InvalidField("the bytes are no OpenPGP key that somebody certifies".into())
    })?;
    let issuer = certificate.issuer;
    let mut read = vec![
        Attribute::CertificateType(value.kind),
        length(value)?,
        Attribute::CertificateIdentifier(CertificateIdentifier {
            issuer: issuer.clone(),
            serial_number: None,
        }),
        Attribute::CertificateSubject(CertificateSubject {
            distinguished_name: certificate.user_id,
            alternative_names: Vec::new(),
        }),
        Attribute::CertificateIssuer(CertificateIssuer {
            distinguished_name: issuer,
            alternative_names: Vec::new(),
        }),
    ];
    read.extend(certificate.key.attributes());
    key_pair_value::say("certificate", read, attributes)?;
    key_pair_value::check_described(attributes)
}

fn accept_x509(
    version: Version,
    value: &Value,
    attributes: &mut AttributeSet,
) -> Result<(), Failure> {
    let certificate = Certificate::read(&value.value)?;
    match certificate.key() {
        Ok(key) => key_pair_value::agree(version, &key.describe(), attributes)?,
        Err(KeyError::Unreadable) => key_pair_value::check_described(attributes)?,
        Err(error) => return Err(error.into()),
    }
    key_pair_value::say("certificate", single(value, &certificate)?, attributes)?;
    // An Import brings those of names, too; the certificate is what counts.
    for kind in PARTS.iter().flat_map(|(_, of_subject, of_issuer)| [of_subject, of_issuer]) {
        let kind = kind(String::new()).kind();
        attributes.remove_all(&AttributeReference::Known(kind));
    }
    for (name, is_subject) in [(&certificate.subject, true), (&certificate.issuer, false)] {
        for attribute in parts(name, is_subject) {
            attributes.add(attribute);
        }
    }
    if let (Some(usage), None) =
        (certificate.usage, attributes.first(AttributeKind::CryptographicUsageMask))
    {
        attributes.put(Attribute::CryptographicUsageMask(usage.mask()));
    }
    Ok(())
}

fn length(value: &Value) -> Result<Attribute, Failure> {
    let length = i32::try_from(value.value.len());
    let length = length.map_err(|_| Failure::LimitExceeded("the certificate is too long"))?;
    Ok(Attribute::CertificateLength(length))
}

/// The attributes that a certificate has once.
fn single(value: &Value, certificate: &Certificate) -> Result<Vec<Attribute>, Failure> {
    let (subject, issuer) = (&certificate.subject, &certificate.issuer);
    let mut attributes = vec![
        Attribute::CertificateType(value.kind),
        length(value)?,
        Attribute::X509CertificateIdentifier(X509CertificateIdentifier {
            issuer: issuer.der.clone(),
            serial_number: certificate.serial_number.clone(),
        }),
        Attribute::X509CertificateSubject(X509CertificateSubject {
            distinguished_name: subject.der.clone(),
            alternative_names: subject.alternatives.clone(),
        }),
        Attribute::X509CertificateIssuer(X509CertificateIssuer {
            distinguished_name: issuer.der.clone(),
            alternative_names: issuer.alternatives.clone(),
        }),
        Attribute::CertificateIdentifier(CertificateIdentifier {
            issuer: issuer.text.clone(),
            serial_number: Some(certificate.serial_digits()),
        }),
        Attribute::CertificateSubject(CertificateSubject {
            distinguished_name: subject.text.clone(),
            alternative_names: subject.alternative_texts.clone(),
        }),
        Attribute::CertificateIssuer(CertificateIssuer {
            distinguished_name: issuer.text.clone(),
            alternative_names: issuer.alternative_texts.clone(),
        }),
    ];
    attributes.extend(certificate.signed.algorithm().map(Attribute::DigitalSignatureAlgorithm));
    Ok(attributes)
}

/// Makes an attribute of a part of a name.
type Make = fn(String) -> Attribute;

/// The parts of a name with their attributes, of the subject and of the issuer.
const PARTS: &[(Part, Make, Make)] = {
    use Attribute as A;
    &[
        (Part::Cn, A::CertificateSubjectCn, A::CertificateIssuerCn),
        (Part::O, A::CertificateSubjectO, A::CertificateIssuerO),
        (Part::Ou, A::CertificateSubjectOu, A::CertificateIssuerOu),
        (Part::Email, A::CertificateSubjectEmail, A::CertificateIssuerEmail),
        (Part::C, A::CertificateSubjectC, A::CertificateIssuerC),
        (Part::St, A::CertificateSubjectSt, A::CertificateIssuerSt),
        (Part::L, A::CertificateSubjectL, A::CertificateIssuerL),
        (Part::Uid, A::CertificateSubjectUid, A::CertificateIssuerUid),
        (Part::SerialNumber, A::CertificateSubjectSerialNumber, A::CertificateIssuerSerialNumber),
        (Part::Title, A::CertificateSubjectTitle, A::CertificateIssuerTitle),
        (Part::Dc, A::CertificateSubjectDc, A::CertificateIssuerDc),
        (Part::DnQualifier, A::CertificateSubjectDnQualifier, A::CertificateIssuerDnQualifier),
    ]
};

/// The text of an attribute that is text.
fn part_text(attribute: &Attribute) -> Option<String> {
    use Attribute as A;
    match attribute {
        A::CertificateSubjectCn(text)
        | A::CertificateSubjectO(text)
        | A::CertificateSubjectOu(text)
        | A::CertificateSubjectEmail(text)
        | A::CertificateSubjectC(text)
        | A::CertificateSubjectSt(text)
        | A::CertificateSubjectL(text)
        | A::CertificateSubjectUid(text)
        | A::CertificateSubjectSerialNumber(text)
        | A::CertificateSubjectTitle(text)
        | A::CertificateSubjectDc(text)
        | A::CertificateSubjectDnQualifier(text) => Some(text.clone()),
        _ => None,
    }
}

fn parts(name: &Name, is_subject: bool) -> impl Iterator<Item = Attribute> {
    name.parts.iter().filter_map(move |(part, text)| {
        let (_, of_subject, of_issuer) = PARTS.iter().find(|(known, ..)| known == part)?;
        let make = if is_subject { of_subject } else { of_issuer };
        Some(make(text.clone()))
    })
}
