//! A new version of the root key: made in the token, checked, and found by the other sessions.

use zeroize::Zeroizing;

use super::error::HsmError;
use super::link::{Link, PROOF, open};
use crate::keys::RootError;

impl Link {
    /// Makes a version in the token and has it prove itself: what it sealed, it must open, and not
    /// after a bit of it was turned around.
    pub(super) fn make(&self, version: u32) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let mut state = self.write();
        let unavailable = |error: HsmError| RootError::Unavailable(error.to_string());
        let failure = state.failure.clone();
        let token = state.token.as_mut().ok_or(RootError::Unavailable(failure))?;
        token.look_again(&self.settings).map_err(unavailable)?;
        if !token.keys.contains_key(&version) {
            token.create_key(&self.settings, version).map_err(unavailable)?;
            token.look_again(&self.settings).map_err(unavailable)?;
        }
        let key = *token.keys.get(&version).ok_or(RootError::NoSuchVersion(version))?;
        let session = token.brief_session().map_err(unavailable)?;
        let proof = self.seal(&session, key, PROOF, PROOF).map_err(unavailable)?;
        self.proofs().insert(version, proof.clone());
        self.prove(token, version).map_err(unavailable)?;
        let mut tampered = proof.clone();
        if let Some(last) = tampered.last_mut() {
            *last ^= 1;
        }
        drop(session);
        let session = token.brief_session().map_err(unavailable)?;
        if open(&session, key, PROOF, &tampered).is_ok() {
            let line = "the token opens what was tampered with: it cannot hold a root key";
            return Err(RootError::Unavailable(line.into()));
        }
        Ok(Zeroizing::new(proof))
    }

    /// Looks for keys that the token has got since; whether there are any.
    pub(super) fn look_again(&self) -> bool {
        let mut state = self.write();
        let Some(token) = state.token.as_mut() else { return false };
        let before = token.keys.len();
        if let Err(error) = token.look_again(&self.settings) {
            tracing::warn!(%error, "the keys of the token cannot be read again");
            return false;
        }
        if token.keys.len() == before {
            return false;
        }
        match self.prove_all(token) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "a new key of the token has not proved itself");
                false
            }
        }
    }
}
