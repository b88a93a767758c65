//! A new version of the root key: made in the token, checked, and found by the other sessions.

use zeroize::Zeroizing;

use super::error::HsmError;
use super::link::Link;
use super::self_test;
use crate::keys::RootError;

impl Link {
    /// Makes a version in the token and has it prove itself.
    pub(super) fn make(&self, version: u32) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let mut state = self.write();
        let unavailable = |error: HsmError| RootError::Unavailable(error.to_string());
        let failure = state.failure.clone();
        let token = state.token.as_mut().ok_or(RootError::Unavailable(failure))?;
        token.look_again(&self.settings).map_err(unavailable)?;
        if !token.keys.contains_key(&version) {
            token.create_key(&self.settings, version, &*self.random).map_err(unavailable)?;
            token.look_again(&self.settings).map_err(unavailable)?;
        }
        let key = *token.keys.get(&version).ok_or(RootError::NoSuchVersion(version))?;
        let proof = self_test::prove(token, &self.settings, key, &*self.random);
        let proof = proof.map_err(unavailable)?;
        self.proofs().insert(version, proof.clone());
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
