//! Register, Get and Locate of certificates.

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind as K};
use kmip_ttlv::enums::{
    CertificateType, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    DigitalSignatureAlgorithm as D, KeyFormatType, ResultReason as R,
};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::{ResponsePayload, get};

use super::ask::{attributes, found, get, locate, uid_of};
use super::certificate::{bring, self_signed};
use super::world::{Client, World};

impl Client<'_> {
    /// Whether the object has an attribute, as far as the client's version can say.
    async fn has(&self, uid: &str, kind: K) -> bool {
        match self.ask(attributes(uid, &[])).await.unwrap() {
            ResponsePayload::GetAttributes(response) => {
                response.attributes.iter().any(|attribute| attribute.kind() == kind)
            }
            other => panic!("{other:?}"),
        }
    }
}

const CN: fn(&str) -> Attribute = |name| Attribute::CertificateSubjectCn(name.into());

#[tokio::test]
async fn a_certificate_says_of_itself_what_the_version_can_say() {
    let world = World::new().await;
    let der = self_signed("one");
    for version in [Version::V1_0, Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let uid = uid_of(client.ask(bring(&der, vec![])).await);
        let algorithm = if version < Version::V1_2 { A::Ecdsa } else { A::Ec };
        let mask = Mask::SIGN.union(Mask::VERIFY).union(Mask::KEY_AGREEMENT);
        let length = i32::try_from(der.len()).unwrap();
        for (expected, from, to) in [
            (Attribute::CertificateType(CertificateType::X509), Version::V1_0, Version::V2_1),
            (Attribute::CryptographicAlgorithm(algorithm), Version::V1_0, Version::V2_1),
            (Attribute::CryptographicLength(256), Version::V1_0, Version::V2_1),
            (Attribute::CryptographicUsageMask(mask), Version::V1_0, Version::V2_1),
            (Attribute::CertificateLength(length), Version::V1_1, Version::V2_1),
            (
                Attribute::DigitalSignatureAlgorithm(D::EcdsaWithSha256),
                Version::V1_1,
                Version::V2_1,
            ),
            (CN("one"), Version::V1_4, Version::V2_1),
            (Attribute::CertificateIssuerO("Us, Inc.".into()), Version::V1_4, Version::V2_1),
        ] {
            if (from..=to).contains(&version) {
                let values = client.values(&uid, expected.kind()).await;
                assert_eq!(values, [expected], "{version:?}");
            } else {
                assert!(!client.has(&uid, expected.kind()).await, "{version:?} {expected:?}");
            }
        }
        if !version.is_2x() {
            let subject = client.values(&uid, K::CertificateSubject).await;
            let [Attribute::CertificateSubject(subject)] = subject.as_slice() else {
                panic!("{subject:?}")
            };
            assert_eq!(subject.distinguished_name, "CN=one,O=Us\\, Inc.,C=AU");
            assert_eq!(subject.alternative_names, ["a.example"]);
            let identifier = client.values(&uid, K::CertificateIdentifier).await;
            let [Attribute::CertificateIdentifier(identifier)] = identifier.as_slice() else {
                panic!("{identifier:?}")
            };
            assert_eq!(identifier.serial_number.as_deref(), Some("8001"));
        }
        if version >= Version::V1_1 {
            let subject = client.values(&uid, K::X509CertificateSubject).await;
            let [Attribute::X509CertificateSubject(subject)] = subject.as_slice() else {
                panic!("{subject:?}")
            };
            assert_eq!(subject.alternative_names, [b"\x82\x09a.example".to_vec()]);
            let identifier = client.values(&uid, K::X509CertificateIdentifier).await;
            let [Attribute::X509CertificateIdentifier(identifier)] = identifier.as_slice() else {
                panic!("{identifier:?}")
            };
            assert_eq!(identifier.serial_number, [2, 3, 0, 0x80, 1]);
        }
    }
}

#[tokio::test]
async fn a_certificate_is_given_back_as_it_was_brought() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let der = self_signed("one");
    let uid = uid_of(client.ask(bring(&der, vec![])).await);
    for format in [None, Some(KeyFormatType::X509), Some(KeyFormatType::Raw)] {
        let request = get::Request { key_format: format, ..get::Request::new(uid.clone()) };
        match client.ask(request).await.unwrap() {
            ResponsePayload::Get(response) => match response.object {
                ManagedObject::Certificate(certificate) => assert_eq!(certificate.value, der),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
    let pkcs1 = Some(KeyFormatType::Pkcs1);
    let request = get::Request { key_format: pkcs1, ..get::Request::new(uid.clone()) };
    assert_eq!(client.ask(request).await, Err(R::KeyFormatTypeNotSupported));
    let stranger = world.client_of("tenant-b", "orders", Version::V2_1).await;
    assert_eq!(stranger.ask(get(&uid)).await, Err(R::ObjectNotFound));
}

#[tokio::test]
async fn certificates_are_found_by_what_they_say() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let one = uid_of(client.ask(bring(&self_signed("one"), vec![])).await);
    let two = uid_of(client.ask(bring(&self_signed("two"), vec![])).await);
    let old = client.speaking(Version::V1_0);
    for (uid, name) in [(&one, "one"), (&two, "two")] {
        assert_eq!(found(client.ask(locate(vec![CN(name)])).await), [uid.clone()]);
        let by_text = old.values(uid, K::CertificateSubject).await;
        assert_eq!(found(old.ask(locate(by_text)).await), [uid.clone()]);
        let by_der = client.values(uid, K::X509CertificateSubject).await;
        assert_eq!(found(client.ask(locate(by_der)).await), [uid.clone()]);
    }
    let all = vec![Attribute::CertificateType(CertificateType::X509)];
    assert_eq!(found(client.ask(locate(all)).await), [two, one]);
}

#[tokio::test]
async fn what_is_said_of_a_certificate_must_be_true() {
    let world = World::new().await;
    let der = self_signed("one");
    let length = i32::try_from(der.len()).unwrap();
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        for said in [
            Attribute::CertificateType(CertificateType::X509),
            Attribute::CertificateLength(length),
            Attribute::DigitalSignatureAlgorithm(D::EcdsaWithSha256),
            Attribute::CryptographicAlgorithm(A::Ecdsa),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(Mask::VERIFY),
        ] {
            let uid = uid_of(client.ask(bring(&der, vec![said.clone()])).await);
            assert_eq!(client.values(&uid, said.kind()).await, [said]);
        }
        for lie in [
            Attribute::CertificateType(CertificateType::Pgp),
            Attribute::CertificateLength(length + 1),
            Attribute::DigitalSignatureAlgorithm(D::Sha1WithRsaEncryption),
            Attribute::CryptographicAlgorithm(A::Rsa),
            Attribute::CryptographicLength(384),
        ] {
            let answer = client.ask(bring(&der, vec![lie.clone()])).await;
            assert_eq!(answer, Err(R::InvalidField), "{lie:?}");
        }
        let read_only = if version.is_2x() { R::ReadOnlyAttribute } else { R::PermissionDenied };
        assert_eq!(client.ask(bring(&der, vec![CN("one")])).await, Err(read_only));
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let world = World::new().await;
    let der = self_signed("one");
    for version in [Version::V1_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        for length in [0, 1, 4, der.len() / 2, der.len() - 1] {
            let answer = client.ask(bring(&der[..length], vec![])).await;
            assert_eq!(answer, Err(R::InvalidField), "{length}");
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert_eq!(client.ask(bring(&longer, vec![])).await, Err(R::InvalidField));
        let huge = vec![0x30; 64 * 1024 + 1];
        let too_long = if version.is_2x() { R::ServerLimitExceeded } else { R::PermissionDenied };
        assert_eq!(client.ask(bring(&huge, vec![])).await, Err(too_long));
    }
}

#[tokio::test]
async fn no_damaged_byte_of_a_certificate_is_an_internal_error() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let der = self_signed("one");
    for place in 0..der.len() {
        let mut damaged = der.clone();
        damaged[place] ^= 0x15;
        let answer = client.ask(bring(&damaged, vec![])).await;
        assert_ne!(answer, Err(R::GeneralFailure), "{place}");
    }
}
