//! Certificates to bring, made for the purpose.

use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CertificateType, ObjectType};
use kmip_ttlv::object::{Certificate, ManagedObject};
use kmip_ttlv::payload::register;
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, SerialNumber};

use super::ask::Request;

/// What a certificate of these tests says, with this common name.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "AU");
    params.distinguished_name.push(DnType::OrganizationName, "Us, Inc.");
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    params.serial_number = Some(SerialNumber::from_slice(&[0x80, 1]));
    params
}

/// A certificate that is signed by its own key.
pub(crate) fn self_signed(name: &str) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    params(name).self_signed(&key).unwrap().der().to_vec()
}

/// Register of a certificate.
pub(crate) fn bring_of(kind: CertificateType, value: &[u8], more: Vec<Attribute>) -> Request {
    register::Request {
        object_type: ObjectType::Certificate,
        attributes: more.into_iter().collect(),
        object: Some(ManagedObject::Certificate(Certificate { kind, value: value.to_vec() })),
        protection_storage_masks: None,
    }
    .into()
}

/// Register of an X.509 certificate.
pub(crate) fn bring(value: &[u8], more: Vec<Attribute>) -> Request {
    bring_of(CertificateType::X509, value, more)
}
