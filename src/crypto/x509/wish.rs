//! What a certificate is asked to say: by a request (PKCS#10, RFC 2986), or by a certificate that is
//! to be renewed.

use kmip_ttlv::enums::CryptographicUsageMask as Mask;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use super::certificate::Usage;
use super::{BYTES_MAX, Certificate, Name, Signed, X509Error};
use crate::crypto::key::{KeyError, PublicKey};

/// What the label of a request in PEM is (RFC 7468 §7).
const LABELS: &[&str] = &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// What a certificate is asked to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whom it is about, a distinguished name in DER.
    pub subject: Vec<u8>,
    /// The `SubjectPublicKeyInfo` of the key.
    pub public_key: Vec<u8>,
    /// Other names, the value of the extension.
    pub alternative_names: Option<Vec<u8>>,
    /// What the key may be used for.
    pub usage: Option<Mask>,
    /// What else it may be used for, the value of the extension Extended Key Usage.
    pub purposes: Option<Vec<u8>>,
}

impl Wish {
    /// Reads a request in PKCS#10. That it is signed by the key that it is about is checked: nobody
    /// gets a certificate for a key of somebody else.
    ///
    /// # Errors
    /// [`X509Error`].
    pub fn read(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > BYTES_MAX {
            return Err(X509Error::TooLong);
        }
        let (rest, read) = X509CertificationRequest::from_der(der).map_err(X509Error::malformed)?;
        let info = &read.certification_request_info;
        let is_whole = rest.is_empty() && read.signature_value.unused_bits == 0;
        if !is_whole || !names_algorithm(der, info.raw.len()) {
            return Err(X509Error::Malformed);
        }
        let mut wish = Self {
            subject: info.subject.as_raw().to_vec(),
            public_key: info.subject_pki.raw.to_vec(),
            alternative_names: None,
            usage: None,
            purposes: None,
        };
        let key = wish.key().map_err(|error| match error {
            KeyError::Unreadable => X509Error::UnknownAlgorithm,
            _ => X509Error::Malformed,
        })?;
        let signed = Signed::new(info.raw, &read.signature_algorithm, &read.signature_value.data);
        signed.verify(&key)?;
        for attribute in info.iter_attributes() {
            if let ParsedCriAttribute::ExtensionRequest(asked) = attribute.parsed_attribute() {
                asked.extensions.iter().try_for_each(|extension| wish.take(extension))?;
            }
        }
        Ok(wish)
    }

    /// Reads a request in PEM, likewise.
    ///
    /// # Errors
    /// [`X509Error`].
    pub fn read_pem(text: &[u8]) -> Result<Self, X509Error> {
        if text.len() > BYTES_MAX {
            return Err(X509Error::TooLong);
        }
        let (_, pem) = parse_x509_pem(text).map_err(X509Error::malformed)?;
        if !LABELS.contains(&pem.label.as_str()) {
            return Err(X509Error::Malformed);
        }
        Self::read(&pem.contents)
    }

    /// The key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki(&self.public_key)
    }

    /// Takes of what is asked for what anybody may have. Nobody becomes an authority by asking.
    fn take(&mut self, extension: &X509Extension<'_>) -> Result<(), X509Error> {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                // Read as those of a certificate are, so that what is issued can be read again.
                Name::default().add(&names.general_names, extension.value)?;
                self.alternative_names = Some(extension.value.to_vec());
            }
            ParsedExtension::KeyUsage(usage) => self.usage = Some(Usage::new(*usage).mask()),
            ParsedExtension::ExtendedKeyUsage(_) => self.purposes = Some(extension.value.to_vec()),
            ParsedExtension::ParseError { .. } => return Err(X509Error::Malformed),
            _ => {}
        }
        Ok(())
    }
}

/// The same again.
impl From<&Certificate> for Wish {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.der.clone(),
            public_key: certificate.public_key.clone(),
            alternative_names: certificate.alternative_names.clone(),
            usage: certificate.usage.map(Usage::mask),
            purposes: certificate.purposes.clone(),
        }
    }
}

/// Whether what stands behind the part that is signed begins as an algorithm identifier does, with an
/// object identifier. The reader of certificates takes any tag there.
fn names_algorithm(der: &[u8], signed_bytes: usize) -> bool {
    const SEQUENCE_BYTES: usize = 2;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let length_bytes = der.get(1).map_or(0, |first| if *first < 0x80 { 0 } else { first & 0x7f });
    let at = 2 + usize::from(length_bytes) + signed_bytes + SEQUENCE_BYTES;
    der.get(at) == Some(&OBJECT_IDENTIFIER)
}
