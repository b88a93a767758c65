//! The operations: each looks, decides, and says what should change. The service makes the changes
//! durable, with the audit record, and answers.
//!
//! An operation may be run again on fresh data if somebody else was faster, so it does nothing
//! that cannot be done twice.

pub mod batch;
pub mod context;
mod credential;
pub mod facts;
pub mod failure;
pub mod feeds;
pub mod groups;
pub mod leases;
pub mod offers;
pub mod parts;
pub mod streams;
pub mod trace;
pub mod workers;

mod activate;
mod adjust_attribute;
mod archive;
mod attribute_change;
mod authority;
mod certificate;
mod certificate_request;
mod certify;
mod change_attribute;
mod check;
mod cipher_parameters;
mod constraints;
mod create;
mod create_key_pair;
mod create_split_key;
mod creation;
mod decrypt;
mod defaults;
mod derive_key;
mod destroy;
mod discover_versions;
mod encrypt;
mod export;
mod generators;
mod get;
mod get_attributes;
mod get_usage_allocation;
mod hash;
mod held;
mod import;
mod interop;
mod join_split_key;
mod kem;
mod key_length;
mod key_pair_value;
mod key_use;
mod locate;
mod log;
mod login;
mod mac;
mod mac_verify;
mod manner;
mod obtain_lease;
mod one_time_pad;
pub mod outputs;
mod own_keys;
mod part;
pub mod permit;
mod pgp_key;
mod ping;
mod pkcs11;
mod pkcs12;
pub mod policies;
mod policy;
mod prf;
mod profiles;
mod query;
mod re_certify;
mod re_key;
mod re_key_key_pair;
mod re_provision;
mod register;
mod revoke;
mod rng_retrieve;
mod rng_seed;
pub mod rotate;
mod rsa_cipher;
mod set_endpoint_role;
mod shown;
mod sign;
mod signature_verify;
mod signing;
mod split;
mod templates;
mod ticket;
mod validate;
mod value;
mod wrapping;

use kmip_ttlv::enums::Operation;
use kmip_ttlv::payload::{RequestPayload, ResponsePayload};

pub use batch::Batch;
pub use context::Context;
pub(crate) use credential::Credential;
pub use facts::{Facts, Statements};
pub use failure::Failure;
pub use feeds::{Event, Feed, Feeds, News};
pub use groups::GroupTurns;
pub use leases::Leases;
pub use manner::may_wait;
pub use outputs::{Output, Outputs};
pub use parts::Parts;
pub use policies::Policies;
pub use profiles::{PROFILES, Profile};
pub use streams::{StreamLimits, Streams};
pub use trace::{Trace, beginning};
pub use workers::Workers;

use crate::store::Change;

/// What an operation decided.
#[derive(Debug)]
pub struct Outcome {
    /// What the client is told.
    pub response: ResponsePayload<'static>,
    /// What must be durable before it is told.
    pub changes: Vec<Change>,
    /// The identifiers that the response holds, in their order.
    pub uids: Vec<String>,
    /// What becomes of the ID Placeholder.
    pub placeholder: Placeholder,
}

/// What an operation does to the ID Placeholder (KMIP 1.4 §4, KMIP 2.1 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// Items that follow mean the same object as before.
    Kept,
    /// They mean the one object that the response names.
    Set,
    /// They mean none, and must name theirs.
    Emptied,
}

impl Outcome {
    /// An answer about no object in particular.
    #[must_use]
    pub fn told(response: ResponsePayload<'static>) -> Self {
        Self { response, changes: Vec::new(), uids: Vec::new(), placeholder: Placeholder::Kept }
    }

    /// An answer about an object that stays as it is.
    #[must_use]
    pub fn read(uid: String, response: ResponsePayload<'static>) -> Self {
        Self::changed(uid, Vec::new(), response)
    }

    /// An answer that holds once `changes` are durable.
    #[must_use]
    pub fn changed(uid: String, changes: Vec<Change>, response: ResponsePayload<'static>) -> Self {
        Self { response, changes, uids: vec![uid], placeholder: Placeholder::Kept }
    }

    /// An answer about the object that items which follow mean: one that is new once `changes` are
    /// durable, or that was recovered or exported.
    #[must_use]
    pub fn meant(uid: String, changes: Vec<Change>, response: ResponsePayload<'static>) -> Self {
        Self { placeholder: Placeholder::Set, ..Self::changed(uid, changes, response) }
    }
}

/// The operations that are served: one line makes an operation known to the dispatcher and to
/// Query. What follows `if` says whether it is served to a caller; without it, to all.
macro_rules! operations {
    ($($operation:ident => $function:path $(, if $served:path)?;)+) => {
        /// The operations that are served, in the order of their numbers.
        pub const SERVED: &[Operation] = &[$(Operation::$operation),+];

        /// Whether one of them is served to this caller.
        fn is_served(cx: &Context<'_>, operation: Operation) -> bool {
            match operation {
                $($(Operation::$operation => $served(cx),)?)+
                _ => true,
            }
        }

        /// Runs an operation.
        ///
        /// # Errors
        /// Why it was refused or failed.
        pub async fn run(
            cx: &Context<'_>,
            request: &RequestPayload<'_>,
        ) -> Result<Outcome, Failure> {
            if !is_served(cx, request.operation()) {
                return Err(Failure::OperationNotSupported);
            }
            // On the heap: the largest of these would be a part, moved with each call, of every
            // future above it, up to the connection's.
            match request {
                $(RequestPayload::$operation(request) => Box::pin($function(cx, request)).await,)+
                _ => Err(Failure::OperationNotSupported),
            }
        }
    };
}

operations! {
    Create => create::create;
    CreateKeyPair => create_key_pair::create_key_pair;
    Register => register::register;
    ReKey => re_key::re_key;
    DeriveKey => derive_key::derive_key;
    Certify => certify::certify;
    ReCertify => re_certify::re_certify;
    Locate => locate::locate;
    Check => check::check;
    Get => get::get;
    GetAttributes => get_attributes::get_attributes;
    GetAttributeList => get_attributes::get_attribute_list;
    AddAttribute => change_attribute::add_attribute;
    ModifyAttribute => change_attribute::modify_attribute;
    DeleteAttribute => change_attribute::delete_attribute;
    ObtainLease => obtain_lease::obtain_lease;
    GetUsageAllocation => get_usage_allocation::get_usage_allocation;
    Activate => activate::activate;
    Revoke => revoke::revoke;
    Destroy => destroy::destroy;
    Archive => archive::archive;
    Recover => archive::recover;
    Validate => validate::validate;
    Query => query::query;
    Cancel => manner::about_later;
    Poll => manner::about_later;
    ReKeyKeyPair => re_key_key_pair::re_key_key_pair;
    DiscoverVersions => discover_versions::discover_versions;
    Encrypt => encrypt::encrypt;
    Decrypt => decrypt::decrypt;
    Sign => sign::sign;
    SignatureVerify => signature_verify::signature_verify;
    Mac => mac::mac;
    MacVerify => mac_verify::mac_verify;
    RngRetrieve => rng_retrieve::rng_retrieve;
    RngSeed => rng_seed::rng_seed;
    Hash => hash::hash;
    CreateSplitKey => create_split_key::create_split_key;
    JoinSplitKey => join_split_key::join_split_key;
    Import => import::import;
    Export => export::export;
    Log => log::log;
    Login => login::login;
    Logout => login::logout;
    DelegatedLogin => login::delegated_login;
    AdjustAttribute => adjust_attribute::adjust_attribute;
    SetAttribute => change_attribute::set_attribute;
    SetEndpointRole => set_endpoint_role::set_endpoint_role;
    Pkcs11 => pkcs11::pkcs11;
    Interop => interop::interop, if interop::is_allowed;
    ReProvision => re_provision::re_provision, if re_provision::has_issuer;
    SetDefaults => defaults::set_defaults;
    SetConstraints => constraints::set_constraints;
    GetConstraints => constraints::get_constraints;
    Ping => ping::ping;
    QueryAsynchronousRequests => manner::about_later;
    Process => manner::about_later;
}
