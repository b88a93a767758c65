//! Private keys in PKCS#12 containers: Get gives them with their certificates, Register takes them out.

use keystrata::crypto::pkcs12::{self, Bundle, Pkcs12Error};
use kmip_ttlv::attribute::{Attribute, AttributeKind as K, AttributeList, Link};
use kmip_ttlv::enums::{
    KeyFormatType, LinkType as L, ObjectType, ResultReason as R, RevocationReasonCode,
    SecretDataType,
};
use kmip_ttlv::object::{
    Certificate, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PrivateKey, SecretData,
};
use kmip_ttlv::payload::{ResponsePayload, get, import, register};
use kmip_ttlv::{Secret, Version};

use super::ask::{Request, activate, add, at, get, revoke, set, uid_of};
use super::certificate::bring;
use super::vectors::cases;
use super::world::{Answer, Client, World};

fn material(bytes: &[u8]) -> KeyValue {
    KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes.to_vec())))
}

fn new(object: ManagedObject, attributes: Vec<Attribute>) -> Request {
    register::Request {
        object_type: object.object_type(),
        attributes: attributes.into_iter().collect(),
        object: Some(object),
        protection_storage_masks: None,
    }
    .into()
}

fn private(format: KeyFormatType, value: KeyValue, attributes: Vec<Attribute>) -> Request {
    new(
        ManagedObject::PrivateKey(PrivateKey { key_block: KeyBlock::new(format, value) }),
        attributes,
    )
}

fn secret(kind: SecretDataType, text: &str, attributes: Vec<Attribute>) -> Request {
    let key_block = KeyBlock::new(KeyFormatType::Opaque, material(text.as_bytes()));
    new(ManagedObject::SecretData(SecretData { kind, key_block }), attributes)
}

fn link(kind: L, to: &str) -> Attribute {
    Attribute::Link(Link { kind, object: to.into() })
}

fn wanted(uid: &str) -> Request {
    match get(uid) {
        Request::Get(request) => {
            get::Request { key_format: Some(KeyFormatType::Pkcs12), ..request }.into()
        }
        other => other,
    }
}

/// The container in an answer, in the form that the version has.
fn container(version: Version, answer: Answer) -> Vec<u8> {
    let ResponsePayload::Get(response) = answer.unwrap() else { panic!("no Get") };
    assert_eq!(response.object_type, ObjectType::PrivateKey);
    let ManagedObject::PrivateKey(PrivateKey { key_block }) = response.object else {
        panic!("no private key")
    };
    assert_eq!(key_block.format, KeyFormatType::Pkcs12);
    assert_eq!((key_block.algorithm, key_block.length), (None, None));
    match key_block.value.unwrap() {
        KeyValue::Wrapped(bytes) if !version.is_2x() => bytes.expose().clone(),
        KeyValue::Plain { material: KeyMaterial::Bytes(bytes), .. } if version.is_2x() => {
            bytes.expose().clone()
        }
        other => panic!("{other:?}"),
    }
}

/// What OpenSSL has put into a container.
fn bundle() -> (Vec<u8>, Bundle) {
    let case = cases("pkcs12.txt").into_iter().find(|case| case.error().is_none()).unwrap();
    let container = case.required("container");
    let bundle = pkcs12::read(&container, "pässwörd", None).unwrap();
    (container, bundle)
}

impl Client<'_> {
    async fn password(&self, text: &str) -> String {
        let active = vec![Attribute::ActivationDate(at(-100))];
        uid_of(self.ask(secret(SecretDataType::Password, text, active)).await)
    }

    /// The bundle's key, linked with a password and nothing else.
    async fn key_under(&self, bundle: &Bundle, password: &str) -> String {
        let links = vec![link(L::Pkcs12PasswordLink, password)];
        uid_of(self.ask(private(KeyFormatType::Pkcs8, material(&bundle.key), links)).await)
    }

    async fn chain(&self, bundle: &Bundle) -> (String, String) {
        let own = uid_of(self.ask(bring(&bundle.certificates[0], vec![])).await);
        let issuer = uid_of(self.ask(bring(&bundle.certificates[1], vec![])).await);
        (own, issuer)
    }
}

#[tokio::test]
async fn a_key_is_given_with_the_certificates_that_are_linked_and_opens_with_its_password() {
    let world = World::new().await;
    let (_, bundle) = bundle();
    for version in [Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.key_under(&bundle, &client.password("open sesame").await).await;
        let alone = container(version, client.ask(wanted(&key)).await);
        let alone = pkcs12::read(&alone, "open sesame", Some("alias")).unwrap();
        assert!(alone.certificates.is_empty());

        let (own, issuer) = client.chain(&bundle).await;
        client.ask(add(&key, link(L::Pkcs12CertificateLink, &own))).await.unwrap();
        client.ask(add(&own, link(L::CertificateLink, &issuer))).await.unwrap();
        // A root may be linked with itself.
        client.ask(add(&issuer, link(L::CertificateLink, &issuer))).await.unwrap();
        client.ask(add(&key, Attribute::Pkcs12FriendlyName("example".into()))).await.unwrap();
        let whole = container(version, client.ask(wanted(&key)).await);
        let read = pkcs12::read(&whole, "open sesame", Some("Example")).unwrap();
        assert_eq!(read.certificates, bundle.certificates);
        assert_eq!(read.key, alone.key);
        let other = pkcs12::read(&whole, "open", None);
        assert_eq!(other, Err(Pkcs12Error::WrongPassword));
    }
}

#[tokio::test]
async fn the_public_key_leads_to_the_certificate_too_and_two_valid_ones_are_one_too_many() {
    let world = World::new().await;
    let (_, bundle) = bundle();
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key_under(&bundle, &client.password("open sesame").await).await;
    let (own, issuer) = client.chain(&bundle).await;
    // Any object that has links will do for the public key.
    let public = client.create(vec![link(L::CertificateLink, &own)]).await;
    client.ask(add(&key, link(L::PublicKeyLink, &public))).await.unwrap();
    let given = container(Version::V2_1, client.ask(wanted(&key)).await);
    let read = pkcs12::read(&given, "open sesame", None).unwrap();
    assert_eq!(read.certificates, bundle.certificates[..1]);

    client.ask(add(&public, link(L::CertificateLink, &issuer))).await.unwrap();
    assert_eq!(client.ask(wanted(&key)).await.unwrap_err(), R::InvalidField);
    let foreign = world.client("other", Version::V2_1).await;
    assert_eq!(foreign.ask(wanted(&key)).await.unwrap_err(), R::ObjectNotFound);
    client.ask(revoke(&issuer, RevocationReasonCode::KeyCompromise)).await.unwrap();
    assert!(client.ask(wanted(&key)).await.is_ok());
}

#[tokio::test]
async fn without_one_good_password_there_is_no_container() {
    let world = World::new().await;
    let (_, bundle) = bundle();
    for (version, reason) in [(Version::V1_4, R::InvalidField), (Version::V2_1, R::BadPassword)] {
        let client = world.client("orders", version).await;
        let bare =
            uid_of(client.ask(private(KeyFormatType::Pkcs8, material(&bundle.key), vec![])).await);
        assert_eq!(client.ask(wanted(&bare)).await.unwrap_err(), reason);

        let good = client.password("one").await;
        let seed = uid_of(client.ask(secret(SecretDataType::Seed, "seed", vec![])).await);
        let aes = client.create(vec![]).await;
        let foreign = world.client("other", version).await.password("theirs").await;
        for bad in [seed.as_str(), &aes, "nothing", &foreign] {
            let key = client.key_under(&bundle, bad).await;
            assert_eq!(client.ask(wanted(&key)).await.unwrap_err(), reason, "{bad}");
        }
        let two = client.key_under(&bundle, &good).await;
        let other = client.password("two").await;
        client.ask(add(&two, link(L::Pkcs12PasswordLink, &other))).await.unwrap();
        assert_eq!(client.ask(wanted(&two)).await.unwrap_err(), reason);
    }
    let client = world.client("orders", Version::V2_1).await;
    let idle = uid_of(client.ask(secret(SecretDataType::Password, "idle", vec![])).await);
    let key = client.key_under(&bundle, &idle).await;
    assert_eq!(client.ask(wanted(&key)).await.unwrap_err(), R::BadPassword);
    client.ask(activate(&idle)).await.unwrap();
    assert!(client.ask(wanted(&key)).await.is_ok());
}

#[tokio::test]
async fn what_does_not_leave_the_server_does_not_leave_it_in_a_container_either() {
    let world = World::new().await;
    let (_, bundle) = bundle();
    let client = world.client("orders", Version::V2_1).await;
    let password = client.password("open sesame").await;
    for (attribute, reason) in [
        (Attribute::Sensitive(true), R::Sensitive),
        (Attribute::Extractable(false), R::NotExtractable),
    ] {
        let key = client.key_under(&bundle, &password).await;
        client.ask(set(&key, attribute)).await.unwrap();
        assert_eq!(client.ask(wanted(&key)).await.unwrap_err(), reason);
    }
    let aes = client.create(vec![]).await;
    let own = client.chain(&bundle).await.0;
    for uid in [aes, own, password] {
        assert_eq!(client.ask(wanted(&uid)).await.unwrap_err(), R::KeyFormatTypeNotSupported);
    }
}

#[tokio::test]
async fn a_container_that_is_registered_becomes_a_key_its_certificates_and_a_name() {
    let world = World::new().await;
    let (container_bytes, bundle) = bundle();
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let password = client.password("pässwörd").await;
        let links = vec![link(L::Pkcs12PasswordLink, &password)];
        let value = if version.is_2x() {
            material(&container_bytes)
        } else {
            KeyValue::Wrapped(Secret::new(container_bytes.clone()))
        };
        let uid = uid_of(client.ask(private(KeyFormatType::Pkcs12, value, links)).await);
        let name = [Attribute::Pkcs12FriendlyName("Example".into())];
        assert_eq!(client.values(&uid, K::Pkcs12FriendlyName).await, name);
        let bits = [Attribute::CryptographicLength(256)];
        assert_eq!(client.values(&uid, K::CryptographicLength).await, bits);
        let again = container(version, client.ask(wanted(&uid)).await);
        let again = pkcs12::read(&again, "pässwörd", Some("example")).unwrap();
        assert_eq!(again.certificates, bundle.certificates);
        let links = client.values(&uid, K::Link).await;
        let own = links.iter().find_map(|attribute| match attribute {
            Attribute::Link(link) if link.kind == L::Pkcs12CertificateLink => Some(&link.object.0),
            _ => None,
        });
        let own = own.and_then(|uid| uid.text()).expect("the certificate is linked").to_owned();
        match client.ask(get(&own)).await.unwrap() {
            ResponsePayload::Get(response) => {
                let ManagedObject::Certificate(Certificate { value, .. }) = response.object else {
                    panic!("no certificate")
                };
                assert_eq!(value, bundle.certificates[0]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_container_that_does_not_open_is_not_registered_and_leaves_nothing_behind() {
    let world = World::new().await;
    let (bytes, _) = bundle();
    let client = world.client("orders", Version::V2_1).await;
    let (good, bad) = (client.password("pässwörd").await, client.password("password").await);
    let with = |password: &str, bytes: &[u8], more: Vec<Attribute>| {
        let links = [vec![link(L::Pkcs12PasswordLink, password)], more].concat();
        private(KeyFormatType::Pkcs12, material(bytes), links)
    };
    let unlinked = private(KeyFormatType::Pkcs12, material(&bytes), vec![]);
    let named = |name: &str| vec![Attribute::Pkcs12FriendlyName(name.into())];
    for (request, reason) in [
        (unlinked, R::BadPassword),
        (with(&bad, &bytes, vec![]), R::BadPassword),
        (with("nothing", &bytes, vec![]), R::BadPassword),
        (with(&good, &bytes[1..], vec![]), R::InvalidField),
        (with(&good, &[], vec![]), R::InvalidField),
        (with(&good, &bytes, named("other")), R::InvalidField),
        (with(&good, &bytes, vec![Attribute::CryptographicLength(512)]), R::InvalidField),
    ] {
        assert_eq!(client.ask(request).await.unwrap_err(), reason);
    }
    let kinds = vec![Attribute::ObjectType(ObjectType::Certificate)];
    assert!(super::ask::found(client.ask(super::ask::locate(kinds)).await).is_empty());
    assert!(client.ask(with(&good, &bytes, named("EXAMPLE"))).await.is_ok());
}

/// Import of a container under an identifier.
fn brought(uid: &str, bytes: &[u8], attributes: Vec<Attribute>) -> import::Request<'static> {
    let key_block = KeyBlock::new(KeyFormatType::Pkcs12, material(bytes));
    import::Request {
        uid: uid.to_owned().into(),
        object_type: Some(ObjectType::PrivateKey),
        replace_existing: Some(true),
        key_wrap_type: None,
        attributes: attributes.into_iter().collect::<AttributeList>().into(),
        object: ManagedObject::PrivateKey(PrivateKey { key_block }),
    }
}

#[tokio::test]
async fn a_container_from_another_server_keeps_its_name_and_its_links() {
    let world = World::new().await;
    let (bytes, bundle) = bundle();
    let client = world.client("orders", Version::V2_1).await;
    let password = client.password("pässwörd").await;
    let links = vec![link(L::Pkcs12PasswordLink, &password)];
    let said = [links.clone(), vec![Attribute::KeyFormatType(KeyFormatType::Pkcs12)]].concat();
    client.ask(brought("key-1", &bytes, said)).await.unwrap();
    let format = [Attribute::KeyFormatType(KeyFormatType::Pkcs8)];
    assert_eq!(client.values("key-1", K::KeyFormatType).await, format);
    let again = container(Version::V2_1, client.ask(wanted("key-1")).await);
    let again = pkcs12::read(&again, "pässwörd", Some("example")).unwrap();
    assert_eq!(again.certificates, bundle.certificates);

    // Its certificate is an object of its own here already.
    let (own, _) = client.chain(&bundle).await;
    let kinds = || vec![Attribute::ObjectType(ObjectType::Certificate)];
    let count = super::ask::found(client.ask(super::ask::locate(kinds())).await).len();
    let said = [links, vec![link(L::Pkcs12CertificateLink, &own)]].concat();
    client.ask(brought("key-1", &bytes, said)).await.unwrap();
    let after = super::ask::found(client.ask(super::ask::locate(kinds())).await).len();
    assert_eq!(after, count);

    let bad = client.password("password").await;
    let links = vec![link(L::Pkcs12PasswordLink, &bad)];
    let refused = client.ask(brought("key-2", &bytes, links)).await;
    assert_eq!(refused.unwrap_err(), R::InvalidField);
    let nothing = client.ask(brought("key-2", &bytes, vec![])).await;
    assert_eq!(nothing.unwrap_err(), R::InvalidField);
}
