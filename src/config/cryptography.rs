//! `[cryptography]`: what tenants may compute, and with which keys.

use std::collections::BTreeMap;

use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::names::tenant;
use crate::tenant::TenantName;

/// `[cryptography]`: what tenants may compute for whom nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cryptography {
    /// Whether is allowed what only old estates need: decryption with RSA PKCS#1 v1.5, and keys of
    /// DES, 3DES, SKIPJACK, RC4 and other algorithms that are not to be used any more.
    pub legacy: bool,
    /// The only algorithms that keys may have, by KMIP's names; any, if absent.
    #[serde(deserialize_with = "algorithms")]
    pub algorithms: Option<Vec<CryptographicAlgorithm>>,
    /// The only modes of block ciphers, by KMIP's names; any, if absent.
    #[serde(deserialize_with = "modes")]
    pub modes: Option<Vec<BlockCipherMode>>,
    /// The least bits of the keys of some algorithms.
    #[serde(deserialize_with = "bits_min")]
    pub bits_min: Vec<(CryptographicAlgorithm, i32)>,
    /// For some tenants, in place of all of the above.
    #[serde(rename = "for")]
    pub of: Vec<CryptographyOf>,
}

/// `[[cryptography.for]]`: what one tenant may compute. What it leaves out is as usual for the
/// server, and not as `[cryptography]` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CryptographyOf {
    /// The tenant.
    #[serde(deserialize_with = "tenant")]
    pub tenant: TenantName,
    /// See [`Cryptography::legacy`].
    #[serde(default)]
    pub legacy: bool,
    /// See [`Cryptography::algorithms`].
    #[serde(default, deserialize_with = "algorithms")]
    pub algorithms: Option<Vec<CryptographicAlgorithm>>,
    /// See [`Cryptography::modes`].
    #[serde(default, deserialize_with = "modes")]
    pub modes: Option<Vec<BlockCipherMode>>,
    /// See [`Cryptography::bits_min`].
    #[serde(default, deserialize_with = "bits_min")]
    pub bits_min: Vec<(CryptographicAlgorithm, i32)>,
}

fn algorithm<E: Error>(name: &str) -> Result<CryptographicAlgorithm, E> {
    let unknown = || E::custom(format!("KMIP has no algorithm {name:?}: write \"AES\" or \"RSA\""));
    CryptographicAlgorithm::from_name(name).ok_or_else(unknown)
}

fn algorithms<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<CryptographicAlgorithm>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| algorithm(name)).collect::<Result<_, _>>().map(Some)
}

fn modes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<BlockCipherMode>>, D::Error> {
    let mode = |name: &String| {
        let unknown = || D::Error::custom(format!("KMIP has no mode {name:?}: write \"GCM\""));
        BlockCipherMode::from_xml_name(name).ok_or_else(unknown)
    };
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(mode).collect::<Result<_, _>>().map(Some)
}

fn bits_min<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(CryptographicAlgorithm, i32)>, D::Error> {
    let named = BTreeMap::<String, u16>::deserialize(deserializer)?;
    named.iter().map(|(name, bits)| Ok((algorithm(name)?, i32::from(*bits)))).collect()
}
