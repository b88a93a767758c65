//! Making a container.

use kmip_ttlv::enums::HashingAlgorithm;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{Any, BmpString, OctetString, SetOfVec};
use pkcs8::der::{Decode, Encode};
use pkcs12::cms::cert::x509::attr::{Attribute, Attributes};
use pkcs12::cms::content_info::{CmsVersion, ContentInfo};
use pkcs12::cms::encrypted_data::EncryptedData;
use pkcs12::cms::enveloped_data::EncryptedContentInfo;
use pkcs12::pbe_params::EncryptedPrivateKeyInfo;
use pkcs12::pfx::{Pfx, Version};
use pkcs12::{CertBag, SafeBag};

use super::password::{Password, octets};
use super::{Bundle, Pkcs12Error};
use crate::crypto::hash::hash;
use crate::crypto::random::Random;

/// Content that stands as it is (RFC 5652 §4).
pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// Content that is encrypted under a key that both sides know (RFC 5652 §8).
pub(super) const ENCRYPTED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
/// The name of what is in a bag (RFC 2985 §5.5.1).
pub(super) const FRIENDLY_NAME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
/// What a key and its certificate have in common (RFC 2985 §5.5.2).
pub(super) const LOCAL_KEY_ID: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// Makes a container under a password. Its first certificate is the key's.
///
/// # Errors
/// [`Pkcs12Error::BadName`], [`Pkcs12Error::Malformed`] for a bundle that is too long for DER, and
/// without randomness.
pub fn write(bundle: &Bundle, password: &str, random: &dyn Random) -> Result<Vec<u8>, Pkcs12Error> {
    let password = Password::new(password);
    let id = bundle.certificates.first().map(|own| hash(HashingAlgorithm::Sha256, own));
    let id = id.transpose().map_err(Pkcs12Error::malformed)?;
    let attributes = attributes(bundle.name.as_deref(), id.as_deref())?;

    let (encryption_algorithm, encrypted_data) = password.seal(&bundle.key, random)?;
    let key = EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data };
    let key = bag(pkcs12::PKCS_12_PKCS8_KEY_BAG_OID, &key, attributes.clone())?;
    let mut safes = vec![plain(&[key])?];

    let mut certificates = Vec::new();
    for (place, certificate) in bundle.certificates.iter().enumerate() {
        let certificate =
            CertBag { cert_id: pkcs12::PKCS_12_X509_CERT_OID, cert_value: octets(certificate)? };
        let attributes = if place == 0 { attributes.clone() } else { None };
        certificates.push(bag(pkcs12::PKCS_12_CERT_BAG_OID, &certificate, attributes)?);
    }
    if !certificates.is_empty() {
        safes.push(encrypted(&certificates, &password, random)?);
    }

    let content = der(&safes)?;
    let mac = password.mac(&content, random)?;
    let auth_safe = ContentInfo { content_type: DATA, content: any(&octets(&content)?)? };
    der(&Pfx { version: Version::V3, auth_safe, mac_data: Some(mac) })
}

fn bag(
    bag_id: ObjectIdentifier,
    value: &impl Encode,
    bag_attributes: Option<Attributes>,
) -> Result<SafeBag, Pkcs12Error> {
    Ok(SafeBag { bag_id, bag_value: der(value)?, bag_attributes })
}

/// The name and the identifier that a bag has.
fn attributes(name: Option<&str>, id: Option<&[u8]>) -> Result<Option<Attributes>, Pkcs12Error> {
    let mut attributes = Attributes::new();
    let mut put = |oid, value| {
        let values = SetOfVec::try_from(vec![value]).map_err(Pkcs12Error::malformed)?;
        attributes.insert(Attribute { oid, values }).map_err(Pkcs12Error::malformed)
    };
    if let Some(name) = name {
        let name = BmpString::from_utf8(name).map_err(|_| Pkcs12Error::BadName)?;
        put(FRIENDLY_NAME, any(&name)?)?;
    }
    if let Some(id) = id {
        put(LOCAL_KEY_ID, any(&octets(id)?)?)?;
    }
    Ok((!attributes.is_empty()).then_some(attributes))
}

fn plain(bags: &[SafeBag]) -> Result<ContentInfo, Pkcs12Error> {
    let content = octets(&der(&bags.to_vec())?)?;
    Ok(ContentInfo { content_type: DATA, content: any(&content)? })
}

fn encrypted(
    bags: &[SafeBag],
    password: &Password<'_>,
    random: &dyn Random,
) -> Result<ContentInfo, Pkcs12Error> {
    let (content_enc_alg, sealed): (_, OctetString) =
        password.seal(&der(&bags.to_vec())?, random)?;
    let data = EncryptedData {
        version: CmsVersion::V0,
        enc_content_info: EncryptedContentInfo {
            content_type: DATA,
            content_enc_alg,
            encrypted_content: Some(sealed),
        },
        unprotected_attrs: None,
    };
    Ok(ContentInfo { content_type: ENCRYPTED_DATA, content: any(&data)? })
}

fn der(value: &impl Encode) -> Result<Vec<u8>, Pkcs12Error> {
    value.to_der().map_err(Pkcs12Error::malformed)
}

fn any(value: &impl Encode) -> Result<Any, Pkcs12Error> {
    Any::from_der(&der(value)?).map_err(Pkcs12Error::malformed)
}
