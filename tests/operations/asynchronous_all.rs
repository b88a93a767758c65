//! Every operation that may wait (`docs/asynchronous.md`), from the request that waits to Poll's answer:
//! it is the one that the request has at once, and leaves the same objects behind.

use std::time::Duration;

use keystrata::operation::may_wait;
use kmip_ttlv::attribute::{
    Attribute, AttributeReference, CryptographicParameters, CustomAttribute, UsageLimits,
};
use kmip_ttlv::enums::{
    AdjustmentType, CryptographicAlgorithm as A, CryptographicUsageMask as Mask, DerivationMethod,
    HashingAlgorithm, ObjectType, Operation as O, RevocationReasonCode, SplitKeyMethod, State,
    StorageStatusMask, UsageLimitsUnit,
};
use kmip_ttlv::payload::{
    ResponsePayload, adjust_attribute, check, derive_key, export, get_usage_allocation, import,
    obtain_lease, re_certify, validate,
};
use kmip_ttlv::structure::DerivationParameters;
use kmip_ttlv::{Secret, UniqueIdentifier, Value, Version};

use super::ask::{self, Request, custom, found, locate, name};
use super::certificate::{certify, issued, key_and_request, params, public_key};
use super::pair::{self, pair_of};
use super::split_keys::{join, parts_of, split};
use super::world::{Answer, Client, World};

fn own() -> AttributeReference {
    AttributeReference::Custom { vendor: "x".into(), name: "own".into() }
}

async fn certificate(client: &Client<'_>) -> String {
    let public = public_with_request(client).await;
    issued(client.ask(certify(&public.0, Some(&public.1), Vec::new())).await)
}

async fn public_with_request(client: &Client<'_>) -> (String, Vec<u8>) {
    let (key, request) = key_and_request(&params("one"));
    (public_key(client, &key).await, request)
}

fn derive(base: String) -> derive_key::Request<'static> {
    let attributes = [
        Attribute::CryptographicAlgorithm(A::Aes),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(Mask::ENCRYPT),
    ];
    let hash = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::Sha256),
        ..CryptographicParameters::default()
    };
    derive_key::Request {
        object_type: ObjectType::SymmetricKey,
        uids: vec![base.into()],
        method: DerivationMethod::Hmac,
        parameters: DerivationParameters {
            parameters: Some(hash),
            iv: None,
            data: vec![Secret::new(vec![1, 2])],
            salt: None,
            iteration_count: None,
        },
        attributes: attributes.into_iter().collect(),
    }
}

/// An object as it was exported, which is destroyed here and imported in its own place.
async fn import(client: &Client<'_>) -> Request {
    let uid = client.create(vec![name("moves")]).await;
    let export = export::Request {
        uid: Some(uid.into()),
        key_format: None,
        key_wrap_type: None,
        key_compression: None,
        wrapping: None,
    };
    let Ok(ResponsePayload::Export(it)) = client.ask(export).await else { panic!("Export") };
    import::Request {
        uid: it.uid,
        object_type: Some(it.object_type),
        replace_existing: Some(true),
        key_wrap_type: None,
        attributes: it.attributes,
        object: it.object,
    }
    .into()
}

/// A request of this operation that succeeds, after what must be there for it is there.
async fn request(client: &Client<'_>, operation: O) -> Request {
    let uid = async |more| client.create(more).await;
    let of = |uid: String| Some(UniqueIdentifier::from(uid));
    match operation {
        O::Create => ask::create(Vec::new()),
        O::CreateKeyPair => pair::create(vec![pair::of(A::Ecdsa)]).into(),
        O::Register => ask::opaque(Vec::new()),
        O::Import => import(client).await,
        O::ReKey => ask::re_key(&uid(Vec::new()).await, None, Vec::new()),
        O::ReKeyKeyPair => {
            let made = client.ask(pair::create(vec![pair::of(A::Ecdsa)])).await;
            pair::re_key(&pair_of(made).0).into()
        }
        O::DeriveKey => {
            let mask = Attribute::CryptographicUsageMask(Mask::DERIVE_KEY);
            derive(client.key_in(State::Active, vec![mask]).await).into()
        }
        O::Certify => {
            let (public, request) = public_with_request(client).await;
            certify(&public, Some(&request), Vec::new())
        }
        O::ReCertify => re_certify::Request {
            uid: of(certificate(client).await),
            certificate_request_uid: None,
            certificate_request_type: None,
            certificate_request: None,
            offset: None,
            attributes: None,
            protection_storage_masks: None,
        }
        .into(),
        O::Validate => {
            let uids = vec![certificate(client).await.into()];
            validate::Request { certificates: Vec::new(), uids, validity_date: None }.into()
        }
        O::CreateSplitKey => {
            split(Some(&client.key(128, Vec::new()).await), SplitKeyMethod::Xor).into()
        }
        O::JoinSplitKey => {
            let whole = client.key(128, Vec::new()).await;
            let parts = parts_of(client.ask(split(Some(&whole), SplitKeyMethod::Xor)).await);
            join(ObjectType::SymmetricKey, &parts.iter().collect::<Vec<_>>()).into()
        }
        O::Locate => {
            uid(vec![name("wanted")]).await;
            locate(vec![name("wanted")]).into()
        }
        O::Check => {
            let usage_mask = Some(Mask::ENCRYPT);
            check::Request { usage_mask, ..ask::check(&uid(Vec::new()).await) }.into()
        }
        O::GetAttributes => ask::attributes(&uid(vec![name("told")]).await, &[]),
        O::GetAttributeList => ask::attribute_list(&uid(vec![name("told")]).await),
        O::ObtainLease => obtain_lease::Request { uid: of(uid(Vec::new()).await) }.into(),
        O::GetUsageAllocation => {
            let unit = UsageLimitsUnit::Byte;
            let limits = UsageLimits { total: 9, count: None, unit };
            let uid = client.key_in(State::Active, vec![Attribute::UsageLimits(limits)]).await;
            get_usage_allocation::Request { uid: of(uid), usage_limits_count: 4 }.into()
        }
        O::AddAttribute => ask::add(&uid(Vec::new()).await, name("added")),
        O::ModifyAttribute => {
            ask::modify(&uid(vec![custom("own", "old")]).await, None, custom("own", "new"))
        }
        O::SetAttribute => ask::set(&uid(Vec::new()).await, custom("own", "set")),
        O::AdjustAttribute => {
            let value = Value::Integer(5);
            let (vendor, name) = ("x".into(), "own".into());
            let five = Attribute::Custom(CustomAttribute { vendor, name, value });
            adjust_attribute::Request {
                uid: of(uid(vec![five]).await),
                reference: own(),
                adjustment: AdjustmentType::Increment,
                value: None,
            }
            .into()
        }
        O::DeleteAttribute => ask::delete(&uid(vec![custom("own", "old")]).await, own(), None),
        O::Activate => ask::activate(&uid(Vec::new()).await),
        O::Revoke => {
            let uid = client.key_in(State::Active, Vec::new()).await;
            ask::revoke(&uid, RevocationReasonCode::KeyCompromise)
        }
        O::Destroy => ask::destroy(&uid(Vec::new()).await),
        O::Archive => ask::archive(&uid(Vec::new()).await),
        O::Recover => {
            let uid = uid(Vec::new()).await;
            client.ask(ask::archive(&uid)).await.unwrap();
            ask::recover(&uid)
        }
        other => panic!("{other} may wait and has no request here"),
    }
}

/// A text in which nothing is left that is drawn anew for each object: identifiers, by their form, and
/// digests.
fn without_chance(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let is_part = |letter: char| letter.is_ascii_hexdigit() || letter == '-';
    for word in text.split_inclusive(|letter| !is_part(letter)) {
        let own = word.trim_end_matches(|letter| !is_part(letter));
        let is_uid = own.len() == 36 && own.matches('-').count() == 4;
        words.push(if is_uid { word.replace(own, "UID") } else { word.to_owned() });
    }
    words.concat()
}

/// Whether an attribute is drawn anew for each object: those of the server by its own name are, too, but
/// not that of this test.
fn is_drawn(attribute: &Attribute) -> bool {
    matches!(
        attribute,
        Attribute::Digest(_)
            | Attribute::ShortUniqueIdentifier(_)
            | Attribute::CertificateIssuerSerialNumber(_)
            | Attribute::X509CertificateIdentifier(_)
            | Attribute::CertificateIdentifier(_)
            | Attribute::CertificateLength(_)
            | Attribute::Custom(_)
    ) && !is_own(attribute)
}

fn is_own(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::Custom(custom) if custom.name == "own")
}

/// What an answer says, but for what chance says.
fn said(answer: Answer) -> String {
    let mut answer = answer.unwrap();
    if let ResponsePayload::GetAttributes(told) = &mut answer {
        let list = told.attributes.0.as_mut().unwrap();
        list.attributes.retain(|it| !is_drawn(&it.attribute));
    }
    without_chance(&format!("{answer:?}"))
}

/// All objects that there are, with their attributes, but for what chance says.
async fn kept(client: &Client<'_>) -> Vec<String> {
    let mut request = locate(Vec::new());
    // On-line and archived ones.
    request.storage_status_mask = Some(StorageStatusMask::from_bits(3));
    let mut kept = Vec::new();
    for uid in found(client.ask(request).await) {
        kept.push(said(client.ask(ask::attributes(&uid, &[])).await));
    }
    kept.sort();
    kept
}

#[tokio::test]
async fn every_operation_that_may_wait_answers_poll_as_it_answers_at_once() {
    for version in [Version::V1_4, Version::V2_1] {
        let mut tried = 0;
        let all = O::ALL.iter().filter(|(it, known)| may_wait(*it) && known.contains(version));
        let (at_once, later) = (World::new().await, World::new().await);
        for &(operation, _) in all {
            // A service of its own, which has no objects yet.
            let service = format!("s{}", operation.number());
            let client = at_once.client(&service, version).await;
            let payload = request(&client, operation).await;
            assert_eq!(payload.operation(), operation);
            // Both are done at the same moment.
            at_once.clock.advance(Duration::from_secs(1));
            let expected = said(client.ask(payload).await);

            let waiting = later.client(&service, version).await;
            let payload = request(&waiting, operation).await;
            let before = kept(&waiting).await;
            let value = waiting.later(payload).await;
            assert_eq!(
                kept(&waiting).await,
                before,
                "{operation} {version:?}: nothing is done yet"
            );
            later.clock.advance(Duration::from_secs(1));
            assert!(later.service.do_due().await, "{operation} {version:?}");
            let answer = waiting.poll(&value).await;
            assert_eq!(said(answer), expected, "{operation} {version:?}");
            assert_eq!(kept(&waiting).await, kept(&client).await, "{operation} {version:?}");
            tried += 1;
        }
        assert_eq!(tried, if version.is_2x() { 28 } else { 26 }, "{version:?}");
    }
}
