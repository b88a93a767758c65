//! The self-test: a token has to show that it can hold a root key, before anything depends on it.
//!
//! What a key sealed, it must open; the same text twice must not look the same (where the method has
//! an IV); and nothing that was changed, cut or moved may open.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;

use super::error::HsmError;
use super::link::PROOF;
use super::method::{Method, open};
use super::settings::TokenSettings;
use super::token::{Token, template};
use crate::keys::Random;

/// Where a proof does not belong.
const ELSEWHERE: &[u8] = b"keystrata proof elsewhere";

/// Tests one way to seal with a key of the token. What comes of it proves the key later on.
pub(super) fn run(
    token: &Token,
    key: ObjectHandle,
    method: Method,
    random: &dyn Random,
) -> Result<Vec<u8>, HsmError> {
    let failed = |why| HsmError::SelfTest { method: method.name(), why };
    // A session that has refused something is not used again.
    let opened = |aad: &[u8], blob: &[u8]| {
        let session = token.brief_session()?;
        open(&session, key, aad, blob)
    };
    let session = token.brief_session()?;
    let proof = method.seal(&session, key, random, PROOF, PROOF)?;
    let another = method.seal(&session, key, random, PROOF, PROOF)?;
    drop(session);
    if !method.wraps() && proof == another {
        return Err(failed("the same IV is used twice"));
    }
    if opened(PROOF, &proof)?.as_slice() != PROOF {
        return Err(failed("what was sealed opens as something else"));
    }
    if opened(ELSEWHERE, &proof).is_ok() {
        return Err(failed("what was moved to another place opens"));
    }
    for place in [1, proof.len() / 2, proof.len().saturating_sub(1)] {
        let mut changed = proof.clone();
        if let Some(byte) = changed.get_mut(place) {
            *byte ^= 1;
        }
        if opened(PROOF, &changed).is_ok() {
            return Err(failed("what was changed opens"));
        }
    }
    let cut = proof.get(..proof.len().saturating_sub(1)).unwrap_or_default();
    if opened(PROOF, cut).is_ok() {
        return Err(failed("what was cut opens"));
    }
    Ok(proof)
}

/// A proof of a root key, by the first method that works with it.
pub(super) fn prove(
    token: &Token,
    settings: &TokenSettings,
    key: ObjectHandle,
    random: &dyn Random,
) -> Result<Vec<u8>, HsmError> {
    first(token, settings, |method| run(token, key, method, random))
}

/// The first method that works with keys that this token makes. Leaves nothing in the token.
pub(super) fn working_method(
    token: &Token,
    settings: &TokenSettings,
    random: &dyn Random,
) -> Result<Method, HsmError> {
    first(token, settings, |method| with_passing_key(token, method, random).map(|()| method))
}

/// Tests a method with a key that goes with its session.
pub(super) fn with_passing_key(
    token: &Token,
    method: Method,
    random: &dyn Random,
) -> Result<(), HsmError> {
    let session = token.brief_session()?;
    let key = session.generate_key(&Mechanism::AesKeyGen, &template(method, false))?;
    let tested = run(token, key, method, random);
    session.destroy_object(key)?;
    tested.map(drop)
}

fn first<T>(
    token: &Token,
    settings: &TokenSettings,
    test: impl Fn(Method) -> Result<T, HsmError>,
) -> Result<T, HsmError> {
    let mut failures = Vec::new();
    for method in &token.offered {
        match test(*method) {
            Ok(found) => return Ok(found),
            Err(error) => failures.push(format!("{}: {error}", method.name())),
        }
    }
    Err(HsmError::NoMethod { token: settings.token.clone(), why: failures.join("; ") })
}
