//! Re-certify: a renewed certificate for the same key pair (KMIP 1.4 §4.8, KMIP 2.1 §6.1.45).

use std::borrow::Cow;

use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::CertificateRequestType;
use crate::structure::ProtectionStorageMasks;
use crate::{Interval, UniqueIdentifier};

ttlv_struct! {
    /// Asks for the renewal of a certificate (KMIP 1.4 §4.8, KMIP 2.1 §6.1.45).
    pub struct Request<'a> {
        /// The certificate to renew; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// A certificate request that the server already keeps.
        CertificateRequestUniqueIdentifier @ V2_0..
            => certificate_request_uid: Option<UniqueIdentifier<'a>>;
        /// Syntax of the certificate request.
        CertificateRequestType => certificate_request_type: Option<CertificateRequestType>;
        /// The certificate request.
        CertificateRequest @ ..=V1_4 | CertificateRequestValue @ V2_0..
            => certificate_request: Option<Cow<'a, [u8]>>;
        /// Seconds from the initial date to the activation date of the replacement.
        Offset => offset: Option<Interval>;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: Option<AttributeList>;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The renewed certificate (KMIP 1.4 §4.8, KMIP 2.1 §6.1.45).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
