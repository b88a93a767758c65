//! X.509 (RFC 5280): what a certificate says of itself, in KMIP's words.

mod certificate;
mod error;
mod name;
mod signed;

pub use certificate::{Authority, Certificate, Usage};
pub use error::X509Error;
pub use name::{Name, Part};
pub use signed::Signed;

/// The longest certificate or certificate request that is read, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
