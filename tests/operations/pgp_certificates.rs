//! Register and Get of certificates of OpenPGP, made with `GnuPG`.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{
    Attribute, AttributeKind as K, CertificateIdentifier, CertificateIssuer, CertificateSubject,
};
use kmip_ttlv::enums::{CertificateType, CryptographicAlgorithm as A, ResultReason as R};
use kmip_ttlv::payload::validate;

use super::ask::uid_of;
use super::certificate::{bring_of, fetch};
use super::world::World;

const RSA: &[u8] = include_bytes!("../../fixtures/openpgp/rsa.asc");
const ED25519: &[u8] = include_bytes!("../../fixtures/openpgp/ed25519.asc");

#[tokio::test]
async fn one_says_what_it_is_and_is_given_back_as_it_was_brought() {
    let world = World::new().await;
    for (bytes, algorithm, bits, who, by) in [
        (RSA, A::Rsa, 2048, "Bob <bob@example.org>", "025E6EDEFEE5E67F"),
        (ED25519, A::Ed25519, 256, "Alice Example <alice@example.org>", "2941FD58DDDAFAB8"),
    ] {
        let client = world.client("orders", Version::V2_1).await;
        let uid = uid_of(client.ask(bring_of(CertificateType::Pgp, bytes, vec![])).await);
        assert_eq!(fetch(&client, &uid).await, bytes);
        for said in [
            Attribute::CertificateType(CertificateType::Pgp),
            Attribute::CertificateLength(i32::try_from(bytes.len()).unwrap()),
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(bits),
        ] {
            assert_eq!(client.values(&uid, said.kind()).await, [said]);
        }
        assert!(client.values(&uid, K::X509CertificateSubject).await.is_empty());
        // What of it only 1.0 can ask for.
        let old = world.client("orders", Version::V1_0).await;
        let identifier = CertificateIdentifier { issuer: by.into(), serial_number: None };
        let subject =
            CertificateSubject { distinguished_name: who.into(), alternative_names: Vec::new() };
        let issuer =
            CertificateIssuer { distinguished_name: by.into(), alternative_names: Vec::new() };
        for said in [
            Attribute::CertificateIdentifier(identifier),
            Attribute::CertificateSubject(subject),
            Attribute::CertificateIssuer(issuer),
        ] {
            assert_eq!(old.values(&uid, said.kind()).await, [said]);
        }
    }
}

#[tokio::test]
async fn what_is_none_or_another_is_refused() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let bring = |bytes: &[u8], more| bring_of(CertificateType::Pgp, bytes, more);
    for bytes in [b"pgp".as_slice(), &[], &RSA[..RSA.len() / 2]] {
        assert_eq!(client.ask(bring(bytes, vec![])).await, Err(R::InvalidField));
    }
    for lie in [
        Attribute::CertificateType(CertificateType::X509),
        Attribute::CryptographicAlgorithm(A::Dsa),
        Attribute::CryptographicLength(1024),
    ] {
        assert_eq!(client.ask(bring(RSA, vec![lie])).await, Err(R::InvalidField));
    }
    let unknown = bring_of(CertificateType::Unknown(7), RSA, vec![]);
    assert_eq!(client.ask(unknown).await, Err(R::InvalidField));
}

#[tokio::test]
async fn nobody_judges_it() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let uid = uid_of(client.ask(bring_of(CertificateType::Pgp, RSA, vec![])).await);
    let request =
        validate::Request { certificates: Vec::new(), uids: vec![uid.into()], validity_date: None };
    assert_eq!(client.ask(request).await, Err(R::FeatureNotSupported));
}
