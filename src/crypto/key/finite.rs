//! DSA and Diffie-Hellman keys: numbers that are kept and handed out, but not computed with (KMIP
//! 1.4 §2.1.7.2 to §2.1.7.7, KMIP 2.1 §3.5 to §3.10).

use kmip_ttlv::BigInteger;
use kmip_ttlv::object::{
    TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey,
};

use super::KeyError;

/// A key of this kind is what its transparent structure is.
macro_rules! finite {
    ($($(#[$doc:meta])* $name:ident($structure:ty): $value:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name($structure);

        impl $name {
            /// Bits of the prime modulus.
            #[must_use]
            pub fn bits(&self) -> usize {
                bits(&self.0.p)
            }

            pub(super) fn from_transparent(key: &$structure) -> Result<Self, KeyError> {
                let good = [&key.p, &key.g, &key.$value].into_iter().all(|part| bits(part) > 0);
                if good { Ok(Self(key.clone())) } else { Err(KeyError::Malformed) }
            }

            pub(super) fn to_transparent(&self) -> $structure {
                self.0.clone()
            }
        }
    )+};
}

finite! {
    /// A DSA public key.
    DsaPublic(TransparentDsaPublicKey): y;
    /// A DSA private key.
    DsaPrivate(TransparentDsaPrivateKey): x;
    /// A Diffie-Hellman public key.
    DhPublic(TransparentDhPublicKey): y;
    /// A Diffie-Hellman private key.
    DhPrivate(TransparentDhPrivateKey): x;
}

/// Bits of a number; 0 of none and of a negative one.
fn bits(number: &BigInteger) -> usize {
    let bytes = number.as_unsigned().unwrap_or_default();
    let leading = bytes.first().map_or(0, |byte| byte.leading_zeros());
    bytes.len().saturating_mul(8).saturating_sub(leading as usize)
}
