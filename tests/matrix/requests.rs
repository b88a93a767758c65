//! For every operation that works on one object: the object that it is for, and the request.

#![expect(clippy::unnecessary_wraps, reason = "the fields are optional")]

use kmip_ttlv::attribute::{
    Attribute, AttributeKind, AttributeList, CryptographicParameters, UsageLimits,
};
use kmip_ttlv::enums::{
    AdjustmentType, BlockCipherMode, CryptographicAlgorithm as A, CryptographicUsageMask as M,
    DerivationMethod, HashingAlgorithm, ObjectType, Operation, PaddingMethod, RecommendedCurve,
    RevocationReasonCode, SplitKeyMethod, UsageLimitsUnit,
};
use kmip_ttlv::payload::{
    RequestPayload, adjust_attribute, archive, create_split_key, decrypt, derive_key, encrypt,
    export, get_usage_allocation, mac, mac_verify, obtain_lease, re_certify, recover, sign,
    signature_verify, validate,
};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{Secret, Version};

use super::ask::{self, Request};
use super::certificate;
use super::pair;
use super::world::Client;

/// What an operation works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An AES key.
    Symmetric,
    /// The private half of a pair.
    Private,
    /// The public half of a pair.
    Public,
    /// A certificate that the tenant's authority has issued.
    Certificate,
    /// An AES key whose use is limited.
    Limited,
}

/// An operation on one object.
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) target: Target,
    /// The use that the object must be for, if any.
    pub(crate) mask: Option<M>,
    pub(crate) request: fn(&str) -> Request,
}

const fn row(operation: Operation, request: fn(&str) -> Request) -> Row {
    Row { operation, target: Target::Symmetric, mask: None, request }
}

const fn using(operation: Operation, target: Target, mask: M, request: fn(&str) -> Request) -> Row {
    Row { operation, target, mask: Some(mask), request }
}

/// Every operation on one object, in the order of their numbers.
pub(crate) const ROWS: &[Row] = &[
    row(Operation::ReKey, |uid| ask::re_key(uid, None, Vec::new())),
    using(Operation::DeriveKey, Target::Symmetric, M::DERIVE_KEY, derive),
    Row { target: Target::Public, ..row(Operation::Certify, certifies) },
    Row { target: Target::Certificate, ..row(Operation::ReCertify, certifies_again) },
    row(Operation::Check, |uid| ask::check(uid).into()),
    row(Operation::Get, ask::get),
    row(Operation::GetAttributes, |uid| ask::attributes(uid, &[])),
    row(Operation::GetAttributeList, ask::attribute_list),
    row(Operation::ObtainLease, leases),
    Row { target: Target::Limited, ..row(Operation::GetUsageAllocation, allocates) },
    row(Operation::AddAttribute, |uid| ask::add(uid, ask::custom("note", "new"))),
    row(Operation::ModifyAttribute, |uid| ask::modify(uid, None, contact("changed"))),
    row(Operation::DeleteAttribute, delete),
    row(Operation::Activate, ask::activate),
    row(Operation::Revoke, |uid| ask::revoke(uid, RevocationReasonCode::Superseded)),
    row(Operation::Destroy, ask::destroy),
    row(Operation::Archive, archives),
    row(Operation::Recover, recovers),
    Row { target: Target::Certificate, ..row(Operation::Validate, validates) },
    Row { target: Target::Private, ..row(Operation::ReKeyKeyPair, |uid| pair::re_key(uid).into()) },
    using(Operation::Encrypt, Target::Symmetric, M::ENCRYPT, encrypts),
    using(Operation::Decrypt, Target::Symmetric, M::DECRYPT, decrypts),
    using(Operation::Sign, Target::Private, M::SIGN, signs),
    using(Operation::SignatureVerify, Target::Public, M::VERIFY, verifies),
    using(Operation::Mac, Target::Symmetric, M::MAC_GENERATE, macs),
    using(Operation::MacVerify, Target::Symmetric, M::MAC_VERIFY, verifies_mac),
    row(Operation::CreateSplitKey, splits),
    row(Operation::Export, exports),
    row(Operation::AdjustAttribute, adjusts),
    row(Operation::SetAttribute, |uid| ask::set(uid, contact("set"))),
];

impl Row {
    /// Whether this version has the operation.
    pub(crate) fn is_in(&self, version: Version) -> bool {
        self.operation.is_in(version)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.operation.xml_name()
    }

    /// An object for it, Pre-Active and for every use.
    pub(crate) async fn object(&self, client: &Client<'_>, mask: M) -> String {
        match self.target {
            Target::Symmetric => {
                client.create(vec![Attribute::CryptographicUsageMask(mask), contact("first")]).await
            }
            Target::Private => make_pair(client, mask).await.0,
            Target::Public => make_pair(client, mask).await.1,
            Target::Certificate => certificate(client).await,
            Target::Limited => {
                let limits = UsageLimits { total: 100, count: None, unit: UsageLimitsUnit::Byte };
                let given = vec![
                    Attribute::CryptographicUsageMask(mask),
                    Attribute::UsageLimits(limits),
                    contact("first"),
                ];
                client.create(given).await
            }
        }
    }
}

fn contact(text: &str) -> Attribute {
    Attribute::ContactInformation(text.into())
}

/// A pair on P-256, which is soon made.
pub(crate) async fn make_pair(client: &Client<'_>, mask: M) -> (String, String) {
    let attributes = vec![
        pair::of(A::Ecdsa),
        pair::on(RecommendedCurve::P256),
        Attribute::CryptographicUsageMask(mask),
        contact("first"),
    ];
    pair::pair_of(client.ask(pair::create(attributes)).await)
}

/// A certificate of a new key.
pub(crate) async fn certificate(client: &Client<'_>) -> String {
    let (key, request) = certificate::key_and_request(&certificate::params("one"));
    let public = certificate::public_key(client, &key).await;
    let given = vec![contact("first")];
    certificate::issued(client.ask(certificate::certify(&public, Some(&request), given)).await)
}

/// Every use that a row needs.
pub(crate) fn every_mask() -> M {
    ROWS.iter().filter_map(|row| row.mask).fold(M::ENCRYPT, M::union)
}

fn uid(uid: &str) -> Option<kmip_ttlv::UniqueIdentifier<'static>> {
    Some(uid.to_owned().into())
}

fn leases(object: &str) -> Request {
    RequestPayload::from(obtain_lease::Request { uid: uid(object) })
}

fn archives(object: &str) -> Request {
    RequestPayload::from(archive::Request { uid: uid(object) })
}

fn recovers(object: &str) -> Request {
    RequestPayload::from(recover::Request { uid: uid(object) })
}

fn certifies(object: &str) -> Request {
    certificate::certify(object, None, vec![ask::name("certified")])
}

fn certifies_again(object: &str) -> Request {
    RequestPayload::from(re_certify::Request {
        uid: uid(object),
        certificate_request_uid: None,
        certificate_request_type: None,
        certificate_request: None,
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    })
}

fn validates(object: &str) -> Request {
    let uids = vec![object.to_owned().into()];
    RequestPayload::from(validate::Request { certificates: Vec::new(), uids, validity_date: None })
}

fn allocates(object: &str) -> Request {
    let request = get_usage_allocation::Request { uid: uid(object), usage_limits_count: 10 };
    RequestPayload::from(request)
}

/// Into three parts, of which two are enough.
fn splits(object: &str) -> Request {
    RequestPayload::from(create_split_key::Request {
        object_type: ObjectType::SplitKey,
        uid: uid(object),
        parts: 3,
        threshold: 2,
        method: SplitKeyMethod::PolynomialSharingGf2_8,
        prime_field_size: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    })
}

fn adjusts(object: &str) -> Request {
    RequestPayload::from(adjust_attribute::Request {
        uid: uid(object),
        reference: AttributeKind::Sensitive.into(),
        adjustment: AdjustmentType::Negate,
        value: None,
    })
}

fn delete(uid: &str) -> Request {
    ask::delete(uid, AttributeKind::ContactInformation.into(), None)
}

/// HMAC-SHA-256 under the key, cut to an AES-128 key.
fn derive(base: &str) -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(A::Aes),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(M::ENCRYPT),
    ];
    RequestPayload::from(derive_key::Request {
        object_type: ObjectType::SymmetricKey,
        uids: vec![base.to_owned().into()],
        method: DerivationMethod::Hmac,
        parameters: DerivationParameters {
            parameters: hashed_by(None),
            iv: None,
            data: vec![Secret::new(vec![1, 2])],
            salt: None,
            iteration_count: None,
        },
        attributes: attributes.into_iter().collect(),
    })
}

fn ecb() -> Option<CryptographicParameters> {
    Some(CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::Ecb),
        padding_method: Some(PaddingMethod::None),
        ..CryptographicParameters::default()
    })
}

fn hashed(algorithm: A) -> Option<CryptographicParameters> {
    hashed_by(Some(algorithm))
}

fn hashed_by(cryptographic_algorithm: Option<A>) -> Option<CryptographicParameters> {
    Some(CryptographicParameters {
        cryptographic_algorithm,
        hashing_algorithm: Some(HashingAlgorithm::Sha256),
        ..CryptographicParameters::default()
    })
}

const BLOCK: &[u8] = &[7; 16];

fn encrypts(object: &str) -> Request {
    RequestPayload::from(encrypt::Request {
        uid: uid(object),
        parameters: ecb(),
        data: Some(BLOCK.into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    })
}

fn decrypts(object: &str) -> Request {
    RequestPayload::from(decrypt::Request {
        uid: uid(object),
        parameters: ecb(),
        data: Some(BLOCK.into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
        tag: None,
    })
}

fn signs(object: &str) -> Request {
    RequestPayload::from(sign::Request {
        uid: uid(object),
        parameters: hashed(A::Ecdsa),
        data: Some(BLOCK.into()),
        digested_data: None,
        correlation_value: None,
        init: None,
        last: None,
    })
}

fn verifies(object: &str) -> Request {
    RequestPayload::from(signature_verify::Request {
        uid: uid(object),
        parameters: hashed(A::Ecdsa),
        data: Some(BLOCK.into()),
        digested_data: None,
        signature: Some(BLOCK.into()),
        correlation_value: None,
        init: None,
        last: None,
    })
}

fn macs(object: &str) -> Request {
    RequestPayload::from(mac::Request {
        uid: uid(object),
        parameters: hashed(A::HmacSha256),
        data: Some(BLOCK.into()),
        correlation_value: None,
        init: None,
        last: None,
    })
}

fn verifies_mac(object: &str) -> Request {
    RequestPayload::from(mac_verify::Request {
        uid: uid(object),
        parameters: hashed(A::HmacSha256),
        data: Some(BLOCK.into()),
        mac: Some(BLOCK.into()),
        correlation_value: None,
        init: None,
        last: None,
    })
}

fn exports(object: &str) -> Request {
    RequestPayload::from(export::Request {
        uid: uid(object),
        key_format: None,
        key_wrap_type: None,
        key_compression: None,
        wrapping: None,
    })
}
