//! What the server says of itself, and the limits that operations hold.

use kmip_ttlv::attribute::RngParameters;
use kmip_ttlv::enums::ClientRegistrationMethod;
use kmip_ttlv::structure::{ExtensionInformation, ProfileInformation, ValidationInformation};

use super::leases::Leases;
use super::policies::Policies;
use crate::tenant::TenantName;

/// Facts and limits that are the same for every request.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Name of the server in Query's Server Information; the node's name.
    pub server_name: String,
    /// Its version.
    pub server_version: &'static str,
    /// The most objects that one Locate returns.
    pub located_items_max: usize,
    /// The most objects that one Locate looks at.
    pub located_scan_max: usize,
    /// The most bytes that one RNG Retrieve gives.
    pub random_bytes_max: usize,
    /// What tenants may compute, and with which keys.
    pub policies: Policies,
    /// Tenants whose clients are answered as `PyKMIP`'s server answers, where that differs from the
    /// specification.
    pub pykmip_tenants: Vec<TenantName>,
    /// Whether suites of tests may mark their steps with Interop.
    pub interop: bool,
    /// How long clients may use objects without asking again.
    pub leases: Leases,
    /// The most attribute instances that an object may have.
    pub attributes_max: usize,
    /// The most bytes that an object's attributes may take in its row.
    pub attribute_bytes_max: usize,
    /// What whoever runs the server says of it.
    pub statements: Statements,
}

/// What Query tells and the server cannot know: whoever runs it answers for that (KMIP 1.4 §4.25,
/// KMIP 2.1 §6.1.40). Where a list is empty, the server says what it knows itself.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    /// How clients become known to the server.
    pub client_registration: Vec<ClientRegistrationMethod>,
    /// The random number generators.
    pub generators: Vec<RngParameters>,
    /// The profiles to which the whole installation conforms.
    pub profiles: Vec<ProfileInformation>,
    /// The validations that it has passed.
    pub validations: Vec<ValidationInformation>,
    /// The vendor extensions to the tags that its clients use.
    pub extensions: Vec<ExtensionInformation>,
}

/// The vendor in Query and in server-made attributes.
pub const VENDOR: &str = "keystrata";

impl Default for Facts {
    fn default() -> Self {
        Self {
            server_name: VENDOR.to_owned(),
            server_version: env!("CARGO_PKG_VERSION"),
            located_items_max: 10_000,
            located_scan_max: 1_000_000,
            random_bytes_max: 64 * 1024,
            policies: Policies::default(),
            pykmip_tenants: Vec::new(),
            interop: true,
            leases: Leases::default(),
            attributes_max: 256,
            attribute_bytes_max: 128 * 1024,
            statements: Statements::default(),
        }
    }
}
