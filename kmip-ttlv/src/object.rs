//! Managed objects (KMIP 1.4 §2.2, KMIP 2.1 §2) and what they are made of.

mod key_block;
mod managed;
mod material;
mod wrapping;

pub use key_block::{KeyBlock, KeyValue};
pub use managed::{
    Certificate, CertificateRequest, ManagedObject, OpaqueObject, PgpKey, PrivateKey, PublicKey,
    SecretData, SplitKey, SymmetricKey, Template,
};
pub use material::{
    KeyMaterial, TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey, TransparentEcPrivateKey, TransparentEcPublicKey,
    TransparentRsaPrivateKey, TransparentRsaPublicKey, TransparentSymmetricKey,
};
pub use wrapping::{KeyInformation, KeyWrappingData, KeyWrappingSpecification};
