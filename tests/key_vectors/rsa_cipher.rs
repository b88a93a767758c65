//! Encryption with RSA keys: `fixtures/crypto/rsa-cipher.txt`.

use keystrata::crypto::Error;
use keystrata::crypto::key::PrivateKey;
use keystrata::crypto::random::OsRandom;
use keystrata::crypto::rsa_cipher::{Padding, decrypt, encrypt};
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{CryptographicAlgorithm, HashingAlgorithm, PaddingMethod};

use super::vectors::{Case, cases, named};

fn padding(case: &Case) -> Result<Padding, Error> {
    let wanted = CryptographicParameters {
        padding_method: named(case, "padding", PaddingMethod::from_xml_name),
        hashing_algorithm: named(case, "hash", HashingAlgorithm::from_xml_name),
        mask_generator_hashing_algorithm: named(case, "mask", HashingAlgorithm::from_xml_name),
        cryptographic_algorithm: named(case, "algorithm", CryptographicAlgorithm::from_xml_name),
        p_source: case.bytes("label"),
        ..CryptographicParameters::default()
    };
    Padding::resolve(Some(&wanted), None)
}

#[test]
fn texts_decrypt_as_they_were_encrypted_and_nothing_else_does() {
    let (mut good, mut bad) = (0, 0);
    for case in cases("rsa-cipher.txt") {
        let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
        let public = key.public().unwrap();
        let answer = padding(&case).and_then(|padding| match case.bytes("cipher") {
            Some(cipher) => Ok(decrypt(&key, &padding, &cipher, &OsRandom)?.to_vec()),
            None => encrypt(&public, &padding, &case.required("plain"), &OsRandom),
        });
        if case.error() == Some("Differs") {
            let again =
                decrypt(&key, &padding(&case).unwrap(), &case.required("cipher"), &OsRandom);
            assert_eq!(answer, again.map(|plain| plain.to_vec()), "{}", case.name());
            assert_ne!(answer.unwrap(), case.required("plain"), "{}", case.name());
            bad += 1;
            continue;
        }
        if let Some(error) = case.error() {
            let found = answer.err().map(|error| format!("{error:?}"));
            assert_eq!(found.as_deref(), Some(error), "{}", case.name());
            bad += 1;
            continue;
        }
        let plain = case.required("plain");
        assert_eq!(answer.as_ref(), Ok(&plain), "{}", case.name());
        let padding = padding(&case).unwrap();
        let cipher = encrypt(&public, &padding, &plain, &OsRandom).unwrap();
        assert_ne!(cipher, encrypt(&public, &padding, &plain, &OsRandom).unwrap(), "random");
        let again = decrypt(&key, &padding, &cipher, &OsRandom).unwrap();
        assert_eq!(*again, plain, "{}", case.name());
        good += 1;
    }
    assert!(bad >= good, "{bad} refusals for {good} texts");
}

#[test]
fn hashes_of_sha_3_go_with_themselves_alone() {
    use HashingAlgorithm as H;
    let file = cases("keys.txt");
    let case = file.iter().find(|case| case.text("length") == Some("2048")).unwrap();
    let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
    let public = key.public().unwrap();
    for hash in [H::Sha3_224, H::Sha3_256, H::Sha3_384, H::Sha3_512] {
        let padding = |mask| Padding::Oaep { hash, mask, label: b"label".to_vec() };
        let cipher = encrypt(&public, &padding(hash), b"text", &OsRandom).unwrap();
        assert_eq!(*decrypt(&key, &padding(hash), &cipher, &OsRandom).unwrap(), b"text");
        let mixed = encrypt(&public, &padding(H::Sha256), b"text", &OsRandom);
        assert_eq!(mixed, Err(Error::UnsupportedHash));
    }
}

/// Implicit rejection: whoever tries texts at random does not learn which of them are padded right.
#[test]
fn a_wrong_padding_of_pkcs1_decrypts_to_what_nobody_has_encrypted() {
    let file = cases("rsa-cipher.txt");
    let case = file.iter().find(|case| case.text("padding") == Some("OAEP")).unwrap();
    let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
    let cipher = case.required("cipher");
    let one = decrypt(&key, &Padding::Pkcs1, &cipher, &OsRandom).unwrap();
    let again = decrypt(&key, &Padding::Pkcs1, &cipher, &OsRandom).unwrap();
    assert_eq!(one, again, "the same every time, as a real text would be");
    assert_ne!(*one, case.required("plain"));
}
