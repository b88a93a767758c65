//! Encryption and decryption in parts (KMIP 1.3 and later: Init and Final Indicator).

use std::fmt;

use kmip_ttlv::enums::PaddingMethod;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::super::error::Error;
use super::super::limit::{Budget, Limits};
use super::super::random::Random;
use super::engine::{Authenticated, Direction, Engine, Transform, Whole};
use super::padding;
use super::parameters::Parameters;

/// The end of an encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Ciphertext; of the last part, if there were several.
    pub data: Vec<u8>,
    /// The authentication tag, in a mode that has one.
    pub tag: Option<Vec<u8>>,
    /// The IV, if the server made it. An [`Encryptor`] tells it at the beginning, and not here.
    pub made_iv: Option<Vec<u8>>,
}

/// An encryption in parts. Ciphertext comes as soon as there are whole blocks; in a mode that needs
/// all data at once, with the last part.
///
/// Key and text that it holds are wiped on drop.
pub struct Encryptor {
    engine: Engine,
    parameters: Parameters,
    /// Text that does not fill a block yet, or all of it.
    held: Zeroizing<Vec<u8>>,
    budget: Budget,
    made_iv: Option<Vec<u8>>,
}

impl Encryptor {
    /// Starts an encryption; arguments as those of [`super::encrypt`].
    ///
    /// # Errors
    /// [`Error`] if the parameters do not fit key, IV or additional data.
    pub fn new(
        parameters: &Parameters,
        key: &[u8],
        iv: Option<&[u8]>,
        aad: &[u8],
        limits: Limits,
        random: &dyn Random,
    ) -> Result<Self, Error> {
        let made_iv = match iv {
            Some(_) => None,
            None => parameters.fresh_iv(random)?,
        };
        let iv = iv.or(made_iv.as_deref()).unwrap_or_default();
        let engine = Engine::start(parameters, Direction::Encrypt, key, iv, aad)?;
        let mut bytes_max = limits.stream_bytes_max.min(parameters.data_bytes_max());
        if parameters.is_whole() {
            bytes_max = bytes_max.min(limits.held_bytes_max);
        }
        Ok(Self {
            engine,
            parameters: *parameters,
            held: Zeroizing::default(),
            budget: Budget::new(bytes_max),
            made_iv,
        })
    }

    /// The IV, if it was made here. It belongs in the response to the first part.
    #[must_use]
    pub fn made_iv(&self) -> Option<&[u8]> {
        self.made_iv.as_deref()
    }

    /// Takes a part and gives the ciphertext that can be given; often more or less than the part.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn update(&mut self, data: &[u8]) -> Result<Vec<u8>, Error> {
        self.budget.take(data.len())?;
        if self.parameters.is_whole() {
            hold(&mut self.held, data);
            return Ok(Vec::new());
        }
        let mut out = join(&self.held, data, 0);
        let whole = out.len() - out.len() % self.parameters.row.block_bytes;
        self.held = cut(&mut out, whole);
        match &mut self.engine {
            Engine::Plain(engine) => engine.apply(&mut out),
            Engine::Authenticated(engine) => engine.encrypt(&mut out),
            Engine::Whole(_) => {}
        }
        Ok(out)
    }

    /// Takes the last part, which may be empty, and ends the encryption.
    ///
    /// # Errors
    /// [`Error::NotWholeBlocks`] without padding, [`Error::TooMuchData`], [`Error::TooLittleData`],
    /// [`Error::Random`].
    pub fn finish(mut self, data: &[u8], random: &dyn Random) -> Result<Sealed, Error> {
        self.budget.take(data.len())?;
        // On the heap for good: text must not be left behind by a vector that grows.
        let mut out = join(&self.held, data, self.parameters.row.block_bytes);
        match self.seal(&mut out, random) {
            Ok(tag) => Ok(Sealed { data: out, tag, made_iv: None }),
            Err(error) => {
                out.zeroize();
                Err(error)
            }
        }
    }

    /// Pads and encrypts the rest, and gives the tag, if there is one.
    fn seal(&mut self, out: &mut Vec<u8>, random: &dyn Random) -> Result<Option<Vec<u8>>, Error> {
        let block_bytes = self.parameters.row.block_bytes;
        if block_bytes > 1 && !self.parameters.is_whole() {
            padding::pad(self.parameters.padding, block_bytes, out, random)?;
        }
        let tag = match &mut self.engine {
            Engine::Plain(engine) => {
                engine.apply(out);
                return Ok(None);
            }
            Engine::Authenticated(engine) => {
                engine.encrypt(out);
                engine.tag().to_vec()
            }
            Engine::Whole(engine) => engine.encrypt(out)?,
        };
        Ok(self.parameters.authenticates().then(|| short_tag(tag, &self.parameters)))
    }
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryptor")
            .field("mode", &self.parameters.mode())
            .field("held_bytes", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// A decryption in parts.
///
/// Where padding is to be removed, the last block is held back until the end. In a mode that
/// authenticates or needs all data at once, *everything* is held back: no text leaves before the tag has been checked
/// (SP 800-38D §7.2), so all of it comes with the last part. KMIP wants the tag with the first part
/// (KMIP 1.4 §4.30). Key and text are wiped on drop.
pub struct Decryptor {
    state: State,
    parameters: Parameters,
    held: Zeroizing<Vec<u8>>,
    budget: Budget,
}

enum State {
    Plain(Box<dyn Transform>),
    Authenticated {
        engine: Box<dyn Authenticated>,
        tag: Vec<u8>,
    },
    /// The tag is empty in a mode without.
    Whole {
        engine: Box<dyn Whole>,
        tag: Vec<u8>,
    },
}

impl Decryptor {
    /// Starts a decryption; arguments as those of [`super::decrypt`].
    ///
    /// # Errors
    /// [`Error`] if the parameters do not fit key, IV, additional data or tag. A tag of another
    /// length than the parameters say is [`Error::Rejected`], for it cannot be the right one.
    pub fn new(
        parameters: &Parameters,
        key: &[u8],
        iv: Option<&[u8]>,
        aad: &[u8],
        tag: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, Error> {
        if iv.is_none() && parameters.needs_iv() {
            return Err(Error::MissingIv);
        }
        let iv = iv.unwrap_or_default();
        let mut bytes_max = limits.stream_bytes_max.min(parameters.data_bytes_max());
        let engine = Engine::start(parameters, Direction::Decrypt, key, iv, aad)?;
        match (parameters.authenticates(), tag) {
            (false, Some(_)) => return Err(Error::NotAuthenticating),
            (true, None) => return Err(Error::MissingTag),
            (true, Some(tag)) if tag.len() != parameters.tag_bytes => return Err(Error::Rejected),
            _ => {}
        }
        let tag = tag.unwrap_or_default().to_vec();
        if parameters.authenticates() || parameters.is_whole() {
            bytes_max = bytes_max.min(limits.held_bytes_max);
        }
        let state = match engine {
            Engine::Plain(engine) => State::Plain(engine),
            Engine::Authenticated(engine) => State::Authenticated { engine, tag },
            Engine::Whole(engine) => State::Whole { engine, tag },
        };
        Ok(Self {
            state,
            parameters: *parameters,
            held: Zeroizing::default(),
            budget: Budget::new(bytes_max),
        })
    }

    /// Takes a part and gives the text that can be given: none in a mode that authenticates.
    ///
    /// # Errors
    /// [`Error::TooMuchData`].
    pub fn update(&mut self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.budget.take(data.len())?;
        match &mut self.state {
            // What is held is still ciphertext, so the vector may grow where it likes.
            State::Authenticated { .. } | State::Whole { .. } => {
                self.held.extend_from_slice(data);
                Ok(Zeroizing::default())
            }
            State::Plain(engine) => {
                let mut out = Zeroizing::new(join(&self.held, data, 0));
                let block_bytes = self.parameters.row.block_bytes;
                let mut whole = out.len() - out.len() % block_bytes;
                if whole == out.len() && padding::is_removed(self.parameters.padding) {
                    whole = whole.saturating_sub(block_bytes);
                }
                self.held = cut(&mut out, whole);
                engine.apply(&mut out);
                Ok(out)
            }
        }
    }

    /// Takes the last part, which may be empty, and ends the decryption.
    ///
    /// # Errors
    /// [`Error::Rejected`] if tag or padding are wrong, [`Error::NotWholeBlocks`],
    /// [`Error::TooMuchData`], [`Error::TooLittleData`].
    pub fn finish(mut self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.budget.take(data.len())?;
        let mut out = Zeroizing::new(join(&self.held, data, 0));
        match &mut self.state {
            State::Plain(engine) => finish_plain(engine.as_mut(), &self.parameters, &mut out)?,
            State::Authenticated { engine, tag } => {
                engine.absorb(&out);
                check_tag(engine.tag().to_vec(), tag, &self.parameters)?;
                engine.decrypt(&mut out);
            }
            State::Whole { engine, tag } => {
                let good = engine.decrypt(&mut out)?;
                check_tag(good, tag, &self.parameters)?;
            }
        }
        Ok(out)
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decryptor")
            .field("mode", &self.parameters.mode())
            .field("held_bytes", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// Decrypts the rest and removes the padding.
fn finish_plain(
    engine: &mut dyn Transform,
    parameters: &Parameters,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let block_bytes = parameters.row.block_bytes;
    if !out.len().is_multiple_of(block_bytes) {
        return Err(Error::NotWholeBlocks);
    }
    engine.apply(out);
    if !padding::is_removed(parameters.padding) {
        return Ok(());
    }
    let text = match out.len().checked_sub(block_bytes) {
        Some(last) => {
            let block = out.get(last..).unwrap_or_default();
            last + padding::text_bytes(parameters.padding, block)?
        }
        // Nothing at all is what `Zeros` makes of nothing; the others add a block to it.
        None if parameters.padding == PaddingMethod::Zeros => 0,
        None => return Err(Error::NotWholeBlocks),
    };
    out.truncate(text);
    Ok(())
}

/// The tag, as long as the parameters say.
fn short_tag(mut tag: Vec<u8>, parameters: &Parameters) -> Vec<u8> {
    tag.truncate(parameters.tag_bytes);
    tag
}

/// Compares tags in constant time.
fn check_tag(good: Vec<u8>, given: &[u8], parameters: &Parameters) -> Result<(), Error> {
    if short_tag(good, parameters).ct_eq(given).into() { Ok(()) } else { Err(Error::Rejected) }
}

/// Adds `data` to what is held. A vector that grows would leave text behind where it was.
fn hold(held: &mut Zeroizing<Vec<u8>>, data: &[u8]) {
    if held.capacity() - held.len() < data.len() {
        let more = held.len().max(data.len());
        *held = Zeroizing::new(join(held, &[], more));
    }
    held.extend_from_slice(data);
}

/// Both pieces in a vector with room for `more` bytes.
fn join(held: &[u8], data: &[u8], more: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(held.len() + data.len() + more);
    out.extend_from_slice(held);
    out.extend_from_slice(data);
    out
}

/// Cuts `out` at `at` and returns the rest, of which nothing is left in `out`'s memory.
fn cut(out: &mut Vec<u8>, at: usize) -> Zeroizing<Vec<u8>> {
    let rest = out.get_mut(at..).unwrap_or_default();
    let cut = Zeroizing::new(rest.to_vec());
    rest.zeroize();
    out.truncate(at);
    cut
}
