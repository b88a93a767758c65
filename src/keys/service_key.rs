//! A service's key (L3), opened: it seals and opens what clients see (L4).

use std::fmt;

use zeroize::Zeroizing;

use super::envelope::{self, EnvelopeError, Header, Level, Place, Purpose};
use super::error::Error;
use super::root::Random;
use crate::crypto::aead::Key;
use crate::store::Sealed;
use crate::tenant::{ServiceName, TenantName};

/// The version of an object's value. A re-keyed object is a new object, so there is no other yet.
const VALUE_VERSION: u32 = 1;

/// A service's key with all versions that open something. Wiped when the last holder drops it.
pub struct ServiceKey {
    tenant: TenantName,
    service: ServiceName,
    /// The version that seals; it is one of `versions`.
    active: u32,
    versions: Vec<(u32, Key)>,
}

impl ServiceKey {
    /// The key of `service` of `tenant`, or `None` if `active` is not among the versions.
    pub(super) fn new(
        tenant: TenantName,
        service: ServiceName,
        active: u32,
        versions: Vec<(u32, Key)>,
    ) -> Option<Self> {
        let known = versions.iter().any(|(version, _)| *version == active);
        known.then_some(Self { tenant, service, active, versions })
    }

    /// The version that seals.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.active
    }

    /// Seals the value of object `uid` of this service under the active version. Takes about 2 µs.
    ///
    /// # Errors
    /// [`Error::Envelope`] without randomness, or if `plain` is longer than an envelope holds.
    pub fn seal(&self, random: &dyn Random, uid: &str, plain: &[u8]) -> Result<Sealed, Error> {
        let key = self.key(self.active)?;
        Ok(envelope::seal(key, self.active, &self.place(uid), random, plain)?)
    }

    /// Opens the value of object `uid` of this service. Takes about 2 µs.
    ///
    /// # Errors
    /// [`Error::Envelope`] for an envelope that was changed, belongs to another place or was
    /// sealed by a version that is gone.
    pub fn open(&self, uid: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (header, _) = Header::read(sealed)?;
        let version = header.parent_version;
        Ok(envelope::open(self.key(version)?, version, &self.place(uid), sealed)?)
    }

    fn key(&self, version: u32) -> Result<&Key, EnvelopeError> {
        let found = self.versions.iter().find(|(known, _)| *known == version);
        found.map(|(_, key)| key).ok_or(EnvelopeError::OtherVersion(version))
    }

    fn place<'a>(&'a self, uid: &'a str) -> Place<'a> {
        Place {
            level: Level::Data,
            tenant: self.tenant.as_str(),
            service: self.service.as_str(),
            object: uid,
            version: VALUE_VERSION,
            purpose: Purpose::Value,
        }
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey")
            .field("tenant", &self.tenant)
            .field("service", &self.service)
            .field("version", &self.active)
            .field("versions", &self.versions.len())
            .finish()
    }
}
