//! A version of the root key that leaves the token for good.
//!
//! The key is found by its label and number, and has to open what it has once sealed: another one
//! behind the same names is left alone. After it was destroyed it is looked for again.

use cryptoki::object::ObjectHandle;
use zeroize::Zeroizing;

use super::error::HsmError;
use super::link::{Doubt, Link};
use super::method::open;
use super::self_test;
use super::token::Token;
use crate::keys::RootError;

/// A version that is to be destroyed, and what it has sealed.
struct Doomed<'a> {
    version: u32,
    aad: &'a [u8],
    sealed: &'a [u8],
}

impl Link {
    /// Destroys a version in the token; reconnects if it must, once.
    pub(super) fn destroy(
        &self,
        version: u32,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RootError> {
        let doomed = Doomed { version, aad, sealed };
        let done = match self.try_destroy(&doomed) {
            Ok(done) => done,
            Err(doubt) => {
                self.reconnect(&doubt)?;
                let again = self.try_destroy(&doomed);
                again.unwrap_or_else(|doubt| Err(RootError::Unavailable(doubt.error)))
            }
        };
        done.map(|()| Zeroizing::default())
    }

    /// The inner result is the token's answer.
    fn try_destroy(&self, doomed: &Doomed<'_>) -> Result<Result<(), RootError>, Doubt> {
        let mut state = self.write();
        let (generation, failure) = (state.generation, state.failure.clone());
        let doubt = |error: String| Doubt { generation, error };
        let token = state.token.as_mut().ok_or_else(|| doubt(failure))?;
        let done = self.destroyed(token, doomed);
        done.map_err(|error| doubt(error.to_string()))
    }

    fn destroyed(
        &self,
        token: &mut Token,
        doomed: &Doomed<'_>,
    ) -> Result<Result<(), RootError>, HsmError> {
        let version = doomed.version;
        // From here on nobody asks for a proof of it: it may be gone, whatever is heard of it.
        token.keys.remove(&version);
        let proof = self.proofs().remove(&version);
        let Some(key) = token.find(&self.settings)?.get(&version).copied() else {
            // A token that is away has no keys at all.
            if let Some(other) = self.versions().first() {
                self.prove(token, *other)?;
            }
            return Ok(Err(RootError::NoSuchVersion(version)));
        };
        let keep = |token: &mut Token, key: ObjectHandle| {
            token.keys.insert(version, key);
            if let Some(proof) = &proof {
                self.proofs().insert(version, proof.clone());
            }
        };
        let opened = open(&token.brief_session()?, key, doomed.aad, doomed.sealed);
        if let Err(error) = opened {
            // It is another key if it works, and maybe the token's fault if it does not.
            let works = self_test::prove(token, &self.settings, key, &*self.random).is_ok();
            keep(token, key);
            return if works { Ok(Err(RootError::NotAuthentic)) } else { Err(error) };
        }
        let answer = token.destroy(key);
        let left = token.find(&self.settings)?.get(&version).copied();
        let Some(key) = left else { return answer.map(Ok) };
        keep(token, key);
        Ok(Err(RootError::Refused(match answer {
            Ok(()) => "C_DestroyObject answered OK, and the key is still there".to_owned(),
            Err(error) => error.to_string(),
        })))
    }
}
