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

/// What makes the key with which a client encrypts another one than those that seal: HKDF's info, no
/// beginning of which is [`envelope::INFO`].
const CLIENT_INFO: &[u8] = b"keystrata client encryption 1";

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

    /// The key with which the service itself encrypts and decrypts over KMIP: HKDF-SHA256 of this
    /// version without salt. Nothing that is done with it opens, or makes, an envelope.
    #[must_use]
    pub fn client_key(&self) -> Key {
        self.key.derive(&[], &[CLIENT_INFO])
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

#[cfg(test)]
mod tests {
    use super::super::envelope::INFO;
    use super::*;

    #[test]
    fn what_clients_encrypt_with_seals_nothing_else() {
        let tenant = TenantName::new("tenant-a").expect("a name");
        let service = ServiceName::new("orders").expect("a name");
        let bytes = [7; 32];
        let key = || Key::from_slice(&bytes).expect("a key");
        let of = |version| ServiceKey::new(tenant.clone(), service.clone(), version, key());
        let client_key = of(1).client_key();
        assert_eq!(client_key.as_bytes(), of(2).client_key().as_bytes(), "it is the key's alone");
        assert_ne!(client_key.as_bytes(), &bytes);
        assert!(!CLIENT_INFO.starts_with(INFO) && !INFO.starts_with(CLIENT_INFO));
        for byte in 0..=u8::MAX {
            let sealing = key().derive(&[], &[INFO, &[Level::Data as u8], &[byte]]);
            assert_ne!(client_key.as_bytes(), sealing.as_bytes());
        }
    }
}
