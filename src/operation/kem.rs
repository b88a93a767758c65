//! Encapsulation with ML-KEM (FIPS 203) as a derivation from one key, by the method Asymmetric Key
//! (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14): KMIP to 2.1 has no operation of its own for it.
//!
//! Like all that Derive Key makes, the shared secret is an object and in no answer. Of a public key,
//! a fresh secret is made, and the new object says by a custom attribute of the server's what the
//! other side needs to make the same. Of a private key, the secret is that of the ciphertext which is
//! given as Derivation Data.

use std::sync::Arc;

use kmip_ttlv::Value;
use kmip_ttlv::attribute::{Attribute, CustomAttribute};
use kmip_ttlv::enums::ObjectType;
use kmip_ttlv::structure::DerivationParameters;
use zeroize::Zeroizing;

use super::context::{Context, Held};
use super::derive_key::Derivation;
use super::{Failure, signing};
use crate::crypto::key::{PrivateKey, PublicKey};

/// The name of the attribute that holds the ciphertext: `y-KEM-Ciphertext` in 1.x.
const ATTRIBUTE: &str = "KEM-Ciphertext";

/// The attribute of a secret that was encapsulated.
pub(super) fn attribute(ciphertext: Vec<u8>) -> Attribute {
    Attribute::Custom(CustomAttribute {
        vendor: "y".into(),
        name: ATTRIBUTE.into(),
        value: Value::ByteString(Zeroizing::new(ciphertext)),
    })
}

/// Encapsulates with a public key, or decapsulates with a private one.
///
/// # Errors
/// [`Failure::InvalidField`] for what is no key of ML-KEM, for a ciphertext that is missing, not
/// wanted or of another length; without randomness, or with too much under way.
pub(super) async fn derive(
    cx: &Context<'_>,
    base: &Held,
    asked: &DerivationParameters,
) -> Result<Derivation, Failure> {
    let needs_two = || Failure::InvalidField("a private and a public key are needed".into());
    match base.object().object_type {
        ObjectType::PublicKey => {
            let PublicKey::Lattice(key) = signing::public_key(cx, base).await? else {
                return Err(needs_two());
            };
            if !asked.data.is_empty() {
                let text = "a public key makes the ciphertext, and takes no Derivation Data";
                return Err(Failure::InvalidField(text.into()));
            }
            let random = Arc::clone(&cx.parts().random);
            let work = move || key.encapsulate(&*random);
            let made = cx.parts().workers.run(cx.tenant(), work).await?;
            let made = made?.ok_or_else(needs_two)?;
            let bytes = Zeroizing::new(made.secret.expose().clone());
            Ok(Derivation { bytes, ciphertext: Some(made.ciphertext) })
        }
        ObjectType::PrivateKey => {
            let PrivateKey::Lattice(key) = signing::private_key(cx, base).await? else {
                return Err(needs_two());
            };
            if key.set().signs() {
                return Err(needs_two());
            }
            let [ciphertext] = asked.data.as_slice() else {
                let text = "the ciphertext is needed, as the only Derivation Data";
                return Err(Failure::InvalidField(text.into()));
            };
            let ciphertext = ciphertext.clone();
            let work = move || key.decapsulate(ciphertext.expose());
            let secret = cx.parts().workers.run(cx.tenant(), work).await?;
            let text = "the Derivation Data is not as long as a ciphertext of this key";
            let secret = secret.ok_or_else(|| Failure::InvalidField(text.into()))?;
            Ok(Zeroizing::new(secret.expose().clone()).into())
        }
        _ => Err(Failure::NotUsable("a private and a public key are needed")),
    }
}
