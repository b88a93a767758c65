//! The structures that are values of attributes.

use crate::OwnedIdentifier;
use crate::codec::ttlv_struct;
use crate::enums::{
    AlternativeNameType, BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm,
    DrbgAlgorithm, Fips186Variation, HashingAlgorithm, KeyFormatType, KeyRoleType,
    KeyValueLocationType, LinkType, MaskGenerator, NameType, PaddingMethod, RecommendedCurve,
    RevocationReasonCode, RngAlgorithm, RotateNameType, UsageLimitsUnit,
};

ttlv_struct! {
    /// A name that the client gives an object (KMIP 1.4 §3.2, KMIP 2.1 §4.32).
    #[derive(Eq, Hash)]
    pub struct Name {
        /// The name.
        NameValue => value: String;
        /// How to read it.
        NameType => kind: NameType;
    }
}

ttlv_struct! {
    /// How a key is used in an operation (KMIP 1.4 §3.6, KMIP 2.1 §4.16).
    #[derive(Default, Eq)]
    pub struct CryptographicParameters {
        /// Mode of the block cipher.
        BlockCipherMode => block_cipher_mode: Option<BlockCipherMode>;
        /// Padding to whole blocks, or of RSA.
        PaddingMethod => padding_method: Option<PaddingMethod>;
        /// Hash function.
        HashingAlgorithm => hashing_algorithm: Option<HashingAlgorithm>;
        /// Role in a payment system.
        KeyRoleType => key_role_type: Option<KeyRoleType>;
        /// Signature scheme with its hash.
        DigitalSignatureAlgorithm @ V1_2.. =>
            digital_signature_algorithm: Option<DigitalSignatureAlgorithm>;
        /// Algorithm. PyKMIP sends it at every version.
        CryptographicAlgorithm @ V1_2.. accept V1_0.. =>
            cryptographic_algorithm: Option<CryptographicAlgorithm>;
        /// Whether the server chooses the IV.
        RandomIv @ V1_2.. => random_iv: Option<bool>;
        /// Length of the IV in bits.
        IvLength @ V1_2.. => iv_length: Option<i32>;
        /// Length of the authentication tag in bytes.
        TagLength @ V1_2.. => tag_length: Option<i32>;
        /// Length of the fixed part of the IV in bits.
        FixedFieldLength @ V1_2.. => fixed_field_length: Option<i32>;
        /// Length of the changing part of the IV in bits.
        InvocationFieldLength @ V1_2.. => invocation_field_length: Option<i32>;
        /// Length of the counter in bits.
        CounterLength @ V1_2.. => counter_length: Option<i32>;
        /// Where the counter starts.
        InitialCounterValue @ V1_2.. => initial_counter_value: Option<i32>;
        /// Length of the salt of PSS in bytes.
        SaltLength @ V1_4.. => salt_length: Option<i32>;
        /// Mask generation function of OAEP and PSS.
        MaskGenerator @ V1_4.. => mask_generator: Option<MaskGenerator>;
        /// Hash function of the mask generation function.
        MaskGeneratorHashingAlgorithm @ V1_4.. =>
            mask_generator_hashing_algorithm: Option<HashingAlgorithm>;
        /// Label of OAEP.
        PSource @ V1_4.. => p_source: Option<Vec<u8>>;
        /// Trailer of PSS.
        TrailerField @ V1_4.. => trailer_field: Option<i32>;
    }
}

ttlv_struct! {
    /// What a key pair is generated over (KMIP 1.4 §3.7, KMIP 2.1 §4.14).
    #[derive(Eq)]
    pub struct CryptographicDomainParameters {
        /// Length of Q in bits (DSA, DH).
        Qlength => q_length: Option<i32>;
        /// Elliptic curve.
        RecommendedCurve => recommended_curve: Option<RecommendedCurve>;
    }
}

ttlv_struct! {
    /// Issuer and serial number of a certificate, as text (KMIP 1.4 §3.13; 1.x only).
    #[derive(Eq)]
    pub struct CertificateIdentifier {
        /// Distinguished name of the issuer.
        Issuer => issuer: String;
        /// Serial number; X.509 only.
        SerialNumber => serial_number: Option<String>;
    }
}

ttlv_struct! {
    /// Subject of a certificate, as text (KMIP 1.4 §3.14; 1.x only).
    #[derive(Eq)]
    pub struct CertificateSubject {
        /// Distinguished name.
        CertificateSubjectDistinguishedName => distinguished_name: String;
        /// Alternative names.
        CertificateSubjectAlternativeName => alternative_names: Vec<String>;
    }
}

ttlv_struct! {
    /// Issuer of a certificate, as text (KMIP 1.4 §3.15; 1.x only).
    #[derive(Eq)]
    pub struct CertificateIssuer {
        /// Distinguished name.
        CertificateIssuerDistinguishedName => distinguished_name: String;
        /// Alternative names.
        CertificateIssuerAlternativeName => alternative_names: Vec<String>;
    }
}

ttlv_struct! {
    /// Issuer and serial number of an X.509 certificate, in DER (KMIP 1.4 §3.10, KMIP 2.1 §4.61).
    #[derive(Eq)]
    pub struct X509CertificateIdentifier {
        /// Distinguished name of the issuer.
        IssuerDistinguishedName => issuer: Vec<u8>;
        /// Serial number.
        CertificateSerialNumber => serial_number: Vec<u8>;
    }
}

ttlv_struct! {
    /// Subject of an X.509 certificate, in DER (KMIP 1.4 §3.11, KMIP 2.1 §4.63).
    #[derive(Eq)]
    pub struct X509CertificateSubject {
        /// Distinguished name.
        SubjectDistinguishedName => distinguished_name: Vec<u8>;
        /// Alternative names.
        SubjectAlternativeName => alternative_names: Vec<Vec<u8>>;
    }
}

ttlv_struct! {
    /// Issuer of an X.509 certificate, in DER (KMIP 1.4 §3.12, KMIP 2.1 §4.62).
    #[derive(Eq)]
    pub struct X509CertificateIssuer {
        /// Distinguished name.
        IssuerDistinguishedName => distinguished_name: Vec<u8>;
        /// Alternative names.
        IssuerAlternativeName => alternative_names: Vec<Vec<u8>>;
    }
}

ttlv_struct! {
    /// Hash of an object's value (KMIP 1.4 §3.17, KMIP 2.1 §4.21).
    #[derive(Eq)]
    pub struct Digest {
        /// Hash function.
        HashingAlgorithm => hashing_algorithm: HashingAlgorithm;
        /// The hash; absent if the server has not the value.
        DigestValue => value: Option<Vec<u8>>;
        /// Form of the key material that was hashed; absent if the object has none.
        KeyFormatType @ V1_1.. => key_format_type: Option<KeyFormatType>;
    }
}

ttlv_struct! {
    /// How much a key may still be used (KMIP 1.4 §3.21, KMIP 2.1 §4.59).
    #[derive(Eq)]
    pub struct UsageLimits {
        /// How much in all.
        UsageLimitsTotal => total: i64;
        /// How much is left. The tables want it; clients, who may not set it, leave it out.
        UsageLimitsCount => count: Option<i64>;
        /// What is counted.
        UsageLimitsUnit => unit: UsageLimitsUnit;
    }
}

ttlv_struct! {
    /// Why an object was revoked, in code and in the revoker's words (KMIP 1.4 §3.31, KMIP 2.1
    /// §4.47).
    #[derive(Eq)]
    pub struct RevocationReason {
        /// The reason.
        RevocationReasonCode => code: RevocationReasonCode;
        /// Free text for the audit trail.
        RevocationMessage => message: Option<String>;
    }
}

ttlv_struct! {
    /// How another object relates to this one (KMIP 1.4 §3.35, KMIP 2.1 §4.31).
    #[derive(Eq, Hash)]
    pub struct Link {
        /// The relation.
        LinkType => kind: LinkType;
        /// The other object.
        LinkedObjectIdentifier => object: OwnedIdentifier;
    }
}

ttlv_struct! {
    /// What an application wants to remember with an object (KMIP 1.4 §3.36, KMIP 2.1 §4.4).
    #[derive(Eq, Hash)]
    pub struct ApplicationSpecificInformation {
        /// Whose data it is.
        ApplicationNamespace => namespace: String;
        /// The data. Required before 1.3; since then the server may make it up.
        ApplicationData => data: Option<String>;
    }
}

ttlv_struct! {
    /// Another name of an object, which need not be unique (KMIP 1.4 §3.40, KMIP 2.1 §4.2).
    #[derive(Eq, Hash)]
    pub struct AlternativeName {
        /// The name.
        AlternativeNameValue => value: String;
        /// How to read it.
        AlternativeNameType => kind: AlternativeNameType;
    }
}

ttlv_struct! {
    /// Where the value of a key is that the server does not hold (KMIP 1.4 §3.42, KMIP 2.1 §4.27).
    #[derive(Eq, Hash)]
    pub struct KeyValueLocation {
        /// The place.
        KeyValueLocationValue => value: String;
        /// How to read it.
        KeyValueLocationType => kind: KeyValueLocationType;
    }
}

ttlv_struct! {
    /// A random number generator (KMIP 1.4 §2.1.18 and §3.44, KMIP 2.1 §4.46 and §7.36).
    #[derive(Eq)]
    pub struct RngParameters {
        /// Kind of generator.
        RngAlgorithm => algorithm: RngAlgorithm;
        /// Cipher it is made from.
        CryptographicAlgorithm => cryptographic_algorithm: Option<CryptographicAlgorithm>;
        /// Key length of the cipher in bits.
        CryptographicLength => cryptographic_length: Option<i32>;
        /// Hash function it is made from.
        HashingAlgorithm => hashing_algorithm: Option<HashingAlgorithm>;
        /// Construction of a deterministic generator.
        DrbgAlgorithm => drbg_algorithm: Option<DrbgAlgorithm>;
        /// Curve it is made from.
        RecommendedCurve => recommended_curve: Option<RecommendedCurve>;
        /// Variant of the generator of FIPS 186-2.
        Fips186Variation => fips186_variation: Option<Fips186Variation>;
        /// Whether what it has given says nothing about what it will give.
        PredictionResistance => prediction_resistance: Option<bool>;
    }
}

ttlv_struct! {
    /// A name that goes on to the next key when a key is rotated (KMIP 2.1 §4.53).
    #[derive(Eq, Hash)]
    pub struct RotateName {
        /// The name.
        RotateNameValue => value: String;
        /// How to read it.
        RotateNameType => kind: RotateNameType;
    }
}
