//! Certificates (RFC 5280 §4).

use kmip_ttlv::enums::CryptographicUsageMask as Mask;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Encode, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{KeyUsage, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

use super::name::hexadecimal;
use super::{BYTES_MAX, Name, Signed, X509Error};
use crate::crypto::key::{KeyError, PublicKey};

/// A certificate that was read. Nothing is said about whether anybody should believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is about.
    pub subject: Name,
    /// Who says so.
    pub issuer: Name,
    /// Its serial number, an INTEGER in DER.
    pub serial_number: Vec<u8>,
    /// The `SubjectPublicKeyInfo` of the key that it is about.
    pub public_key: Vec<u8>,
    /// What the key may be used for; `None` if it says nothing of that.
    pub usage: Option<Usage>,
    /// The value of the extension with other names of the subject.
    pub alternative_names: Option<Vec<u8>>,
    /// The value of the extension Extended Key Usage.
    pub purposes: Option<Vec<u8>>,
    /// From when on it holds, in seconds since the epoch.
    pub not_before: i64,
    /// Until when it holds, that second included.
    pub not_after: i64,
    /// The content, and who has signed it.
    pub signed: Signed,
    /// Whether the key may sign certificates, and if so, how many others may stand between it and
    /// the last one.
    pub authority: Option<Authority>,
    /// Whether it has an extension that must be understood and is not.
    pub has_unknown_critical: bool,
}

/// A certificate whose key may sign others (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// How many other authorities may follow it; `None` if any number.
    pub path_length: Option<u32>,
}

/// A Key Usage extension (RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage(Mask);

impl Usage {
    /// The Cryptographic Usage Mask (the mapping of KMIP 1.4 §3.19, KMIP 2.1 §4.17).
    #[must_use]
    pub fn mask(self) -> Mask {
        self.0
    }

    pub(super) fn new(usage: KeyUsage) -> Self {
        let table = [
            (usage.digital_signature(), Mask::SIGN.union(Mask::VERIFY)),
            (usage.non_repudiation(), Mask::CONTENT_COMMITMENT),
            (usage.key_encipherment(), Mask::WRAP_KEY.union(Mask::UNWRAP_KEY)),
            (usage.data_encipherment(), Mask::ENCRYPT.union(Mask::DECRYPT)),
            (usage.key_agreement(), Mask::KEY_AGREEMENT),
            (usage.key_cert_sign(), Mask::CERTIFICATE_SIGN),
            (usage.crl_sign(), Mask::CRL_SIGN),
            (usage.encipher_only(), Mask::ENCRYPT),
            (usage.decipher_only(), Mask::DECRYPT),
        ];
        let said = table.into_iter().filter(|(is_said, _)| *is_said);
        Self(said.fold(Mask::from_bits(0), |mask, (_, bits)| mask.union(bits)))
    }
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// [`X509Error::TooLong`], [`X509Error::Malformed`].
    pub fn read(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > BYTES_MAX {
            return Err(X509Error::TooLong);
        }
        let (rest, read) = X509Certificate::from_der(der).map_err(X509Error::malformed)?;
        let is_whole = rest.is_empty() && read.signature_value.unused_bits == 0;
        if !is_whole || read.signature != read.signature_algorithm {
            return Err(X509Error::Malformed);
        }
        let content: &[u8] = read.tbs_certificate.as_ref();
        let mut certificate = Self {
            subject: Name::new(read.subject()),
            issuer: Name::new(read.issuer()),
            serial_number: integer(read.raw_serial())?,
            public_key: read.public_key().raw.to_vec(),
            usage: None,
            alternative_names: None,
            purposes: None,
            not_before: read.validity().not_before.timestamp(),
            not_after: read.validity().not_after.timestamp(),
            signed: Signed::new(content, &read.signature_algorithm, &read.signature_value.data),
            authority: None,
            has_unknown_critical: false,
        };
        let extensions = read.extensions();
        for (place, extension) in extensions.iter().enumerate() {
            if extensions.iter().take(place).any(|earlier| earlier.oid == extension.oid) {
                return Err(X509Error::Malformed);
            }
            certificate.take(extension)?;
        }
        Ok(certificate)
    }

    fn take(&mut self, extension: &X509Extension<'_>) -> Result<(), X509Error> {
        use ParsedExtension as E;
        match extension.parsed_extension() {
            E::KeyUsage(usage) => self.usage = Some(Usage::new(*usage)),
            E::BasicConstraints(basic) => {
                self.authority =
                    basic.ca.then_some(Authority { path_length: basic.path_len_constraint });
            }
            E::SubjectAlternativeName(names) => {
                self.subject.add(&names.general_names, extension.value)?;
                self.alternative_names = Some(extension.value.to_vec());
            }
            E::IssuerAlternativeName(names) => {
                self.issuer.add(&names.general_names, extension.value)?;
            }
            // What the key may be used for beyond KMIP's mask is for those who use it.
            E::ExtendedKeyUsage(_) => self.purposes = Some(extension.value.to_vec()),
            E::ParseError { .. } => return Err(X509Error::Malformed),
            _ => self.has_unknown_critical |= extension.critical,
        }
        Ok(())
    }

    /// The key that it is about.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] for a key of a kind that the server does not know.
    pub fn key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki(&self.public_key)
    }

    /// Whether its key may sign other certificates (RFC 5280 §4.2.1.3, §4.2.1.9).
    #[must_use]
    pub fn may_sign_certificates(&self) -> bool {
        let signs = |usage: Usage| usage.mask().contains(Mask::CERTIFICATE_SIGN);
        self.authority.is_some() && self.usage.is_none_or(signs)
    }

    /// Whether subject and issuer are one, as they are where a chain begins.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject.der == self.issuer.der
    }

    /// The digits of the serial number, hexadecimal and without what DER puts before them.
    #[must_use]
    pub fn serial_digits(&self) -> String {
        let bytes = AnyRef::try_from(self.serial_number.as_slice());
        let bytes = bytes.map(AnyRef::value).unwrap_or_default();
        let digits = match bytes {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        hexadecimal(digits).to_uppercase()
    }
}

/// An INTEGER in DER, of these bytes.
pub(super) fn integer(bytes: &[u8]) -> Result<Vec<u8>, X509Error> {
    if bytes.is_empty() {
        return Err(X509Error::Malformed);
    }
    let number = AnyRef::new(Tag::Integer, bytes).map_err(X509Error::malformed)?;
    number.to_der().map_err(X509Error::malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the specification's table, in the order of the bits of RFC 5280.
    #[test]
    fn key_usages_have_the_masks_of_the_specification() {
        let rows = include_str!("../../../fixtures/kmip/x509_key_usage.csv").lines().skip(1);
        for (bit, row) in rows.enumerate() {
            let (name, words) = row.split_once(',').unwrap();
            let usage = Usage::new(KeyUsage { flags: 1 << bit });
            let mask = words.split('|').map(|word| match word {
                "Sign" => Mask::SIGN,
                "Verify" => Mask::VERIFY,
                "Encrypt" => Mask::ENCRYPT,
                "Decrypt" => Mask::DECRYPT,
                "WrapKey" => Mask::WRAP_KEY,
                "UnwrapKey" => Mask::UNWRAP_KEY,
                "ContentCommitment" => Mask::CONTENT_COMMITMENT,
                "KeyAgreement" => Mask::KEY_AGREEMENT,
                "CertificateSign" => Mask::CERTIFICATE_SIGN,
                "CRLSign" => Mask::CRL_SIGN,
                other => panic!("{other}"),
            });
            let mask = mask.fold(Mask::from_bits(0), Mask::union);
            assert_eq!(usage.mask(), mask, "{name}");
        }
    }
}
