//! The envelope: the one form in which a sealed key or object value is kept.
//!
//! All numbers are big-endian.
//!
//! ```text
//! offset  bytes  field
//!      0      1  format version: 1
//!      1      1  level: what is inside (1 check value, 2 tenant key, 3 service key, 4 data)
//!      2      1  root key that sealed it: its provider (1 env, 2 pkcs11), with the highest bit set
//!                (0x80) if it is the tenant's own and not the one that tenants share; 0 if a key of
//!                the hierarchy sealed it
//!      3      4  version of the parent key that sealed it
//!
//!                levels 3 and 4:
//!      7     16  salt
//!     23     12  nonce
//!     35      n  ciphertext
//!   35+n     16  tag
//!
//!                levels 1 and 2:
//!      7      m  whatever the provider of the root key made of it
//! ```
//!
//! Levels 3 and 4 are AES-256-GCM under HKDF-SHA256(parent key, salt, info), where info is
//! [`INFO`], the level's byte and the purpose's byte. At every level the associated data is
//!
//! ```text
//! format (1), level (1), provider (1), parent version (4), own version (4), purpose (1),
//! then tenant, service and object identifier, each as its length in bytes (8) and its UTF-8
//! ```
//!
//! so an envelope opens only in the place for which it was sealed. The check value of a tenant's own
//! root has the tenant's name there; that of the shared root has none.

use zeroize::Zeroizing;

use super::root::{Provider, RootError, RootKey, Whose};
use crate::crypto::aead::{Key, NotAuthentic, SALTED_OVERHEAD_BYTES, SealError};
use crate::crypto::random::Random;
use crate::store::{OWN_ROOT, Sealed};

/// The format that this server writes, and the only one that it reads.
pub const FORMAT: u8 = 1;
/// Where the format version is.
pub const FORMAT_AT: usize = 0;
/// Where the level is.
pub const LEVEL_AT: usize = 1;
/// Where the provider is.
pub const PROVIDER_AT: usize = crate::store::PROVIDER_AT;
/// Where the version of the parent key is.
pub const PARENT_VERSION_AT: usize = 3;
/// Bytes before the salt, or before what the provider of the root key made.
pub const HEADER_BYTES: usize = 7;
/// The provider's byte where no provider is involved.
pub const NO_PROVIDER: u8 = 0;
/// The first part of HKDF's info.
pub const INFO: &[u8] = b"keystrata envelope 1";

/// What an envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The known value that proves the root key.
    Check = 1,
    /// L2, a tenant's key.
    Tenant = 2,
    /// L3, a service's key.
    Service = 3,
    /// L4, what clients see.
    Data = 4,
}

impl Level {
    const ALL: [Self; 4] = [Self::Check, Self::Tenant, Self::Service, Self::Data];

    fn is_sealed_by_root(self) -> bool {
        matches!(self, Self::Check | Self::Tenant)
    }
}

/// What the content is for. A number is never given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To be recognised.
    Check = 1,
    /// To seal other keys, or data.
    Key = 2,
    /// The value of a managed object.
    Value = 3,
    /// An asynchronous request.
    Request = 4,
    /// The result of an asynchronous request.
    Result = 5,
}

/// Where an envelope belongs. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// What is inside.
    pub level: Level,
    /// The tenant's name; empty where there is none.
    pub tenant: &'a str,
    /// The service's name; empty where there is none.
    pub service: &'a str,
    /// The object's identifier; empty where there is none.
    pub object: &'a str,
    /// The version of what is inside.
    pub version: u32,
    /// What it is for.
    pub purpose: Purpose,
}

/// Why an envelope was not opened or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// These bytes are no envelope.
    #[error("this is not an envelope")]
    Malformed,
    /// A newer server wrote it.
    #[error("envelope format {0} is not known to this server")]
    UnknownFormat(u8),
    /// It holds something else.
    #[error("the envelope holds {found:?} where {wanted:?} is wanted")]
    OtherLevel {
        /// What it says that it holds.
        found: Level,
        /// What was wanted.
        wanted: Level,
    },
    /// The root key of another provider sealed it.
    #[error("the envelope was sealed by root provider `{found}`, not by `{given}`")]
    OtherProvider {
        /// Who sealed it.
        found: Provider,
        /// Who was asked to open it.
        given: Provider,
    },
    /// A root key of another owner sealed it.
    #[error("the envelope was sealed by the {found} root key, not by the {given} one")]
    OtherRoot {
        /// Whose sealed it.
        found: Whose,
        /// Whose was asked to open it.
        given: Whose,
    },
    /// The parent's version that sealed it is not at hand.
    #[error("the envelope was sealed by version {0} of its parent key, which is not available")]
    OtherVersion(u32),
    /// It was changed, moved from another place, or sealed by another key.
    #[error("the envelope was changed, or belongs to another place")]
    NotAuthentic,
    /// Nothing was sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The root key could not be used.
    #[error(transparent)]
    Root(RootError),
}

impl From<NotAuthentic> for EnvelopeError {
    fn from(_: NotAuthentic) -> Self {
        Self::NotAuthentic
    }
}

impl From<RootError> for EnvelopeError {
    fn from(error: RootError) -> Self {
        match error {
            RootError::NotAuthentic => Self::NotAuthentic,
            RootError::NoSuchVersion(version) => Self::OtherVersion(version),
            other => Self::Root(other),
        }
    }
}

/// What an envelope says of itself, before anything is opened. Not to be trusted until it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What is inside.
    pub level: Level,
    /// The provider of the root key that sealed it; `None` if a key of the hierarchy did.
    pub provider: Option<Provider>,
    /// Whose root key that is; [`Whose::Shared`] if a key of the hierarchy sealed it.
    pub whose: Whose,
    /// The version of the parent key that sealed it.
    pub parent_version: u32,
}

impl Header {
    /// Reads the header of an envelope; the second part is what follows it.
    ///
    /// # Errors
    /// [`EnvelopeError::Malformed`] or [`EnvelopeError::UnknownFormat`].
    pub fn read(sealed: &Sealed) -> Result<(Self, &[u8]), EnvelopeError> {
        let (header, body) = sealed
            .as_bytes()
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(EnvelopeError::Malformed)?;
        let [format, level, provider, version @ ..] = *header;
        if format != FORMAT {
            return Err(EnvelopeError::UnknownFormat(format));
        }
        let level = Level::ALL.into_iter().find(|known| *known as u8 == level);
        let level = level.ok_or(EnvelopeError::Malformed)?;
        let whose = sealed.whose();
        let known = Provider::ALL.into_iter().find(|known| *known as u8 == provider & !OWN_ROOT);
        let provider = match known {
            None if provider != NO_PROVIDER => return Err(EnvelopeError::Malformed),
            known => known,
        };
        if provider.is_some() != level.is_sealed_by_root() {
            return Err(EnvelopeError::Malformed);
        }
        Ok((Self { level, provider, whose, parent_version: u32::from_be_bytes(version) }, body))
    }

    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.parent_version.to_be_bytes();
        let owner = if self.whose == Whose::Own { OWN_ROOT } else { 0 };
        let provider = self.provider.map_or(NO_PROVIDER, |provider| provider as u8 | owner);
        [FORMAT, self.level as u8, provider, a, b, c, d]
    }

    fn aad(self, place: &Place<'_>) -> Vec<u8> {
        let names = [place.tenant, place.service, place.object];
        let length: usize = names.iter().map(|name| size_of::<u64>() + name.len()).sum();
        let mut aad = Vec::with_capacity(HEADER_BYTES + size_of::<u32>() + 1 + length);
        aad.extend_from_slice(&self.to_bytes());
        aad.extend_from_slice(&place.version.to_be_bytes());
        aad.push(place.purpose as u8);
        for name in names {
            aad.extend_from_slice(&(name.len() as u64).to_be_bytes());
            aad.extend_from_slice(name.as_bytes());
        }
        aad
    }

    fn expect(self, place: &Place<'_>) -> Result<(), EnvelopeError> {
        if self.level == place.level {
            Ok(())
        } else {
            Err(EnvelopeError::OtherLevel { found: self.level, wanted: place.level })
        }
    }
}

/// Seals `plain` under version `parent_version` of a key of the hierarchy. Levels 3 and 4 only.
///
/// # Errors
/// [`EnvelopeError::Seal`]; [`EnvelopeError::Malformed`] for a level that the root key seals.
pub fn seal(
    parent: &Key,
    parent_version: u32,
    place: &Place<'_>,
    random: &dyn Random,
    plain: &[u8],
) -> Result<Sealed, EnvelopeError> {
    if place.level.is_sealed_by_root() {
        return Err(EnvelopeError::Malformed);
    }
    let whose = Whose::Shared;
    let header = Header { level: place.level, provider: None, whose, parent_version };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + SALTED_OVERHEAD_BYTES + plain.len());
    bytes.extend_from_slice(&header.to_bytes());
    parent.seal_salted(random, &[INFO, &label(place)], &header.aad(place), plain, &mut bytes)?;
    Ok(Sealed::from_envelope(&bytes))
}

/// Opens what [`seal`] made, if `parent` is that key and `place` that place.
///
/// # Errors
/// Any [`EnvelopeError`] but those of sealing and of the root key.
pub fn open(
    parent: &Key,
    parent_version: u32,
    place: &Place<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (header, body) = Header::read(sealed)?;
    header.expect(place)?;
    if header.provider.is_some() {
        return Err(EnvelopeError::Malformed);
    }
    if header.parent_version != parent_version {
        return Err(EnvelopeError::OtherVersion(header.parent_version));
    }
    Ok(parent.open_salted(&[INFO, &label(place)], &header.aad(place), body)?)
}

/// Seals `plain` (at most 64 bytes) under version `version` of the root key. Levels 1 and 2 only.
///
/// # Errors
/// The root key's; [`EnvelopeError::Malformed`] for a level that the root key does not seal.
pub async fn seal_with_root(
    root: &dyn RootKey,
    version: u32,
    place: &Place<'_>,
    plain: &[u8],
) -> Result<Sealed, EnvelopeError> {
    if !place.level.is_sealed_by_root() {
        return Err(EnvelopeError::Malformed);
    }
    let (provider, whose) = (Some(root.provider()), root.whose());
    let header = Header { level: place.level, provider, whose, parent_version: version };
    let blob = root.seal(version, &header.aad(place), plain).await?;
    Ok(Sealed::from_envelope(&[header.to_bytes().as_slice(), &blob].concat()))
}

/// Opens what [`seal_with_root`] made, if `root` is that key and `place` that place.
///
/// # Errors
/// Any [`EnvelopeError`] but those of sealing.
pub async fn open_with_root(
    root: &dyn RootKey,
    place: &Place<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (header, blob) = of_root(root, place, sealed)?;
    Ok(root.open(header.parent_version, &header.aad(place), blob).await?)
}

/// Has `root` destroy the version that made this with [`seal_with_root`].
///
/// # Errors
/// Any [`EnvelopeError`] but those of sealing.
pub async fn destroy_with_root(
    root: &dyn RootKey,
    place: &Place<'_>,
    sealed: &Sealed,
) -> Result<(), EnvelopeError> {
    let (header, blob) = of_root(root, place, sealed)?;
    Ok(root.destroy(header.parent_version, &header.aad(place), blob).await?)
}

/// Whether the key that made this with [`seal_with_root`] is one of `root`, whoever's it was then.
///
/// # Errors
/// The root key's.
pub async fn is_sealed_by(
    root: &dyn RootKey,
    place: &Place<'_>,
    sealed: &Sealed,
) -> Result<bool, EnvelopeError> {
    let (header, blob) = Header::read(sealed)?;
    match root.open(header.parent_version, &header.aad(place), blob).await {
        Ok(_) => Ok(true),
        Err(RootError::NotAuthentic | RootError::NoSuchVersion(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The header of an envelope that says that `root` has sealed it, and what follows.
fn of_root<'a>(
    root: &dyn RootKey,
    place: &Place<'_>,
    sealed: &'a Sealed,
) -> Result<(Header, &'a [u8]), EnvelopeError> {
    let (header, blob) = Header::read(sealed)?;
    header.expect(place)?;
    let found = header.provider.ok_or(EnvelopeError::Malformed)?;
    if header.whose != root.whose() {
        return Err(EnvelopeError::OtherRoot { found: header.whose, given: root.whose() });
    }
    let given = root.provider();
    if found != given {
        return Err(EnvelopeError::OtherProvider { found, given });
    }
    Ok((header, blob))
}

fn label(place: &Place<'_>) -> [u8; 2] {
    [place.level as u8, place.purpose as u8]
}
