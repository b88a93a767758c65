//! What a server or client tells about itself (KMIP 1.4 §2.1.9 and §2.1.19 to §2.1.21, KMIP 2.1
//! §7.5, §7.13, §7.31, §7.32, §7.37 and §7.41).

use super::AnyItems;
use crate::codec::ttlv_struct;
use crate::enums::{
    DestroyAction, ItemTypeEnum, ProfileName, RngMode, ShreddingAlgorithm, UnwrapMode,
    ValidationAuthorityType, ValidationType,
};
use crate::{Decode, Encode, Item, Result, Tag, Writer};

ttlv_struct! {
    /// A tag beyond the specification's (KMIP 1.4 §2.1.9, KMIP 2.1 §7.13).
    pub struct ExtensionInformation {
        /// Name of the tag.
        ExtensionName => name: String;
        /// Number of the tag.
        ExtensionTag => tag: Option<i32>;
        /// Type of the items that have the tag.
        ExtensionType => kind: Option<ExtensionType>;
        /// A value that an enumeration has under the tag.
        ExtensionEnumeration @ V2_0.. => enumeration: Option<i32>;
        /// Whether the tag is an attribute.
        ExtensionAttribute @ V2_0.. => attribute: Option<bool>;
        /// The structure in which the tag stands.
        ExtensionParentStructureTag @ V2_0.. => parent: Option<i32>;
        /// Explanation for people.
        ExtensionDescription @ V2_0.. => description: Option<String>;
    }
}

/// An item type as a value: an Integer in 1.x, an Enumeration in 2.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionType(pub ItemTypeEnum);

impl Decode<'_> for ExtensionType {
    fn decode(item: Item<'_>) -> Result<Self> {
        if item.version().is_2x() {
            return ItemTypeEnum::decode(item).map(Self);
        }
        let number = item.integer()?.cast_unsigned();
        Ok(Self(ItemTypeEnum::from_number(number)))
    }
}

impl Encode for ExtensionType {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        if w.version().is_2x() {
            self.0.encode(tag, w);
        } else {
            w.integer(tag, self.0.number().cast_signed());
        }
    }
}

ttlv_struct! {
    /// What a server tells about itself; free in 1.x (KMIP 1.4 §4.25, KMIP 2.1 §7.37).
    #[derive(Default)]
    pub struct ServerInformation {
        /// Name of the server.
        ServerName @ V2_0.. => name: Option<String>;
        /// Serial number.
        ServerSerialNumber @ V2_0.. => serial_number: Option<String>;
        /// Version of the software.
        ServerVersion @ V2_0.. => version: Option<String>;
        /// Load, in the server's own words.
        ServerLoad @ V2_0.. => load: Option<String>;
        /// Name of the product.
        ProductName @ V2_0.. => product: Option<String>;
        /// Build of the software.
        BuildLevel @ V2_0.. => build_level: Option<String>;
        /// When it was built.
        BuildDate @ V2_0.. => build_date: Option<String>;
        /// The cluster it belongs to.
        ClusterInfo @ V2_0.. => cluster: Option<String>;
        /// Where to go if it fails.
        AlternateFailoverEndpoints @ V2_0.. => failover_endpoints: Vec<String>;
        /// Anything else.
        VENDOR_SPECIFIC => vendor_specific: AnyItems;
    }
}

ttlv_struct! {
    /// A profile that is conformed to, and where (KMIP 1.4 §2.1.19, KMIP 2.1 §7.31).
    pub struct ProfileInformation {
        /// The profile.
        ProfileName => name: ProfileName;
        /// The profile's version.
        ProfileVersion @ V2_0.. => version: Option<ProfileVersion>;
        /// The server that conforms, if it is another.
        ServerUri => server_uri: Option<String>;
        /// The port on which the server conforms.
        ServerPort => server_port: Option<i32>;
    }
}

ttlv_struct! {
    /// A profile's version (KMIP 2.1 §7.32).
    pub struct ProfileVersion {
        /// The number before the dot.
        ProfileVersionMajor => major: i32;
        /// The number after the dot.
        ProfileVersionMinor => minor: i32;
    }
}

ttlv_struct! {
    /// A validation that was passed (KMIP 1.4 §2.1.20, KMIP 2.1 §7.41).
    pub struct ValidationInformation {
        /// Who validated.
        ValidationAuthorityType => authority: ValidationAuthorityType;
        /// The authority's country.
        ValidationAuthorityCountry => authority_country: Option<String>;
        /// Where to find the authority.
        ValidationAuthorityUri => authority_uri: Option<String>;
        /// Version of the criteria, before the dot.
        ValidationVersionMajor => version_major: i32;
        /// Version of the criteria, after the dot.
        ValidationVersionMinor => version_minor: Option<i32>;
        /// What was validated.
        ValidationType => kind: ValidationType;
        /// The level that was reached.
        ValidationLevel => level: i32;
        /// Number of the certificate.
        ValidationCertificateIdentifier => certificate: Option<String>;
        /// Where to find the certificate.
        ValidationCertificateUri => certificate_uri: Option<String>;
        /// Where to find the vendor.
        ValidationVendorUri => vendor_uri: Option<String>;
        /// Profiles that were validated.
        ValidationProfile => profiles: Vec<String>;
    }
}

ttlv_struct! {
    /// Optional behaviour that is supported (KMIP 1.4 §2.1.21, KMIP 2.1 §7.5).
    #[derive(Default)]
    pub struct CapabilityInformation {
        /// Cryptographic operations in several parts.
        StreamingCapability => streaming: Option<bool>;
        /// Answers that are polled for.
        AsynchronousCapability => asynchronous: Option<bool>;
        /// Attestation of clients.
        AttestationCapability => attestation: Option<bool>;
        /// Batches that are undone if one item fails.
        BatchUndoCapability @ V1_4.. => batch_undo: Option<bool>;
        /// Batches that go on if one item fails.
        BatchContinueCapability @ V1_4.. => batch_continue: Option<bool>;
        /// What happens to a wrapped key that is registered.
        UnwrapMode => unwrap_mode: Option<UnwrapMode>;
        /// What Destroy does.
        DestroyAction => destroy_action: Option<DestroyAction>;
        /// How it erases.
        ShreddingAlgorithm => shredding_algorithm: Option<ShreddingAlgorithm>;
        /// Whether clients share a random number generator.
        RngMode => rng_mode: Option<RngMode>;
        /// Algorithms that withstand quantum computers.
        QuantumSafeCapability @ V2_0.. => quantum_safe: Option<bool>;
    }
}
