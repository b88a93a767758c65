//! Encrypt and Decrypt with a service's own key (L3): for data, and for keys that the service keeps
//! elsewhere.
//!
//! By AES-GCM alone, in one request, under an IV of 96 bits that is made here, with the whole tag. The
//! key that computes is derived from the version of the service's key and seals nothing else, so that no
//! client can open an envelope or make one. Other modes under that same key would tell what GCM keeps to
//! itself.
//!
//! The answer names the version that has encrypted. Decrypt takes that identifier, or the key's: then the
//! version is found by the tag, the newest first.

use std::borrow::Cow;
use std::mem;

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm};
use kmip_ttlv::payload::{ResponsePayload, decrypt, encrypt};

use super::super::context::{Context, Held};
use super::super::part::{Part, Step};
use super::super::{Failure, Outcome, cipher_parameters};
use super::{Named, SERVICE_KEY};
use crate::crypto::Error;
use crate::crypto::cipher::{self, Parameters};
use crate::store::{Change, KeyLevel, KeyRow, KeyState};

/// Bytes of the IV: random ones of this length do not meet within the life of a version.
const IV_BYTES: usize = 12;
/// Bytes of the tag. A shorter one would be met sooner by trying, the more so among several versions.
const TAG_BYTES: usize = 16;
/// Versions that are tried for a ciphertext of which nobody says which it needs. Older ones are named.
const VERSIONS_TRIED_MAX: usize = 16;

/// Encrypts under the version that seals.
///
/// # Errors
/// [`Failure::InvalidField`] for an IV, those of the computation, or what is wrong with the hierarchy.
pub(in crate::operation) async fn encrypt(
    cx: &Context<'_>,
    request: &encrypt::Request<'_>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Outcome, Failure> {
    if request.iv.is_some() {
        let message = "a key of the hierarchy encrypts under IVs that are made here: give none";
        return Err(Failure::InvalidField(message.into()));
    }
    let parameters = settle(cx, held, request.parameters.as_ref(), part)?;
    let key = cx.own_key(None).await?;
    let version = key.version();
    if wanted(held).is_some_and(|wanted| wanted != version) {
        return Err(Failure::WrongState("this version of the key encrypts no more"));
    }
    let aad = request.additional_data.as_deref().unwrap_or_default();
    let (client_key, random) = (key.client_key(), &*cx.parts().random);
    let sealed = cipher::encrypt(&parameters, client_key.as_bytes(), None, aad, part.data, random)?;
    if sealed.made_iv.as_ref().is_none_or(|iv| iv.len() != IV_BYTES) {
        return Err(Error::BadIvLength.into());
    }
    let level = KeyLevel::Service(cx.service());
    let rows = cx.parts().store.keys(level).await?;
    // Noted once, so that nobody removes the version as if nothing needed it.
    let is_noted = rows.iter().any(|row| row.version == version && row.client_use);
    let changes = if is_noted { vec![] } else { vec![Change::ClientUse { level, version }] };
    let uid = identifier(cx, version);
    let response = encrypt::Response {
        uid: uid.clone().into(),
        data: Some(Secret::new(sealed.data).into()),
        iv: sealed.made_iv.map(Cow::Owned),
        correlation_value: None,
        tag: sealed.tag.map(Cow::Owned),
    };
    Ok(Outcome::changed(uid, changes, ResponsePayload::Encrypt(response)))
}

/// Decrypts under the version that is named, or the one whose tag it is.
///
/// # Errors
/// Those of the computation, or what is wrong with the hierarchy.
pub(in crate::operation) async fn decrypt(
    cx: &Context<'_>,
    request: &decrypt::Request<'_>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Outcome, Failure> {
    let parameters = settle(cx, held, request.parameters.as_ref(), part)?;
    let versions = match wanted(held) {
        Some(version) => vec![version],
        None => candidates(&cx.parts().store.keys(KeyLevel::Service(cx.service())).await?),
    };
    let aad = request.additional_data.as_deref().unwrap_or_default();
    let (iv, tag) = (request.iv.as_deref(), request.tag.as_deref());
    for version in versions {
        let client_key = cx.own_key(Some(version)).await?.client_key();
        let plain = cipher::decrypt(&parameters, client_key.as_bytes(), iv, aad, tag, part.data);
        match plain {
            Err(Error::Rejected) => {}
            Err(error) => return Err(error.into()),
            Ok(mut plain) => {
                let uid = identifier(cx, version);
                let response = decrypt::Response {
                    uid: uid.clone().into(),
                    data: Some(Secret::new(mem::take(&mut *plain)).into()),
                    correlation_value: None,
                };
                return Ok(Outcome::read(uid, ResponsePayload::Decrypt(response)));
            }
        }
    }
    Err(Error::Rejected.into())
}

/// The version that an object is, if it is one.
fn wanted(held: &Held) -> Option<u32> {
    Named::read(&held.object().uid)?.version
}

fn identifier(cx: &Context<'_>, version: u32) -> String {
    format!("{SERVICE_KEY}{}:{version}", cx.service_name())
}

/// The versions that may have encrypted something, the newest first.
fn candidates(rows: &[KeyRow]) -> Vec<u32> {
    let opens = |row: &&KeyRow| matches!(row.state, KeyState::Active | KeyState::Retired);
    let newest = rows.iter().rev().filter(opens).map(|row| row.version);
    newest.take(VERSIONS_TRIED_MAX).collect()
}

/// Holds that it is AES-GCM, and all of it in one request.
fn settle(
    cx: &Context<'_>,
    held: &Held,
    wanted: Option<&CryptographicParameters>,
    part: &Part<'_>,
) -> Result<Parameters, Failure> {
    if part.step != Step::Whole {
        return Err(Failure::FeatureNotSupported(
            "a key of the hierarchy encrypts and decrypts in one request, and not in parts",
        ));
    }
    let parameters = cipher_parameters::settle(cx, held.object(), wanted)?;
    let is_gcm = (parameters.algorithm(), parameters.mode())
        == (CryptographicAlgorithm::Aes, BlockCipherMode::Gcm);
    match parameters.tag_bytes() {
        _ if !is_gcm => Err(Error::Unsupported.into()),
        TAG_BYTES => Ok(parameters),
        _ => Err(Error::BadTagLength.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::store::Sealed;
    use crate::tenant::ServiceId;

    #[test]
    fn the_newest_versions_that_open_are_tried() {
        let row = |version: u32, state| KeyRow {
            level: KeyLevel::Service(ServiceId(1)),
            version,
            state,
            sealed: Sealed::from_envelope(&[]),
            compromised: false,
            client_use: true,
            created: Timestamp(0),
        };
        let mut rows: Vec<_> = (1..=40).map(|version| row(version, KeyState::Retired)).collect();
        rows[38].state = KeyState::Destroyed;
        rows.push(row(41, KeyState::Active));
        rows.push(row(42, KeyState::Pending));
        let tried = candidates(&rows);
        assert_eq!((tried.len(), tried[0], tried[1], tried[2]), (16, 41, 40, 38));
    }
}
