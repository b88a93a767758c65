//! What a service that only writes can do with a key, so that it learns nothing by it.

use keystrata::tenant::Mode;
use kmip_ttlv::Version;
use kmip_ttlv::attribute::{Attribute, CryptographicParameters};
use kmip_ttlv::enums::{BlockCipherMode, PaddingMethod, ResultReason as R};
use kmip_ttlv::payload::encrypt;

use super::ask::{encrypt, parameters, said};
use super::world::World;

const TEXT: &[u8] = &[7; 32];

fn of_mode(mode: BlockCipherMode) -> CryptographicParameters {
    parameters(mode, PaddingMethod::None)
}

fn request(key: &str, parameters: CryptographicParameters) -> encrypt::Request<'_> {
    encrypt::Request { parameters: Some(parameters), data: Some(TEXT.into()), ..encrypt(key) }
}

#[tokio::test]
async fn who_only_writes_encrypts_with_an_iv_of_the_servers_alone_where_that_could_decrypt() {
    let world = World::new().await;
    let all = world.client("orders", Version::V2_1).await;
    let writer = all.in_mode(Mode::WriteOnly);
    let key = all.key(128, Vec::new()).await;
    for (mode, decrypts) in
        [(BlockCipherMode::Ctr, true), (BlockCipherMode::Gcm, true), (BlockCipherMode::Cbc, false)]
    {
        let sealed = said(all.ask(request(&key, of_mode(mode))).await);
        assert!(writer.ask(request(&key, of_mode(mode))).await.is_ok(), "{mode:?}");
        let again = encrypt::Request {
            data: sealed.data.map(Into::into),
            iv: sealed.iv.map(Into::into),
            ..request(&key, of_mode(mode))
        };
        let opened = said(all.ask(again.clone()).await).data;
        assert_eq!(opened.as_deref() == Some(TEXT), decrypts, "{mode:?}");
        let part = encrypt::Request { init: Some(true), ..again.clone() };
        for request in [again, part] {
            let answer = writer.ask(request).await.map(drop);
            let expected = if decrypts { Err(R::PermissionDenied) } else { Ok(()) };
            assert_eq!(answer, expected, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn who_only_writes_cannot_make_the_servers_iv_one_that_is_met_by_trying() {
    let world = World::new().await;
    let all = world.client("orders", Version::V2_1).await;
    let writer = all.in_mode(Mode::WriteOnly);
    let short = CryptographicParameters { iv_length: Some(8), ..of_mode(BlockCipherMode::Gcm) };
    let beside = CryptographicParameters {
        initial_counter_value: Some(1),
        counter_length: Some(120),
        ..of_mode(BlockCipherMode::Ctr)
    };
    for parameters in [short, beside] {
        let key = all.key(128, Vec::new()).await;
        assert!(all.ask(request(&key, parameters.clone())).await.is_ok());
        let refused = writer.ask(request(&key, parameters.clone())).await;
        assert_eq!(refused.unwrap_err(), R::PermissionDenied, "{parameters:?}");
        // Nor by way of the key's own parameters.
        let key = all.key(128, vec![Attribute::CryptographicParameters(parameters.into())]).await;
        let plain = encrypt::Request { data: Some(TEXT.into()), ..encrypt(&key) };
        assert_eq!(writer.ask(plain).await.unwrap_err(), R::PermissionDenied);
    }
}
