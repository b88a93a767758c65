//! ML-KEM and ML-DSA: `fixtures/crypto/lattice.txt`, and a second library on the same keys.

use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::kem;
use aws_lc_rs::signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair};
use keystrata::crypto::Error;
use keystrata::crypto::key::lattice::Encapsulated;
use keystrata::crypto::key::{
    Hint, KeyError, LatticePrivate, LatticePublic, PrivateKey, PublicKey, Template, ecdh,
};
use keystrata::crypto::random::OsRandom;
use keystrata::crypto::signature::{Scheme, sign, verify};
use kmip_ttlv::Secret;
use kmip_ttlv::enums::{CryptographicAlgorithm as A, KeyFormatType as F};
use kmip_ttlv::object::KeyMaterial;
#[expect(deprecated, reason = "the other form of a key, for comparison")]
use ml_kem::ExpandedKeyEncoding;
use ml_kem::{MlKem512, MlKem768, MlKem1024};

use super::vectors::{Case, cases, named};

fn algorithm(case: &Case) -> A {
    named(case, "algorithm", A::from_name).unwrap()
}

fn key(algorithm: A) -> PrivateKey {
    let of = |case: &Case| case.error().is_none() && self::algorithm(case) == algorithm;
    let case = cases("keys.txt").into_iter().find(of).unwrap();
    PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap()
}

fn fresh(algorithm: A) -> PrivateKey {
    Template::of(algorithm, None, None).unwrap().generate(&OsRandom).unwrap()
}

fn lattice(key: &PrivateKey) -> (LatticePrivate, LatticePublic) {
    match (key, key.public()) {
        (PrivateKey::Lattice(private), Some(PublicKey::Lattice(public))) => {
            (private.clone(), public)
        }
        other => panic!("{other:?}"),
    }
}

/// The bytes of a case: its own, or those of the first of its algorithm, changed.
fn bytes(all: &[Case], case: &Case, name: &str) -> Vec<u8> {
    if let Some(bytes) = case.bytes(name) {
        return bytes;
    }
    let first = all.iter().find(|it| algorithm(it) == algorithm(case)).unwrap();
    let mut bytes = first.required(name);
    if let Some(put) = case.bytes("put") {
        let at = usize::try_from(case.number("at").unwrap()).unwrap();
        assert_ne!(bytes[at..at + put.len()], put, "{}", case.name());
        bytes[at..at + put.len()].copy_from_slice(&put);
    }
    let cut = usize::try_from(case.number("cut").unwrap_or(0)).unwrap();
    bytes.truncate(bytes.len() - cut);
    bytes.extend(case.bytes("append").unwrap_or_default());
    bytes
}

#[test]
fn secrets_and_signatures_are_those_of_the_standards_and_no_others() {
    let all = cases("lattice.txt");
    let mut seen = (0, 0);
    for case in &all {
        let (name, of) = (case.name(), algorithm(case));
        let (private, public) = lattice(&key(of));
        let Some(data) = case.bytes("data") else {
            let ciphertext = bytes(&all, case, "ciphertext");
            let secret = private.decapsulate(&ciphertext);
            let first = all.iter().find(|it| algorithm(it) == of).unwrap().required("secret");
            match case.error() {
                Some("Refused") => assert_eq!(secret, None, "{name}"),
                error => {
                    assert_eq!(secret, Some(Secret::new(case.required("secret"))), "{name}");
                    let differs = secret != Some(Secret::new(first));
                    assert_eq!(differs, error == Some("Differs"), "{name}");
                }
            }
            seen.0 += 1;
            continue;
        };
        let public = PublicKey::Lattice(public);
        let found = verify(&public, Scheme::MlDsa, &data, &bytes(&all, case, "signature"));
        assert_eq!(found, Ok(case.error().is_none()), "{name} of {of:?}");
        seen.1 += 1;
    }
    assert!(seen.0 > 15 && seen.1 > 40, "{seen:?}");
}

#[test]
fn a_key_signs_or_encapsulates_and_never_both() {
    for (of, _) in A::EXTENSIONS {
        let key = fresh(*of);
        let (private, public) = lattice(&key);
        let (half, made) = (key.public().unwrap(), public.encapsulate(&OsRandom).unwrap());
        if private.set().signs() {
            assert!(made.is_none() && private.decapsulate(&[0; 768]).is_none());
            let signature = sign(&key, Scheme::MlDsa, b"data", &OsRandom).unwrap();
            assert_eq!(verify(&half, Scheme::MlDsa, b"data", &signature), Ok(true));
            assert_eq!(verify(&half, Scheme::MlDsa, b"date", &signature), Ok(false));
            let other = fresh(*of).public().unwrap();
            assert_eq!(verify(&other, Scheme::MlDsa, b"data", &signature), Ok(false));
        } else {
            let Encapsulated { ciphertext, secret } = made.unwrap();
            assert_eq!(private.decapsulate(&ciphertext), Some(secret.clone()));
            assert_ne!(lattice(&fresh(*of)).0.decapsulate(&ciphertext), Some(secret.clone()));
            let again = public.encapsulate(&OsRandom).unwrap().unwrap();
            assert!(again.ciphertext != ciphertext && again.secret != secret, "no two are alike");
            let signed = sign(&key, Scheme::MlDsa, b"data", &OsRandom);
            assert_eq!(signed, Err(Error::WrongAlgorithm));
            assert_eq!(verify(&half, Scheme::MlDsa, b"data", &[0; 2420]), Ok(false));
        }
        assert_eq!(verify(&half, Scheme::Eddsa, b"data", &[0; 64]), Err(Error::WrongAlgorithm));
        assert!(ecdh(&key, &half).is_none());
    }
}

/// The expanded key of a seed, as the libraries make it.
fn expanded(key: &LatticePrivate) -> Vec<u8> {
    let seed = key.bytes();
    let signing = |algorithm| {
        let pair = PqdsaKeyPair::from_seed(algorithm, seed).unwrap();
        pair.private_key().as_raw_bytes().unwrap().as_ref().to_vec()
    };
    macro_rules! kem {
        ($set:ty) => {{
            let seed = ml_kem::Seed::try_from(seed).unwrap();
            #[expect(deprecated, reason = "the other form of a key, for comparison")]
            ml_kem::DecapsulationKey::<$set>::from_seed(seed).to_expanded_bytes().to_vec()
        }};
    }
    match key.set().algorithms[0] {
        A::ML_KEM_512 => kem!(MlKem512),
        A::ML_KEM_768 => kem!(MlKem768),
        A::ML_KEM_1024 => kem!(MlKem1024),
        A::ML_DSA_44 => signing(&ML_DSA_44_SIGNING),
        A::ML_DSA_65 => signing(&ML_DSA_65_SIGNING),
        _ => signing(&ML_DSA_87_SIGNING),
    }
}

#[test]
fn another_library_agrees_on_secrets() {
    for (of, set) in [
        (A::ML_KEM_512, &kem::ML_KEM_512),
        (A::ML_KEM_768, &kem::ML_KEM_768),
        (A::ML_KEM_1024, &kem::ML_KEM_1024),
    ] {
        let (private, public) = lattice(&fresh(of));
        let theirs = kem::EncapsulationKey::new(set, public.bytes()).unwrap();
        let (ciphertext, secret) = theirs.encapsulate().unwrap();
        let found = private.decapsulate(ciphertext.as_ref()).unwrap();
        assert_eq!(found.expose(), secret.as_ref(), "{of:?}");
        let Encapsulated { ciphertext, secret } = public.encapsulate(&OsRandom).unwrap().unwrap();
        let theirs = kem::DecapsulationKey::new(set, &expanded(&private)).unwrap();
        for changed in [false, true] {
            let mut ciphertext = ciphertext.clone();
            ciphertext[5] ^= u8::from(changed);
            let mine = private.decapsulate(&ciphertext).unwrap();
            let found = theirs.decapsulate(ciphertext.as_slice().into()).unwrap();
            assert_eq!(found.as_ref(), mine.expose().as_slice(), "{of:?}");
            assert_eq!(mine == secret, !changed);
        }
    }
}

/// A structure of ASN.1.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, bytes[0], bytes[1]], content].concat()
}

/// A PKCS#8 container like that of the key, with something else for the key.
fn with_choice(key: &PrivateKey, choice: &[u8]) -> Vec<u8> {
    let (private, _) = lattice(key);
    let whole = key.to_pkcs8().unwrap();
    let seed_at = whole.as_bytes().len() - private.bytes().len();
    // Before the seed: its tag and length, before them those of the OCTET STRING around it, and in
    // front of all those of the whole.
    let (head, seed) = whole.as_bytes().split_at(seed_at);
    assert_eq!(seed, private.bytes());
    tlv(0x30, &[&head[2..seed_at - 4], &tlv(4, choice)].concat())
}

#[test]
fn a_seed_may_stand_before_its_expanded_key_in_pkcs8_and_before_no_other() {
    for (of, _) in A::EXTENSIONS {
        let key = fresh(*of);
        let (private, _) = lattice(&key);
        let seed = [&[4, u8::try_from(private.bytes().len()).unwrap()], private.bytes()].concat();
        let both = |expanded: &[u8]| {
            let both = tlv(0x30, &[seed.as_slice(), &tlv(4, expanded)].concat());
            PrivateKey::from_pkcs8(&with_choice(&key, &both))
        };
        let own = expanded(&private);
        assert_eq!(both(&own), Ok(key.clone()), "{of:?}");
        for at in [0, own.len() / 2, own.len() - 1] {
            let mut changed = own.clone();
            changed[at] ^= 1;
            assert_eq!(both(&changed), Err(KeyError::Malformed), "{of:?}");
        }
        assert_eq!(both(&own[1..]), Err(KeyError::Malformed));
        let alone = with_choice(&key, &tlv(4, &own));
        assert_eq!(PrivateKey::from_pkcs8(&alone), Err(KeyError::Unreadable), "{of:?}");
        let hint = Hint { algorithm: Some(*of), curve: None };
        let raw = KeyMaterial::Bytes(Secret::new(own));
        assert_eq!(PrivateKey::read(F::Raw, &raw, hint), Err(KeyError::Unreadable));
    }
}
