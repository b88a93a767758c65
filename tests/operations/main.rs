//! Operations on managed objects as a client sees them, through the whole server less its
//! transport.
#![allow(clippy::cloned_ref_to_slice_refs, reason = "what is expected reads best as a list")]

mod adjust;
mod archive;
mod ask;
mod asynchronous;
mod attribute_rules;
mod attributes;
mod batches;
mod bounds;
mod certificate;
mod certificates;
mod certify;
mod certify_refused;
mod checks;
mod derive;
mod grants;
mod inquiry;
mod key_formats;
mod key_lengths;
mod key_pairs;
mod life_cycle;
mod line;
mod listening;
mod locate;
mod locate_partly;
mod modes;
mod own_keys;
mod pair;
mod pgp_keys;
mod pkcs11;
mod pkcs12;
mod policy;
mod post_quantum;
mod pykmip;
mod re_key;
mod refused;
mod rotation;
mod secrets;
mod split_keys;
mod split_refused;
mod statements;
mod storage;
mod templates;
mod tickets;
mod time;
mod transfer;
mod validate;
#[path = "../support/vectors.rs"]
mod vectors;
#[path = "../support/world.rs"]
mod world;
mod wrap;
mod wrapping;
mod wrapping_certificate;
mod wrapping_refused;
