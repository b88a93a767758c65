//! Signatures: `fixtures/crypto/signatures.txt` and `forged.txt`.

use keystrata::crypto::Error;
use keystrata::crypto::hash::hash;
use keystrata::crypto::key::{KeyError, PrivateKey, PublicKey};
use keystrata::crypto::random::OsRandom;
use keystrata::crypto::signature::{Scheme, sign, verify};
use kmip_ttlv::attribute::CryptographicParameters;
use kmip_ttlv::enums::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod,
};

use super::vectors::{Case, cases, named};

fn scheme(case: &Case, key: &PublicKey) -> Result<Scheme, Error> {
    let wanted = CryptographicParameters {
        padding_method: named(case, "padding", PaddingMethod::from_xml_name),
        hashing_algorithm: named(case, "hash", HashingAlgorithm::from_xml_name),
        digital_signature_algorithm: named(
            case,
            "digital-signature-algorithm",
            DigitalSignatureAlgorithm::from_xml_name,
        ),
        cryptographic_algorithm: named(case, "algorithm", CryptographicAlgorithm::from_xml_name),
        salt_length: case.number("salt"),
        mask_generator_hashing_algorithm: named(case, "mask", HashingAlgorithm::from_xml_name),
        ..CryptographicParameters::default()
    };
    Scheme::resolve(key.family().unwrap(), Some(&wanted), None)
}

/// What the scheme signs: the digest that is given, or that of the data, or the data.
fn digest(case: &Case, scheme: Scheme) -> Result<Vec<u8>, Error> {
    if let Some(digest) = case.bytes("digest") {
        return scheme.check_digest(&digest).map(|()| digest);
    }
    let data = case.required("data");
    match (scheme, scheme.hash()) {
        (_, Some(algorithm)) => hash(algorithm, &data),
        (Scheme::Eddsa, None) => Ok(data),
        _ => Err(Error::BadParameters),
    }
}

fn verdict(case: &Case, key: &PublicKey) -> Result<bool, Error> {
    let scheme = scheme(case, key)?;
    verify(key, scheme, &digest(case, scheme)?, &case.required("signature"))
}

#[test]
fn what_is_genuine_is_valid_and_nothing_else_is() {
    let (mut good, mut bad) = (0, 0);
    for case in cases("signatures.txt").into_iter().chain(cases("forged.txt")) {
        let key = PublicKey::from_spki(&case.required("X_509"));
        let found = match key.map(|key| verdict(&case, &key)) {
            Ok(Ok(true)) => None,
            // What is no key has no signatures either.
            Ok(Ok(false)) | Err(KeyError::Malformed) => Some("Invalid".to_owned()),
            Ok(Err(error)) => Some(format!("{error:?}")),
            Err(error) => Some(format!("{error:?}")),
        };
        assert_eq!(found.as_deref(), case.error(), "{}", case.name());
        if case.error().is_some() { bad += 1 } else { good += 1 }
    }
    assert!(bad >= good, "{bad} refusals for {good} signatures");
}

#[test]
fn a_key_makes_signatures_that_its_other_half_takes() {
    let mut seen = 0;
    for case in cases("signatures.txt") {
        let Some(private) = case.bytes("PKCS_8") else { continue };
        let private = PrivateKey::from_pkcs8(&private).unwrap();
        let public = private.public().unwrap();
        let scheme = scheme(&case, &public).unwrap();
        let digest = digest(&case, scheme).unwrap();
        let signature = sign(&private, scheme, &digest, &OsRandom).unwrap();
        assert_eq!(verify(&public, scheme, &digest, &signature), Ok(true), "{}", case.name());
        if case.text("same").is_some() {
            assert_eq!(signature, case.required("signature"), "{}", case.name());
        }
        seen += 1;
    }
    assert!(seen > 10);
}

/// A digest that is far shorter than the curve, and one that is longer.
#[test]
fn a_digest_of_any_length_is_signed_on_any_curve() {
    for case in cases("keys.txt").iter().filter(|case| case.text("compressed").is_some()) {
        let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
        let scheme = Scheme::Ecdsa(None);
        for bytes in [1, 16, 20, 32, 48, 64, 100] {
            let digest = vec![0x5a; bytes];
            scheme.check_digest(&digest).unwrap();
            let signature = sign(&key, scheme, &digest, &OsRandom).unwrap();
            let public = key.public().unwrap();
            assert_eq!(verify(&public, scheme, &digest, &signature), Ok(true), "{bytes}");
            assert_eq!(verify(&public, scheme, &[0x5b; 20], &signature), Ok(false), "{bytes}");
        }
        assert_eq!(scheme.check_digest(&[]), Err(Error::BadDigestLength));
    }
}

#[test]
fn keys_that_make_no_signatures_say_so() {
    for case in cases("keys.txt").iter().filter(|case| case.text("algorithm") == Some("ECDH")) {
        let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
        assert_eq!(key.family(), None);
        assert_eq!(sign(&key, Scheme::Eddsa, b"data", &OsRandom), Err(Error::WrongAlgorithm));
    }
}
