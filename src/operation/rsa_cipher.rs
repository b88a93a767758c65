//! Encrypt and Decrypt with RSA keys (KMIP 1.4 §4.29, §4.30; KMIP 2.1 §6.1.17, §6.1.11): one short
//! text at a time.

use std::sync::Arc;

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use zeroize::Zeroizing;

use super::context::{Context, Held};
use super::part::{Output, Part, Step};
use super::{Failure, key_use, signing};
use crate::crypto;
use crate::crypto::policy::Forbidden;
use crate::crypto::rsa_cipher::{self, Padding};

/// Encrypts with a public key, or with the public half of a private key.
///
/// # Errors
/// [`Failure::Crypto`], [`Failure::FeatureNotSupported`] for a text in parts, or with too much under
/// way.
pub(super) async fn encrypt(
    cx: &Context<'_>,
    request: Option<&CryptographicParameters>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Output, Failure> {
    let padding = padding(request, held, part)?;
    seal(cx, padding, held, part.data).await.map(Output::of)
}

/// Encrypts a short text, away from the threads that serve.
///
/// # Errors
/// [`Failure::Crypto`], or with too much under way.
pub(super) async fn seal(
    cx: &Context<'_>,
    padding: Padding,
    held: &Held,
    plain: &[u8],
) -> Result<Vec<u8>, Failure> {
    let key = signing::public_key(cx, held).await?;
    let random = Arc::clone(&cx.parts().random);
    let plain = Secret::new(plain.to_vec());
    let work = move || rsa_cipher::encrypt(&key, &padding, plain.expose(), &*random);
    Ok(cx.parts().workers.run(cx.tenant(), work).await??)
}

/// Decrypts with a private key.
///
/// # Errors
/// Those of [`encrypt`].
pub(super) async fn decrypt(
    cx: &Context<'_>,
    request: Option<&CryptographicParameters>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Output, Failure> {
    let padding = padding(request, held, part)?;
    let plain = open(cx, padding, held, part.data).await?;
    Ok(Output::of(plain.to_vec()))
}

/// Decrypts a short text, away from the threads that serve. PKCS#1 v1.5 is for estates that cannot
/// do without it: whoever can ask for many decryptions and sees which of them fail can decrypt
/// anything.
///
/// # Errors
/// [`Failure::Crypto`], or with too much under way.
pub(super) async fn open(
    cx: &Context<'_>,
    padding: Padding,
    held: &Held,
    cipher: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if padding == Padding::Pkcs1 && !cx.policy().legacy {
        return Err(crypto::Error::from(Forbidden::Padding).into());
    }
    let key = signing::private_key(cx, held).await?;
    let random = Arc::clone(&cx.parts().random);
    let cipher = cipher.to_vec();
    let work = move || rsa_cipher::decrypt(&key, &padding, &cipher, &*random);
    Ok(cx.parts().workers.run(cx.tenant(), work).await??)
}

fn padding(
    request: Option<&CryptographicParameters>,
    held: &Held,
    part: &Part<'_>,
) -> Result<Padding, Failure> {
    if part.step != Step::Whole {
        return Err(Failure::FeatureNotSupported("RSA takes its data in one part"));
    }
    Ok(Padding::resolve(request, key_use::parameters(held.object()))?)
}
