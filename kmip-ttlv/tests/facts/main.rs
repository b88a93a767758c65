//! The tables in source say what the specification says, no less and no more.
//!
//! The facts are in `fixtures/kmip/*.csv`. Rows that are new in 3.0 are not this crate's.

mod csv;

mod attributes;
mod compare;
mod enumerations;
mod payloads;
mod structures;
mod tags;
