//! The root key in a PKCS#11 token (PKCS#11 3.0): an AES-256 key that never leaves it.
//!
//! [`Pkcs11Root`] is the provider; [`create_root`] makes its key; [`softhsm`] sets up a token in
//! software. A PKCS#11 module is one per process, blocks, and may crash or hang, so it is called in
//! [`worker`] processes (or on threads of this one) behind a bounded queue and a breaker.

mod breaker;
mod destroy;
pub mod environment;
mod error;
mod frame;
mod lane;
mod link;
mod make;
mod method;
mod pkcs11_root;
pub mod probe;
mod self_test;
mod settings;
pub mod softhsm;
mod token;
pub mod worker;

pub use error::HsmError;
pub use lane::WorkerProgram;
pub use method::Method;
pub use pkcs11_root::{Pkcs11Root, Place};
pub use settings::{Pin, TokenName, TokenSettings};
pub use token::{create_root, root_versions};
