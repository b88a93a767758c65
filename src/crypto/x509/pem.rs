//! Certificates and keys in PEM (RFC 7468), as operators have them in files.

use kmip_ttlv::Secret;
use kmip_ttlv::enums::KeyFormatType;
use kmip_ttlv::object::KeyMaterial;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::X509Error;
use crate::crypto::key::{Hint, KeyError, PrivateKey};

/// What private keys are labelled as.
const KEYS: &[(&str, KeyFormatType)] = &[
    ("PRIVATE KEY", KeyFormatType::Pkcs8),
    ("RSA PRIVATE KEY", KeyFormatType::Pkcs1),
    ("EC PRIVATE KEY", KeyFormatType::EcPrivateKey),
];

/// All certificates of a text, in DER, in their order.
///
/// # Errors
/// [`X509Error::Malformed`].
pub fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, X509Error> {
    let mut found = Vec::new();
    for item in Pem::iter_from_buffer(text) {
        let item = item.map_err(X509Error::malformed)?;
        if item.label == "CERTIFICATE" {
            found.push(item.contents);
        }
    }
    Ok(found)
}

/// The first private key of a text.
///
/// # Errors
/// [`KeyError`], also where there is none.
pub fn private_key(text: &[u8]) -> Result<PrivateKey, KeyError> {
    for item in Pem::iter_from_buffer(text) {
        let item = item.map_err(|_| KeyError::Malformed)?;
        let contents = Zeroizing::new(item.contents);
        let format = KEYS.iter().find(|(label, _)| *label == item.label);
        if let Some((_, format)) = format {
            let material = KeyMaterial::Bytes(Secret::new(contents.to_vec()));
            return PrivateKey::read(*format, &material, Hint::default());
        }
    }
    Err(KeyError::Malformed)
}
