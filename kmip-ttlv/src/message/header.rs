//! Headers of requests and responses (KMIP 1.4 §7.1, KMIP 2.1 §8.2 and §8.5).

use std::borrow::Cow;

use crate::codec::ttlv_struct;
use crate::enums::{AsynchronousIndicator, AttestationType, BatchErrorContinuationOption};
use crate::structure::{Authentication, Nonce};
use crate::{Decode, Encode, Item, ProtocolVersion, Result, Tag, TimeStamp, Writer};

ttlv_struct! {
    /// What holds for all batch items of a request (KMIP 1.4 §7.1, KMIP 2.1 §8.2).
    pub struct RequestHeader<'a> {
        /// The version that the request is in, and the response shall be in.
        ProtocolVersion => protocol_version: ProtocolVersion;
        /// The longest response, in bytes, that the client can take.
        MaximumResponseSize => maximum_response_size: Option<i32>;
        /// The client's own name for the request, for both sides' logs.
        ClientCorrelationValue @ V1_4.. => client_correlation_value: Option<Cow<'a, str>>;
        /// The server's name for an earlier request that this one belongs to.
        ServerCorrelationValue @ V1_4.. => server_correlation_value: Option<Cow<'a, str>>;
        /// Whether the client can poll for the response.
        AsynchronousIndicator => asynchronous: Option<Asynchronous>;
        /// Whether the client can attest to its own state.
        AttestationCapableIndicator @ V1_2.. => attestation_capable: Option<bool>;
        /// The kinds of attestation that it can give.
        AttestationType @ V1_2.. => attestation_types: Vec<AttestationType>;
        /// Who the client claims to be.
        Authentication => authentication: Option<Authentication>;
        /// What happens to the rest of the batch when an item fails; it is stopped if absent.
        BatchErrorContinuationOption => error_continuation: Option<BatchErrorContinuationOption>;
        /// Whether the batch items must be done in their order.
        BatchOrderOption => batch_order: Option<bool>;
        /// The client's clock.
        TimeStamp => time_stamp: Option<TimeStamp>;
        /// The number of batch items that follow.
        BatchCount => batch_count: i32;
    }
}

impl RequestHeader<'_> {
    /// A header with the two fields that every request has, and no others.
    #[must_use]
    pub const fn new(protocol_version: ProtocolVersion, batch_count: i32) -> Self {
        Self {
            protocol_version,
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous: None,
            attestation_capable: None,
            attestation_types: Vec::new(),
            authentication: None,
            error_continuation: None,
            batch_order: None,
            time_stamp: None,
            batch_count,
        }
    }

    /// What happens to the rest of the batch when an item fails, default included (KMIP 1.4 §6.13,
    /// KMIP 2.1 §9.6).
    #[must_use]
    pub fn error_continuation(&self) -> BatchErrorContinuationOption {
        self.error_continuation.unwrap_or(BatchErrorContinuationOption::Stop)
    }

    /// Whether the batch items must be done in their order, default included (KMIP 1.4 §6.12, KMIP
    /// 2.1 §9.8): false up to 1.4, true from 2.0 on.
    #[must_use]
    pub fn batch_order(&self) -> bool {
        self.batch_order.unwrap_or(self.protocol_version.major >= 2)
    }

    /// Whether the client can poll for the response, default included (KMIP 1.4 §6.7, KMIP 2.1
    /// §9.2).
    #[must_use]
    pub fn asynchronous(&self) -> AsynchronousIndicator {
        self.asynchronous.map_or(AsynchronousIndicator::Prohibited, |Asynchronous(value)| value)
    }
}

ttlv_struct! {
    /// What holds for all batch items of a response (KMIP 1.4 §7.1, KMIP 2.1 §8.5).
    ///
    /// libkmip and `PyKMIP` stop at any field that the request did not call for, so most stay empty.
    pub struct ResponseHeader<'a> {
        /// The version that the response is in.
        ProtocolVersion => protocol_version: ProtocolVersion;
        /// The server's clock.
        TimeStamp => time_stamp: TimeStamp;
        /// The nonce that an attestation must contain.
        Nonce @ V1_2.. => nonce: Option<Nonce>;
        /// Proof that the server knows the password, if the credential was a hashed one.
        ServerHashedPassword @ V2_0.. => server_hashed_password: Option<Cow<'a, [u8]>>;
        /// The kinds of attestation that would do, if one is required.
        AttestationType @ V1_2.. => attestation_types: Vec<AttestationType>;
        /// The client's name for the request.
        ClientCorrelationValue @ V1_4.. => client_correlation_value: Option<Cow<'a, str>>;
        /// The server's name for the request.
        ServerCorrelationValue @ V1_4.. => server_correlation_value: Option<Cow<'a, str>>;
        /// The number of batch items that follow.
        BatchCount => batch_count: i32;
    }
}

impl ResponseHeader<'_> {
    /// A header with the three fields that every client expects, and no others.
    #[must_use]
    pub const fn new(protocol_version: ProtocolVersion, time_stamp: TimeStamp) -> Self {
        Self {
            protocol_version,
            time_stamp,
            nonce: None,
            server_hashed_password: None,
            attestation_types: Vec::new(),
            client_correlation_value: None,
            server_correlation_value: None,
            batch_count: 0,
        }
    }
}

/// Whether the client can poll for the response: yes or no in 1.x, one of three in 2.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asynchronous(pub AsynchronousIndicator);

impl Decode<'_> for Asynchronous {
    fn decode(item: Item<'_>) -> Result<Self> {
        if item.version().is_2x() {
            return AsynchronousIndicator::decode(item).map(Self);
        }
        Ok(Self(if item.boolean()? {
            AsynchronousIndicator::Optional
        } else {
            AsynchronousIndicator::Prohibited
        }))
    }
}

impl Encode for Asynchronous {
    fn encode(&self, tag: Tag, w: &mut Writer<'_>) {
        if w.version().is_2x() {
            self.0.encode(tag, w);
        } else {
            w.boolean(tag, self.0 != AsynchronousIndicator::Prohibited);
        }
    }
}
