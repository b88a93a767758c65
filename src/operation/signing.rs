//! What Sign and Signature Verify have in common: the digest, which may come in parts, and the
//! computation with the key, away from the threads that serve.

use std::sync::Arc;

use kmip_ttlv::Secret;
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::Operation;
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::structure::Data;
use zeroize::Zeroizing;

use super::context::{Context, Held};
use super::key_pair_value::Key;
use super::part::{Output, Part, Step, Work};
use super::{Failure, certificate, key_pair_value, key_use};
use crate::crypto::hash::{Hasher, hash};
use crate::crypto::key::{PrivateKey, PublicKey};
use crate::crypto::random::Random;
use crate::crypto::signature::{self, Family, Scheme};
use crate::crypto::{self, Limits};

/// The data of a request, or the digest that the client brings instead.
pub(super) struct Input<'a> {
    /// The digest.
    digest: Option<&'a [u8]>,
}

impl<'a> Input<'a> {
    /// Reads where the request stands, and what it brings.
    ///
    /// # Errors
    /// Those of [`Part::read`], and [`Failure::InvalidMessage`] for data and digest together, or a
    /// digest that is to come in parts.
    pub(super) fn read(
        operation: Operation,
        correlation_value: Option<&'a [u8]>,
        [init, last]: [Option<bool>; 2],
        data: Option<&'a Data<'_>>,
        digest: Option<&'a [u8]>,
    ) -> Result<(Part<'a>, Self), Failure> {
        let Some(bytes) = digest else {
            let part = Part::read(operation, correlation_value, init, last, data)?;
            return Ok((part, Self { digest }));
        };
        if data.is_some() {
            return Err(Failure::InvalidMessage("data and digest cannot be given together".into()));
        }
        if Step::read(correlation_value, init, last)? != Step::Whole {
            return Err(Failure::InvalidMessage("a digest comes in one part".into()));
        }
        Ok((Part { operation, step: Step::Whole, data: bytes, mac: None }, Self { digest }))
    }

    /// The beginning of the work on what is to be signed, or was.
    ///
    /// # Errors
    /// [`Failure::Crypto`] for a scheme without a hash, and a digest that the scheme does not have.
    pub(super) fn work(&self, scheme: Scheme, limits: Limits) -> Result<Box<dyn Work>, Failure> {
        let state = match (self.digest, scheme.hash()) {
            (Some(digest), _) => {
                scheme.check_digest(digest)?;
                State::Whole(Zeroizing::default())
            }
            (None, Some(hash)) => State::Hash(Hasher::new(hash, limits)?),
            (None, None) if scheme.is_of_message() => State::Whole(Zeroizing::default()),
            (None, None) => return Err(crypto::Error::BadParameters.into()),
        };
        Ok(Box::new(Digesting { scheme, state, signature: None }))
    }
}

/// What is to be signed, or was.
#[derive(Debug, Clone)]
pub(super) struct Digested {
    scheme: Scheme,
    bytes: Secret<Vec<u8>>,
    /// The signature in question.
    pub(super) signature: Option<Vec<u8>>,
}

impl Digested {
    /// What is to be signed, or was, at once.
    ///
    /// # Errors
    /// [`Failure::Crypto`] for a scheme without a hash.
    pub(super) fn of(
        scheme: Scheme,
        data: &[u8],
        signature: Option<Vec<u8>>,
    ) -> Result<Self, Failure> {
        let bytes = match scheme.hash() {
            Some(algorithm) => hash(algorithm, data)?,
            None if scheme.is_of_message() => data.to_vec(),
            None => return Err(crypto::Error::BadParameters.into()),
        };
        Ok(Self { scheme, bytes: Secret::new(bytes), signature })
    }
}

#[derive(Debug)]
struct Digesting {
    scheme: Scheme,
    state: State,
    /// The signature in question, which any part may bring; the last one counts.
    signature: Option<Vec<u8>>,
}

enum State {
    /// A hash of the parts.
    Hash(Hasher),
    /// The message or digest itself.
    Whole(Zeroizing<Vec<u8>>),
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hash(hasher) => hasher.fmt(f),
            Self::Whole(bytes) => write!(f, "<{} bytes>", bytes.len()),
        }
    }
}

impl Work for Digesting {
    fn update(&mut self, part: &Part<'_>) -> Result<Output, Failure> {
        match &mut self.state {
            State::Hash(hasher) => hasher.update(part.data)?,
            State::Whole(bytes) => bytes.extend_from_slice(part.data),
        }
        if let Some(signature) = part.mac {
            self.signature = Some(signature.to_vec());
        }
        Ok(Output::default())
    }

    fn finish(mut self: Box<Self>, part: &Part<'_>, _: &dyn Random) -> Result<Output, Failure> {
        self.update(part)?;
        let bytes = Secret::new(match self.state {
            State::Hash(hasher) => hasher.finish(&[])?,
            State::Whole(mut bytes) => std::mem::take(&mut *bytes),
        });
        let digested = Digested { scheme: self.scheme, bytes, signature: self.signature };
        Ok(Output { digested: Some(digested), ..Output::default() })
    }

    fn holds_back(&self) -> bool {
        matches!(self.state, State::Whole(_))
    }
}

/// The scheme that is meant for this key.
///
/// # Errors
/// [`Failure::Crypto`].
pub(super) fn scheme(
    family: Option<Family>,
    held: &Held,
    request: Option<&CryptographicParameters>,
) -> Result<Scheme, Failure> {
    let family = family.ok_or(crypto::Error::WrongAlgorithm)?;
    Ok(Scheme::resolve(family, request, key_use::parameters(held.object()))?)
}

/// The private key of an object.
///
/// # Errors
/// Those of [`key_pair_value::key`].
pub(super) async fn private_key(cx: &Context<'_>, held: &Held) -> Result<PrivateKey, Failure> {
    match key_pair_value::key(&held.object().attributes, &cx.value(held).await?)? {
        Key::Private(key) => Ok(key),
        Key::Public(_) => Err(Failure::NotUsable("this is not a private key")),
    }
}

/// The public key of an object; of a private key, its public half.
///
/// # Errors
/// Those of [`key_pair_value::key`].
pub(super) async fn public_key(cx: &Context<'_>, held: &Held) -> Result<PublicKey, Failure> {
    let value = cx.value(held).await?;
    if let ManagedObject::Certificate(certificate) = &value {
        return Ok(certificate::read(certificate)?.key()?);
    }
    match key_pair_value::key(&held.object().attributes, &value)? {
        Key::Public(key) => Ok(key),
        Key::Private(key) => Ok(key.public().ok_or(crypto::Error::WrongAlgorithm)?),
    }
}

/// Signs.
///
/// # Errors
/// [`Failure::Crypto`], or with too much under way.
pub(super) async fn sign(
    cx: &Context<'_>,
    key: PrivateKey,
    digested: Digested,
) -> Result<Vec<u8>, Failure> {
    let random = Arc::clone(&cx.parts().random);
    let work = move || signature::sign(&key, digested.scheme, digested.bytes.expose(), &*random);
    Ok(cx.parts().workers.run(cx.tenant(), work).await??)
}

/// Verifies a signature.
///
/// # Errors
/// [`Failure::InvalidMessage`] if there is none, [`Failure::Crypto`], or with too much under way.
pub(super) async fn verify(
    cx: &Context<'_>,
    key: PublicKey,
    digested: Digested,
) -> Result<bool, Failure> {
    let Digested { scheme, bytes, signature } = digested;
    let missing = || Failure::InvalidMessage("the Signature Data are missing".into());
    let signature = signature.ok_or_else(missing)?;
    let work = move || signature::verify(&key, scheme, bytes.expose(), &signature);
    Ok(cx.parts().workers.run(cx.tenant(), work).await??)
}
