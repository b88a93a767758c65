//! Which of a container's certificates are a key's.

use crate::crypto::key::PrivateKey;
use crate::crypto::x509::{CHAIN_MAX, Certificate};

/// The certificate of this key (a `PrivateKeyInfo`), that of its issuer, and so on, as far as they are
/// there.
pub(super) fn of(key: &[u8], certificates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let public = PrivateKey::from_pkcs8(key).ok().and_then(|key| key.public());
    let mut rest: Vec<(Vec<u8>, Certificate)> = certificates
        .into_iter()
        .filter_map(|der| Certificate::read(&der).ok().map(|certificate| (der, certificate)))
        .collect();
    let mut chain = Vec::new();
    let mut next = rest.iter().position(|(_, own)| public.is_some() && own.key().ok() == public);
    while let Some(place) = next {
        let (der, certificate) = rest.remove(place);
        chain.push(der);
        if chain.len() == CHAIN_MAX {
            break;
        }
        next = rest.iter().position(|(_, other)| other.subject == certificate.issuer);
    }
    chain
}
