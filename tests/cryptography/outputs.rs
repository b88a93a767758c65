//! Data that one item of a batch hands on to another (KMIP 2.1 §7.9), and Ephemeral (§8.3).

use kmip_ttlv::Version;
use kmip_ttlv::enums::{
    BatchErrorContinuationOption as OnError, BlockCipherMode, DataEnum, HashingAlgorithm,
    PaddingMethod, ResultReason as R,
};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, decrypt, encrypt, hash, rng_retrieve};
use kmip_ttlv::structure::Data;

use super::ask::{decrypt, encrypt, hash, parameters, said};
use super::world::{Answer, World};

const PLAIN: &[u8] = b"sixteen byte text";
const IV: &[u8] = &[7; 16];

fn encrypted<'a>(uid: &'a str, data: Data<'a>) -> RequestPayload<'a> {
    let parameters = Some(parameters(BlockCipherMode::Ctr, PaddingMethod::None));
    let (data, iv) = (Some(data), Some(IV.into()));
    encrypt::Request { parameters, data, iv, ..encrypt(uid) }.into()
}

fn decrypted<'a>(uid: &'a str, data: Data<'a>) -> RequestPayload<'a> {
    let parameters = Some(parameters(BlockCipherMode::Ctr, PaddingMethod::None));
    let (data, iv) = (Some(data), Some(IV.into()));
    decrypt::Request { parameters, data, iv, ..decrypt(uid) }.into()
}

fn hashed(data: Data<'static>) -> RequestPayload<'static> {
    hash::Request { data: Some(data), ..hash(HashingAlgorithm::Sha256) }.into()
}

fn random() -> RequestPayload<'static> {
    rng_retrieve::Request { data_length: 32 }.into()
}

fn bytes(answer: &Answer) -> Vec<u8> {
    match answer {
        Ok(ResponsePayload::RngRetrieve(response)) => response.data.bytes().unwrap().to_vec(),
        other => said(other.clone()).data.expect("the answer has data"),
    }
}

#[tokio::test]
async fn an_item_takes_the_data_of_one_before_it_by_its_operation_or_its_place() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.key(256, Vec::new()).await;
        for on_error in [None, Some(OnError::Undo)] {
            let batch = vec![
                encrypted(&key, PLAIN.into()),
                hashed(Data::Enumeration(DataEnum::Encrypt)),
                hashed(Data::Integer(0)),
                decrypted(&key, Data::Integer(-3)),
                hashed(Data::Enumeration(DataEnum::Hash)),
                hashed(Data::Integer(2)),
            ];
            let answers = client.batch(on_error, batch).await;
            let [text, one, same, plain, hash_of_hash, again] = answers.as_slice() else {
                panic!("{answers:?}")
            };
            assert_ne!(bytes(text), PLAIN);
            assert_eq!(bytes(one), bytes(same));
            assert_eq!(bytes(plain), PLAIN);
            assert_eq!(bytes(hash_of_hash), bytes(again));
            let alone = client.ask(hashed(bytes(same).into())).await;
            assert_eq!(bytes(&alone), bytes(again));
        }
    }
}

#[tokio::test]
async fn data_that_no_item_before_has_are_refused() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    for data in [
        Data::Integer(1),
        Data::Integer(-2),
        Data::Integer(i32::MIN),
        Data::Enumeration(DataEnum::Decrypt),
        Data::Enumeration(DataEnum::Unknown(0x8000_0001)),
    ] {
        let answers = client.batch(None, vec![random(), hashed(data.clone())]).await;
        assert_eq!(answers[1], Err(R::InvalidField), "{data:?}");
        // Nor is there anything from the requests before.
        assert_eq!(client.ask(hashed(data)).await, Err(R::InvalidField));
    }
    // What failed hands nothing on.
    let answers = client
        .batch(
            Some(OnError::Continue),
            vec![hashed(Data::Integer(0)), random(), hashed(Data::Integer(1))],
        )
        .await;
    assert_eq!(answers[2], Err(R::InvalidField));
}

#[tokio::test]
async fn what_is_ephemeral_is_handed_on_and_not_told() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let key = client.key(256, Vec::new()).await;
    for told in [None, Some(false), Some(true)] {
        let mut request = client.request(vec![
            encrypted(&key, PLAIN.into()),
            random(),
            decrypted(&key, Data::Enumeration(DataEnum::Encrypt)),
        ]);
        for item in &mut request.items[..2] {
            item.ephemeral = told;
        }
        let response = client.send(&request).await;
        let answers: Vec<Answer> =
            response.items.into_iter().map(|item| Ok(item.payload.unwrap())).collect();
        let text = said(answers[0].clone());
        assert_eq!(text.data.is_none(), told == Some(true));
        assert_eq!((text.iv, text.uid), (None, Some(key.clone())));
        assert_eq!(bytes(&answers[1]).is_empty(), told == Some(true));
        assert_eq!(bytes(&answers[2]), PLAIN);
    }
}
