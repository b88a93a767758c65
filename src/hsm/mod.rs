//! The root key in a PKCS#11 token (PKCS#11 3.0): an AES-256 key that never leaves it.
//!
//! [`Pkcs11Root`] is the provider; [`create_root`] makes its key; [`softhsm`] sets up a token in
//! software. A PKCS#11 module is one per process and blocks, so it is called on threads of its own
//! behind a bounded queue, and by one [`Pkcs11Root`] at a time.

pub mod environment;
mod error;
mod link;
mod pkcs11_root;
mod settings;
pub mod softhsm;
mod token;

pub use error::HsmError;
pub use pkcs11_root::Pkcs11Root;
pub use settings::{Pin, TokenName, TokenSettings};
pub use token::{create_root, root_versions};
