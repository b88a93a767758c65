//! Keys: formats, wrapping, splitting, derivation.

use super::wire_enum;

wire_enum! {
    /// Encoding of an elliptic-curve public key (KMIP 1.4 §9.1.3.2.2, KMIP 2.1 §11.24).
    pub enum KeyCompressionType {
        EcPublicKeyTypeUncompressed = 0x01 as "ECPublicKeyTypeUncompressed",
        EcPublicKeyTypeX9_62CompressedPrime = 0x02 as "ECPublicKeyTypeX9_62CompressedPrime",
        EcPublicKeyTypeX9_62CompressedChar2 = 0x03 as "ECPublicKeyTypeX9_62CompressedChar2",
        EcPublicKeyTypeX9_62Hybrid = 0x04 as "ECPublicKeyTypeX9_62Hybrid",
    }
}

wire_enum! {
    /// Form of the bytes or the structure in a Key Material (KMIP 1.4 §9.1.3.2.3, KMIP 2.1 §11.25).
    pub enum KeyFormatType {
        Raw = 0x01,
        Opaque = 0x02,
        Pkcs1 = 0x03 as "PKCS_1",
        Pkcs8 = 0x04 as "PKCS_8",
        X509 = 0x05 as "X_509",
        EcPrivateKey = 0x06 as "ECPrivateKey",
        TransparentSymmetricKey = 0x07,
        TransparentDsaPrivateKey = 0x08 as "TransparentDSAPrivateKey",
        TransparentDsaPublicKey = 0x09 as "TransparentDSAPublicKey",
        TransparentRsaPrivateKey = 0x0a as "TransparentRSAPrivateKey",
        TransparentRsaPublicKey = 0x0b as "TransparentRSAPublicKey",
        TransparentDhPrivateKey = 0x0c as "TransparentDHPrivateKey",
        TransparentDhPublicKey = 0x0d as "TransparentDHPublicKey",
        TransparentEcdsaPrivateKey = 0x0e as "TransparentECDSAPrivateKey" @ ..=V1_4,
        TransparentEcdsaPublicKey = 0x0f as "TransparentECDSAPublicKey" @ ..=V1_4,
        TransparentEcdhPrivateKey = 0x10 as "TransparentECDHPrivateKey" @ ..=V1_4,
        TransparentEcdhPublicKey = 0x11 as "TransparentECDHPublicKey" @ ..=V1_4,
        TransparentEcmqvPrivateKey = 0x12 as "TransparentECMQVPrivateKey" @ ..=V1_4,
        TransparentEcmqvPublicKey = 0x13 as "TransparentECMQVPublicKey" @ ..=V1_4,
        TransparentEcPrivateKey = 0x14 as "TransparentECPrivateKey" @ V1_3..,
        TransparentEcPublicKey = 0x15 as "TransparentECPublicKey" @ V1_3..,
        Pkcs12 = 0x16 as "PKCS_12" @ V1_4..,
        Pkcs10 = 0x17 as "PKCS_10" @ V2_0..,
    }
}

wire_enum! {
    /// How a key is wrapped (KMIP 1.4 §9.1.3.2.4, KMIP 2.1 §11.62).
    pub enum WrappingMethod {
        Encrypt = 0x01,
        MacSign = 0x02 as "MACSign",
        EncryptThenMacSign = 0x03 as "EncryptThenMACSign",
        MacSignThenEncrypt = 0x04 as "MACSignThenEncrypt",
        Tr31 = 0x05 as "TR_31",
    }
}

wire_enum! {
    /// Whether wrapped bytes are the key alone or its TTLV Key Value (KMIP 1.4 §9.1.3.2.32, KMIP
    /// 2.1 §11.18).
    pub enum EncodingOption {
        NoEncoding = 0x01 @ V1_1..,
        TtlvEncoding = 0x02 as "TTLVEncoding" @ V1_1..,
    }
}

wire_enum! {
    /// Whether Get returns a key as it is stored, or unwrapped (KMIP 1.4 §9.1.3.2.48, KMIP 2.1
    /// §11.29).
    pub enum KeyWrapType {
        NotWrapped = 0x01 @ V1_4..,
        AsRegistered = 0x02 @ V1_4..,
    }
}

wire_enum! {
    /// How a key was split into parts (KMIP 1.4 §9.1.3.2.8, KMIP 2.1 §11.54).
    pub enum SplitKeyMethod {
        Xor = 0x01 as "XOR",
        PolynomialSharingGf2_16 = 0x02 as "PolynomialSharingGF2_16" | "PolynomialSharingGF216",
        PolynomialSharingPrimeField = 0x03,
        PolynomialSharingGf2_8 = 0x04 as "PolynomialSharingGF2_8"
            | "PolynomialSharingGF28" @ V1_2..,
    }
}

wire_enum! {
    /// Role of a key in payment systems (KMIP 1.4 §9.1.3.2.17, KMIP 2.1 §11.26).
    pub enum KeyRoleType {
        Bdk = 0x01 as "BDK",
        Cvk = 0x02 as "CVK",
        Dek = 0x03 as "DEK",
        Mkac = 0x04 as "MKAC",
        Mksmc = 0x05 as "MKSMC",
        Mksmi = 0x06 as "MKSMI",
        Mkdac = 0x07 as "MKDAC",
        Mkdn = 0x08 as "MKDN",
        Mkcp = 0x09 as "MKCP",
        Mkoth = 0x0a as "MKOTH",
        Kek = 0x0b as "KEK",
        Mac16609 = 0x0c as "MAC16609",
        Mac97971 = 0x0d as "MAC97971",
        Mac97972 = 0x0e as "MAC97972",
        Mac97973 = 0x0f as "MAC97973",
        Mac97974 = 0x10 as "MAC97974",
        Mac97975 = 0x11 as "MAC97975",
        Zpk = 0x12 as "ZPK",
        Pvkibm = 0x13 as "PVKIBM",
        Pvkpvv = 0x14 as "PVKPVV",
        Pvkoth = 0x15 as "PVKOTH",
        Dukpt = 0x16 as "DUKPT" @ V1_4..,
        Iv = 0x17 as "IV" @ V1_4..,
        Trkbk = 0x18 as "TRKBK" @ V1_4..,
    }
}

wire_enum! {
    /// Type of a key in the terms of NIST SP 800-57 (KMIP 2.1 §11.32).
    pub enum NistKeyType {
        PrivateSignatureKey = 0x01 @ V2_0..,
        PublicSignatureVerificationKey = 0x02 @ V2_0..,
        SymmetricAuthenticationKey = 0x03 @ V2_0..,
        PrivateAuthenticationKey = 0x04 @ V2_0..,
        PublicAuthenticationKey = 0x05 @ V2_0..,
        SymmetricDataEncryptionKey = 0x06 @ V2_0..,
        SymmetricKeyWrappingKey = 0x07 @ V2_0..,
        SymmetricRandomNumberGenerationKey = 0x08 @ V2_0..,
        SymmetricMasterKey = 0x09 @ V2_0..,
        PrivateKeyTransportKey = 0x0a @ V2_0..,
        PublicKeyTransportKey = 0x0b @ V2_0..,
        SymmetricKeyAgreementKey = 0x0c @ V2_0..,
        PrivateStaticKeyAgreementKey = 0x0d @ V2_0..,
        PublicStaticKeyAgreementKey = 0x0e @ V2_0..,
        PrivateEphemeralKeyAgreementKey = 0x0f @ V2_0..,
        PublicEphemeralKeyAgreementKey = 0x10 @ V2_0..,
        SymmetricAuthorizationKey = 0x11 @ V2_0..,
        PrivateAuthorizationKey = 0x12 @ V2_0..,
        PublicAuthorizationKey = 0x13 @ V2_0..,
    }
}

wire_enum! {
    /// Function that derives a key from others (KMIP 1.4 §9.1.3.2.21, KMIP 2.1 §11.14).
    pub enum DerivationMethod {
        Pbkdf2 = 0x01 as "PBKDF2",
        Hash = 0x02 as "HASH",
        Hmac = 0x03 as "HMAC",
        Encrypt = 0x04 as "ENCRYPT",
        Nist800_108C = 0x05 as "NIST800_108_C",
        Nist800_108F = 0x06 as "NIST800_108_F",
        Nist800_108Dpi = 0x07 as "NIST800_108_DPI",
        AsymmetricKey = 0x08 @ V1_4..,
        AwsSignatureVersion4 = 0x09 as "AWSSignatureVersion4" @ V2_0..,
        Hkdf = 0x0a as "HKDF" @ V2_0..,
    }
}
