//! Reading a container.

use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{Any, BmpString, ContextSpecific, OctetString};
use pkcs8::der::{Decode, Encode};
use pkcs12::cms::content_info::ContentInfo;
use pkcs12::cms::encrypted_data::EncryptedData;
use pkcs12::pbe_params::EncryptedPrivateKeyInfo;
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::SafeContents;
use pkcs12::{CertBag, SafeBag};
use zeroize::Zeroizing;

use super::password::Password;
use super::write::{DATA, ENCRYPTED_DATA, FRIENDLY_NAME};
use super::{BAGS_MAX, BYTES_MAX, Bundle, Pkcs12Error, chain};

/// Reads a container: the private key of this name, or the first one if no name is wanted, and its
/// certificates. Names are compared without regard to case (RFC 2985 §5.5.1).
///
/// # Errors
/// See [`Pkcs12Error`].
pub fn read(der: &[u8], password: &str, name: Option<&str>) -> Result<Bundle, Pkcs12Error> {
    if der.len() > BYTES_MAX {
        return Err(Pkcs12Error::TooMuch);
    }
    let mut password = Password::new(password);
    let container = Pfx::from_der(der).map_err(Pkcs12Error::malformed)?;
    let content = content(&container.auth_safe)?;
    let mac = container.mac_data.as_ref().ok_or(Pkcs12Error::Unreadable)?;
    password.verify(mac, content.as_bytes())?;

    let mut bags = Vec::new();
    let safes = Vec::<ContentInfo>::from_der(content.as_bytes()).map_err(Pkcs12Error::malformed)?;
    if safes.len() > BAGS_MAX {
        return Err(Pkcs12Error::TooMuch);
    }
    for safe in &safes {
        bags.extend(open(safe, &mut password)?);
        if bags.len() > BAGS_MAX {
            return Err(Pkcs12Error::TooMuch);
        }
    }
    let (key, name) = key(&bags, &mut password, name)?;
    let certificates = bags.iter().filter_map(certificate).collect::<Result<Vec<_>, _>>()?;
    let certificates = chain::of(&key, certificates);
    Ok(Bundle { key, name, certificates })
}

/// The bytes of a content that is not encrypted.
fn content(safe: &ContentInfo) -> Result<OctetString, Pkcs12Error> {
    if safe.content_type != DATA {
        return Err(Pkcs12Error::Unreadable);
    }
    safe.content.decode_as().map_err(Pkcs12Error::malformed)
}

/// The bags of one safe.
fn open(safe: &ContentInfo, password: &mut Password<'_>) -> Result<SafeContents, Pkcs12Error> {
    let plain = if safe.content_type == ENCRYPTED_DATA {
        let data: EncryptedData = safe.content.decode_as().map_err(Pkcs12Error::malformed)?;
        let inner = data.enc_content_info;
        let sealed = inner.encrypted_content.ok_or(Pkcs12Error::Malformed)?;
        password.open(&inner.content_enc_alg, sealed.as_bytes())?
    } else {
        Zeroizing::new(content(safe)?.as_bytes().to_vec())
    };
    SafeContents::from_der(&plain).map_err(Pkcs12Error::malformed)
}

/// The key that is wanted, and its name.
fn key(
    bags: &[SafeBag],
    password: &mut Password<'_>,
    wanted: Option<&str>,
) -> Result<(Zeroizing<Vec<u8>>, Option<String>), Pkcs12Error> {
    let kinds = [pkcs12::PKCS_12_KEY_BAG_OID, pkcs12::PKCS_12_PKCS8_KEY_BAG_OID];
    let wanted = wanted.map(str::to_lowercase);
    let mut keys = bags.iter().filter(|bag| kinds.contains(&bag.bag_id));
    let bag = keys.find(|bag| {
        wanted.is_none() || friendly_name(bag).map(|name| name.to_lowercase()) == wanted
    });
    let bag = bag.ok_or(Pkcs12Error::NoKey)?;
    let key = if bag.bag_id == pkcs12::PKCS_12_KEY_BAG_OID {
        let plain: Any = value(bag)?;
        Zeroizing::new(plain.to_der().map_err(Pkcs12Error::malformed)?)
    } else {
        let sealed: EncryptedPrivateKeyInfo = value(bag)?;
        password.open(&sealed.encryption_algorithm, sealed.encrypted_data.as_bytes())?
    };
    Ok((key, friendly_name(bag)))
}

/// The certificate in a bag; `None` for what is none of X.509.
fn certificate(bag: &SafeBag) -> Option<Result<Vec<u8>, Pkcs12Error>> {
    if bag.bag_id != pkcs12::PKCS_12_CERT_BAG_OID {
        return None;
    }
    let found: CertBag = match value(bag) {
        Ok(found) => found,
        Err(error) => return Some(Err(error)),
    };
    let is_x509 = found.cert_id == pkcs12::PKCS_12_X509_CERT_OID;
    is_x509.then(|| Ok(found.cert_value.into_bytes().into_vec()))
}

/// What is in a bag. (The crate leaves the tag around it to whoever reads.)
fn value<T>(bag: &SafeBag) -> Result<T, Pkcs12Error>
where
    T: for<'a> Decode<'a, Error = pkcs8::der::Error> + pkcs8::der::Tagged,
{
    let tagged = ContextSpecific::<T>::from_der(&bag.bag_value).map_err(Pkcs12Error::malformed)?;
    Ok(tagged.value)
}

fn friendly_name(bag: &SafeBag) -> Option<String> {
    let value = attribute(bag, FRIENDLY_NAME)?;
    Some(value.decode_as::<BmpString>().ok()?.to_string())
}

fn attribute(bag: &SafeBag, oid: ObjectIdentifier) -> Option<&Any> {
    let attributes = bag.bag_attributes.as_ref()?;
    attributes.iter().find(|attribute| attribute.oid == oid)?.values.iter().next()
}
