//! Adapters to the cryptographic crates; the splitting of secrets alone is our own. Nobody else in the
//! house names a cipher's crate.

pub mod aead;
pub mod cipher;
pub mod derive;
pub mod error;
pub mod hash;
pub mod key;
pub mod limit;
pub mod mac;
pub mod openpgp;
pub mod pkcs12;
pub mod policy;
mod pss;
pub mod random;
mod rng;
pub mod rsa_cipher;
pub mod signature;
pub mod signing_key;
pub mod split;
mod state;
pub mod wrap;
pub mod x509;

/// Runs code with a hash as a type, `Result` for those that there are.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $body:expr) => {{
        use kmip_ttlv::enums::HashingAlgorithm as H;
        match $hash {
            H::Sha1 => {
                type $D = sha1::Sha1;
                $body
            }
            H::Sha224 => {
                type $D = sha2::Sha224;
                $body
            }
            H::Sha256 => {
                type $D = sha2::Sha256;
                $body
            }
            H::Sha384 => {
                type $D = sha2::Sha384;
                $body
            }
            H::Sha512 => {
                type $D = sha2::Sha512;
                $body
            }
            H::Sha512_224 => {
                type $D = sha2::Sha512_224;
                $body
            }
            H::Sha512_256 => {
                type $D = sha2::Sha512_256;
                $body
            }
            H::Sha3_224 => {
                type $D = sha3::Sha3_224;
                $body
            }
            H::Sha3_256 => {
                type $D = sha3::Sha3_256;
                $body
            }
            H::Sha3_384 => {
                type $D = sha3::Sha3_384;
                $body
            }
            H::Sha3_512 => {
                type $D = sha3::Sha3_512;
                $body
            }
            _ => Err(Error::UnsupportedHash),
        }
    }};
}
use with_hash;

pub use error::Error;
pub use limit::Limits;
