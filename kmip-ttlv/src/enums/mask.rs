//! Bit masks (KMIP 1.4 §9.1.3.3, KMIP 2.1 §12).

// Numbers look as they do in the specification.
#![allow(clippy::unreadable_literal)]

use super::wire_mask;

wire_mask! {
    /// What a key or certificate may be used for (KMIP 1.4 §9.1.3.3.1, KMIP 2.1 §12.1).
    pub struct CryptographicUsageMask {
        SIGN = 0x01 as "Sign",
        VERIFY = 0x02 as "Verify",
        ENCRYPT = 0x04 as "Encrypt",
        DECRYPT = 0x08 as "Decrypt",
        WRAP_KEY = 0x10 as "WrapKey",
        UNWRAP_KEY = 0x20 as "UnwrapKey",
        EXPORT = 0x40 as "Export" @ ..=V1_4,
        MAC_GENERATE = 0x80 as "MACGenerate",
        MAC_VERIFY = 0x100 as "MACVerify",
        DERIVE_KEY = 0x200 as "DeriveKey",
        CONTENT_COMMITMENT = 0x400 as "ContentCommitment" | "ContentCommitmentNonRepudiation" @ ..=V1_4,
        KEY_AGREEMENT = 0x800 as "KeyAgreement",
        CERTIFICATE_SIGN = 0x1000 as "CertificateSign",
        CRL_SIGN = 0x2000 as "CRLSign",
        GENERATE_CRYPTOGRAM = 0x4000 as "GenerateCryptogram" @ ..=V1_4,
        VALIDATE_CRYPTOGRAM = 0x8000 as "ValidateCryptogram" @ ..=V1_4,
        TRANSLATE_ENCRYPT = 0x10000 as "TranslateEncrypt" @ ..=V1_4,
        TRANSLATE_DECRYPT = 0x20000 as "TranslateDecrypt" @ ..=V1_4,
        TRANSLATE_WRAP = 0x40000 as "TranslateWrap" @ ..=V1_4,
        TRANSLATE_UNWRAP = 0x80000 as "TranslateUnwrap" @ ..=V1_4,
        AUTHENTICATE = 0x100000 as "Authenticate" @ V2_0..,
        UNRESTRICTED = 0x200000 as "Unrestricted" @ V2_0..,
        FPE_ENCRYPT = 0x400000 as "FPEEncrypt" @ V2_0..,
        FPE_DECRYPT = 0x800000 as "FPEDecrypt" @ V2_0..,
    }
}

wire_mask! {
    /// Where and how an object may be stored (KMIP 2.1 §12.2).
    pub struct ProtectionStorageMask {
        SOFTWARE = 0x01 as "Software" @ V2_0..,
        HARDWARE = 0x02 as "Hardware" @ V2_0..,
        ON_PROCESSOR = 0x04 as "OnProcessor" @ V2_0..,
        ON_SYSTEM = 0x08 as "OnSystem" @ V2_0..,
        OFF_SYSTEM = 0x10 as "OffSystem" @ V2_0..,
        HYPERVISOR = 0x20 as "Hypervisor" @ V2_0..,
        OPERATING_SYSTEM = 0x40 as "OperatingSystem" @ V2_0..,
        CONTAINER = 0x80 as "Container" @ V2_0..,
        ON_PREMISES = 0x100 as "OnPremises" @ V2_0..,
        OFF_PREMISES = 0x200 as "OffPremises" @ V2_0..,
        SELF_MANAGED = 0x400 as "SelfManaged" @ V2_0..,
        OUTSOURCED = 0x800 as "Outsourced" @ V2_0..,
        VALIDATED = 0x1000 as "Validated" @ V2_0..,
        SAME_JURISDICTION = 0x2000 as "SameJurisdiction" @ V2_0..,
    }
}

wire_mask! {
    /// Which storage Locate searches (KMIP 1.4 §9.1.3.3.2, KMIP 2.1 §12.3).
    pub struct StorageStatusMask {
        ON_LINE_STORAGE = 0x01 as "OnLineStorage",
        ARCHIVAL_STORAGE = 0x02 as "ArchivalStorage",
        DESTROYED_STORAGE = 0x04 as "DestroyedStorage" @ V2_0..,
    }
}
