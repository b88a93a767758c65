//! Values on the command line, in the words of KMIP's tables.

use keystrata::clock::Timestamp;
use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::phrase;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters};
use kmip_ttlv::enums::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask, KeyCompressionType,
    KeyFormatType, KeyWrapType, ObjectGroupMember, ObjectType, QueryFunction, RecommendedCurve,
    RevocationReasonCode, SecretDataType, State, StorageStatusMask,
};
use zeroize::Zeroizing;

use crate::command::kmip::input;

/// Makes a parser for each enumeration: a name of its table, in which only letters and digits count.
macro_rules! named {
    ($($parser:ident: $enumeration:ident),* $(,)?) => {
        $(
            #[doc = concat!("A [`", stringify!($enumeration), "`] by its name.")]
            pub(super) fn $parser(text: &str) -> Result<$enumeration, String> {
                let all = $enumeration::ALL.iter().map(|(value, _)| (value.xml_name(), *value));
                named(text, &all.collect::<Vec<_>>())
            }
        )*
    };
}

named! {
    certificate_type: CertificateType,
    curve: RecommendedCurve,
    group_member: ObjectGroupMember,
    key_compression: KeyCompressionType,
    key_format: KeyFormatType,
    key_wrap_type: KeyWrapType,
    object_type: ObjectType,
    query_function: QueryFunction,
    revocation_reason: RevocationReasonCode,
    secret_type: SecretDataType,
    state: State,
}

/// An algorithm by its name, or by the name that the server gives one of its own.
pub(super) fn algorithm(text: &str) -> Result<CryptographicAlgorithm, String> {
    let known = CryptographicAlgorithm::ALL.iter().map(|(value, _)| (value.xml_name(), *value));
    let own = CryptographicAlgorithm::EXTENSIONS.iter().map(|(value, name)| (*name, *value));
    named(text, &known.chain(own).collect::<Vec<_>>())
}

fn named<T: Copy>(text: &str, all: &[(&str, T)]) -> Result<T, String> {
    let found = all.iter().find(|(name, _)| letters(name) == letters(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

fn letters(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Uses by name, with commas between them.
pub(super) fn usage(text: &str) -> Result<CryptographicUsageMask, String> {
    let all: Vec<_> =
        CryptographicUsageMask::ALL.iter().map(|(bit, name, _)| (*name, *bit)).collect();
    let bits = text.split([',', '|', ' ']).filter(|name| !name.is_empty());
    bits.map(|name| named(name, &all))
        .try_fold(CryptographicUsageMask::EMPTY, |mask, bit| Ok(mask | bit?))
}

/// Kinds of storage by name, with commas between them.
pub(super) fn storage(text: &str) -> Result<StorageStatusMask, String> {
    let all: Vec<_> = StorageStatusMask::ALL.iter().map(|(bit, name, _)| (*name, *bit)).collect();
    let bits = text.split([',', '|', ' ']).filter(|name| !name.is_empty());
    bits.map(|name| named(name, &all))
        .try_fold(StorageStatusMask::EMPTY, |mask, bit| Ok(mask | bit?))
}

/// `NAME=VALUE`.
pub(super) fn attribute(text: &str) -> Result<Attribute, String> {
    phrase::attribute(text).map_err(|error| error.to_string())
}

/// The name of an attribute.
pub(super) fn reference(text: &str) -> Result<AttributeReference, String> {
    phrase::reference(text).map_err(|error| error.to_string())
}

/// `FIELD:VALUE,…` of Cryptographic Parameters.
pub(super) fn parameters(text: &str) -> Result<CryptographicParameters, String> {
    match phrase::value(AttributeKind::CryptographicParameters, text) {
        Ok(Attribute::CryptographicParameters(parameters)) => Ok(*parameters),
        Ok(_) => Err("these are no parameters".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// RFC 3339, or seconds since 1970.
pub(super) fn date(text: &str) -> Result<DateTime, String> {
    let moment = || Timestamp::from_rfc3339(text).map(Timestamp::seconds);
    let seconds = text.parse().ok().or_else(moment);
    seconds.map(DateTime).ok_or_else(|| "write 2026-01-31T12:00:00Z".to_owned())
}

/// Bytes in hexadecimal.
#[derive(Clone)]
pub(crate) struct Hex(pub(super) Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(text: &str) -> Result<Hex, String> {
    let bytes = input::Form::Hex.read(text.as_bytes());
    bytes.map(Hex).map_err(|_| "write hexadecimal digits, in pairs".to_owned())
}

#[cfg(test)]
mod tests {
    use keystrata::crypto::key::lattice;

    use super::*;

    #[test]
    fn names_are_those_of_the_tables_and_only_letters_count() {
        assert_eq!(object_type("symmetric-key"), Ok(ObjectType::SymmetricKey));
        assert_eq!(key_format("pkcs8"), Ok(KeyFormatType::Pkcs8));
        assert_eq!(state("PreActive"), Ok(State::PreActive));
        let both = CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::MAC_VERIFY;
        assert_eq!(usage("Encrypt,mac-verify"), Ok(both));
        let wrong = object_type("key").unwrap_err();
        assert!(wrong.starts_with("one of Certificate, SymmetricKey, "), "{wrong}");
        assert!(usage("Encrypt,Eat").is_err());
    }

    /// All that the server makes pairs of, by the tables of the server and of the protocol.
    #[test]
    fn every_algorithm_has_a_name_here() {
        let own = CryptographicAlgorithm::EXTENSIONS.iter().map(|(value, name)| (*name, *value));
        let all = CryptographicAlgorithm::ALL.iter().map(|(value, _)| (value.xml_name(), *value));
        for (name, value) in all.chain(own) {
            assert_eq!(algorithm(name), Ok(value));
        }
        for set in lattice::SETS {
            for served in set.algorithms {
                assert!(algorithm(&format!("{set:?}")).is_ok_and(|named| named == *served));
            }
        }
        assert_eq!(algorithm("ml-dsa-65"), Ok(CryptographicAlgorithm::ML_DSA_65));
        assert!(algorithm("ML-KEM").unwrap_err().contains("ML_KEM_768"));
    }

    #[test]
    fn dates_are_written_in_two_ways() {
        assert_eq!(date("1970-01-01T00:01:00Z"), Ok(DateTime(60)));
        assert_eq!(date("60"), Ok(DateTime(60)));
        assert!(date("tomorrow").is_err());
    }
}
