//! The attributes of KMIP 1.0 to 2.1, in the order of the specification.

use super::{
    AlternativeName, ApplicationSpecificInformation, CertificateIdentifier, CertificateIssuer,
    CertificateSubject, CryptographicDomainParameters, CryptographicParameters, CustomAttribute,
    Digest, KeyValueLocation, Link, Name, RevocationReason, RngParameters, RotateName,
    UnknownAttribute, UsageLimits, X509CertificateIdentifier, X509CertificateIssuer,
    X509CertificateSubject, attributes,
};
use crate::enums::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask, DigitalSignatureAlgorithm,
    KeyFormatType, NistKeyType, ObjectType, OpaqueDataType, ProtectionLevel, ProtectionStorageMask,
    State,
};
use crate::{
    DateTime, Decode, Encode, Interval, Item, OwnedIdentifier, Result, Tag, Versions, Writer,
};

attributes! {
    /// Unique Identifier (KMIP 1.4 §3.1, KMIP 2.1 §4.58).
    UniqueIdentifier(OwnedIdentifier) "Unique Identifier",
    /// Name (KMIP 1.4 §3.2, KMIP 2.1 §4.32).
    Name(Name) "Name" many,
    /// Object Type (KMIP 1.4 §3.3, KMIP 2.1 §4.36).
    ObjectType(ObjectType) "Object Type",
    /// Cryptographic Algorithm (KMIP 1.4 §3.4, KMIP 2.1 §4.13).
    CryptographicAlgorithm(CryptographicAlgorithm) "Cryptographic Algorithm",
    /// Cryptographic Length (KMIP 1.4 §3.5, KMIP 2.1 §4.15).
    CryptographicLength(i32) "Cryptographic Length",
    /// Cryptographic Parameters (KMIP 1.4 §3.6, KMIP 2.1 §4.16).
    CryptographicParameters(Box<CryptographicParameters>) "Cryptographic Parameters" many,
    /// Cryptographic Domain Parameters (KMIP 1.4 §3.7, KMIP 2.1 §4.14).
    CryptographicDomainParameters(CryptographicDomainParameters) "Cryptographic Domain Parameters",
    /// Certificate Type (KMIP 1.4 §3.8, KMIP 2.1 §4.7).
    CertificateType(CertificateType) "Certificate Type",
    /// Certificate Identifier (KMIP 1.4 §3.13).
    CertificateIdentifier(CertificateIdentifier) "Certificate Identifier" @ ..=V1_4,
    /// Certificate Subject (KMIP 1.4 §3.14).
    CertificateSubject(CertificateSubject) "Certificate Subject" @ ..=V1_4,
    /// Certificate Issuer (KMIP 1.4 §3.15).
    CertificateIssuer(CertificateIssuer) "Certificate Issuer" @ ..=V1_4,
    /// Digest (KMIP 1.4 §3.17, KMIP 2.1 §4.21).
    Digest(Digest) "Digest" many,
    /// Operation Policy Name (KMIP 1.4 §3.18).
    OperationPolicyName(String) "Operation Policy Name" @ ..=V1_4,
    /// Cryptographic Usage Mask (KMIP 1.4 §3.19, KMIP 2.1 §4.17).
    CryptographicUsageMask(CryptographicUsageMask) "Cryptographic Usage Mask",
    /// Lease Time (KMIP 1.4 §3.20, KMIP 2.1 §4.30).
    LeaseTime(Interval) "Lease Time",
    /// Usage Limits (KMIP 1.4 §3.21, KMIP 2.1 §4.59).
    UsageLimits(UsageLimits) "Usage Limits",
    /// State (KMIP 1.4 §3.22, KMIP 2.1 §4.57).
    State(State) "State",
    /// Initial Date (KMIP 1.4 §3.23, KMIP 2.1 §4.25).
    InitialDate(DateTime) "Initial Date",
    /// Activation Date (KMIP 1.4 §3.24, KMIP 2.1 §4.1).
    ActivationDate(DateTime) "Activation Date",
    /// Process Start Date (KMIP 1.4 §3.25, KMIP 2.1 §4.40).
    ProcessStartDate(DateTime) "Process Start Date",
    /// Protect Stop Date (KMIP 1.4 §3.26, KMIP 2.1 §4.41).
    ProtectStopDate(DateTime) "Protect Stop Date",
    /// Deactivation Date (KMIP 1.4 §3.27, KMIP 2.1 §4.18).
    DeactivationDate(DateTime) "Deactivation Date",
    /// Destroy Date (KMIP 1.4 §3.28, KMIP 2.1 §4.20).
    DestroyDate(DateTime) "Destroy Date",
    /// Compromise Occurrence Date (KMIP 1.4 §3.29, KMIP 2.1 §4.11).
    CompromiseOccurrenceDate(DateTime) "Compromise Occurrence Date",
    /// Compromise Date (KMIP 1.4 §3.30, KMIP 2.1 §4.10).
    CompromiseDate(DateTime) "Compromise Date",
    /// Revocation Reason (KMIP 1.4 §3.31, KMIP 2.1 §4.47).
    RevocationReason(RevocationReason) "Revocation Reason",
    /// Archive Date (KMIP 1.4 §3.32, KMIP 2.1 §4.5).
    ArchiveDate(DateTime) "Archive Date",
    /// Object Group (KMIP 1.4 §3.33, KMIP 2.1 §4.35).
    ObjectGroup(String) "Object Group" many,
    /// Link (KMIP 1.4 §3.35, KMIP 2.1 §4.31).
    Link(Link) "Link" many,
    /// Application Specific Information (KMIP 1.4 §3.36, KMIP 2.1 §4.4).
    ApplicationSpecificInformation(ApplicationSpecificInformation) "Application Specific Information" many,
    /// Contact Information (KMIP 1.4 §3.37, KMIP 2.1 §4.12).
    ContactInformation(String) "Contact Information",
    /// Last Change Date (KMIP 1.4 §3.38, KMIP 2.1 §4.29).
    LastChangeDate(DateTime) "Last Change Date",
    /// Certificate Length (KMIP 1.4 §3.9, KMIP 2.1 §4.8).
    CertificateLength(i32) "Certificate Length" @ V1_1..,
    /// X.509 Certificate Identifier (KMIP 1.4 §3.10, KMIP 2.1 §4.61).
    X509CertificateIdentifier(X509CertificateIdentifier) "X.509 Certificate Identifier" @ V1_1..,
    /// X.509 Certificate Subject (KMIP 1.4 §3.11, KMIP 2.1 §4.63).
    X509CertificateSubject(X509CertificateSubject) "X.509 Certificate Subject" @ V1_1..,
    /// X.509 Certificate Issuer (KMIP 1.4 §3.12, KMIP 2.1 §4.62).
    X509CertificateIssuer(X509CertificateIssuer) "X.509 Certificate Issuer" @ V1_1..,
    /// Digital Signature Algorithm (KMIP 1.4 §3.16, KMIP 2.1 §4.22).
    DigitalSignatureAlgorithm(DigitalSignatureAlgorithm) "Digital Signature Algorithm" many @ V1_1..,
    /// Fresh (KMIP 1.4 §3.34, KMIP 2.1 §4.24).
    Fresh(bool) "Fresh" @ V1_1..,
    /// Alternative Name (KMIP 1.4 §3.40, KMIP 2.1 §4.2).
    AlternativeName(AlternativeName) "Alternative Name" many @ V1_2..,
    /// Key Value Present (KMIP 1.4 §3.41, KMIP 2.1 §4.28).
    KeyValuePresent(bool) "Key Value Present" @ V1_2..,
    /// Key Value Location (KMIP 1.4 §3.42, KMIP 2.1 §4.27).
    KeyValueLocation(KeyValueLocation) "Key Value Location" many @ V1_2..,
    /// Original Creation Date (KMIP 1.4 §3.43, KMIP 2.1 §4.38).
    OriginalCreationDate(DateTime) "Original Creation Date" @ V1_2..,
    /// Random Number Generator (KMIP 1.4 §3.44, KMIP 2.1 §4.46).
    RandomNumberGenerator(RngParameters) "Random Number Generator" @ V1_3..,
    /// PKCS#12 Friendly Name (KMIP 1.4 §3.45, KMIP 2.1 §4.39).
    Pkcs12FriendlyName(String) "PKCS#12 Friendly Name" @ V1_4..,
    /// Description (KMIP 1.4 §3.46, KMIP 2.1 §4.19).
    Description(String) "Description" @ V1_4..,
    /// Comment (KMIP 1.4 §3.47, KMIP 2.1 §4.9).
    Comment(String) "Comment" @ V1_4..,
    /// Sensitive (KMIP 1.4 §3.48, KMIP 2.1 §4.55).
    Sensitive(bool) "Sensitive" @ V1_4..,
    /// Always Sensitive (KMIP 1.4 §3.49, KMIP 2.1 §4.3).
    AlwaysSensitive(bool) "Always Sensitive" @ V1_4..,
    /// Extractable (KMIP 1.4 §3.50, KMIP 2.1 §4.23).
    Extractable(bool) "Extractable" @ V1_4..,
    /// Never Extractable (KMIP 1.4 §3.51, KMIP 2.1 §4.33).
    NeverExtractable(bool) "Never Extractable" @ V1_4..,
    /// Certificate Subject CN (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectCn(String) "Certificate Subject CN" many @ V1_4..,
    /// Certificate Subject O (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectO(String) "Certificate Subject O" many @ V1_4..,
    /// Certificate Subject OU (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectOu(String) "Certificate Subject OU" many @ V1_4..,
    /// Certificate Subject Email (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectEmail(String) "Certificate Subject Email" many @ V1_4..,
    /// Certificate Subject C (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectC(String) "Certificate Subject C" many @ V1_4..,
    /// Certificate Subject ST (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectSt(String) "Certificate Subject ST" many @ V1_4..,
    /// Certificate Subject L (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectL(String) "Certificate Subject L" many @ V1_4..,
    /// Certificate Subject UID (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectUid(String) "Certificate Subject UID" many @ V1_4..,
    /// Certificate Subject Serial Number (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectSerialNumber(String) "Certificate Subject Serial Number" many @ V1_4..,
    /// Certificate Subject Title (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectTitle(String) "Certificate Subject Title" many @ V1_4..,
    /// Certificate Subject DC (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectDc(String) "Certificate Subject DC" many @ V1_4..,
    /// Certificate Subject DN Qualifier (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateSubjectDnQualifier(String) "Certificate Subject DN Qualifier" many @ V1_4..,
    /// Certificate Issuer CN (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerCn(String) "Certificate Issuer CN" many @ V1_4..,
    /// Certificate Issuer O (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerO(String) "Certificate Issuer O" many @ V1_4..,
    /// Certificate Issuer OU (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerOu(String) "Certificate Issuer OU" many @ V1_4..,
    /// Certificate Issuer Email (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerEmail(String) "Certificate Issuer Email" many @ V1_4..,
    /// Certificate Issuer C (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerC(String) "Certificate Issuer C" many @ V1_4..,
    /// Certificate Issuer ST (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerSt(String) "Certificate Issuer ST" many @ V1_4..,
    /// Certificate Issuer L (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerL(String) "Certificate Issuer L" many @ V1_4..,
    /// Certificate Issuer UID (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerUid(String) "Certificate Issuer UID" many @ V1_4..,
    /// Certificate Issuer Serial Number (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerSerialNumber(String) "Certificate Issuer Serial Number" many @ V1_4..,
    /// Certificate Issuer Title (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerTitle(String) "Certificate Issuer Title" many @ V1_4..,
    /// Certificate Issuer DC (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerDc(String) "Certificate Issuer DC" many @ V1_4..,
    /// Certificate Issuer DN Qualifier (KMIP 1.4 §9.1.3.1, KMIP 2.1 §4.6).
    CertificateIssuerDnQualifier(String) "Certificate Issuer DN Qualifier" many @ V1_4..,
    /// Key Format Type (KMIP 2.1 §4.26).
    KeyFormatType(KeyFormatType) "Key Format Type" @ V2_0..,
    /// NIST Key Type (KMIP 2.1 §4.34).
    NistKeyType(NistKeyType) "NIST Key Type" many @ V2_0..,
    /// Opaque Data Type (KMIP 2.1 §4.37).
    OpaqueDataType(OpaqueDataType) "Opaque Data Type" @ V2_0..,
    /// Protection Level (KMIP 2.1 §4.42).
    ProtectionLevel(ProtectionLevel) "Protection Level" @ V2_0..,
    /// Protection Period (KMIP 2.1 §4.43).
    ProtectionPeriod(Interval) "Protection Period" @ V2_0..,
    /// Protection Storage Mask (KMIP 2.1 §4.44).
    ProtectionStorageMask(ProtectionStorageMask) "Protection Storage Mask" @ V2_0..,
    /// Quantum Safe (KMIP 2.1 §4.45).
    QuantumSafe(bool) "Quantum Safe" @ V2_0..,
    /// Short Unique Identifier (KMIP 2.1 §4.56).
    ShortUniqueIdentifier(Vec<u8>) "Short Unique Identifier" @ V2_0..,
    /// Rotate Automatic (KMIP 2.1 §4.48).
    RotateAutomatic(bool) "Rotate Automatic" @ V2_1..,
    /// Rotate Date (KMIP 2.1 §4.49).
    RotateDate(DateTime) "Rotate Date" @ V2_1..,
    /// Rotate Generation (KMIP 2.1 §4.50).
    RotateGeneration(i32) "Rotate Generation" @ V2_1..,
    /// Rotate Interval (KMIP 2.1 §4.51).
    RotateInterval(Interval) "Rotate Interval" @ V2_1..,
    /// Rotate Latest (KMIP 2.1 §4.52).
    RotateLatest(bool) "Rotate Latest" @ V2_1..,
    /// Rotate Name (KMIP 2.1 §4.53).
    RotateName(RotateName) "Rotate Name" @ V2_1..,
    /// Rotate Offset (KMIP 2.1 §4.54).
    RotateOffset(Interval) "Rotate Offset" @ V2_1..,
}
