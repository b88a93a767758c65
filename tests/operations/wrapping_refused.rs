//! Keys that are not wrapped, not unwrapped, or not taken wrapped, each for its reason (KMIP 1.4
//! §11.4, §11.12; KMIP 2.1 §6.1.19.1, §6.1.43.1).

use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters, InlineAttributes};
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    EncodingOption as Encoding, KeyFormatType, KeyWrapType as Type, PaddingMethod as P,
    ResultReason as R, State, WrappingMethod as Method,
};
use kmip_ttlv::object::{
    KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingData, KeyWrappingSpecification,
};
use kmip_ttlv::payload::{archive, get};

use super::ask::{at, opaque, uid_of};
use super::pair::{bring, of};
use super::world::{Client, World};
use super::wrap::{KEY, both, key_of, key_wrap, mode, padded, plain, under, with};

/// What a Wrapping Specification or Data cannot mean, and what a client is told.
type Refusals = Vec<(&'static str, KeyWrappingSpecification, R)>;

/// The reason for this version.
fn pick(client: &Client<'_>, in_1x: R, in_2x: R) -> R {
    if client.version.is_2x() { in_2x } else { in_1x }
}

/// Wrapping keys that are none, or may not be used.
async fn bad_keys(world: &World, client: &Client<'_>) -> Refusals {
    let mask = |mask| vec![Attribute::CryptographicUsageMask(mask)];
    let not_found = pick(client, R::ItemNotFound, R::WrappingObjectNotFound);
    let foreign = world.client_of("tenant-b", "orders", client.version).await.kek(Vec::new()).await;
    let sibling = world.client("mongodb", client.version).await.kek(Vec::new()).await;
    let gone = client.key_in(State::Destroyed, mask(both())).await;
    let archived = client.kek(Vec::new()).await;
    client.ask(archive::Request { uid: Some(archived.clone().into()) }).await.unwrap();
    let no_key = uid_of(client.ask(opaque(Vec::new())).await);
    let pre_active = client.key_in(State::PreActive, mask(both())).await;
    let ended = client.key_in(State::Deactivated, mask(both())).await;
    let compromised = client.key_in(State::Compromised, mask(both())).await;
    let other_use = client.key(128, mask(Mask::ENCRYPT.union(Mask::UNWRAP_KEY))).await;
    let mut stopped = mask(both());
    stopped.push(Attribute::ProtectStopDate(at(-1)));
    let stopped = client.key(128, stopped).await;
    vec![
        ("no such key", key_wrap("nobody"), not_found),
        ("of another tenant", key_wrap(&foreign), not_found),
        ("of another service", key_wrap(&sibling), not_found),
        ("destroyed", key_wrap(&gone), pick(client, R::ItemNotFound, R::WrappingObjectDestroyed)),
        (
            "archived",
            key_wrap(&archived),
            pick(client, R::ObjectArchived, R::WrappingObjectArchived),
        ),
        ("no key", key_wrap(&no_key), pick(client, R::IllegalOperation, R::InvalidObjectType)),
        ("not active yet", key_wrap(&pre_active), R::PermissionDenied),
        ("not active any more", key_wrap(&ended), R::PermissionDenied),
        ("compromised", key_wrap(&compromised), R::PermissionDenied),
        ("stopped", key_wrap(&stopped), R::PermissionDenied),
        (
            "not for wrapping",
            key_wrap(&other_use),
            pick(client, R::PermissionDenied, R::IncompatibleCryptographicUsageMask),
        ),
    ]
}

/// Parameters that do not fit a good key.
async fn bad_parameters(client: &Client<'_>) -> Refusals {
    let kek = client.kek(Vec::new()).await;
    let bound = client.kek(vec![mode(Mode::Cbc), mode(Mode::NistKeyWrap)]).await;
    let reason = pick(client, R::ItemNotFound, R::BadCryptographicParameters);
    let of = |parameters| under(&kek, Some(parameters));
    let named = |algorithm| CryptographicParameters {
        cryptographic_algorithm: Some(algorithm),
        ..mode(Mode::NistKeyWrap)
    };
    vec![
        ("not one of the key's", under(&bound, Some(mode(Mode::Gcm))), reason),
        (
            "more than the key's",
            under(
                &bound,
                Some(CryptographicParameters { tag_length: Some(16), ..mode(Mode::NistKeyWrap) }),
            ),
            reason,
        ),
        ("another algorithm", of(named(A::Rsa)), reason),
        ("no such mode", of(mode(Mode::X9_102Akw1)), reason),
        (
            "padding of a wrapping without",
            of(CryptographicParameters {
                padding_method: Some(P::Pkcs5),
                ..mode(Mode::NistKeyWrap)
            }),
            reason,
        ),
        ("padding of RSA", of(padded(P::Oaep, None)), reason),
    ]
}

/// Specifications that are wrong in themselves.
async fn bad_forms(client: &Client<'_>) -> Refusals {
    let kek = client.kek(Vec::new()).await;
    let good = || key_wrap(&kek);
    let name = || vec!["Cryptographic Length".to_owned()];
    vec![
        (
            "attributes without encoding",
            KeyWrappingSpecification { attribute_names: name(), ..good() },
            R::EncodingOptionError,
        ),
        (
            "no such attribute",
            KeyWrappingSpecification {
                attribute_names: vec!["Colour".to_owned()],
                encoding_option: None,
                ..good()
            },
            R::InvalidField,
        ),
        (
            "no such encoding",
            KeyWrappingSpecification {
                encoding_option: Some(Encoding::Unknown(0x8000_0001)),
                ..good()
            },
            R::EncodingOptionError,
        ),
        ("no key", KeyWrappingSpecification { encryption_key: None, ..good() }, R::InvalidMessage),
        (
            "no key to sign with",
            KeyWrappingSpecification { method: Method::EncryptThenMacSign, ..good() },
            R::InvalidMessage,
        ),
        (
            "a key that does not sign",
            KeyWrappingSpecification {
                method: Method::EncryptThenMacSign,
                mac_signature_key: with(&kek, None),
                ..good()
            },
            pick(client, R::PermissionDenied, R::IncompatibleCryptographicUsageMask),
        ),
        (
            "TR-31",
            KeyWrappingSpecification { method: Method::Tr31, ..good() },
            R::FeatureNotSupported,
        ),
        (
            "no such method",
            KeyWrappingSpecification { method: Method::Unknown(0x8000_0001), ..good() },
            R::FeatureNotSupported,
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_wrapped_like_that_is_refused() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_4, Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.bring(plain(&KEY)).await;
        let mut refusals = bad_keys(&world, &client).await;
        refusals.extend(bad_parameters(&client).await);
        refusals.extend(bad_forms(&client).await);
        for (what, wanted, reason) in refusals {
            let found = client.block(&key, None, Some(wanted)).await;
            assert_eq!(found, Err(reason), "{version}: {what}");
        }
    }
}

#[tokio::test]
async fn what_has_no_bytes_to_wrap_is_refused() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let block = |bytes: &[u8]| KeyBlock { algorithm: None, length: None, ..plain(bytes) };
        let odd = client.bring(block(&[1; 9])).await;
        let found = client.block(&odd, None, Some(key_wrap(&kek))).await;
        assert_eq!(found, Err(R::EncodingOptionError), "AES Key Wrap takes whole pieces");
        let key = client.bring(plain(&KEY)).await;
        let request = get::Request {
            key_format: Some(KeyFormatType::TransparentSymmetricKey),
            ..super::wrap::get(&key, None, Some(key_wrap(&kek)))
        };
        assert_eq!(client.ask(request).await, Err(R::EncodingOptionError), "a structure");
        let bytes = uid_of(client.ask(opaque(Vec::new())).await);
        let reason = pick(&client, R::IllegalOperation, R::InvalidObjectType);
        let request = super::wrap::get(&bytes, None, Some(key_wrap(&kek)));
        assert_eq!(client.ask(request).await, Err(reason));
        let absent = KeyBlock { value: None, ..plain(&KEY) };
        let absent = client.bring(absent).await;
        let found = client.block(&absent, None, Some(key_wrap(&kek))).await;
        assert_eq!(found, Err(R::KeyValueNotPresent));
    }
}

#[tokio::test]
async fn a_key_wrap_type_is_one_of_two_and_means_something() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let key = client.bring(plain(&KEY)).await;
        let reason = pick(&client, R::FeatureNotSupported, R::KeyWrapTypeNotSupported);
        let unknown = Some(Type::Unknown(0x8000_0001));
        assert_eq!(client.block(&key, unknown, None).await, Err(reason));
        let wrapped = client.block(&key, None, Some(key_wrap(&kek))).await.unwrap();
        let back = client.bring(wrapped).await;
        let found = client.block(&back, Some(Type::AsRegistered), Some(key_wrap(&kek))).await;
        assert_eq!(found, Err(reason), "what is wrapped is not wrapped once more");
        for wrap_type in [Type::AsRegistered, Type::NotWrapped] {
            assert_eq!(client.block(&key, Some(wrap_type), None).await, Ok(plain(&KEY)));
            let wrapped = client.block(&key, Some(wrap_type), Some(key_wrap(&kek))).await;
            assert!(wrapped.is_ok_and(|block| block.wrapping.is_some()));
        }
    }
}

#[tokio::test]
async fn what_is_sensitive_leaves_encrypted_or_not_at_all() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let mac = Mask::MAC_GENERATE.union(Mask::MAC_VERIFY);
        let mac = vec![of(A::HmacSha256), Attribute::CryptographicUsageMask(mac)];
        let mac = client.key(256, mac).await;
        let hidden = client.key(128, vec![Attribute::Sensitive(true)]).await;
        let signed = KeyWrappingSpecification {
            method: Method::MacSign,
            encryption_key: None,
            mac_signature_key: with(&mac, None),
            ..key_wrap(&kek)
        };
        let found = client.block(&hidden, None, Some(signed)).await;
        assert_eq!(found, Err(R::Sensitive), "a signature hides nothing");
        let wrapped = client.block(&hidden, None, Some(key_wrap(&kek))).await.unwrap();
        let request = bring(key_of(wrapped.clone()), vec![Attribute::Sensitive(true)]);
        let back = uid_of(client.ask(request).await);
        assert_eq!(client.block(&back, None, None).await, Ok(wrapped), "it came wrapped");
        assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Err(R::Sensitive));
        assert!(client.block(&back, None, Some(key_wrap(&kek))).await.is_ok());
        let kept = client.key(128, vec![Attribute::Extractable(false)]).await;
        let found = client.block(&kept, None, Some(key_wrap(&kek))).await;
        assert_eq!(found, Err(R::NotExtractable));
    }
}

#[tokio::test]
async fn a_key_is_unwrapped_by_its_wrapping_key_alone() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let own = || vec![mode(Mode::NistKeyWrap)];
        let (kek, other) = (client.kek(own()).await, client.kek(own()).await);
        let key = client.bring(plain(&KEY)).await;
        let wrapped = client.block(&key, None, Some(key_wrap(&kek))).await.unwrap();
        let unwrapped = async |change: &dyn Fn(&mut KeyBlock)| {
            let mut block = wrapped.clone();
            change(&mut block);
            let uid = client.bring(block).await;
            client.block(&uid, Some(Type::NotWrapped), None).await
        };
        let by = |uid: &str| with(uid, Some(mode(Mode::NistKeyWrap)));
        let failed = Err(R::CryptographicFailure);
        let found = unwrapped(&|block| data(block).encryption_key = by(&other)).await;
        assert_eq!(found, failed, "another key");
        let found = unwrapped(&|block| data(block).encoding_option = None).await;
        assert_eq!(found, failed, "not TTLV");
        let found = unwrapped(&|block| {
            let Some(KeyValue::Wrapped(bytes)) = &block.value else { panic!("{block:?}") };
            let mut bytes = bytes.expose().clone();
            bytes[3] ^= 1;
            block.value = Some(KeyValue::Wrapped(bytes.into()));
        });
        assert_eq!(found.await, failed, "changed");
        // A key that is not there, or not the caller's, is named without harm and never found.
        let foreign = world.client_of("tenant-b", "orders", version).await.kek(Vec::new()).await;
        for uid in ["nobody", &foreign] {
            let found = unwrapped(&|block| data(block).encryption_key = by(uid)).await;
            assert_eq!(found, Err(pick(&client, R::ItemNotFound, R::WrappingObjectNotFound)));
        }
        // 1.4's own cases unwrap with a key that is for wrapping alone.
        let only = |mask| vec![Attribute::CryptographicUsageMask(mask)];
        let wraps = client.key(128, only(Mask::WRAP_KEY)).await;
        let wrapped = client.block(&key, None, Some(key_wrap(&wraps))).await.unwrap();
        let back = client.bring(wrapped).await;
        let found = client.block(&back, Some(Type::NotWrapped), None).await;
        let refused = Err(R::IncompatibleCryptographicUsageMask);
        assert_eq!(found, if version.is_2x() { refused } else { Ok(plain(&KEY)) });
    }
}

fn data(block: &mut KeyBlock) -> &mut KeyWrappingData {
    block.wrapping.as_mut().unwrap()
}

#[tokio::test]
async fn a_wrapped_key_that_does_not_say_how_is_not_taken() {
    let world = World::new().await;
    for version in [Version::V1_2, Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let wrapped = || KeyBlock {
            value: Some(KeyValue::Wrapped(vec![7; 24].into())),
            wrapping: Some(Box::new(KeyWrappingData {
                method: Method::Encrypt,
                encryption_key: with("elsewhere", Some(mode(Mode::NistKeyWrap))),
                mac_signature_key: None,
                mac_signature: None,
                iv_counter_nonce: None,
                encoding_option: Some(Encoding::NoEncoding),
            })),
            ..plain(&KEY)
        };
        let changed = |change: &dyn Fn(&mut KeyBlock)| {
            let mut block = wrapped();
            change(&mut block);
            block
        };
        client.bring(wrapped()).await;
        let in_material = |block: &mut KeyBlock| {
            block.value = Some(KeyValue::new(KeyMaterial::Bytes(vec![7; 24].into())));
        };
        client.bring(changed(&in_material)).await;
        let key = || KeyInformation { uid: "elsewhere".into(), cryptographic_parameters: None };
        let inside = || InlineAttributes::from(super::pair::list(vec![of(A::Aes)]));
        let cases = [
            ("no key", changed(&|b| data(b).encryption_key = None), R::InvalidMessage),
            ("TR-31", changed(&|b| data(b).method = Method::Tr31), R::FeatureNotSupported),
            (
                "no signature",
                changed(&|b| {
                    data(b).method = Method::EncryptThenMacSign;
                    data(b).mac_signature_key = Some(key());
                }),
                R::InvalidMessage,
            ),
            (
                "no such encoding",
                changed(&|b| data(b).encoding_option = Some(Encoding::Unknown(0x8000_0001))),
                R::EncodingOptionError,
            ),
            (
                "TTLV in the place of the Key Material",
                changed(&|b| {
                    in_material(b);
                    data(b).encoding_option = None;
                }),
                R::EncodingOptionError,
            ),
            (
                "attributes beside the Key Material",
                changed(&|b| {
                    let material = KeyMaterial::Bytes(vec![7; 24].into());
                    b.value = Some(KeyValue::Plain { material, attributes: inside() });
                }),
                R::EncodingOptionError,
            ),
            (
                "a structure without encoding",
                changed(&|b| b.format = KeyFormatType::TransparentSymmetricKey),
                R::EncodingOptionError,
            ),
            (
                "no bytes",
                changed(&|b| b.value = Some(KeyValue::Wrapped(Vec::new().into()))),
                R::InvalidField,
            ),
            ("no value", changed(&|b| b.value = None), R::InvalidField),
        ];
        for (what, block, reason) in cases {
            let found = client.ask(bring(key_of(block), Vec::new())).await;
            assert_eq!(found, Err(reason), "{version}: {what}");
        }
        let bare = changed(&|b| b.wrapping = None);
        let found = client.ask(bring(key_of(bare), Vec::new())).await;
        assert_eq!(found, Err(R::InvalidField), "bytes that nothing says are wrapped");
    }
}
