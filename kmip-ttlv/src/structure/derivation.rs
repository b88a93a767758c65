//! Derivation Parameters (KMIP 1.4 §4.6, KMIP 2.1 §7.12).

use crate::Secret;
use crate::attribute::CryptographicParameters;
use crate::codec::ttlv_struct;

ttlv_struct! {
    /// What a derivation method needs besides the base objects (KMIP 1.4 §4.6, KMIP 2.1 §7.12).
    pub struct DerivationParameters {
        /// The pseudorandom function, or the mode in which the base key encrypts.
        CryptographicParameters => parameters: Option<CryptographicParameters>;
        /// Initialization vector of that mode; empty if absent.
        InitializationVector => iv: Option<Vec<u8>>;
        /// What is encrypted, hashed or authenticated; 1.x allows one only.
        DerivationData => data: Vec<Secret<Vec<u8>>>;
        /// Salt of PBKDF2 and HKDF.
        Salt => salt: Option<Vec<u8>>;
        /// Iterations of PBKDF2.
        IterationCount => iteration_count: Option<i32>;
    }
}
