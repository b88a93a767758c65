//! Data that the items of a batch hand on to later ones (KMIP 2.1 §7.9, §11.13), whether or not the
//! client is told them (Ephemeral, KMIP 2.1 §8.3).

use kmip_ttlv::Secret;
use kmip_ttlv::enums::DataEnum;
use kmip_ttlv::payload::{RequestPayload, ResponsePayload};
use kmip_ttlv::structure::Data;

use super::Failure;
use super::batch::nth;

/// How many bytes the items of one batch may hand on.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// What an item hands on: the data of its answer, and whose they are.
pub type Output = (DataEnum, Secret<Vec<u8>>);

/// What the items so far have handed on, in their order. Wiped with the batch.
#[derive(Debug, Default)]
pub struct Outputs(Vec<Output>);

impl Outputs {
    /// Hands on what an item has answered.
    pub fn push(&mut self, output: Option<Output>) {
        self.0.extend(output);
    }

    /// The data of an answer, to be handed on.
    ///
    /// # Errors
    /// [`Failure::LimitExceeded`] if there would be too much of them.
    pub fn of(&self, response: &ResponsePayload<'_>) -> Result<Option<Output>, Failure> {
        let Some((kind, bytes)) = data(response) else { return Ok(None) };
        let held: usize = self.0.iter().map(|(_, bytes)| bytes.expose().len()).sum();
        if held + bytes.len() > BYTES_MAX {
            return Err(Failure::LimitExceeded("the batch hands on too many data"));
        }
        Ok(Some((kind, Secret::new(bytes.to_vec()))))
    }

    /// Puts the data of an earlier item in the place of a reference to them.
    ///
    /// # Errors
    /// [`Failure::InvalidField`] if no earlier item has any that are meant.
    pub fn resolve(&self, request: &mut RequestPayload<'_>) -> Result<(), Failure> {
        let Some(data) = wanted(request) else { return Ok(()) };
        let found = match data {
            Data::Bytes(_) => return Ok(()),
            Data::Enumeration(kind) => self.0.iter().rev().find(|(whose, _)| whose == kind),
            Data::Integer(place) => nth(&self.0, *place),
        };
        let none = || Failure::InvalidField("no item before this one has such Data".into());
        let (_, bytes) = found.ok_or_else(none)?;
        *data = bytes.clone().into();
        Ok(())
    }
}

/// The data that a request brings or refers to.
fn wanted<'p, 'a>(request: &'p mut RequestPayload<'a>) -> Option<&'p mut Data<'a>> {
    use RequestPayload as P;
    match request {
        P::Encrypt(request) => request.data.as_mut(),
        P::Decrypt(request) => request.data.as_mut(),
        P::Hash(request) => request.data.as_mut(),
        P::Mac(request) => request.data.as_mut(),
        P::MacVerify(request) => request.data.as_mut(),
        P::Sign(request) => request.data.as_mut(),
        P::SignatureVerify(request) => request.data.as_mut(),
        _ => None,
    }
}

/// The data of an answer, by their name in the enumeration.
fn data<'p>(response: &'p ResponsePayload<'_>) -> Option<(DataEnum, &'p [u8])> {
    use ResponsePayload as P;
    Some(match response {
        P::Decrypt(response) => (DataEnum::Decrypt, response.data.as_ref()?.bytes()?),
        P::Encrypt(response) => (DataEnum::Encrypt, response.data.as_ref()?.bytes()?),
        P::Hash(response) => (DataEnum::Hash, response.data.as_ref()?.bytes()?),
        P::Mac(response) => (DataEnum::MacmacData, response.mac.as_deref()?),
        P::RngRetrieve(response) => (DataEnum::RngRetrieve, response.data.bytes()?),
        P::Sign(response) => (DataEnum::SignSignatureData, response.signature.as_deref()?),
        P::SignatureVerify(response) => {
            (DataEnum::SignatureVerify, response.data.as_ref()?.bytes()?)
        }
        _ => return None,
    })
}

/// Takes the data out of an answer. Those of RNG Retrieve, which has nothing else, become empty.
pub fn withhold(response: &mut ResponsePayload<'_>) {
    use ResponsePayload as P;
    match response {
        P::Decrypt(response) => response.data = None,
        P::Encrypt(response) => response.data = None,
        P::Hash(response) => response.data = None,
        P::Mac(response) => response.mac = None,
        P::RngRetrieve(response) => response.data = Vec::new().into(),
        P::Sign(response) => response.signature = None,
        P::SignatureVerify(response) => response.data = None,
        _ => {}
    }
}
