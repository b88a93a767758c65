//! Certificates to bring, made for the purpose.

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CertificateRequestType, CertificateType, KeyFormatType, ObjectType};
use kmip_ttlv::object::{Certificate, KeyMaterial, ManagedObject};
use kmip_ttlv::payload::{ResponsePayload, certify, register};
use rcgen::{
    CertificateParams, DnType, KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber,
};

use super::ask::{Request, get, uid_of};
use super::pair::half;
use super::world::{Answer, Client, text};

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

/// A key pair in PKCS#8, and the request of it, made from these words.
pub(crate) fn key_and_request(params: &CertificateParams) -> (KeyPair, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = params.clone();
    params.serial_number = None;
    let request = params.serialize_request(&key).unwrap().der().to_vec();
    (key, request)
}

/// Registers the public half of a key.
pub(crate) async fn public_key(client: &Client<'_>, key: &KeyPair) -> String {
    let spki = KeyMaterial::Bytes(Secret::new(key.subject_public_key_info()));
    uid_of(client.ask(super::pair::bring(half(false, KeyFormatType::X509, spki), vec![])).await)
}

/// Certify of a public key, with a request in PKCS#10 if there is one.
pub(crate) fn certify(uid: &str, request: Option<&[u8]>, more: Vec<Attribute>) -> Request {
    let attributes = (!more.is_empty()).then(|| more.into_iter().collect());
    certify::Request {
        uid: (!uid.is_empty()).then(|| uid.to_owned().into()),
        certificate_request_type: request.map(|_| CertificateRequestType::Pkcs10),
        certificate_request: request.map(|request| request.to_vec().into()),
        attributes,
        protection_storage_masks: None,
    }
    .into()
}

/// The identifier of a certificate that was issued.
pub(crate) fn issued(answer: Answer) -> String {
    match answer.unwrap() {
        ResponsePayload::Certify(response) => text(&response.uid),
        ResponsePayload::ReCertify(response) => text(&response.uid),
        other => panic!("{other:?}"),
    }
}

/// A certificate that is kept, in DER.
pub(crate) async fn fetch(client: &Client<'_>, uid: &str) -> Vec<u8> {
    match client.ask(get(uid)).await.unwrap() {
        ResponsePayload::Get(response) => match response.object {
            ManagedObject::Certificate(certificate) => certificate.value,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
