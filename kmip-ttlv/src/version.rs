//! Protocol versions, and ranges of them.

use std::fmt;

use crate::codec::ttlv_struct;

/// A version of the protocol that this crate can read and write, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// KMIP 1.0.
    V1_0,
    /// KMIP 1.1.
    V1_1,
    /// KMIP 1.2.
    V1_2,
    /// KMIP 1.3.
    V1_3,
    /// KMIP 1.4.
    V1_4,
    /// KMIP 2.0.
    V2_0,
    /// KMIP 2.1.
    V2_1,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 7] =
        [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3, Self::V1_4, Self::V2_0, Self::V2_1];

    /// The number before the dot.
    #[must_use]
    pub const fn major(self) -> i32 {
        if self.is_2x() { 2 } else { 1 }
    }

    /// The number after the dot.
    #[must_use]
    pub const fn minor(self) -> i32 {
        match self {
            Self::V1_0 | Self::V2_0 => 0,
            Self::V1_1 | Self::V2_1 => 1,
            Self::V1_2 => 2,
            Self::V1_3 => 3,
            Self::V1_4 => 4,
        }
    }

    /// The version with these numbers, or `None` if this crate does not know it.
    #[must_use]
    pub fn from_numbers(major: i32, minor: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|version| (version.major(), version.minor()) == (major, minor))
    }

    /// Whether attributes travel under their own tags, as from 2.0 on.
    #[must_use]
    pub const fn is_2x(self) -> bool {
        matches!(self, Self::V2_0 | Self::V2_1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.minor())
    }
}

/// An inclusive range of versions: those that know a tag, a field or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Versions {
    /// The oldest version that knows it.
    pub first: Version,
    /// The newest version that knows it.
    pub last: Version,
}

impl Versions {
    /// Every version.
    pub const ALL: Self = Self::range(None, None);

    /// The range between two versions, open where `None`.
    #[must_use]
    pub const fn range(first: Option<Version>, last: Option<Version>) -> Self {
        Self {
            first: match first {
                Some(version) => version,
                None => Version::V1_0,
            },
            last: match last {
                Some(version) => version,
                None => Version::V2_1,
            },
        }
    }

    /// Whether `version` is one of them.
    #[must_use]
    pub const fn contains(self, version: Version) -> bool {
        self.first as u8 <= version as u8 && version as u8 <= self.last as u8
    }
}

ttlv_struct! {
    /// The version of a message as its header states it (KMIP 1.4 §6.1, KMIP 2.1 §8.1).
    #[derive(Copy, Eq)]
    pub struct ProtocolVersion {
        /// The number before the dot.
        ProtocolVersionMajor => major: i32;
        /// The number after the dot.
        ProtocolVersionMinor => minor: i32;
    }
}

impl ProtocolVersion {
    /// The version that is meant, or `None` if this crate does not know it.
    #[must_use]
    pub fn version(self) -> Option<Version> {
        Version::from_numbers(self.major, self.minor)
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        Self { major: version.major(), minor: version.minor() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_found_by_its_numbers() {
        for version in Version::ALL {
            assert_eq!(ProtocolVersion::from(version).version(), Some(version));
        }
        assert_eq!(Version::from_numbers(1, 5), None);
        assert_eq!(Version::from_numbers(3, 0), None);
    }

    #[test]
    fn versions_are_ordered_as_they_were_published() {
        assert!(Version::ALL.is_sorted());
        assert!(Versions::range(Some(Version::V1_2), None).contains(Version::V2_0));
        assert!(!Versions::range(None, Some(Version::V1_4)).contains(Version::V2_0));
    }
}
