//! The audit trail: what a record says, and the chain that makes a changed trail visible.
//!
//! A trail is lines of text, over any number of files whose names sort in order. One line:
//!
//! ```text
//! {"seq":7,"prev":"<64 hex>","commit":[3,1],"time":"…","node":"…", … ,"hash":"<64 hex>"}
//! ```
//!
//! * `seq` counts the lines from 1, without a gap.
//! * `prev` is the `hash` of the line before; 64 zeros in the first line.
//! * `commit` is `[commit, records]`: how far the store's commits had been taken over into the
//!   trail when this line was written (see [`chain::Mark`]).
//! * Then come the fields of the [`Record`] (see [`json`]).
//! * `hash` is the SHA-256 of the line's bytes before `,"hash":`.
//!
//! So a line that was changed does not have its hash any more, and a line that is missing, was
//! moved, put in or written anew breaks the link to its neighbour. The chain has no secret: whoever
//! can write the files can write a whole new end. The store keeps an [`chain::Anchor`] of the trail
//! it wrote; [`verify`] compares the two, and `seq` and `hash` of the last line may be noted
//! elsewhere at any time.

pub mod chain;
pub mod json;
pub mod record;
pub mod verify;

pub use chain::{Anchor, Mark};
pub use record::{Act, Actor, Outcome, Record};
pub use verify::{Damage, Finding, Report, Verifier};
