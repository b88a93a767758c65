//! What a tenant may compute, and with which keys.

use kmip_ttlv::enums::{BlockCipherMode, CryptographicAlgorithm as A};

/// Algorithms that only old estates need.
const LEGACY: &[A] = &[
    A::Des,
    A::Des3,
    A::HmacMd5,
    A::Blowfish,
    A::Cast5,
    A::Idea,
    A::Mars,
    A::Rc2,
    A::Rc4,
    A::Rc5,
    A::Skipjack,
];

/// The least length of RSA keys that are made today, in bits (SP 800-131A §3).
const RSA_BITS_TODAY: usize = 2048;

/// The policy of a tenant. The usual one allows everything that is served, but what only old estates
/// need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether what only old estates need is allowed: keys of DES, 3DES and other algorithms that are
    /// not to be used any more, new RSA keys of less than 2048 bits, and decryption with RSA PKCS#1
    /// v1.5.
    pub legacy: bool,
    /// The only algorithms that keys may have; any, if absent. One name stands for all that keys of
    /// elliptic curves are called by.
    pub algorithms: Option<Vec<A>>,
    /// The only modes in which block ciphers work; any, if absent.
    pub modes: Option<Vec<BlockCipherMode>>,
    /// The least length of the keys of some algorithms, in bits.
    pub bits_min: Vec<(A, i32)>,
}

/// What a policy does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Keys of this algorithm.
    #[error("the tenant's policy does not allow keys of this Cryptographic Algorithm")]
    Algorithm,
    /// Keys as short as this.
    #[error("the tenant's policy does not allow keys of this Cryptographic Length")]
    Length,
    /// This mode of operation.
    #[error("the tenant's policy does not allow this Block Cipher Mode")]
    Mode,
    /// Decryption with RSA PKCS#1 v1.5.
    #[error("the tenant's policy does not allow decryption with PKCS#1 v1.5 padding")]
    Padding,
}

impl Policy {
    /// Whether a key may be made, kept and used. `bits` is asked for only where lengths are limited;
    /// of a key whose length nobody knows there is no value that could be used.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn check_key(
        &self,
        algorithm: A,
        bits: impl FnOnce() -> Option<i32>,
    ) -> Result<(), Forbidden> {
        let is_meant = |named: &A| family(*named) == family(algorithm);
        if !self.legacy && LEGACY.contains(&algorithm) {
            return Err(Forbidden::Algorithm);
        }
        if self.algorithms.as_ref().is_some_and(|allowed| !allowed.iter().any(is_meant)) {
            return Err(Forbidden::Algorithm);
        }
        let Some((_, bits_min)) = self.bits_min.iter().find(|(named, _)| is_meant(named)) else {
            return Ok(());
        };
        if bits().is_some_and(|bits| bits < *bits_min) { Err(Forbidden::Length) } else { Ok(()) }
    }

    /// Whether an RSA key of so many bits may be made. What is too short today may still be kept and
    /// used.
    ///
    /// # Errors
    /// [`Forbidden::Length`].
    pub fn check_new_rsa_key(&self, bits: usize) -> Result<(), Forbidden> {
        if bits < RSA_BITS_TODAY && !self.legacy { Err(Forbidden::Length) } else { Ok(()) }
    }

    /// Whether a block cipher may work in this mode.
    ///
    /// # Errors
    /// [`Forbidden::Mode`].
    pub fn check_mode(&self, mode: BlockCipherMode) -> Result<(), Forbidden> {
        match &self.modes {
            Some(allowed) if !allowed.contains(&mode) => Err(Forbidden::Mode),
            _ => Ok(()),
        }
    }
}

/// One name for all that keys of elliptic curves are called by.
fn family(algorithm: A) -> A {
    match algorithm {
        A::Ecdh | A::Ecmqv | A::Ec => A::Ecdsa,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_policy_refuses_what_only_old_estates_need() {
        let (usual, legacy) = (Policy::default(), Policy { legacy: true, ..Policy::default() });
        for (algorithm, _) in A::ALL {
            let is_old = LEGACY.contains(algorithm);
            let refused = usual.check_key(*algorithm, || Some(1)) == Err(Forbidden::Algorithm);
            assert_eq!(refused, is_old, "{algorithm:?}");
            assert_eq!(legacy.check_key(*algorithm, || Some(1)), Ok(()));
        }
    }

    #[test]
    fn short_rsa_keys_are_made_for_old_estates_alone() {
        let (usual, legacy) = (Policy::default(), Policy { legacy: true, ..Policy::default() });
        assert_eq!(usual.check_new_rsa_key(1024), Err(Forbidden::Length));
        assert_eq!(usual.check_key(A::Rsa, || Some(1024)), Ok(()));
        assert_eq!(usual.check_new_rsa_key(2048), Ok(()));
        assert_eq!(legacy.check_new_rsa_key(1024), Ok(()));
    }

    #[test]
    fn a_policy_names_algorithms_lengths_and_modes() {
        let policy = Policy {
            legacy: false,
            algorithms: Some(vec![A::Aes, A::Rsa, A::Ec, A::Des3]),
            modes: Some(vec![BlockCipherMode::Gcm]),
            bits_min: vec![(A::Rsa, 3072), (A::Ec, 256)],
        };
        for (algorithm, bits, expected) in [
            (A::Aes, Some(128), Ok(())),
            (A::Rsa, Some(3072), Ok(())),
            (A::Rsa, Some(3071), Err(Forbidden::Length)),
            (A::Rsa, None, Ok(())),
            (A::Ecdsa, Some(256), Ok(())),
            (A::Ecdh, Some(255), Err(Forbidden::Length)),
            (A::Camellia, Some(256), Err(Forbidden::Algorithm)),
            // To be on the list is not to be of today.
            (A::Des3, Some(168), Err(Forbidden::Algorithm)),
        ] {
            assert_eq!(policy.check_key(algorithm, || bits), expected, "{algorithm:?} {bits:?}");
        }
        assert_eq!(policy.check_mode(BlockCipherMode::Gcm), Ok(()));
        assert_eq!(policy.check_mode(BlockCipherMode::Ecb), Err(Forbidden::Mode));
        assert_eq!(Policy::default().check_mode(BlockCipherMode::Ecb), Ok(()));
    }
}
