//! Why an operation was refused or failed, and what the client is told.

mod by_operation;
mod from;

use kmip_ttlv::Version;
use kmip_ttlv::enums::ResultReason;

use super::check::Denial;
use super::wrapping;
use crate::{crypto, keys, store};

/// Why an operation was refused or failed.
///
/// `Display` is the Result Message that the client reads, so it names no other tenant, no key and
/// no file. Of names that the client has given it says the first 64 characters. The source chain is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No such object, or none that this caller may know of.
    #[error("object not found")]
    NotFound,
    /// The object was destroyed; only its attributes are left.
    #[error("the object is destroyed")]
    Destroyed,
    /// The same, in the words of `PyKMIP`'s server.
    #[error("the object is destroyed")]
    Gone,
    /// The object is in the archive; only its attributes can be read.
    #[error("the object is archived and must be recovered first")]
    Archived,
    /// The life-cycle has no such step from here, or forbids this use.
    #[error("{0}")]
    WrongState(&'static str),
    /// The change of this attribute is not allowed in the object's state.
    #[error("{0:.64} cannot be changed in this state")]
    AttributeFixedByState(String),
    /// The usage mask does not allow it.
    #[error("the Cryptographic Usage Mask does not allow this")]
    UsageMask,
    /// Check finds that the object may not be used like that.
    #[error("the object may not be used like that: its {}", .0.limit)]
    Denied(Denial),
    /// The usage limit is used up.
    #[error("the Usage Limits do not allow this")]
    UsageLimit,
    /// The key has no usage limit that could be shared out.
    #[error("the object has no Usage Limits")]
    Unlimited,
    /// The object protects nothing, so that there is no use to share out.
    #[error("the object cannot be used to protect anything")]
    NotProtecting,
    /// What a client asks for to go on with an object is not granted.
    #[error("{0}")]
    NotGranted(&'static str),
    /// The caller's mode, role or list of operations does not allow it.
    #[error("this service may not do that: {0}")]
    Forbidden(&'static str),
    /// The object's value is Sensitive and leaves the server only wrapped.
    #[error("the object is sensitive and leaves the server only wrapped")]
    Sensitive,
    /// The object's value never leaves the server.
    #[error("the object is not extractable")]
    NotExtractable,
    /// The operation does not apply to this type of object.
    #[error("{0}")]
    WrongObjectType(&'static str),
    /// Objects of this type have no State that the operation could change, or no use to ask about.
    #[error("{0}")]
    NoState(&'static str),
    /// Nobody can compute with an object of this type.
    #[error("{0}")]
    NotUsable(&'static str),
    /// Dates are to move along with an activation that the object does not have.
    #[error("the key has no Activation Date from which its other dates could be moved")]
    NoActivationDate,
    /// The object can't be given in this format.
    #[error("the key cannot be given in the Key Format Type that was asked for")]
    KeyFormat,
    /// The password of a PKCS#12 container is not to be had, or not the right one.
    #[error("{0}")]
    Password(&'static str),
    /// Key compression is not available.
    #[error("key compression is not supported")]
    KeyCompression,
    /// The key was registered without its value.
    #[error("the value of the object is not on this server")]
    KeyValueAbsent,
    /// The message, or a part of it, is not what the specification says it is.
    #[error(transparent)]
    Malformed(#[from] kmip_ttlv::Error),
    /// A later item of the batch failed, so that this one was taken back.
    #[error("undone because another item of the batch failed")]
    Undone,
    /// The asynchronous request was given up before it began.
    #[error("the request was canceled")]
    Canceled,
    /// The client has no such asynchronous request.
    #[error("there is no request with this Asynchronous Correlation Value")]
    UnknownRequest,
    /// There is nothing left to do of an asynchronous request.
    #[error("the asynchronous request is done already")]
    AlreadyProcessed,
    /// The message is well-formed TTLV but not a message of this operation.
    #[error("{0}")]
    InvalidMessage(String),
    /// A field has a value that it may not have.
    #[error("{0}")]
    InvalidField(String),
    /// An attribute of a new object has a value that it may not have.
    #[error("{0}")]
    InvalidAttributeValue(String),
    /// There is no such attribute, or this type of object cannot have it.
    #[error("{0:.64} is not an attribute of this object")]
    UnsupportedAttribute(String),
    /// Objects of this type have no such attribute.
    #[error("objects of this type have no {0:.64}")]
    AttributeNotHeld(String),
    /// The attribute is not set on the object.
    #[error("the object has no attribute {0:.64}")]
    AttributeNotFound(String),
    /// The attribute that is to be changed is not there yet.
    #[error("the object has no attribute {0:.64}; it can be added")]
    NothingToModify(String),
    /// The attribute has no such instance.
    #[error("the attribute {0:.64} has no such instance")]
    AttributeInstanceNotFound(String),
    /// The attribute is not the client's to give.
    #[error("clients cannot set {0:.64}")]
    AttributeNotGiven(String),
    /// The attribute is not the client's to change or delete.
    #[error("clients cannot change {0:.64}")]
    AttributeReadOnly(String),
    /// The attribute is there and takes one value only.
    #[error("{0:.64} is there already and takes one value only")]
    AttributeExists(String),
    /// A new object is given two values of an attribute that takes one.
    #[error("{0:.64} takes one value only")]
    AttributeSingleValued(String),
    /// The attribute takes several values, so that it must be said which is meant.
    #[error("{0:.64} takes several values; use Add, Modify or Delete Attribute")]
    AttributeMultiValued(String),
    /// An attribute index that nobody may give here.
    #[error("the Attribute Index of {0:.64} is out of bounds")]
    IndexOutOfBounds(String),
    /// The object has this name already.
    #[error("the object has this Name already")]
    NameTaken,
    /// There is an object of this identifier, and it is not to be replaced.
    #[error("an object with this Unique Identifier exists already")]
    AlreadyExists,
    /// The object has as many attributes as the server keeps.
    #[error("the object has too many attributes")]
    TooManyAttributes,
    /// The client leaves it to the server to make up the data of an application.
    #[error("Application Data are made up for no Application Namespace")]
    NamespaceNotSupported,
    /// Nothing is known of an object group of this name.
    #[error("there is no such Object Group")]
    UnknownGroup,
    /// There is no such attribute to look for.
    #[error("{0:.64} is not an attribute")]
    UnknownFilter(String),
    /// The object is to be kept in a place that this server does not have.
    #[error("none of the Protection Storage Masks can be satisfied")]
    StorageUnavailable,
    /// The private key is to be kept in a place that this server does not have.
    #[error("none of the Private Protection Storage Masks can be satisfied")]
    PrivateStorageUnavailable,
    /// The public key is to be kept in a place that this server does not have.
    #[error("none of the Public Protection Storage Masks can be satisfied")]
    PublicStorageUnavailable,
    /// The operation is not one that this server offers.
    #[error("the operation is not supported")]
    OperationNotSupported,
    /// A part of the operation is not one that this server offers.
    #[error("{0}")]
    FeatureNotSupported(&'static str),
    /// A cryptographic operation refused its input.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
    /// A key that is too short, or of the wrong kind, is asked to be safe from quantum computers.
    #[error("a key of this algorithm and length is not quantum safe")]
    NotQuantumSafe,
    /// Verification of a tag or padding failed, or the parameters do not fit the key.
    #[error("{0}")]
    CryptographicFailure(&'static str),
    /// A key is not wrapped, or not unwrapped.
    #[error(transparent)]
    Wrapping(#[from] wrapping::Error),
    /// A certificate request is none, or not one for this key.
    #[error("the Certificate Request is refused: {0}")]
    InvalidCsr(crypto::x509::X509Error),
    /// No stream has this correlation value.
    #[error("there is no stream with this Correlation Value")]
    UnknownStream,
    /// The parameters of a PKCS#11 function are not encoded as they should be.
    #[error("the PKCS#11 Input Parameters cannot be read")]
    Pkcs11Codec,
    /// PKCS#11 has no such function.
    #[error("PKCS#11 has no such function")]
    Pkcs11Function,
    /// There is no such PKCS#11 interface here.
    #[error("there is no such PKCS#11 interface")]
    Pkcs11Interface,
    /// The ticket is nobody's, another service's, has been ended or is too old.
    #[error("the ticket is not valid")]
    InvalidTicket,
    /// The ticket is good for no more requests, or for no more of this use.
    #[error("the ticket is used up")]
    TicketUsedUp,
    /// The new object is not what the constraints want it to be.
    #[error("the object would violate a constraint")]
    ConstraintViolation,
    /// There is no such attribute to be adjusted.
    #[error("{0:.64} is not an attribute")]
    NoSuchAttribute(String),
    /// The attribute, or the amount by which it is to be adjusted, is of a type that does not fit.
    #[error("a value of this type cannot be adjusted like that")]
    NotCountable,
    /// The attribute would be larger or smaller than its type allows.
    #[error("the result is out of the range of the attribute's type")]
    NumericRange,
    /// Too much of something that the server limits.
    #[error("{0}")]
    LimitExceeded(&'static str),
    /// The answer is longer than the client wants or than the server makes one.
    #[error("the response is larger than the Maximum Response Size, or than the server's own")]
    ResponseTooLarge,
    /// Others changed the object again and again while this was tried.
    #[error("the object is being changed by others; try again")]
    Contention,
    /// The store is in trouble.
    #[error("internal error")]
    Store(#[from] store::Error),
    /// The key hierarchy is in trouble.
    #[error("{} is not available", .0.what())]
    Keys(#[from] keys::Error),
    /// The audit trail cannot be written, so nothing is done.
    #[error("the audit trail cannot be written")]
    Audit,
    /// Something that ought not to happen; the text is for the log.
    #[error("internal error")]
    Internal(&'static str),
}

impl Failure {
    /// The Result Reason for a client of `version`. Exhaustive: a new failure must choose its
    /// answers, the one of KMIP 1.4 §9.1.3.2.29 and §11 and the one of KMIP 2.1 §11.
    #[must_use]
    pub fn reason(&self, version: Version) -> ResultReason {
        use ResultReason as R;
        let both = |reason| (reason, reason);
        let (in_1x, in_2x) = match self {
            Self::NotFound => (R::ItemNotFound, R::ObjectNotFound),
            Self::Destroyed => (R::ItemNotFound, R::ObjectDestroyed),
            Self::Gone => both(R::ItemNotFound),
            Self::Archived => (R::ObjectArchived, R::ObjectArchived),
            Self::WrongState(_) | Self::AttributeFixedByState(_) => {
                // KMIP 2.0 has the reason, but its own test cases answer as 1.4 does.
                let late = version > Version::V2_0;
                let in_2x = if late { R::WrongKeyLifecycleState } else { R::PermissionDenied };
                (R::PermissionDenied, in_2x)
            }
            Self::UsageMask => (R::PermissionDenied, R::IncompatibleCryptographicUsageMask),
            Self::Denied(denial) => (R::PermissionDenied, denial.limit.reason()),
            // Tickets came with 2.0.
            Self::UsageLimit | Self::TicketUsedUp => (R::PermissionDenied, R::UsageLimitExceeded),
            Self::Unlimited => (R::IllegalOperation, R::AttributeNotFound),
            Self::NotGranted(_) | Self::Forbidden(_) => (R::PermissionDenied, R::PermissionDenied),
            Self::Sensitive => (since_1_4(version, R::Sensitive), R::Sensitive),
            Self::NotExtractable => (since_1_4(version, R::NotExtractable), R::NotExtractable),
            Self::WrongObjectType(_) => (R::InvalidField, R::InvalidObjectType),
            Self::NotProtecting | Self::NoState(_) => (R::IllegalOperation, R::InvalidObjectType),
            Self::NotUsable(_) => (R::PermissionDenied, R::InvalidObjectType),
            Self::KeyFormat => (R::KeyFormatTypeNotSupported, R::KeyFormatTypeNotSupported),
            Self::Password(_) => (R::InvalidField, R::BadPassword),
            Self::KeyCompression => both(R::KeyCompressionTypeNotSupported),
            Self::KeyValueAbsent if version < Version::V1_2 => both(R::PermissionDenied),
            Self::KeyValueAbsent => both(R::KeyValueNotPresent),
            Self::Malformed(error) => codec_reason(*error),
            Self::Undone | Self::Canceled => both(R::OperationCanceledByRequester),
            Self::UnknownRequest => (R::ItemNotFound, R::InvalidAsynchronousCorrelationValue),
            // The operation came with 2.1.
            Self::AlreadyProcessed => (R::InvalidField, R::DuplicateProcessRequest),
            Self::InvalidMessage(_) => (R::InvalidMessage, R::InvalidMessage),
            Self::InvalidField(_) => (R::InvalidField, R::InvalidField),
            Self::InvalidAttributeValue(_) => (R::InvalidField, R::InvalidAttributeValue),
            Self::UnsupportedAttribute(_) | Self::UnknownFilter(_) => {
                (R::InvalidField, R::InvalidAttribute)
            }
            Self::NoActivationDate => (R::IllegalOperation, R::InvalidField),
            Self::NothingToModify(_) => (R::InvalidField, R::AttributeNotFound),
            Self::AttributeNotHeld(_) => (R::PermissionDenied, R::InvalidAttribute),
            Self::AttributeNotGiven(_) => (R::PermissionDenied, R::ReadOnlyAttribute),
            Self::AttributeExists(_) => (R::IllegalOperation, R::AttributeSingleValued),
            Self::TooManyAttributes => (R::IndexOutOfBounds, R::ServerLimitExceeded),
            Self::AttributeNotFound(_) => (R::ItemNotFound, R::AttributeNotFound),
            Self::AttributeInstanceNotFound(_) => (R::ItemNotFound, R::AttributeInstanceNotFound),
            Self::AttributeReadOnly(_) => (R::PermissionDenied, R::AttributeReadOnly),
            Self::AttributeSingleValued(_) => (R::InvalidField, R::AttributeSingleValued),
            Self::AttributeMultiValued(_) => (R::InvalidField, R::MultiValuedAttribute),
            Self::IndexOutOfBounds(_) => (R::IndexOutOfBounds, R::InvalidField),
            Self::AlreadyExists => (R::ObjectAlreadyExists, R::ObjectAlreadyExists),
            Self::NameTaken => (R::IllegalOperation, R::NonUniqueNameAttribute),
            Self::StorageUnavailable => (R::FeatureNotSupported, R::ProtectionStorageUnavailable),
            Self::PrivateStorageUnavailable => {
                (R::FeatureNotSupported, R::PrivateProtectionStorageUnavailable)
            }
            Self::PublicStorageUnavailable => {
                (R::FeatureNotSupported, R::PublicProtectionStorageUnavailable)
            }
            // KMIP 2.1 §11 means the same by it as 1.4, but lists it for no operation.
            Self::NamespaceNotSupported => both(R::ApplicationNamespaceNotSupported),
            // The function came with 2.1.
            Self::UnknownGroup => (R::InvalidField, R::UnknownObjectGroup),
            Self::OperationNotSupported => (R::OperationNotSupported, R::OperationNotSupported),
            Self::FeatureNotSupported(_) => (R::FeatureNotSupported, R::FeatureNotSupported),
            Self::Crypto(error) => return crypto_reason(*error, version),
            // The official cases ask for this one.
            Self::NotQuantumSafe => (R::GeneralFailure, R::GeneralFailure),
            Self::CryptographicFailure(_) => (R::CryptographicFailure, R::CryptographicFailure),
            Self::Wrapping(error) => error.reasons(version),
            Self::InvalidCsr(_) => (R::InvalidField, R::InvalidCsr),
            Self::UnknownStream => (R::ItemNotFound, R::InvalidCorrelationValue),
            // The operation came with 2.0.
            Self::Pkcs11Codec => (R::InvalidField, R::Pkcs11CodecError),
            Self::Pkcs11Function => (R::InvalidField, R::Pkcs11InvalidFunction),
            Self::Pkcs11Interface => (R::InvalidField, R::Pkcs11InvalidInterface),
            Self::InvalidTicket => (R::PermissionDenied, R::InvalidTicket),
            Self::ConstraintViolation => {
                let early = version < Version::V2_1;
                let in_2x = if early { R::PermissionDenied } else { R::ConstraintViolation };
                (R::PermissionDenied, in_2x)
            }
            // The operation came with 2.0.
            Self::NoSuchAttribute(_) => (R::InvalidField, R::UnsupportedAttribute),
            Self::NotCountable => (R::InvalidField, R::InvalidDataType),
            Self::NumericRange => (R::InvalidField, R::NumericRange),
            Self::LimitExceeded(_) => (R::PermissionDenied, R::ServerLimitExceeded),
            Self::ResponseTooLarge => (R::ResponseTooLarge, R::ResponseTooLarge),
            Self::Contention | Self::Store(_) | Self::Keys(_) | Self::Audit | Self::Internal(_) => {
                (R::GeneralFailure, R::GeneralFailure)
            }
        };
        if version.is_2x() { in_2x } else { in_1x }
    }
}

/// What a client is told of a refused computation. That an IV is missing is a malformed message in
/// every version, and a tag length that no cipher has a general failure: so the official cases.
fn crypto_reason(error: crypto::Error, version: Version) -> ResultReason {
    use ResultReason as R;
    use crypto::Error as E;
    let (in_1x, in_2x) = match error {
        E::Unsupported | E::Forbidden(_) => {
            (R::InvalidField, R::UnsupportedCryptographicParameters)
        }
        E::WrongAlgorithm | E::BadParameters | E::NotAuthenticating | E::UnsupportedMac => {
            (R::InvalidField, R::BadCryptographicParameters)
        }
        E::UnsupportedHash => (R::InvalidField, R::InvalidField),
        E::MissingIv | E::MissingTag => (R::InvalidMessage, R::InvalidMessage),
        E::BadTagLength => (R::GeneralFailure, R::GeneralFailure),
        E::BadKeyLength
        | E::WeakKey
        | E::TooLittleData
        | E::BadIvLength
        | E::BadDigestLength
        | E::NotWholeBlocks
        | E::Rejected
        | E::Random(_) => (R::CryptographicFailure, R::CryptographicFailure),
        E::TooMuchData => (R::GeneralFailure, R::ServerLimitExceeded),
    };
    if version.is_2x() { in_2x } else { in_1x }
}

/// What a client is told of a message that cannot be read (KMIP 1.4 §11.1, KMIP 2.1 §11).
fn codec_reason(error: kmip_ttlv::Error) -> (ResultReason, ResultReason) {
    use ResultReason as R;
    use kmip_ttlv::Error as E;
    match error {
        E::UnknownOperation(_) => (R::OperationNotSupported, R::OperationNotSupported),
        E::UnsupportedVersion { .. } => (R::InvalidMessage, R::UnsupportedProtocolVersion),
        E::UnknownValue { .. } => (R::InvalidField, R::UnknownEnumeration),
        E::Unexpected(kmip_ttlv::Tag::Unknown(_)) => (R::InvalidField, R::UnknownTag),
        _ => (R::InvalidMessage, R::InvalidMessage),
    }
}

/// Reasons that came with KMIP 1.4 are Permission Denied before it.
fn since_1_4(version: Version, reason: ResultReason) -> ResultReason {
    if version < Version::V1_4 { ResultReason::PermissionDenied } else { reason }
}
