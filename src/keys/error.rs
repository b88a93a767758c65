//! Why the hierarchy refused or failed.

use super::envelope::EnvelopeError;
use super::root::{Provider, RootError};
use crate::crypto::random::RandomError;
use crate::store;
use crate::tenant::{ServiceId, ServiceName, TenantName};

/// Why a caller was not admitted, or a key not given. For the log and the audit trail: it names
/// tenants and services, so a client is told less.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The tenant does not exist and may not be registered by itself.
    #[error("tenant {0} is not registered")]
    UnknownTenant(TenantName),
    /// The service does not exist and may not be registered by itself.
    #[error("service {1} of tenant {0} is not registered")]
    UnknownService(TenantName, ServiceName),
    /// The tenant has no service of this number.
    #[error("tenant {0} has no service number {id}", id = .1.0)]
    UnknownServiceId(TenantName, ServiceId),
    /// The tenant is suspended.
    #[error("tenant {0} is suspended")]
    TenantSuspended(TenantName),
    /// The tenant's keys are gone for good.
    #[error("tenant {0} is shredded")]
    TenantShredded(TenantName),
    /// The service is suspended.
    #[error("service {1} of tenant {0} is suspended")]
    ServiceSuspended(TenantName, ServiceName),
    /// The service's keys are gone for good.
    #[error("service {1} of tenant {0} is shredded")]
    ServiceShredded(TenantName, ServiceName),
    /// Another certificate is in the place of the caller's.
    #[error("the certificate is replaced by another")]
    CertificateReplaced,
    /// The tenant's own root key cannot be used.
    #[error("the own root key of tenant {0}: {1}")]
    OwnRoot(TenantName, Box<OpenError>),
    /// The tenant has a root key of its own, and it is not said where.
    #[error(
        "tenant {0} has a root key of its own: describe it in [root.tenants.{0}] of the \
         configuration, and send the server SIGHUP"
    )]
    NoOwnRoot(TenantName),
    /// What is configured for the tenant's own root key cannot be used; the text is for operators.
    #[error("the own root key of tenant {0} cannot be opened: {1}")]
    OwnRootConfigured(TenantName, String),
    /// A key has no version that could be used; the store is damaged.
    #[error("{0} has no usable version")]
    NoVersion(&'static str),
    /// Others registered and changed the same names again and again.
    #[error("the registration met too many others")]
    Contention,
    /// An envelope did not open, or nothing was sealed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The root key could not be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Error {
    /// What is in trouble, as a client may know it.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self {
            Self::OwnRoot(..) | Self::NoOwnRoot(_) | Self::OwnRootConfigured(..) => {
                "the tenant's own root key"
            }
            _ => "the key hierarchy",
        }
    }

    /// The tenant's own root key cannot be used, for this reason.
    pub(super) fn own_root(tenant: &TenantName, why: impl Into<OpenError>) -> Self {
        Self::OwnRoot(tenant.clone(), Box::new(why.into()))
    }
}

/// Why the hierarchy was not opened at the start. One line that says what to do; nothing was
/// written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// The store was made with another provider of the root key.
    #[error(
        "this store was made with root provider `{store}`, and `{given}` is configured: \
         configure `{store}` again, or start with an empty store"
    )]
    OtherProvider {
        /// The store's.
        store: Provider,
        /// The configured one.
        given: Provider,
    },
    /// The store names a provider that this server does not know.
    #[error(
        "this store was made with a root provider that this server does not know: use a newer server"
    )]
    UnknownProvider,
    /// Install lock or check value is gone, and the store is not new.
    #[error("the store has lost its {0}: restore it from a backup")]
    Damaged(&'static str),
    /// The root key is not the store's.
    #[error(
        "version {version} of root key `{provider}` is not the key that this store was made with: \
         give it the key of before; nothing was written"
    )]
    WrongRoot {
        /// The provider.
        provider: Provider,
        /// The version that the store was made with.
        version: u32,
    },
    /// The provider lacks a version that the store needs.
    #[error("this store needs version {0} of the root key, which `{1}` does not have: add it")]
    MissingVersion(u32, Provider),
    /// The provider has no key at all.
    #[error("root provider `{0}` has no key: make one first")]
    NoRoot(Provider),
    /// The root key could not be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The check value is damaged, or could not be sealed.
    #[error("the check value of the root key: {0}")]
    Check(EnvelopeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
