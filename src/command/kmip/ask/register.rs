//! Register: an object out of a file.

use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use kmip_ttlv::Secret;
use kmip_ttlv::enums::{
    CertificateRequestType, CertificateType, KeyFormatType, ObjectType, OpaqueDataType,
    SecretDataType,
};
use kmip_ttlv::object::{
    Certificate, CertificateRequest, KeyBlock, KeyMaterial, KeyValue, ManagedObject, OpaqueObject,
    PrivateKey, PublicKey, SecretData, SymmetricKey,
};
use kmip_ttlv::payload::{RequestPayload, register};
use zeroize::Zeroizing;

use super::make::{Given, Kind, Usage};
use super::{Question, words};
use crate::command::Failure;
use crate::command::kmip::input::content;

/// The arguments of Register.
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    /// The file, in PEM where there is such a form, or as it is; standard input if left out
    file: Option<PathBuf>,
    /// What it holds: SymmetricKey, SecretData, OpaqueObject, Certificate, PublicKey, PrivateKey or
    /// CertificateRequest
    #[arg(long = "type", value_name = "TYPE", value_parser = words::object_type)]
    object_type: ObjectType,
    /// The form of a key, such as PKCS_8; of PEM, that which PEM says
    #[arg(long, value_name = "FORMAT", value_parser = words::key_format)]
    format: Option<KeyFormatType>,
    #[command(flatten)]
    kind: Kind,
    #[command(flatten)]
    usage: Usage,
    /// What secret data is: Password or Seed
    #[arg(long, value_name = "TYPE", default_value = "Password", value_parser = words::secret_type)]
    secret_type: SecretDataType,
    /// What opaque data is, by a vendor's number
    #[arg(long, value_name = "NUMBER", default_value_t = 0x8000_0000)]
    opaque_type: u32,
    /// What a certificate is: X_509 or PGP
    #[arg(long, value_name = "TYPE", default_value = "X_509",
          value_parser = words::certificate_type)]
    certificate_type: CertificateType,
    #[command(flatten)]
    given: Given,
}

impl Question for Register {
    fn payload(&self) -> Result<RequestPayload<'_>, Failure> {
        let input = content(self.file.as_deref())?;
        let object = self.object(&input)?;
        Ok(register::Request {
            object_type: object.object_type(),
            attributes: self.usage.attributes().chain(self.given.attributes()).collect(),
            object: Some(object),
            protection_storage_masks: None,
        }
        .into())
    }
}

impl Register {
    fn object(&self, input: &[u8]) -> Result<ManagedObject, Failure> {
        Ok(match self.object_type {
            ObjectType::SymmetricKey => {
                let bits = i32::try_from(input.len() * 8).ok();
                let mut key_block = self.block(KeyFormatType::Raw, input);
                key_block.length = self.kind.length.or(bits);
                ManagedObject::SymmetricKey(SymmetricKey { key_block })
            }
            ObjectType::SecretData => {
                let key_block = self.block(KeyFormatType::Opaque, input);
                ManagedObject::SecretData(SecretData { kind: self.secret_type, key_block })
            }
            ObjectType::OpaqueObject => ManagedObject::OpaqueObject(OpaqueObject {
                kind: OpaqueDataType::from_number(self.opaque_type),
                value: Secret::new(input.to_vec()),
            }),
            ObjectType::Certificate => {
                let value = pem(input)?.map_or_else(|| input.to_vec(), |pem| pem.der.to_vec());
                ManagedObject::Certificate(Certificate { kind: self.certificate_type, value })
            }
            ObjectType::CertificateRequest => {
                let value = pem(input)?.map_or_else(|| input.to_vec(), |pem| pem.der.to_vec());
                let kind = CertificateRequestType::Pkcs10;
                ManagedObject::CertificateRequest(CertificateRequest { kind, value })
            }
            ObjectType::PublicKey => {
                ManagedObject::PublicKey(PublicKey { key_block: self.asymmetric(input)? })
            }
            ObjectType::PrivateKey => {
                ManagedObject::PrivateKey(PrivateKey { key_block: self.asymmetric(input)? })
            }
            other => {
                let name = other.xml_name();
                return Err(Failure::new(format!(
                    "a {name} is registered by `keystrata kmip raw`"
                )));
            }
        })
    }

    /// A key block of bytes.
    fn block(&self, format: KeyFormatType, bytes: &[u8]) -> KeyBlock {
        let value = KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes.to_vec())));
        KeyBlock {
            algorithm: self.kind.algorithm,
            length: self.kind.length,
            ..KeyBlock::new(self.format.unwrap_or(format), value)
        }
    }

    /// A key block of a public or private key.
    fn asymmetric(&self, input: &[u8]) -> Result<KeyBlock, Failure> {
        if let Some(pem) = pem(input)? {
            let format = pem.format().or(self.format).ok_or_else(|| {
                Failure::new(format!("PEM says {}: say which --format that is", pem.label))
            })?;
            return Ok(self.block(format, &pem.der));
        }
        let format = self.format.ok_or_else(|| Failure::new("say which --format the key has"))?;
        Ok(self.block(format, input))
    }
}

/// What stands in a PEM file first.
struct Pem {
    label: String,
    der: Zeroizing<Vec<u8>>,
}

impl Pem {
    /// The form of a key under this label.
    fn format(&self) -> Option<KeyFormatType> {
        Some(match self.label.as_str() {
            "PRIVATE KEY" => KeyFormatType::Pkcs8,
            "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => KeyFormatType::Pkcs1,
            "EC PRIVATE KEY" => KeyFormatType::EcPrivateKey,
            "PUBLIC KEY" => KeyFormatType::X509,
            _ => return None,
        })
    }
}

/// Reads PEM; `None` if it is something else.
fn pem(input: &[u8]) -> Result<Option<Pem>, Failure> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(None) };
    // Parameters of a curve may stand before its key.
    let skipped = text.split_once("-----BEGIN EC PARAMETERS-----");
    let skipped = skipped.and_then(|(_, rest)| rest.split_once("-----END EC PARAMETERS-----"));
    let text = skipped.map_or(text, |(_, rest)| rest);
    let Some((_, rest)) = text.split_once("-----BEGIN ") else { return Ok(None) };
    let bad = || Failure::new("the PEM cannot be read");
    let (label, rest) = rest.split_once("-----").ok_or_else(bad)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(bad)?;
    if body.contains(':') || label.starts_with("ENCRYPTED") {
        return Err(Failure::new("the key is under a password: take that off first"));
    }
    let body: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    let der = Base64::decode_vec(&body).map_err(|_| bad())?;
    Ok(Some(Pem { label: label.to_owned(), der: Zeroizing::new(der) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_says_what_form_a_key_has() {
        let text =
            |label: &str| format!("-----BEGIN {label}-----\nAAEC\nAw==\n-----END {label}-----\n");
        let key = pem(text("EC PRIVATE KEY").as_bytes()).unwrap().unwrap();
        assert_eq!(
            (key.format(), &**key.der),
            (Some(KeyFormatType::EcPrivateKey), &[0, 1, 2, 3][..])
        );
        let both = [text("EC PARAMETERS"), text("PRIVATE KEY")].concat();
        assert_eq!(pem(both.as_bytes()).unwrap().unwrap().format(), Some(KeyFormatType::Pkcs8));
        assert!(pem(&[0x30, 0x82, 0xff]).unwrap().is_none());
        assert!(pem(b"5ec2e7").unwrap().is_none());
    }

    #[test]
    fn pem_that_cannot_be_used_is_refused() {
        for bad in [
            "-----BEGIN PRIVATE KEY-----\nAAEC",
            "-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAEC\n-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4\n\nAAEC\n-----END RSA PRIVATE KEY-----",
        ] {
            assert!(pem(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
