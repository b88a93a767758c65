//! What a server says about itself.

use super::wire_enum;

wire_enum! {
    /// What a client wants to know about a server (KMIP 1.4 §9.1.3.2.24, KMIP 2.1 §11.44).
    pub enum QueryFunction {
        QueryOperations = 0x01,
        QueryObjects = 0x02,
        QueryServerInformation = 0x03,
        QueryApplicationNamespaces = 0x04,
        QueryExtensionList = 0x05 @ V1_1..,
        QueryExtensionMap = 0x06 @ V1_1..,
        QueryAttestationTypes = 0x07 @ V1_2..,
        QueryRnGs = 0x08 as "QueryRNGs" @ V1_3..,
        QueryValidations = 0x09 @ V1_3..,
        QueryProfiles = 0x0a @ V1_3..,
        QueryCapabilities = 0x0b @ V1_3..,
        QueryClientRegistrationMethods = 0x0c @ V1_3..,
        QueryDefaultsInformation = 0x0d @ V2_0..,
        QueryStorageProtectionMasks = 0x0e @ V2_0..,
    }
}

wire_enum! {
    /// Kind of random number generator (KMIP 1.4 §9.1.3.2.37, KMIP 2.1 §11.49).
    pub enum RngAlgorithm {
        Unspecified = 0x01 @ V1_3..,
        Fips186_2 = 0x02 as "FIPS186_2" @ V1_3..,
        Drbg = 0x03 as "DRBG" @ V1_3..,
        Nrbg = 0x04 as "NRBG" @ V1_3..,
        Ansix9_31 = 0x05 as "ANSIX9_31" @ V1_3..,
        Ansix9_62 = 0x06 as "ANSIX9_62" @ V1_3..,
    }
}

wire_enum! {
    /// Whether clients share the state of a random number generator (KMIP 1.4 §9.1.3.2.46, KMIP 2.1
    /// §11.50).
    pub enum RngMode {
        Unspecified = 0x01 @ V1_3..,
        SharedInstantiation = 0x02 @ V1_3..,
        NonSharedInstantiation = 0x03 @ V1_3..,
    }
}

wire_enum! {
    /// Construction of a deterministic random bit generator (KMIP 1.4 §9.1.3.2.38, KMIP 2.1
    /// §11.17).
    pub enum DrbgAlgorithm {
        Unspecified = 0x01 @ V1_3..,
        DualEc = 0x02 as "Dual_EC" @ V1_3..,
        Hash = 0x03 @ V1_3..,
        Hmac = 0x04 as "HMAC" @ V1_3..,
        Ctr = 0x05 as "CTR" @ V1_3..,
    }
}

wire_enum! {
    /// Variant of the FIPS 186-2 generator (KMIP 1.4 §9.1.3.2.39, KMIP 2.1 §11.20).
    pub enum Fips186Variation {
        Unspecified = 0x01 @ V1_3..,
        GpxOriginal = 0x02 as "GPXOriginal" @ V1_3..,
        GpxChangeNotice = 0x03 as "GPXChangeNotice" @ V1_3..,
        XOriginal = 0x04 @ V1_3..,
        XChangeNotice = 0x05 @ V1_3..,
        KOriginal = 0x06 @ V1_3..,
        KChangeNotice = 0x07 @ V1_3..,
    }
}

wire_enum! {
    /// Who validated a server or module (KMIP 1.4 §9.1.3.2.40, KMIP 2.1 §11.63).
    pub enum ValidationAuthorityType {
        Unspecified = 0x01 @ V1_3..,
        Nistcmvp = 0x02 as "NISTCMVP" @ V1_3..,
        CommonCriteria = 0x03 @ V1_3..,
    }
}

wire_enum! {
    /// What kind of module was validated (KMIP 1.4 §9.1.3.2.41, KMIP 2.1 §11.64).
    pub enum ValidationType {
        Unspecified = 0x01 @ V1_3..,
        Hardware = 0x02 @ V1_3..,
        Software = 0x03 @ V1_3..,
        Firmware = 0x04 @ V1_3..,
        Hybrid = 0x05 @ V1_3..,
    }
}

wire_enum! {
    /// What a server does with a wrapped key it is given (KMIP 1.4 §9.1.3.2.43, KMIP 2.1 §11.59).
    pub enum UnwrapMode {
        Unspecified = 0x01 @ V1_3..,
        Processed = 0x02 @ V1_3..,
        NotProcessed = 0x03 @ V1_3..,
    }
}

wire_enum! {
    /// What Destroy does to a key on this server (KMIP 1.4 §9.1.3.2.44, KMIP 2.1 §11.15).
    pub enum DestroyAction {
        Unspecified = 0x01 @ V1_3..,
        KeyMaterialDeleted = 0x02 @ V1_3..,
        KeyMaterialShredded = 0x03 @ V1_3..,
        MetaDataDeleted = 0x04 @ V1_3..,
        MetaDataShredded = 0x05 @ V1_3..,
        Deleted = 0x06 @ V1_3..,
        Shredded = 0x07 @ V1_3..,
    }
}

wire_enum! {
    /// How a server erases what it destroys (KMIP 1.4 §9.1.3.2.45, KMIP 2.1 §11.53).
    pub enum ShreddingAlgorithm {
        Unspecified = 0x01 @ V1_3..,
        Cryptographic = 0x02 @ V1_3..,
        Unsupported = 0x03 @ V1_3..,
    }
}

wire_enum! {
    /// How a client becomes known to the server (KMIP 1.4 §9.1.3.2.47, KMIP 2.1 §11.10).
    pub enum ClientRegistrationMethod {
        Unspecified = 0x01 @ V1_3..,
        ServerPreGenerated = 0x02 @ V1_3..,
        ServerOnDemand = 0x03 @ V1_3..,
        ClientGenerated = 0x04 @ V1_3..,
        ClientRegistered = 0x05 @ V1_3..,
    }
}
