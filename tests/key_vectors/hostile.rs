//! Keys that somebody has tampered with: whatever they hold, they are read or refused, and what is
//! read can be computed with. Nothing of it stops the server.

use keystrata::crypto::hash::hash;
use keystrata::crypto::key::{Hint, PrivateKey, PublicKey, ecdh};
use keystrata::crypto::random::OsRandom;
use keystrata::crypto::rsa_cipher::{Padding, decrypt, encrypt};
use keystrata::crypto::signature::{Family, Scheme, sign, verify};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, HashingAlgorithm, KeyFormatType as F, RecommendedCurve,
};
use kmip_ttlv::object::{
    KeyMaterial, TransparentDhPrivateKey, TransparentDhPublicKey, TransparentEcPrivateKey,
    TransparentEcPublicKey, TransparentRsaPrivateKey, TransparentRsaPublicKey,
};
use kmip_ttlv::{BigInteger, Secret};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::vectors::cases;

/// Computes all that can be computed with a key.
fn use_private(key: &PrivateKey) {
    let public = key.public();
    for format in [F::Pkcs1, F::Pkcs8, F::EcPrivateKey, F::Raw, key.describe().format] {
        let _ = key.write(format);
    }
    let digest = hash(HashingAlgorithm::Sha256, b"data").unwrap();
    for scheme in schemes(key.family()) {
        if let Ok(signature) = sign(key, scheme, &digest, &OsRandom)
            && let Some(public) = &public
        {
            let _ = verify(public, scheme, &digest, &signature);
        }
    }
    let _ = decrypt(key, &oaep(), &[1; 128], &OsRandom);
    if let PrivateKey::Lattice(key) = key {
        let _ = key.decapsulate(&[1; 768]);
    }
    if let Some(public) = &public {
        let _ = ecdh(key, public);
        use_public(public);
    }
}

fn use_public(key: &PublicKey) {
    for format in [F::Pkcs1, F::X509, F::Raw, key.describe().format] {
        let _ = key.write(format, None);
    }
    for scheme in schemes(key.family()) {
        for signature in [&[1; 128][..], &[0; 64], &[0xff; 128], &[]] {
            let _ = verify(key, scheme, &[7; 32], signature);
        }
    }
    let _ = encrypt(key, &oaep(), b"text", &OsRandom);
    if let PublicKey::Lattice(key) = key {
        let _ = key.encapsulate(&OsRandom);
    }
    let _ = encrypt(key, &Padding::Pkcs1, b"text", &OsRandom);
}

fn schemes(family: Option<Family>) -> Vec<Scheme> {
    let hash = HashingAlgorithm::Sha256;
    match family {
        Some(Family::Rsa) => [hash, HashingAlgorithm::Sha1]
            .map(|mask| Scheme::Pss { hash, mask, salt_bytes: None })
            .into_iter()
            .chain([Scheme::Pss { hash, mask: hash, salt_bytes: Some(1024) }])
            .chain([Scheme::Pkcs1(hash)])
            .collect(),
        Some(Family::Ecdsa) => vec![Scheme::Ecdsa(Some(hash))],
        Some(Family::Eddsa) => vec![Scheme::Eddsa],
        Some(Family::MlDsa) => vec![Scheme::MlDsa],
        None => Vec::new(),
    }
}

fn oaep() -> Padding {
    let (hash, mask) = (HashingAlgorithm::Sha1, HashingAlgorithm::Sha1);
    Padding::Oaep { hash, mask, label: Vec::new() }
}

/// The bytes of keys in every format that has some, private halves first.
fn encoded() -> Vec<(bool, F, Hint, Vec<u8>)> {
    let mut all = Vec::new();
    let files = cases("keys.txt").into_iter().chain(cases("finite.txt"));
    for case in files.filter(|case| case.error().is_none()) {
        if matches!(case.text("length"), Some("2048" | "3072")) {
            continue;
        }
        let hint = Hint {
            algorithm: case.text("algorithm").and_then(CryptographicAlgorithm::from_name),
            curve: case.text("curve").and_then(RecommendedCurve::from_xml_name),
        };
        for (private, name, format) in [
            (true, "PKCS_8", F::Pkcs8),
            (true, "PKCS_1", F::Pkcs1),
            (true, "ECPrivateKey", F::EcPrivateKey),
            (true, "Raw", F::Raw),
            (false, "X_509", F::X509),
            (false, "PKCS_1public", F::Pkcs1),
            (false, "RawPublic", F::Raw),
        ] {
            all.extend(case.bytes(name).map(|bytes| (private, format, hint, bytes)));
        }
    }
    all
}

fn read_and_use(private: bool, format: F, material: &KeyMaterial, hint: Hint) {
    if private {
        if let Ok(key) = PrivateKey::read(format, material, hint) {
            use_private(&key);
        }
    } else if let Ok(key) = PublicKey::read(format, material, hint) {
        use_public(&key);
    }
}

/// Numbers that are the ends of something, beside any.
fn number() -> impl Strategy<Value = BigInteger> {
    let edge = select(vec![
        vec![],
        vec![1],
        vec![2],
        vec![3],
        vec![4],
        vec![1, 0, 1],
        vec![0xff; 128],
        vec![0x80; 128],
        vec![0xff; 64],
        [vec![1], vec![0; 127]].concat(),
        [vec![1], vec![0; 126], vec![1]].concat(),
        vec![0xff; 1024],
        vec![0xff; 1025],
        vec![0xff; 32],
    ]);
    let any = proptest::collection::vec(any::<u8>(), 0..130);
    prop_oneof![3 => edge, 1 => any].prop_map(|bytes| BigInteger::from_unsigned(&bytes))
}

/// The numbers of a real key, to be mixed with others.
fn real() -> TransparentRsaPrivateKey {
    let file = cases("keys.txt");
    let case = file.iter().find(|case| case.text("length") == Some("1024")).unwrap();
    let key = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
    match key.write(F::TransparentRsaPrivateKey).unwrap() {
        KeyMaterial::RsaPrivateKey(key) => *key,
        other => panic!("{other:?}"),
    }
}

/// A part of the real key, none, or any other.
fn part(real: Option<BigInteger>) -> impl Strategy<Value = Option<BigInteger>> {
    prop_oneof![
        3 => Just(real),
        1 => Just(None),
        2 => number().prop_map(Some),
    ]
}

fn rsa_private() -> impl Strategy<Value = TransparentRsaPrivateKey> {
    let real = real();
    let modulus = prop_oneof![3 => Just(real.modulus.clone()), 2 => number()];
    let first = (modulus, part(real.private_exponent), part(real.public_exponent));
    let primes = (part(real.p), part(real.q));
    let rest =
        (part(real.prime_exponent_p), part(real.prime_exponent_q), part(real.crt_coefficient));
    (first, primes, rest).prop_map(|((modulus, d, e), (p, q), (dp, dq, inverse))| {
        TransparentRsaPrivateKey {
            modulus,
            private_exponent: d,
            public_exponent: e,
            p,
            q,
            prime_exponent_p: dp,
            prime_exponent_q: dq,
            crt_coefficient: inverse,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_key_with_changed_bytes_is_read_or_refused(
        which: Index,
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut in proptest::option::weighted(0.2, any::<Index>()),
    ) {
        let all = encoded();
        let (private, format, hint, mut bytes) = which.get(&all).clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_and_use(private, format, &KeyMaterial::Bytes(Secret::new(bytes)), hint);
    }

    #[test]
    fn numbers_of_rsa_that_do_not_belong_together_are_refused(key in rsa_private()) {
        let material = KeyMaterial::RsaPrivateKey(Box::new(key));
        read_and_use(true, F::TransparentRsaPrivateKey, &material, Hint::default());
    }

    #[test]
    fn any_two_numbers_are_an_rsa_public_key_or_none(modulus in number(), exponent in number()) {
        let material =
            KeyMaterial::RsaPublicKey(TransparentRsaPublicKey { modulus, public_exponent: exponent });
        read_and_use(false, F::TransparentRsaPublicKey, &material, Hint::default());
    }

    #[test]
    fn any_numbers_are_a_key_of_diffie_hellman_or_none(
        (p, g, own) in (number(), number(), number()),
        (q, j) in (proptest::option::of(number()), proptest::option::of(number())),
    ) {
        let key = TransparentDhPrivateKey { p, q, g, j, x: own };
        let material = KeyMaterial::DhPrivateKey(key.clone());
        read_and_use(true, F::TransparentDhPrivateKey, &material, Hint::default());
        let TransparentDhPrivateKey { p, q, g, j, x } = key;
        let material = KeyMaterial::DhPublicKey(TransparentDhPublicKey { p, q, g, j, y: x });
        read_and_use(false, F::TransparentDhPublicKey, &material, Hint::default());
    }

    #[test]
    fn any_number_and_any_bytes_are_keys_of_a_curve_or_none(
        curve in select(keystrata::crypto::key::curve::CURVES.iter().map(|c| c.name).collect::<Vec<_>>()),
        d in number(),
        q_string in proptest::collection::vec(any::<u8>(), 0..140),
    ) {
        let material = KeyMaterial::EcPrivateKey(TransparentEcPrivateKey { curve, d });
        read_and_use(true, F::TransparentEcPrivateKey, &material, Hint::default());
        let material = KeyMaterial::EcPublicKey(TransparentEcPublicKey { curve, q_string });
        read_and_use(false, F::TransparentEcPublicKey, &material, Hint::default());
    }
}
