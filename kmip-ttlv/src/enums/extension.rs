//! Values of this server's own, in the range that the specification leaves to vendors (8XXXXXXX,
//! KMIP 1.4 §9.1.3.2, KMIP 2.1 §11): algorithms that no served version of KMIP names.
//!
//! Each has the number that KMIP 3.0 gives it, in that range. On the wire, in XML and in JSON they are
//! numbers like all that a version does not define; the names here are for people.

use super::CryptographicAlgorithm;

macro_rules! extensions {
    ($($(#[$meta:meta])* $name:ident = $number:literal as $text:literal;)+) => {
        impl CryptographicAlgorithm {
            $($(#[$meta])* pub const $name: Self = Self::Unknown($number);)+

            /// The values in the range of vendors that the server knows, with their names.
            pub const EXTENSIONS: &'static [(Self, &'static str)] = &[$((Self::$name, $text)),+];
        }
    };
}

extensions! {
    /// ML-KEM-512 (FIPS 203).
    ML_KEM_512 = 0x8000_0039 as "ML_KEM_512";
    /// ML-KEM-768 (FIPS 203).
    ML_KEM_768 = 0x8000_003a as "ML_KEM_768";
    /// ML-KEM-1024 (FIPS 203).
    ML_KEM_1024 = 0x8000_003b as "ML_KEM_1024";
    /// ML-DSA-44 (FIPS 204).
    ML_DSA_44 = 0x8000_003c as "ML_DSA_44";
    /// ML-DSA-65 (FIPS 204).
    ML_DSA_65 = 0x8000_003d as "ML_DSA_65";
    /// ML-DSA-87 (FIPS 204).
    ML_DSA_87 = 0x8000_003e as "ML_DSA_87";
}

impl CryptographicAlgorithm {
    /// The value with this name in KMIP's XML encoding, or with this name among the extensions.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let extension = || Self::EXTENSIONS.iter().find(|(_, text)| *text == name);
        Self::from_xml_name(name).or_else(|| extension().map(|(value, _)| *value))
    }

    /// Whether this is a value in the range of vendors that the server knows. All versions have it.
    #[must_use]
    pub fn is_extension(self) -> bool {
        Self::EXTENSIONS.iter().any(|(value, _)| *value == self)
    }
}
