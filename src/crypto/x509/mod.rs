//! X.509 (RFC 5280): what a certificate says of itself, in KMIP's words, and certificates that are
//! issued here.

mod certificate;
mod der;
mod error;
mod issue;
mod name;
mod path;
pub mod pem;
mod revocation;
mod signed;
mod wish;

pub use certificate::{Authority, Certificate, Usage};
pub use error::X509Error;
pub use issue::{CLIENT_AUTHENTICATION, Issuer, Terms, issue};
pub use name::{Name, Part, distinguished_name};
pub use path::{CHAIN_MAX, Link, Verdict, judge};
pub use revocation::RevocationList;
pub use signed::Signed;
pub use wish::Wish;

/// The longest certificate or certificate request that is read, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;
