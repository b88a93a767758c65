//! Requests and responses.

use super::wire_enum;

wire_enum! {
    /// What a batch item asks for (KMIP 1.4 §9.1.3.2.27, KMIP 2.1 §11.36).
    pub enum Operation {
        Create = 0x01,
        CreateKeyPair = 0x02,
        Register = 0x03,
        ReKey = 0x04,
        DeriveKey = 0x05,
        Certify = 0x06,
        ReCertify = 0x07,
        Locate = 0x08,
        Check = 0x09,
        Get = 0x0a,
        GetAttributes = 0x0b,
        GetAttributeList = 0x0c,
        AddAttribute = 0x0d,
        ModifyAttribute = 0x0e,
        DeleteAttribute = 0x0f,
        ObtainLease = 0x10,
        GetUsageAllocation = 0x11,
        Activate = 0x12,
        Revoke = 0x13,
        Destroy = 0x14,
        Archive = 0x15,
        Recover = 0x16,
        Validate = 0x17,
        Query = 0x18,
        Cancel = 0x19,
        Poll = 0x1a,
        Notify = 0x1b,
        Put = 0x1c,
        ReKeyKeyPair = 0x1d @ V1_1..,
        DiscoverVersions = 0x1e @ V1_1..,
        Encrypt = 0x1f @ V1_2..,
        Decrypt = 0x20 @ V1_2..,
        Sign = 0x21 @ V1_2..,
        SignatureVerify = 0x22 @ V1_2..,
        Mac = 0x23 as "MAC" @ V1_2..,
        MacVerify = 0x24 as "MACVerify" @ V1_2..,
        RngRetrieve = 0x25 as "RNGRetrieve" @ V1_2..,
        RngSeed = 0x26 as "RNGSeed" @ V1_2..,
        Hash = 0x27 @ V1_2..,
        CreateSplitKey = 0x28 @ V1_2..,
        JoinSplitKey = 0x29 @ V1_2..,
        Import = 0x2a @ V1_4..,
        Export = 0x2b @ V1_4..,
        Log = 0x2c @ V2_0..,
        Login = 0x2d @ V2_0..,
        Logout = 0x2e @ V2_0..,
        DelegatedLogin = 0x2f @ V2_0..,
        AdjustAttribute = 0x30 @ V2_0..,
        SetAttribute = 0x31 @ V2_0..,
        SetEndpointRole = 0x32 @ V2_0..,
        Pkcs11 = 0x33 as "PKCS_11" @ V2_0..,
        Interop = 0x34 @ V2_0..,
        ReProvision = 0x35 @ V2_0..,
        SetDefaults = 0x36 @ V2_1..,
        SetConstraints = 0x37 @ V2_1..,
        GetConstraints = 0x38 @ V2_1..,
        QueryAsynchronousRequests = 0x39 @ V2_1..,
        Process = 0x3a @ V2_1..,
        Ping = 0x3b @ V2_1..,
    }
}

wire_enum! {
    /// Which structure a Credential Value is (KMIP 1.4 §9.1.3.2.1, KMIP 2.1 §11.11).
    pub enum CredentialType {
        UsernameAndPassword = 0x01,
        Device = 0x02 @ V1_1..,
        Attestation = 0x03 @ V1_2..,
        OneTimePassword = 0x04 @ V2_0..,
        HashedPassword = 0x05 @ V2_0..,
        Ticket = 0x06 @ V2_0..,
    }
}

wire_enum! {
    /// What happens to the rest of a batch when one item fails (KMIP 1.4 §9.1.3.2.30, KMIP 2.1
    /// §11.5).
    pub enum BatchErrorContinuationOption {
        Continue = 0x01,
        Stop = 0x02,
        Undo = 0x03,
    }
}

wire_enum! {
    /// Whether the client can poll for a result later; a Boolean before 2.0 (KMIP 2.1 §11.3).
    pub enum AsynchronousIndicator {
        Mandatory = 0x01 @ V2_0..,
        Optional = 0x02 @ V2_0..,
        Prohibited = 0x03 @ V2_0..,
    }
}

wire_enum! {
    /// Kind of attestation a client can give about itself (KMIP 1.4 §9.1.3.2.36, KMIP 2.1 §11.4).
    pub enum AttestationType {
        TpmQuote = 0x01 as "TPMQuote" @ V1_2..,
        TcgIntegrityReport = 0x02 as "TCGIntegrityReport" @ V1_2..,
        SamlAssertion = 0x03 as "SAMLAssertion" @ V1_2..,
    }
}

wire_enum! {
    /// Which end of the connection the sender is or wants to be (KMIP 2.1 §11.19).
    pub enum EndpointRole {
        Client = 0x01 @ V2_0..,
        Server = 0x02 @ V2_0..,
    }
}

wire_enum! {
    /// What a ticket was issued for (KMIP 2.1 §11.57).
    pub enum TicketType {
        Login = 0x01 @ V2_0..,
    }
}

wire_enum! {
    /// Object made or found earlier in a batch, in place of its identifier (KMIP 2.1 §11.58).
    pub enum UniqueIdentifierEnum {
        IdPlaceholder = 0x01 as "IDPlaceholder" @ V2_0..,
        Certify = 0x02 @ V2_0..,
        Create = 0x03 @ V2_0..,
        CreateKeyPair = 0x04 @ V2_0..,
        CreateKeyPairPrivateKey = 0x05 @ V2_0..,
        CreateKeyPairPublicKey = 0x06 @ V2_0..,
        CreateSplitKey = 0x07 @ V2_0..,
        DeriveKey = 0x08 @ V2_0..,
        Import = 0x09 @ V2_0..,
        JoinSplitKey = 0x0a @ V2_0..,
        Locate = 0x0b @ V2_0..,
        Register = 0x0c @ V2_0..,
        ReKey = 0x0d @ V2_0..,
        ReCertify = 0x0e @ V2_0..,
        ReKeyKeyPair = 0x0f @ V2_0..,
        ReKeyKeyPairPrivateKey = 0x10 @ V2_0..,
        ReKeyKeyPairPublicKey = 0x11 @ V2_0..,
    }
}

wire_enum! {
    /// Output of which earlier batch item stands in for Data (KMIP 2.1 §11.13).
    pub enum DataEnum {
        Decrypt = 0x01 @ V2_0..,
        Encrypt = 0x02 @ V2_0..,
        Hash = 0x03 @ V2_0..,
        MacmacData = 0x04 as "MACMACData" @ V2_0..,
        RngRetrieve = 0x05 as "RNGRetrieve" @ V2_0..,
        SignSignatureData = 0x06 @ V2_0..,
        SignatureVerify = 0x07 @ V2_0..,
    }
}

wire_enum! {
    /// How Adjust Attribute changes a value (KMIP 2.1 §11.1).
    pub enum AdjustmentType {
        Increment = 0x01 @ V2_0..,
        Decrement = 0x02 @ V2_0..,
        Negate = 0x03 @ V2_0..,
    }
}

wire_enum! {
    /// Whether a Put object is new or replaces another (KMIP 1.4 §9.1.3.2.26, KMIP 2.1 §11.43).
    pub enum PutFunction {
        New = 0x01,
        Replace = 0x02,
    }
}

wire_enum! {
    /// What Interop tells about a test in progress (KMIP 2.1 §11.22).
    pub enum InteropFunction {
        Begin = 0x01 @ V2_0..,
        End = 0x02 @ V2_0..,
        Reset = 0x03 @ V2_0..,
    }
}

wire_enum! {
    /// What became of a request to cancel an asynchronous operation (KMIP 1.4 §9.1.3.2.25, KMIP 2.1
    /// §11.7).
    pub enum CancellationResult {
        Canceled = 0x01,
        UnableToCancel = 0x02,
        Completed = 0x03,
        Failed = 0x04,
        Unavailable = 0x05,
    }
}

wire_enum! {
    /// How far an asynchronous request has come (KMIP 2.1 §11.40).
    pub enum ProcessingStage {
        Submitted = 0x01 @ V2_1..,
        InProcess = 0x02 @ V2_1..,
        Completed = 0x03 @ V2_1..,
    }
}

wire_enum! {
    /// What Validate found out about a certificate chain (KMIP 1.4 §9.1.3.2.23, KMIP 2.1 §11.61).
    pub enum ValidityIndicator {
        Valid = 0x01,
        Invalid = 0x02,
        Undetermined = 0x03 as "Unknown",
    }
}

wire_enum! {
    /// Type of an item, as a value (Extension Type) (KMIP 2.1 §11.23).
    pub enum ItemTypeEnum {
        Structure = 0x01 @ V2_0..,
        Integer = 0x02 @ V2_0..,
        LongInteger = 0x03 @ V2_0..,
        BigInteger = 0x04 @ V2_0..,
        Enumeration = 0x05 @ V2_0..,
        Boolean = 0x06 @ V2_0..,
        TextString = 0x07 @ V2_0..,
        ByteString = 0x08 @ V2_0..,
        DateTime = 0x09 @ V2_0..,
        Interval = 0x0a @ V2_0..,
        DateTimeExtended = 0x0b @ V2_0..,
    }
}

wire_enum! {
    /// Function number as PKCS#11 assigns it (KMIP 2.1 §11.38).
    pub enum Pkcs11Function {}
}

wire_enum! {
    /// Return value as PKCS#11 assigns it (KMIP 2.1 §11.39).
    pub enum Pkcs11ReturnCode {}
}
