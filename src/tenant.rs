//! Who is calling: tenant, service and what their certificate and connection say of them.

use std::fmt;
use std::net::{AddrParseError, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use kmip_ttlv::enums::Operation;
use sha2::{Digest, Sha256};

/// The longest tenant or service name, in bytes.
pub const NAME_BYTES_MAX: usize = 63;

/// A name that is not 1 to 63 of `a-z 0-9 -`, or that starts or ends with `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 63 of a-z, 0-9 and -, and neither starts nor ends with -")]
pub struct BadName;

fn check(name: &str) -> Result<(), BadName> {
    let good = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !name.starts_with('-')
        && !name.ends_with('-');
    if good { Ok(()) } else { Err(BadName) }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, if it is well formed.
            ///
            /// # Errors
            /// [`BadName`] for anything else.
            pub fn new(name: &str) -> Result<Self, BadName> {
                check(name)?;
                Ok(Self(name.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a tenant.
    TenantName
}
name! {
    /// The name of a service within its tenant.
    ServiceName
}

/// The service that owns a tenant's certificate authority. No certificate makes anybody this
/// service.
const AUTHORITY: &str = "certificate-authority";

impl ServiceName {
    /// The name of the service that owns a tenant's certificate authority.
    #[must_use]
    pub fn authority() -> Self {
        Self(AUTHORITY.into())
    }

    /// Whether this is [`ServiceName::authority`].
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.as_str() == AUTHORITY
    }
}

/// A tenant's number in the store. It is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub i64);

/// Whose root key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// The one that tenants share.
    Shared,
    /// The tenant's own.
    Own,
}

impl Whose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shared, Self::Own];

    /// Its name in commands and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Own => "own",
        }
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A service's number in the store. It is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub i64);

/// What kind of work a service may do; enforced on every operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everything that the service's role allows.
    #[default]
    ReadWrite,
    /// May create and encrypt; never decrypts, and never reads a key but in the batch that made it.
    WriteOnly,
    /// May get and decrypt; never creates, registers, encrypts or changes.
    ReadOnly,
}

/// How far a caller's hand reaches inside its own tenant. No role crosses tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Its own service's objects.
    #[default]
    Service,
    /// The objects of all services of the tenant, and the tenant's own keys.
    TenantAdmin,
}

/// SHA-256 over the DER of the client's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// That of a certificate in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A peer's address and port as text, made once: the log line of every request has it.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerAddress(Box<str>);

impl PeerAddress {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string().into())
    }
}

impl FromStr for PeerAddress {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        text.parse::<SocketAddr>().map(Self::from)
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the connection's certificate and TLS handshake said; the same for all its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The peer's address.
    pub address: PeerAddress,
    /// The client certificate's fingerprint.
    pub fingerprint: Fingerprint,
    /// The client certificate in DER; empty where there is no connection any more.
    pub certificate: Arc<[u8]>,
    /// The client certificate's serial number, in hexadecimal.
    pub serial: String,
    /// The protocol, such as `TLSv1_3`.
    pub tls_version: String,
    /// The cipher suite, by its IANA name.
    pub tls_suite: String,
    /// The key exchange group, by its IANA name; empty where it is unknown.
    pub tls_group: String,
}

/// The identity that a certificate claims, accepted by the rules but not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant that the certificate names.
    pub tenant: TenantName,
    /// The service that the certificate names.
    pub service: ServiceName,
    /// The facts of the connection.
    pub peer: Peer,
}

/// An accepted caller: whose requests these are and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant's number.
    pub tenant_id: TenantId,
    /// The service's number.
    pub service_id: ServiceId,
    /// The identity that the certificate proved.
    pub identity: Identity,
    /// The kind of work allowed.
    pub mode: Mode,
    /// The reach allowed.
    pub role: Role,
    /// If present, the only operations that the service may call.
    pub operations: Option<Arc<[Operation]>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_to_the_rule() {
        for good in ["a", "tenant-a", "0", "a--b", &"x".repeat(63)] {
            assert!(TenantName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "ä", "a.b", &"x".repeat(64)] {
            assert_eq!(ServiceName::new(bad), Err(BadName), "{bad}");
        }
    }
}
