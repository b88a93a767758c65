//! Which enumeration belongs to which tag, for showing values by name.

#[allow(clippy::wildcard_imports, reason = "the table names nearly all of them")]
use super::*;
use crate::Tag;

/// Makes the look-up: enumerations named like their tags, then the others.
macro_rules! enumerations_by_tag {
    ($($same:ident),*; $($tag:ident: $other:ty),* $(,)?) => {
        enumerations_by_tag! { @make $($same: $same,)* $($tag: $other,)* }
    };
    (@make $($tag:ident: $enumeration:ty,)*) => {
        /// The XML name of a value of the enumeration that stands under `tag`, if both are known.
        #[must_use]
        pub fn value_name(tag: Tag, number: u32) -> Option<&'static str> {
            match tag {
                $(Tag::$tag => {
                    let value = <$enumeration>::from_number(number);
                    value.versions().map(|_| value.xml_name())
                })*
                Tag::AttributeReference | Tag::Tag => {
                    let named = Tag::from_number(number);
                    named.versions().map(|_| named.xml_name())
                }
                _ => None,
            }
        }

        /// The number that an XML name, or another spelling in use, has in the enumeration that
        /// stands under `tag`.
        #[must_use]
        pub fn value_number(tag: Tag, name: &str) -> Option<u32> {
            match tag {
                $(Tag::$tag => <$enumeration>::from_xml_name(name).map(<$enumeration>::number),)*
                Tag::AttributeReference | Tag::Tag => Tag::from_xml_name(name).map(Tag::number),
                _ => None,
            }
        }
    };
}

enumerations_by_tag! {
    AsynchronousIndicator, BatchErrorContinuationOption, BlockCipherMode, CancellationResult,
    CertificateRequestType, CertificateType, CredentialType, CryptographicAlgorithm,
    DerivationMethod, HashingAlgorithm, KeyCompressionType, KeyFormatType, LinkType, NameType,
    ObjectType, OpaqueDataType, Operation, PaddingMethod, PutFunction, QueryFunction,
    RecommendedCurve, ResultReason, ResultStatus, RevocationReasonCode, KeyRoleType,
    SecretDataType, SplitKeyMethod, State, UsageLimitsUnit, ValidityIndicator, WrappingMethod,
    EncodingOption, ObjectGroupMember, DigitalSignatureAlgorithm, KeyValueLocationType,
    AlternativeNameType, AttestationType, RngAlgorithm, DrbgAlgorithm, Fips186Variation,
    ValidationAuthorityType, ValidationType, ProfileName, UnwrapMode, DestroyAction,
    ShreddingAlgorithm, RngMode, ClientRegistrationMethod, KeyWrapType, MaskGenerator,
    NistKeyType, ProtectionLevel, TicketType, EndpointRole, AdjustmentType, Pkcs11Function,
    Pkcs11ReturnCode, InteropFunction, RotateNameType, ProcessingStage;
    Data: DataEnum,
    ExtensionType: ItemTypeEnum,
    LinkedObjectIdentifier: UniqueIdentifierEnum,
    MaskGeneratorHashingAlgorithm: HashingAlgorithm,
    ObjectTypes: ObjectType,
    UniqueIdentifier: UniqueIdentifierEnum,
}

/// The XML names of the bits of the mask that stands under `tag`, divided by `|`; bits without a
/// name as one number. `None` if no mask stands there.
#[must_use]
pub fn mask_names(tag: Tag, bits: i32) -> Option<String> {
    let table: Vec<(i32, &str)> = match tag {
        Tag::CryptographicUsageMask => {
            CryptographicUsageMask::ALL.iter().map(|(bit, name, _)| (bit.bits(), *name)).collect()
        }
        Tag::ProtectionStorageMask => {
            ProtectionStorageMask::ALL.iter().map(|(bit, name, _)| (bit.bits(), *name)).collect()
        }
        Tag::StorageStatusMask => {
            StorageStatusMask::ALL.iter().map(|(bit, name, _)| (bit.bits(), *name)).collect()
        }
        _ => return None,
    };
    let mut rest = bits;
    let mut names = Vec::new();
    for (bit, name) in table {
        if rest & bit != 0 {
            rest &= !bit;
            names.push(name.to_owned());
        }
    }
    if rest != 0 || names.is_empty() {
        names.push(format!("{rest:#x}"));
    }
    Some(names.join("|"))
}

/// The bit that an XML name, or another spelling in use, has in the mask that stands under `tag`.
#[must_use]
pub fn mask_bit(tag: Tag, name: &str) -> Option<i32> {
    match tag {
        Tag::CryptographicUsageMask => {
            CryptographicUsageMask::from_xml_name(name).map(CryptographicUsageMask::bits)
        }
        Tag::ProtectionStorageMask => {
            ProtectionStorageMask::from_xml_name(name).map(ProtectionStorageMask::bits)
        }
        Tag::StorageStatusMask => {
            StorageStatusMask::from_xml_name(name).map(StorageStatusMask::bits)
        }
        _ => None,
    }
}
