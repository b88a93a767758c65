//! A service's key (L3), opened: it seals and opens what clients see (L4).

use std::fmt;

use zeroize::Zeroizing;

use super::envelope::{self, Level, Place, Purpose};
use super::error::Error;
use super::root::Random;
use crate::crypto::aead::Key;
use crate::store::Sealed;
use crate::tenant::{ServiceName, TenantName};

/// The version of an object's value. A re-keyed object is a new object, so there is no other yet.
const VALUE_VERSION: u32 = 1;

/// One version of a service's key. Wiped when the last holder drops it.
pub struct ServiceKey {
    tenant: TenantName,
    service: ServiceName,
    version: u32,
    key: Key,
}

impl ServiceKey {
    pub(super) fn new(tenant: TenantName, service: ServiceName, version: u32, key: Key) -> Self {
        Self { tenant, service, version, key }
    }

    /// Which version it is.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Seals the value of object `uid` of this service under this version, which must be the active
    /// one. Takes about 2 µs.
    ///
    /// # Errors
    /// [`Error::Envelope`] without randomness, or if `plain` is longer than an envelope holds.
    pub fn seal(&self, random: &dyn Random, uid: &str, plain: &[u8]) -> Result<Sealed, Error> {
        Ok(envelope::seal(&self.key, self.version, &self.place(uid), random, plain)?)
    }

    /// Opens the value of object `uid` of this service. Takes about 2 µs.
    ///
    /// # Errors
    /// [`Error::Envelope`] for an envelope that was changed, belongs to another place or was
    /// sealed by another version.
    pub fn open(&self, uid: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(envelope::open(&self.key, self.version, &self.place(uid), sealed)?)
    }

    /// Seals an asynchronous request of this service, or its result; `value` is its Asynchronous
    /// Correlation Value.
    ///
    /// # Errors
    /// As [`ServiceKey::seal`].
    pub fn seal_request(
        &self,
        random: &dyn Random,
        value: &[u8],
        purpose: Purpose,
        plain: &[u8],
    ) -> Result<Sealed, Error> {
        let name = hexadecimal(value);
        let place = Place { purpose, ..self.place(&name) };
        Ok(envelope::seal(&self.key, self.version, &place, random, plain)?)
    }

    /// Opens what [`ServiceKey::seal_request`] has sealed.
    ///
    /// # Errors
    /// As [`ServiceKey::open`].
    pub fn open_request(
        &self,
        value: &[u8],
        purpose: Purpose,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let name = hexadecimal(value);
        let place = Place { purpose, ..self.place(&name) };
        Ok(envelope::open(&self.key, self.version, &place, sealed)?)
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

/// The name of an asynchronous request in its envelope.
fn hexadecimal(value: &[u8]) -> String {
    use fmt::Write;
    value.iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey")
            .field("tenant", &self.tenant)
            .field("service", &self.service)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
