//! A new version of the root key: made in the token, checked, and found by the other sessions.

use zeroize::Zeroizing;

use super::error::HsmError;
use super::link::{Doubt, Link};
use super::self_test;
use super::token::Token;
use crate::keys::RootError;

impl Link {
    /// Makes a version in the token and has it prove itself; reconnects if it must, once.
    pub(super) fn make(&self, version: u32) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let doubt = match self.try_make(version) {
            Ok(proof) => return Ok(proof),
            Err(doubt) => doubt,
        };
        self.reconnect(&doubt)?;
        self.try_make(version).map_err(|doubt| RootError::Unavailable(doubt.error))
    }

    /// What an attempt that failed has made is found by the next one.
    fn try_make(&self, version: u32) -> Result<Zeroizing<Vec<u8>>, Doubt> {
        let mut state = self.write();
        let (generation, failure) = (state.generation, state.failure.clone());
        let doubt = |error: String| Doubt { generation, error };
        let token = state.token.as_mut().ok_or_else(|| doubt(failure))?;
        self.made(token, version).map_err(|error| doubt(error.to_string()))
    }

    fn made(&self, token: &mut Token, version: u32) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        token.look_again(&self.settings)?;
        if !token.keys.contains_key(&version) {
            token.create_key(&self.settings, version, &*self.random)?;
            token.look_again(&self.settings)?;
        }
        let missing = || HsmError::VersionMissing {
            token: self.settings.token.clone(),
            label: self.settings.key_label.clone(),
            version,
        };
        let key = *token.keys.get(&version).ok_or_else(missing)?;
        let proof = self_test::prove(token, &self.settings, key, &*self.random)?;
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
