//! `[query]`: what the server tells of itself and cannot know (KMIP 1.4 §4.25, KMIP 2.1 §6.1.40).
//!
//! The server knows what it serves, and to which profiles it conforms by itself. It does not know which
//! validations its build has passed, which generators stand behind the system's, to which profiles the
//! whole installation conforms (a gateway may add HTTPS), which extensions its clients have agreed
//! upon, or how they come by their certificates. Who runs it does, and answers for it. Values are
//! called as in KMIP's XML encoding.

use kmip_ttlv::attribute::RngParameters;
use kmip_ttlv::enums::{
    ClientRegistrationMethod, CryptographicAlgorithm, DrbgAlgorithm, Fips186Variation,
    HashingAlgorithm, ItemTypeEnum, ProfileName, RecommendedCurve, RngAlgorithm,
    ValidationAuthorityType, ValidationType,
};
use kmip_ttlv::structure::{
    ExtensionInformation, ExtensionType, ProfileInformation, ProfileVersion, ValidationInformation,
};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Tags that vendors may give a meaning (KMIP 1.4 §9.1.3.1).
const EXTENSIONS: std::ops::RangeInclusive<i32> = 0x54_0000..=0x54_FFFF;

/// What is told beside what the server knows.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// How clients become known to the server; empty for what this server does by itself.
    #[serde(deserialize_with = "names")]
    pub client_registration: Vec<ClientRegistrationMethod>,
    /// The random number generators; empty for one that is not described.
    #[serde(deserialize_with = "all::<_, Generator, _>")]
    pub generators: Vec<RngParameters>,
    /// The profiles to which the whole installation conforms; empty for those of the server alone.
    #[serde(deserialize_with = "all::<_, Profile, _>")]
    pub profiles: Vec<ProfileInformation>,
    /// The validations that it has passed.
    #[serde(deserialize_with = "all::<_, Validation, _>")]
    pub validations: Vec<ValidationInformation>,
    /// The vendor extensions to the tags that its clients use.
    #[serde(deserialize_with = "all::<_, Extension, _>")]
    pub extensions: Vec<ExtensionInformation>,
}

/// A value of an enumeration, by its name.
struct Named<T>(T);

macro_rules! named {
    ($($kind:ident)+) => {$(
        impl<'de> Deserialize<'de> for Named<$kind> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                let unknown = || {
                    let kind = stringify!($kind);
                    D::Error::custom(format!("`{name}` is no {kind}; they are called as in XML"))
                };
                $kind::from_xml_name(&name).map(Self).ok_or_else(unknown)
            }
        }
    )+};
}

named! {
    ClientRegistrationMethod CryptographicAlgorithm DrbgAlgorithm Fips186Variation HashingAlgorithm
    ItemTypeEnum ProfileName RecommendedCurve RngAlgorithm ValidationAuthorityType ValidationType
}

fn names<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    Named<T>: Deserialize<'de>,
{
    Ok(Vec::<Named<T>>::deserialize(deserializer)?.into_iter().map(|named| named.0).collect())
}

/// A list whose items are written in one way and meant in another.
fn all<'de, D, Written, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    Written: Deserialize<'de> + Into<T>,
{
    Ok(Vec::<Written>::deserialize(deserializer)?.into_iter().map(Into::into).collect())
}

fn plain<T>(named: Option<Named<T>>) -> Option<T> {
    named.map(|named| named.0)
}

/// `[[query.generators]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generator {
    algorithm: Named<RngAlgorithm>,
    cryptographic_algorithm: Option<Named<CryptographicAlgorithm>>,
    cryptographic_length: Option<i32>,
    hashing_algorithm: Option<Named<HashingAlgorithm>>,
    drbg_algorithm: Option<Named<DrbgAlgorithm>>,
    recommended_curve: Option<Named<RecommendedCurve>>,
    fips186_variation: Option<Named<Fips186Variation>>,
    prediction_resistance: Option<bool>,
}

impl From<Generator> for RngParameters {
    fn from(written: Generator) -> Self {
        Self {
            algorithm: written.algorithm.0,
            cryptographic_algorithm: plain(written.cryptographic_algorithm),
            cryptographic_length: written.cryptographic_length,
            hashing_algorithm: plain(written.hashing_algorithm),
            drbg_algorithm: plain(written.drbg_algorithm),
            recommended_curve: plain(written.recommended_curve),
            fips186_variation: plain(written.fips186_variation),
            prediction_resistance: written.prediction_resistance,
        }
    }
}

/// `[[query.profiles]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    name: Named<ProfileName>,
    /// Major and minor, where the name does not say it.
    version: Option<(i32, i32)>,
    server_uri: Option<String>,
    server_port: Option<i32>,
}

impl From<Profile> for ProfileInformation {
    fn from(written: Profile) -> Self {
        Self {
            name: written.name.0,
            version: written.version.map(|(major, minor)| ProfileVersion { major, minor }),
            server_uri: written.server_uri,
            server_port: written.server_port,
        }
    }
}

/// `[[query.validations]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validation {
    authority: Named<ValidationAuthorityType>,
    authority_country: Option<String>,
    authority_uri: Option<String>,
    /// Version of the criteria, major and minor.
    version_major: i32,
    version_minor: Option<i32>,
    kind: Named<ValidationType>,
    level: i32,
    certificate: Option<String>,
    certificate_uri: Option<String>,
    vendor_uri: Option<String>,
    #[serde(default)]
    profiles: Vec<String>,
}

impl From<Validation> for ValidationInformation {
    fn from(written: Validation) -> Self {
        Self {
            authority: written.authority.0,
            authority_country: written.authority_country,
            authority_uri: written.authority_uri,
            version_major: written.version_major,
            version_minor: written.version_minor,
            kind: written.kind.0,
            level: written.level,
            certificate: written.certificate,
            certificate_uri: written.certificate_uri,
            vendor_uri: written.vendor_uri,
            profiles: written.profiles,
        }
    }
}

/// `[[query.extensions]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    name: String,
    #[serde(deserialize_with = "extension_tag")]
    tag: i32,
    kind: Named<ItemTypeEnum>,
    description: Option<String>,
}

impl From<Extension> for ExtensionInformation {
    fn from(written: Extension) -> Self {
        Self {
            name: written.name,
            tag: Some(written.tag),
            kind: Some(ExtensionType(written.kind.0)),
            enumeration: None,
            attribute: None,
            parent: None,
            description: written.description,
        }
    }
}

fn extension_tag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let tag = i32::deserialize(deserializer)?;
    if EXTENSIONS.contains(&tag) {
        return Ok(tag);
    }
    Err(D::Error::custom("an extension's tag is one of 0x540000 to 0x54ffff"))
}
