//! Keys that are wrapped under certificates (KMIP 1.4 §2.1.5, §2.1.6).

use std::time::Duration;

use kmip_ttlv::Version;
use kmip_ttlv::attribute::Attribute;
use kmip_ttlv::enums::{
    CryptographicAlgorithm as A, CryptographicUsageMask as Mask, HashingAlgorithm as H,
    KeyWrapType as Type, PaddingMethod as P, ResultReason as R, WrappingMethod as Method,
};
use kmip_ttlv::object::KeyWrappingSpecification;

use super::ask::{at, destroy};
use super::certificate::{certify, issued};
use super::pair::{self, bits, of, pair_of};
use super::world::{Client, World};
use super::wrap::{KEY, both, padded, plain, under, with};

fn oaep(uid: &str) -> KeyWrappingSpecification {
    under(uid, Some(padded(P::Oaep, Some(H::Sha256))))
}

impl Client<'_> {
    /// A key pair's public half, and its certificate.
    async fn certified(&self, mask: Mask, more: Vec<Attribute>) -> (String, String) {
        let active = Attribute::ActivationDate(at(-100));
        let uses = Attribute::CryptographicUsageMask(both());
        let request = pair::create(vec![of(A::Rsa), bits(2048), uses, active]);
        let (_, public) = pair_of(self.ask(request).await);
        let mut given = vec![
            Attribute::CertificateSubjectCn("backup".into()),
            Attribute::CryptographicUsageMask(mask),
        ];
        given.extend(more);
        let certificate = issued(self.ask(certify(&public, None, given)).await);
        (public, certificate)
    }
}

fn active() -> Vec<Attribute> {
    vec![Attribute::ActivationDate(at(0))]
}

#[tokio::test]
async fn a_key_is_wrapped_under_a_certificate_and_unwrapped_by_the_key_behind_it() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (_, certificate) = client.certified(Mask::WRAP_KEY, active()).await;
        let key = client.bring(plain(&KEY)).await;
        let sha1 = under(&certificate, Some(padded(P::Oaep, Some(H::Sha1))));
        for wanted in [oaep(&certificate), sha1] {
            let wrapped = client.block(&key, None, Some(wanted)).await.unwrap();
            let by = wrapped.wrapping.as_ref().unwrap().encryption_key.as_ref().unwrap();
            assert_eq!(by.uid, certificate.as_str().into());
            let back = client.bring(wrapped).await;
            let found = client.block(&back, Some(Type::NotWrapped), None).await;
            assert_eq!(found, Ok(plain(&KEY)), "{version}");
        }
    }
}

#[tokio::test]
async fn nothing_is_wrapped_under_a_certificate_that_is_not_for_it_or_not_valid() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let foreign = world.client("other", Version::V2_1).await;
    let key = client.bring(plain(&KEY)).await;
    let idle = client.certified(Mask::WRAP_KEY, vec![]).await.1;
    let signs = client.certified(Mask::SIGN, active()).await.1;
    let gone = client.certified(Mask::WRAP_KEY, vec![]).await.1;
    client.ask(destroy(&gone)).await.unwrap();
    let theirs = foreign.certified(Mask::WRAP_KEY, active()).await.1;
    for (what, uid, reason) in [
        ("not Active", &idle, R::PermissionDenied),
        ("for signatures", &signs, R::IncompatibleCryptographicUsageMask),
        ("destroyed", &gone, R::WrappingObjectDestroyed),
        ("somebody else's", &theirs, R::WrappingObjectNotFound),
    ] {
        let found = client.block(&key, None, Some(oaep(uid))).await;
        assert_eq!(found, Err(reason), "{what}");
    }
    let (_, certificate) = client.certified(Mask::WRAP_KEY, active()).await;
    // A certificate makes no MAC and no signature.
    let signed = KeyWrappingSpecification {
        method: Method::MacSign,
        encryption_key: None,
        mac_signature_key: with(&certificate, None),
        ..oaep(&certificate)
    };
    assert_eq!(client.block(&key, None, Some(signed)).await, Err(R::InvalidObjectType));
    assert!(client.block(&key, None, Some(oaep(&certificate))).await.is_ok());
    world.clock.advance(Duration::from_hours(24 * 367));
    let late = client.block(&key, None, Some(oaep(&certificate))).await;
    assert_eq!(late, Err(R::PermissionDenied));
}

#[tokio::test]
async fn without_the_private_key_nothing_comes_out() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let (public, certificate) = client.certified(Mask::WRAP_KEY, active()).await;
    let key = client.bring(plain(&KEY)).await;
    let wrapped = client.block(&key, None, Some(oaep(&certificate))).await.unwrap();
    let back = client.bring(wrapped).await;
    let foreign = world.client("other", Version::V2_1).await;
    let found = foreign.block(&back, Some(Type::NotWrapped), None).await;
    assert_eq!(found, Err(R::ObjectNotFound));
    let reason = kmip_ttlv::enums::RevocationReasonCode::Superseded;
    client.ask(super::ask::revoke(&public, reason)).await.unwrap();
    client.ask(destroy(&public)).await.unwrap();
    let found = client.block(&back, Some(Type::NotWrapped), None).await;
    assert_eq!(found, Err(R::WrappingObjectDestroyed));
}
