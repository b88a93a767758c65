//! What the crates do for ML-KEM and ML-DSA: seeds, keys, ciphertexts and signatures as bytes.

#![expect(deprecated, reason = "an expanded key that comes with its seed is compared with it")]

use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87,
    ML_DSA_87_SIGNING, PqdsaKeyPair, UnparsedPublicKey,
};
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{B32, ExpandedKeyEncoding, MlKem512, MlKem768, MlKem1024, Seed};
use zeroize::{Zeroize, Zeroizing};

use super::lattice::Bytes;

macro_rules! kem {
    ($($name:ident $set:ident;)+) => {$(
        pub(super) struct $name;

        impl $name {
            fn key(seed: &[u8]) -> Option<ml_kem::DecapsulationKey<$set>> {
                let mut seed = Seed::try_from(seed).ok()?;
                let key = ml_kem::DecapsulationKey::from_seed(seed);
                seed.zeroize();
                Some(key)
            }

            fn public_key(bytes: &[u8]) -> Option<ml_kem::EncapsulationKey<$set>> {
                ml_kem::EncapsulationKey::new(&bytes.try_into().ok()?).ok()
            }

            pub(super) fn public(seed: &[u8]) -> Option<Vec<u8>> {
                Some(Self::key(seed)?.encapsulation_key().to_bytes().to_vec())
            }

            pub(super) fn expanded(seed: &[u8]) -> Option<Bytes> {
                let mut expanded = Self::key(seed)?.to_expanded_bytes();
                let bytes = Zeroizing::new(expanded.to_vec());
                expanded.zeroize();
                Some(bytes)
            }

            pub(super) fn is_public(bytes: &[u8]) -> bool {
                Self::public_key(bytes).is_some()
            }

            pub(super) fn encapsulate(key: &[u8], message: &[u8; 32]) -> Option<(Vec<u8>, Bytes)> {
                let mut message = B32::from(*message);
                let made = Self::public_key(key)?.encapsulate_deterministic(&message);
                message.zeroize();
                let (ciphertext, mut shared) = made;
                let secret = Zeroizing::new(shared.to_vec());
                shared.zeroize();
                Some((ciphertext.to_vec(), secret))
            }

            pub(super) fn decapsulate(seed: &[u8], ciphertext: &[u8]) -> Option<Bytes> {
                let mut shared = Self::key(seed)?.decapsulate(&ciphertext.try_into().ok()?);
                let secret = Zeroizing::new(shared.to_vec());
                shared.zeroize();
                Some(secret)
            }
        }
    )+};
}

kem! {
    Kem512  MlKem512;
    Kem768  MlKem768;
    Kem1024 MlKem1024;
}

macro_rules! dsa {
    ($($name:ident $signing:ident $verifying:ident;)+) => {$(
        pub(super) struct $name;

        impl $name {
            fn key(seed: &[u8]) -> Option<PqdsaKeyPair> {
                PqdsaKeyPair::from_seed(&$signing, seed).ok()
            }

            pub(super) fn public(seed: &[u8]) -> Option<Vec<u8>> {
                Some(Self::key(seed)?.public_key().as_ref().to_vec())
            }

            pub(super) fn expanded(seed: &[u8]) -> Option<Bytes> {
                let expanded = Self::key(seed)?.private_key().as_raw_bytes().ok()?;
                Some(Zeroizing::new(expanded.as_ref().to_vec()))
            }

            /// Any bytes of the right number are a key (FIPS 204 §7.2).
            pub(super) fn is_public(_: &[u8]) -> bool {
                true
            }

            pub(super) fn sign(seed: &[u8], message: &[u8]) -> Option<Vec<u8>> {
                let mut signature = vec![0; $signing.signature_len()];
                Self::key(seed)?.sign(message, &mut signature).ok()?;
                Some(signature)
            }

            pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
                UnparsedPublicKey::new(&$verifying, key).verify(message, signature).is_ok()
            }
        }
    )+};
}

dsa! {
    Dsa44 ML_DSA_44_SIGNING ML_DSA_44;
    Dsa65 ML_DSA_65_SIGNING ML_DSA_65;
    Dsa87 ML_DSA_87_SIGNING ML_DSA_87;
}
