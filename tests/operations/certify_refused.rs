//! What Certify and Re-certify refuse, and with which reason.

use keystrata::tenant::{Identity, ServiceName, TenantName};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{CertificateRequestType as T, CertificateType, ResultReason as R};
use kmip_ttlv::payload::{certify as payload, re_certify};

use super::ask::{at, destroy, opaque, uid_of};
use super::certificate::{
    bring, certify, issued, key_and_request, params, public_key, self_signed,
};
use super::pair::{create, of, pair_of};
use super::world::World;

#[tokio::test]
async fn what_is_no_request_for_the_key_is_refused() {
    let world = World::new().await;
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let bad = if version.is_2x() { R::InvalidCsr } else { R::InvalidField };
        let (key, request) = key_and_request(&params("one"));
        let (_, of_other) = key_and_request(&params("one"));
        let public = public_key(&client, &key).await;
        let mut forged = request.clone();
        *forged.last_mut().unwrap() ^= 1;
        let longer = [request.as_slice(), &[0]].concat();
        let cut = &request[..request.len() - 1];
        for request in [&forged, &longer, &of_other, &self_signed("one"), cut, b"", b"request"] {
            let answer = client.ask(certify(&public, Some(request), vec![])).await;
            assert_eq!(answer, Err(bad));
        }
        let huge = vec![0x30; 64 * 1024 + 1];
        let too_long = if version.is_2x() { R::ServerLimitExceeded } else { R::PermissionDenied };
        let answer = client.ask(certify(&public, Some(&huge), vec![])).await;
        assert_eq!(answer, Err(too_long));
        for (kind, value, reason) in [
            (Some(T::Crmf), Some(&request), R::FeatureNotSupported),
            (Some(T::Pem), Some(&request), bad),
            (Some(T::Pkcs10), None, R::InvalidMessage),
            (None, Some(&request), R::InvalidMessage),
        ] {
            let request = payload::Request {
                uid: Some(public.clone().into()),
                certificate_request_type: kind,
                certificate_request: value.map(|value| value.clone().into()),
                attributes: None,
                protection_storage_masks: None,
            };
            assert_eq!(client.ask(request).await, Err(reason), "{kind:?}");
        }
        // Nothing of all this has made a certificate.
        assert!(issued(client.ask(certify(&public, Some(&request), vec![])).await).len() == 36);
    }
}

#[tokio::test]
async fn no_damaged_byte_of_a_request_makes_a_certificate() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let (key, request) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    for place in 0..request.len() {
        let mut damaged = request.clone();
        damaged[place] ^= 0x15;
        let answer = client.ask(certify(&public, Some(&damaged), vec![])).await;
        assert!(matches!(answer, Err(R::InvalidField)), "{place}: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_no_public_key_of_the_caller_is_not_certified() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let stranger = world.client_of("tenant-b", "orders", version).await;
        let pair = create(vec![of(kmip_ttlv::enums::CryptographicAlgorithm::Ecdsa)]);
        let (private, public) = pair_of(client.ask(pair).await);
        let blob = uid_of(client.ask(opaque(vec![])).await);
        let wrong = if version.is_2x() { R::InvalidObjectType } else { R::PermissionDenied };
        for uid in [&private, &blob] {
            assert_eq!(client.ask(certify(uid, None, vec![])).await, Err(wrong));
        }
        for client in [&stranger, &world.client("billing", version).await] {
            let answer = client.ask(certify(&public, None, vec![])).await;
            assert_eq!(answer, Err(R::ItemNotFound));
        }
        client.ask(destroy(&public)).await.unwrap();
        let gone = if version.is_2x() { R::ObjectDestroyed } else { R::ItemNotFound };
        assert_eq!(client.ask(certify(&public, None, vec![])).await, Err(gone));
    }
}

#[tokio::test]
async fn a_certificate_is_not_issued_for_dates_at_which_it_could_not_hold() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (key, request) = key_and_request(&params("one"));
    let public = public_key(&client, &key).await;
    let (from, to) = (Attribute::ActivationDate, Attribute::DeactivationDate);
    let century = 100 * 365 * 24 * 3600;
    for given in [
        vec![from(at(100)), to(at(100))],
        vec![to(at(0))],
        vec![to(at(century))],
        vec![from(kmip_ttlv::DateTime(-1))],
        vec![from(at(century))],
        vec![from(kmip_ttlv::DateTime(i64::MAX))],
    ] {
        let answer = client.ask(certify(&public, Some(&request), given.clone())).await;
        assert_eq!(answer, Err(R::InvalidField), "{given:?}");
    }
    let pgp = vec![Attribute::CertificateType(CertificateType::Pgp)];
    let answer = client.ask(certify(&public, Some(&request), pgp)).await;
    assert_eq!(answer, Err(R::FeatureNotSupported));
    let country = vec![Attribute::CertificateSubjectC("nowhere".into())];
    assert_eq!(client.ask(certify(&public, None, country)).await, Err(R::InvalidField));
}

#[tokio::test]
async fn only_certificates_are_certified_again_and_only_for_their_own_key() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = uid_of(client.ask(bring(&self_signed("one"), vec![])).await);
    let (_, other) = key_and_request(&params("one"));
    let again = |uid: &str, csr: Option<&[u8]>, offset: Option<u32>| re_certify::Request {
        uid: Some(uid.to_owned().into()),
        certificate_request_uid: None,
        certificate_request_type: csr.map(|_| T::Pkcs10),
        certificate_request: csr.map(|csr| csr.to_vec().into()),
        offset: offset.map(kmip_ttlv::Interval),
        attributes: offset.map(|_| [Attribute::ActivationDate(at(5))].into_iter().collect()),
        protection_storage_masks: None,
    };
    assert_eq!(client.ask(again(&uid, Some(&other), None)).await, Err(R::InvalidCsr));
    assert_eq!(client.ask(again(&uid, None, Some(1))).await, Err(R::InvalidMessage));
    let blob = uid_of(client.ask(opaque(vec![])).await);
    assert_eq!(client.ask(again(&blob, None, None)).await, Err(R::InvalidObjectType));
    issued(client.ask(again(&uid, None, None)).await);
    client.ask(destroy(&uid)).await.unwrap();
    assert_eq!(client.ask(again(&uid, None, None)).await, Err(R::ObjectDestroyed));
}

#[tokio::test]
async fn nobody_is_the_service_that_owns_the_authority() {
    let world = World::new().await;
    let mut identity: Identity = world.client("orders", Version::V2_1).await.identity();
    identity.service = ServiceName::new("certificate-authority").unwrap();
    assert!(world.service.admit(identity.clone()).await.is_err());
    identity.tenant = TenantName::new("tenant-b").unwrap();
    assert!(world.service.admit(identity).await.is_err());
}
