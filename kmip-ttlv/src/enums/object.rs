//! Managed objects and their attributes.

use super::wire_enum;

wire_enum! {
    /// Kind of managed object (KMIP 1.4 §9.1.3.2.12, KMIP 2.1 §11.34).
    pub enum ObjectType {
        Certificate = 0x01,
        SymmetricKey = 0x02,
        PublicKey = 0x03,
        PrivateKey = 0x04,
        SplitKey = 0x05,
        Template = 0x06 @ ..=V1_4,
        SecretData = 0x07,
        OpaqueObject = 0x08,
        PgpKey = 0x09 as "PGPKey" @ V1_2..,
        CertificateRequest = 0x0a @ V2_0..,
    }
}

wire_enum! {
    /// What a Secret Data object holds (KMIP 1.4 §9.1.3.2.9, KMIP 2.1 §11.52).
    pub enum SecretDataType {
        Password = 0x01,
        Seed = 0x02,
    }
}

wire_enum! {
    /// What an Opaque Object holds; the specification assigns no value, vendors do (KMIP 1.4
    /// §9.1.3.2.10, KMIP 2.1 §11.35).
    pub enum OpaqueDataType {}
}

wire_enum! {
    /// Kind of certificate (KMIP 1.4 §9.1.3.2.6, KMIP 2.1 §11.9).
    pub enum CertificateType {
        X509 = 0x01 as "X_509",
        Pgp = 0x02 as "PGP",
    }
}

wire_enum! {
    /// Encoding of a certificate request (KMIP 1.4 §9.1.3.2.22, KMIP 2.1 §11.8).
    pub enum CertificateRequestType {
        Crmf = 0x01 as "CRMF",
        Pkcs10 = 0x02 as "PKCS_10",
        Pem = 0x03 as "PEM",
        Pgp = 0x04 as "PGP" @ ..=V1_4,
    }
}

wire_enum! {
    /// Where an object stands in its life-cycle (KMIP 1.4 §9.1.3.2.18, KMIP 2.1 §11.55).
    pub enum State {
        PreActive = 0x01,
        Active = 0x02,
        Deactivated = 0x03,
        Compromised = 0x04,
        Destroyed = 0x05,
        DestroyedCompromised = 0x06,
    }
}

wire_enum! {
    /// Why an object was revoked (KMIP 1.4 §9.1.3.2.19, KMIP 2.1 §11.48).
    pub enum RevocationReasonCode {
        Unspecified = 0x01,
        KeyCompromise = 0x02,
        CaCompromise = 0x03 as "CACompromise",
        AffiliationChanged = 0x04,
        Superseded = 0x05,
        CessationOfOperation = 0x06,
        PrivilegeWithdrawn = 0x07,
    }
}

wire_enum! {
    /// How a Name is to be read (KMIP 1.4 §9.1.3.2.11, KMIP 2.1 §11.31).
    pub enum NameType {
        UninterpretedTextString = 0x01,
        Uri = 0x02 as "URI",
    }
}

wire_enum! {
    /// What kind of name an Alternative Name is (KMIP 1.4 §9.1.3.2.34, KMIP 2.1 §11.2).
    pub enum AlternativeNameType {
        UninterpretedTextString = 0x01 @ V1_2..,
        Uri = 0x02 as "URI" @ V1_2..,
        ObjectSerialNumber = 0x03 @ V1_2..,
        EmailAddress = 0x04 @ V1_2..,
        DnsName = 0x05 as "DNSName" @ V1_2..,
        X500DistinguishedName = 0x06 as "X_500DistinguishedName" @ V1_2..,
        IpAddress = 0x07 as "IPAddress" @ V1_2..,
    }
}

wire_enum! {
    /// How a linked object relates to the one that carries the link (KMIP 1.4 §9.1.3.2.20, KMIP 2.1
    /// §11.28).
    pub enum LinkType {
        CertificateLink = 0x101,
        PublicKeyLink = 0x102,
        PrivateKeyLink = 0x103,
        DerivationBaseObjectLink = 0x104,
        DerivedKeyLink = 0x105,
        ReplacementObjectLink = 0x106,
        ReplacedObjectLink = 0x107,
        ParentLink = 0x108 @ V1_2..,
        ChildLink = 0x109 @ V1_2..,
        PreviousLink = 0x10a @ V1_2..,
        NextLink = 0x10b @ V1_2..,
        Pkcs12CertificateLink = 0x10c as "PKCS_12CertificateLink" @ V1_4..,
        Pkcs12PasswordLink = 0x10d as "PKCS_12PasswordLink" @ V1_4..,
        WrappingKeyLink = 0x10e @ V2_0..,
    }
}

wire_enum! {
    /// What a usage limit counts (KMIP 1.4 §9.1.3.2.31, KMIP 2.1 §11.60).
    pub enum UsageLimitsUnit {
        Byte = 0x01,
        Object = 0x02,
    }
}

wire_enum! {
    /// Which member of an object group is wanted (KMIP 1.4 §9.1.3.2.33, KMIP 2.1 §11.33).
    pub enum ObjectGroupMember {
        GroupMemberFresh = 0x01 @ V1_1..,
        GroupMemberDefault = 0x02 @ V1_1..,
    }
}

wire_enum! {
    /// How a Key Value Location is to be read (KMIP 1.4 §9.1.3.2.35, KMIP 2.1 §11.27).
    pub enum KeyValueLocationType {
        UninterpretedTextString = 0x01 @ V1_2..,
        Uri = 0x02 as "URI" @ V1_2..,
    }
}

wire_enum! {
    /// How well a client wants an object protected (KMIP 2.1 §11.42).
    pub enum ProtectionLevel {
        High = 0x01 @ V2_0..,
        Low = 0x02 @ V2_0..,
    }
}

wire_enum! {
    /// How a Rotate Name is to be read (KMIP 2.1 §11.51).
    pub enum RotateNameType {
        UninterpretedTextString = 0x01 @ V2_1..,
        Uri = 0x02 as "URI" @ V2_1..,
    }
}
