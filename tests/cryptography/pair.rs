//! Key pairs for tests.

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind, AttributeList, CryptographicParameters};
use kmip_ttlv::enums::{CryptographicAlgorithm as A, HashingAlgorithm as H, PaddingMethod as P};
use kmip_ttlv::payload::{ResponsePayload, create_key_pair};

use super::world::{Client, START, text};

pub(crate) fn of(padding: Option<P>, hash: Option<H>) -> CryptographicParameters {
    CryptographicParameters {
        padding_method: padding,
        hashing_algorithm: hash,
        ..CryptographicParameters::default()
    }
}

pub(crate) fn list(attributes: Vec<Attribute>) -> AttributeList {
    let attributes = attributes.into_iter().map(Into::into).collect();
    AttributeList { templates: Vec::new(), attributes }
}

/// A key pair, Active, for every use that its algorithm has.
pub(crate) async fn pair(
    client: &Client<'_>,
    algorithm: A,
    more: Vec<Attribute>,
) -> (String, String) {
    let mut common = vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::ActivationDate(DateTime(START)),
    ];
    let is_length = |own: &Attribute| own.kind() == AttributeKind::CryptographicLength;
    if algorithm == A::Rsa && !more.iter().any(is_length) {
        common.push(Attribute::CryptographicLength(2048));
    }
    common.extend(more);
    let request = create_key_pair::Request {
        common: Some(list(common)),
        private_key: None,
        public_key: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    match client.ask(request).await.unwrap() {
        ResponsePayload::CreateKeyPair(pair) => {
            (text(&pair.private_key_uid), text(&pair.public_key_uid))
        }
        other => panic!("{other:?}"),
    }
}
