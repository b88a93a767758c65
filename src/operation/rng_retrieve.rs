//! RNG Retrieve (KMIP 1.4 §4.35, KMIP 2.1 §6.1.49).

use kmip_ttlv::Secret;
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::rng_retrieve::{Request, Response};
use zeroize::Zeroizing;

use super::{Context, Failure, Outcome};

/// Hands out random bytes: as many as are asked for, or none.
pub(super) async fn rng_retrieve(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let bytes = match usize::try_from(request.data_length) {
        Ok(0) | Err(_) => {
            return Err(Failure::InvalidField("the Data Length must be 1 or more".into()));
        }
        Ok(bytes) if bytes > cx.parts().facts.random_bytes_max => {
            return Err(Failure::LimitExceeded("so many random bytes are not given at once"));
        }
        Ok(bytes) => bytes,
    };
    let mut random = Zeroizing::new(vec![0; bytes]);
    cx.parts().random.fill(&mut random)?;
    let data = Secret::new(std::mem::take(&mut *random));
    Ok(Outcome::told(ResponsePayload::RngRetrieve(Response { data: data.into() })))
}
