//! RNG Seed (KMIP 1.4 §4.36, KMIP 2.1 §6.1.50).

use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::rng_seed::{Request, Response};

use super::{Context, Failure, Outcome};

/// The most bytes of one seed that are used: as many bits as an attacker cannot guess (SP 800-57
/// part 1 §5.6.1). More would let a client keep the generator busy and help nobody.
const SEED_BYTES_MAX: usize = 16;

/// Mixes the beginning of a client's seed into the system's generator, and says how much it was.
/// Nobody's random bytes become predictable by that: what is there is not replaced.
pub(super) async fn rng_seed(cx: &Context<'_>, request: &Request<'_>) -> Result<Outcome, Failure> {
    let seed = request
        .data
        .bytes()
        .ok_or_else(|| Failure::InvalidField("the seed is given as bytes".into()))?;
    let (used, _) = seed.split_at(seed.len().min(SEED_BYTES_MAX));
    if !used.is_empty() {
        cx.parts().random.mix(used)?;
    }
    let data_length = i32::try_from(used.len()).unwrap_or(i32::MAX);
    Ok(Outcome::told(ResponsePayload::RngSeed(Response { data_length })))
}
