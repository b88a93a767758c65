//! Certify: a certificate for a public key (KMIP 1.4 §4.7, KMIP 2.1 §6.1.6).

use std::borrow::Cow;

use crate::UniqueIdentifier;
use crate::attribute::AttributeList;
use crate::codec::ttlv_struct;
use crate::enums::CertificateRequestType;
use crate::structure::ProtectionStorageMasks;

ttlv_struct! {
    /// Asks for a certificate (KMIP 1.4 §4.7, KMIP 2.1 §6.1.6).
    pub struct Request<'a> {
        /// The public key; the ID Placeholder if absent.
        UniqueIdentifier => uid: Option<UniqueIdentifier<'a>>;
        /// Syntax of the certificate request.
        CertificateRequestType => certificate_request_type: Option<CertificateRequestType>;
        /// The certificate request.
        CertificateRequest @ ..=V1_4 | CertificateRequestValue @ V2_0..
            => certificate_request: Option<Cow<'a, [u8]>>;
        /// Attributes of the new object.
        TemplateAttribute @ ..=V1_4 | Attributes @ V2_0.. => attributes: Option<AttributeList>;
        /// Acceptable kinds of storage, best first; any if absent.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}

ttlv_struct! {
    /// The certificate that was issued (KMIP 1.4 §4.7, KMIP 2.1 §6.1.6).
    pub struct Response<'a> {
        /// The object.
        UniqueIdentifier => uid: UniqueIdentifier<'a>;
        /// Attributes that the server chose.
        TemplateAttribute @ ..=V1_4 => attributes: Option<AttributeList>;
    }
}
