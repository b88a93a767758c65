//! Keys that leave wrapped and keys that come wrapped (KMIP 1.4 §2.1.5, §2.1.6; KMIP 2.1 §3.3, §7.18).

use keystrata::crypto::policy::Policy;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, AttributeKind, CryptographicParameters, Link, UsageLimits};
use kmip_ttlv::enums::{
    BlockCipherMode as Mode, CryptographicAlgorithm as A, CryptographicUsageMask as Mask,
    EncodingOption as Encoding, HashingAlgorithm as H, KeyWrapType as Type, LinkType,
    PaddingMethod as P, ResultReason as R, RevocationReasonCode, UsageLimitsUnit,
    WrappingMethod as Method,
};
use kmip_ttlv::object::{KeyMaterial, KeyValue, KeyWrappingSpecification};
use kmip_ttlv::payload::{ResponsePayload, encrypt, export, import};

use super::ask::{custom, revoke, uid_of};
use super::pair::{bits, of, pair_of};
use super::world::{Client, World};
use super::wrap::{KEY, both, key_of, key_wrap, mode, padded, plain, under, with};
use super::{pair, wrap};

const VERSIONS: [Version; 4] = [Version::V1_1, Version::V1_4, Version::V2_0, Version::V2_1];

/// An RSA pair that wraps and unwraps, signs and verifies.
async fn rsa(client: &Client<'_>) -> (String, String) {
    let mask = both().union(Mask::SIGN).union(Mask::VERIFY);
    let active = Attribute::ActivationDate(super::ask::at(-100));
    let request = vec![of(A::Rsa), bits(2048), Attribute::CryptographicUsageMask(mask), active];
    pair_of(client.ask(pair::create(request)).await)
}

/// A key of an HMAC.
async fn hmac(client: &Client<'_>) -> String {
    let mask = Mask::MAC_GENERATE.union(Mask::MAC_VERIFY);
    let more = vec![of(A::HmacSha256), Attribute::CryptographicUsageMask(mask)];
    client.key(256, more).await
}

/// Every wrapping gives bytes that the server, given them back, unwraps to the same key. A client of
/// 1.1 cannot ask for the unwrapped key, so another asks for it.
async fn goes_round(client: &Client<'_>, wanted: KeyWrappingSpecification) {
    let reader = client.speaking(client.version.max(Version::V1_4));
    let key = client.bring(plain(&KEY)).await;
    let wrapped = client.block(&key, None, Some(wanted.clone())).await.unwrap();
    let data = wrapped.wrapping.as_ref().unwrap();
    assert_eq!((data.method, data.encoding_option), (wanted.method, wanted.encoding_option));
    // These wrapping keys have no parameters of their own, as PyKMIP's.
    let bytes = match wrapped.value.as_ref().unwrap() {
        KeyValue::Wrapped(bytes) => bytes,
        in_material @ KeyValue::Plain { .. } => {
            assert_eq!(wanted.encoding_option, Some(Encoding::NoEncoding));
            assert_ne!(wanted.method, Method::MacSign);
            in_material.bytes().unwrap()
        }
    };
    let shows = bytes.expose().windows(KEY.len()).any(|window| window == KEY);
    assert_eq!(shows, wanted.method == Method::MacSign);
    let back = client.bring(wrapped.clone()).await;
    assert_eq!(client.block(&back, None, None).await.as_ref(), Ok(&wrapped), "as registered");
    let found = reader.block(&back, Some(Type::NotWrapped), None).await;
    assert_eq!(found, Ok(plain(&KEY)), "{} {wanted:?}", client.version);
}

#[tokio::test]
async fn every_wrapping_goes_round() {
    let world = World::with_policy(Policy { legacy: true, ..Policy::default() }).await;
    for version in VERSIONS {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let (_, public) = rsa(&client).await;
        let cbc = CryptographicParameters { padding_method: Some(P::Pkcs5), ..mode(Mode::Cbc) };
        for (uid, parameters) in [
            (&kek, Some(mode(Mode::NistKeyWrap))),
            (&kek, Some(mode(Mode::AesKeyWrapPadding))),
            (&kek, Some(mode(Mode::Gcm))),
            (&kek, Some(cbc)),
            (&kek, None),
            (&public, Some(padded(P::Oaep, Some(H::Sha256)))),
            (&public, Some(padded(P::Pkcs1V1_5, None))),
        ] {
            for encoding_option in [Some(Encoding::NoEncoding), Some(Encoding::TtlvEncoding), None]
            {
                let wanted = under(uid, parameters.clone());
                goes_round(&client, KeyWrappingSpecification { encoding_option, ..wanted }).await;
            }
        }
    }
}

#[tokio::test]
async fn a_wrapped_key_is_signed_in_every_order() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let (kek, mac) = (client.kek(Vec::new()).await, hmac(&client).await);
        let (private, _) = rsa(&client).await;
        let pss = padded(P::Pss, Some(H::Sha256));
        for signature_key in [with(&mac, None), with(&private, Some(pss))] {
            for method in [Method::MacSign, Method::EncryptThenMacSign, Method::MacSignThenEncrypt]
            {
                let wanted = KeyWrappingSpecification {
                    method,
                    mac_signature_key: signature_key.clone(),
                    ..key_wrap(&kek)
                };
                goes_round(&client, wanted.clone()).await;
                let key = client.bring(plain(&KEY)).await;
                let mut wrapped = client.block(&key, None, Some(wanted)).await.unwrap();
                let data = wrapped.wrapping.as_mut().unwrap();
                *data.mac_signature.as_mut().unwrap().last_mut().unwrap() ^= 1;
                let changed = client.bring(wrapped).await;
                let found = client.block(&changed, Some(Type::NotWrapped), None).await;
                assert_eq!(found, Err(R::CryptographicFailure), "{method:?}");
            }
        }
    }
}

#[tokio::test]
async fn attributes_that_are_asked_for_are_wrapped_with_the_key() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let key = client.key(128, vec![custom("place", "here")]).await;
        let names = ["Cryptographic Length", "x-place", "Contact Information"];
        let wanted = KeyWrappingSpecification {
            attribute_names: names.map(str::to_owned).to_vec(),
            encoding_option: None,
            ..key_wrap(&kek)
        };
        let wrapped = client.block(&key, None, Some(wanted)).await.unwrap();
        let back = client.bring(wrapped.clone()).await;
        let found = client.block(&back, Some(Type::NotWrapped), None).await.unwrap();
        let Some(KeyValue::Plain { attributes, .. }) = found.value else { panic!("wrapped") };
        let expected = [Attribute::CryptographicLength(128), custom("place", "here")];
        assert!(attributes.iter().eq(&expected), "{attributes:?}");
        // Import takes them for the object's own.
        let request = import::Request {
            uid: "imported".into(),
            object_type: None,
            replace_existing: Some(true),
            key_wrap_type: Some(Type::NotWrapped),
            attributes: kmip_ttlv::attribute::InlineAttributes::default(),
            object: key_of(wrapped),
        };
        client.ask(request).await.unwrap();
        let place = kmip_ttlv::attribute::AttributeReference::Custom {
            vendor: "x".into(),
            name: "place".into(),
        };
        assert_eq!(client.values("imported", place).await, [custom("place", "here")]);
    }
}

#[tokio::test]
async fn what_came_in_the_place_of_the_key_material_goes_so() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let own = || vec![mode(Mode::NistKeyWrap)];
    let (kek, other) = (client.kek(own()).await, client.kek(own()).await);
    let key = client.bring(plain(&KEY)).await;
    let mut block = client.block(&key, None, Some(key_wrap(&kek))).await.unwrap();
    let Some(KeyValue::Wrapped(bytes)) = block.value.take() else { panic!("{block:?}") };
    block.value = Some(KeyValue::new(KeyMaterial::Bytes(bytes)));
    let back = client.bring(block.clone()).await;
    assert_eq!(client.block(&back, Some(Type::AsRegistered), None).await, Ok(block));
    assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Ok(plain(&KEY)));
    let again = client.block(&back, None, Some(key_wrap(&other))).await.unwrap();
    assert!(matches!(again.value, Some(KeyValue::Plain { .. })), "{again:?}");
    let again = client.bring(again).await;
    assert_eq!(client.block(&again, Some(Type::NotWrapped), None).await, Ok(plain(&KEY)));
    // So goes what is wrapped with a key that has no parameters of its own: PyKMIP reads it there.
    let bare = client.kek(Vec::new()).await;
    for asked in [None, Some(mode(Mode::NistKeyWrap))] {
        let given = client.block(&key, None, Some(under(&bare, asked))).await.unwrap();
        assert!(matches!(given.value, Some(KeyValue::Plain { .. })), "{given:?}");
    }
}

#[tokio::test]
async fn the_own_parameters_of_a_wrapping_key_decide() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let cbc = CryptographicParameters { padding_method: Some(P::Pkcs5), ..mode(Mode::Cbc) };
    let kek = client.kek(vec![cbc.clone(), mode(Mode::Gcm)]).await;
    let key = client.bring(plain(&KEY)).await;
    // That of lowest index where none is named, and then the answer names none either.
    for asked in [None, Some(cbc), Some(mode(Mode::Cbc))] {
        let wrapped = client.block(&key, None, Some(under(&kek, asked.clone()))).await.unwrap();
        let data = wrapped.wrapping.clone().unwrap();
        assert_eq!(data.encryption_key, with(&kek, asked));
        assert_eq!(data.iv_counter_nonce.map(|iv| iv.len()), Some(16));
        let back = client.bring(wrapped).await;
        assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Ok(plain(&KEY)));
    }
    let wrapped = client.block(&key, None, Some(under(&kek, Some(mode(Mode::Gcm))))).await.unwrap();
    assert_eq!(wrapped.wrapping.unwrap().iv_counter_nonce.map(|iv| iv.len()), Some(12));
}

#[tokio::test]
async fn a_key_that_came_wrapped_is_kept_and_not_used() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let kek = client.kek(vec![mode(Mode::NistKeyWrap)]).await;
    let key = client.bring(plain(&KEY)).await;
    let wrapped = client.block(&key, None, Some(key_wrap(&kek))).await.unwrap();
    let back = client.bring(wrapped.clone()).await;
    let use_it = |uid: &str| encrypt::Request {
        uid: Some(uid.to_owned().into()),
        parameters: Some(mode(Mode::Ctr)),
        data: Some(b"data".as_slice().into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    assert!(client.ask(use_it(&key)).await.is_ok());
    assert_eq!(client.ask(use_it(&back)).await, Err(R::CryptographicFailure));
    // Its digest would be that of the wrapped bytes, and who wraps can make it.
    assert!(client.values(&back, AttributeKind::Digest).await.is_empty());
    let link =
        Attribute::Link(Link { kind: LinkType::WrappingKeyLink, object: kek.as_str().into() });
    assert_eq!(client.values(&back, AttributeKind::Link).await, [link]);
    let older = client.speaking(Version::V1_4);
    assert!(older.values(&back, AttributeKind::Link).await.is_empty(), "1.4 has no such link");
    // A wrapping key that ends unwraps still, and wraps no more.
    client.ask(revoke(&kek, RevocationReasonCode::Unspecified)).await.unwrap();
    assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Ok(plain(&KEY)));
    let found = client.block(&key, None, Some(key_wrap(&kek))).await;
    assert_eq!(found, Err(R::PermissionDenied));
    // Nothing of the key was ever on the disk.
    let files = world.close();
    assert!(files.iter().all(|file| file.windows(KEY.len()).all(|window| window != KEY)));
    let Some(KeyValue::Wrapped(bytes)) = wrapped.value else { panic!("not wrapped") };
    let bytes = bytes.expose();
    assert!(files.iter().all(|file| file.windows(bytes.len()).all(|window| window != bytes)));
}

#[tokio::test]
async fn import_unwraps_where_that_is_asked_for() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let kek = client.kek(Vec::new()).await;
        let key = client.bring(plain(&KEY)).await;
        let request = export::Request {
            uid: Some(key.clone().into()),
            key_format: None,
            key_wrap_type: None,
            key_compression: None,
            wrapping: Some(Box::new(key_wrap(&kek))),
        };
        let Ok(ResponsePayload::Export(exported)) = client.ask(request).await else {
            panic!("not exported")
        };
        let wrapped = exported.object.key_block().unwrap().clone();
        assert!(wrapped.wrapping.is_some());
        let request = |uid: &str, key_wrap_type| import::Request {
            uid: uid.to_owned().into(),
            object_type: Some(exported.object_type),
            replace_existing: None,
            key_wrap_type,
            attributes: kmip_ttlv::attribute::InlineAttributes::default(),
            object: exported.object.clone(),
        };
        let uid = |word: &str| format!("{word}-{version}");
        client.ask(request(&uid("open"), Some(Type::NotWrapped))).await.unwrap();
        assert_eq!(client.block(&uid("open"), None, None).await, Ok(plain(&KEY)));
        assert_eq!(client.values(&uid("open"), AttributeKind::Digest).await.len(), 1);
        for (word, wrap_type) in [("kept", None), ("as", Some(Type::AsRegistered))] {
            client.ask(request(&uid(word), wrap_type)).await.unwrap();
            assert_eq!(client.block(&uid(word), None, None).await, Ok(wrapped.clone()));
        }
        for (service, tenant) in [("mongodb", "tenant-a"), ("orders", "tenant-b")] {
            let other = world.client_of(tenant, service, version).await;
            let found = other.ask(request(&uid(service), Some(Type::NotWrapped))).await;
            assert_eq!(found, Err(R::InvalidField), "the wrapping key is not theirs");
        }
    }
}

#[tokio::test]
async fn wrapping_uses_up_the_wrapping_key() {
    let world = World::new().await;
    for version in [Version::V1_4, Version::V2_1] {
        let client = world.client("orders", version).await;
        let limits = |count| {
            Attribute::UsageLimits(UsageLimits {
                total: 40,
                count: Some(count),
                unit: UsageLimitsUnit::Byte,
            })
        };
        let mask = Attribute::CryptographicUsageMask(both());
        let kek = client.key(128, vec![mask, limits(40)]).await;
        // Also when it wraps itself, and is not fresh any more from then on.
        client.block(&kek, None, Some(key_wrap(&kek))).await.unwrap();
        assert_eq!(client.values(&kek, AttributeKind::UsageLimits).await, [limits(24)]);
        assert_eq!(client.values(&kek, AttributeKind::Fresh).await, [Attribute::Fresh(false)]);
        let key = client.bring(plain(&KEY)).await;
        let wrapped = client.block(&key, None, Some(key_wrap(&kek))).await.unwrap();
        assert_eq!(client.values(&kek, AttributeKind::UsageLimits).await, [limits(8)]);
        let found = client.block(&key, None, Some(key_wrap(&kek))).await;
        let reason = if version.is_2x() { R::UsageLimitExceeded } else { R::PermissionDenied };
        assert_eq!(found, Err(reason));
        let back = client.bring(wrapped).await;
        assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Ok(plain(&KEY)));
    }
}

#[tokio::test]
async fn secrets_and_halves_of_pairs_are_wrapped_too() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let kek = client.kek(Vec::new()).await;
    let (private, public) = rsa(&client).await;
    for uid in [private, public] {
        let expected = client.block(&uid, None, None).await.unwrap();
        let wanted = under(&kek, Some(mode(Mode::AesKeyWrapPadding)));
        let response = client.ask(wrap::get(&uid, None, Some(wanted))).await;
        let Ok(ResponsePayload::Get(got)) = response else { panic!("not given") };
        let back = uid_of(client.ask(pair::bring(got.object.clone(), Vec::new())).await);
        assert_eq!(client.block(&back, Some(Type::NotWrapped), None).await, Ok(expected));
        // Nobody can read off such a key what it is.
        let mut object = got.object;
        object.key_block_mut().unwrap().algorithm = None;
        let found = client.ask(pair::bring(object, Vec::new())).await;
        assert_eq!(found, Err(R::InvalidField));
    }
}
