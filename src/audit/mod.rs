//! The audit trail: what a record says, and the chain that makes a changed trail visible.

pub mod record;

pub use record::{Outcome, Record};
