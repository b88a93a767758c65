//! Keys in their formats: `fixtures/crypto/keys.txt`.

use keystrata::crypto::key::{Hint, KeyError, PrivateKey, PublicKey, ecdh};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, RecommendedCurve,
};
use kmip_ttlv::object::KeyMaterial;
use kmip_ttlv::{BigInteger, Secret};

use super::vectors::{Case, cases, named};

fn material(bytes: Vec<u8>) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::new(bytes))
}

fn hint(case: &Case) -> Hint {
    Hint {
        algorithm: named(case, "algorithm", CryptographicAlgorithm::from_name),
        curve: named(case, "curve", RecommendedCurve::from_xml_name),
    }
}

fn good() -> impl Iterator<Item = Case> {
    cases("keys.txt").into_iter().filter(|case| case.error().is_none())
}

/// The formats of the private half that a paragraph may have.
const PRIVATE: &[(&str, KeyFormatType)] = &[
    ("PKCS_8", KeyFormatType::Pkcs8),
    ("PKCS_1", KeyFormatType::Pkcs1),
    ("ECPrivateKey", KeyFormatType::EcPrivateKey),
    ("Raw", KeyFormatType::Raw),
];

/// The formats of the public half.
const PUBLIC: &[(&str, KeyFormatType)] = &[
    ("X_509", KeyFormatType::X509),
    ("PKCS_1public", KeyFormatType::Pkcs1),
    ("RawPublic", KeyFormatType::Raw),
];

fn pair(case: &Case) -> (PrivateKey, PublicKey) {
    let private = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
    (private, PublicKey::from_spki(&case.required("X_509")).unwrap())
}

#[test]
fn every_form_reads_as_the_same_key_and_is_what_it_is_written_as() {
    for case in good() {
        let (private, public) = pair(&case);
        for (name, format) in PRIVATE {
            let Some(bytes) = case.bytes(name) else { continue };
            let read = PrivateKey::read(*format, &material(bytes.clone()), hint(&case));
            assert_eq!(read.as_ref(), Ok(&private), "{name} of {}", case.name());
            assert_eq!(private.write(*format), Ok(material(bytes)), "{name} of {}", case.name());
        }
        for (name, format) in PUBLIC {
            let Some(bytes) = case.bytes(name) else { continue };
            let read = PublicKey::read(*format, &material(bytes.clone()), hint(&case));
            assert_eq!(read.as_ref(), Ok(&public), "{name} of {}", case.name());
            assert_eq!(public.write(*format, None), Ok(material(bytes)), "{name}");
        }
        assert_eq!(private.public(), Some(public));
    }
}

#[test]
fn a_key_says_what_it_is() {
    for case in good() {
        let (private, public) = pair(&case);
        let hint = hint(&case);
        for key in [private.describe(), public.describe()] {
            assert!(key.algorithms.contains(&hint.algorithm.unwrap()), "{}", case.name());
            assert_eq!(i32::try_from(key.bits).ok(), case.number("length"), "{}", case.name());
            assert_eq!(key.curve, hint.curve);
        }
    }
}

#[test]
fn transparent_structures_hold_the_same_key() {
    use KeyFormatType as F;
    let private = [
        F::TransparentRsaPrivateKey,
        F::TransparentEcPrivateKey,
        F::TransparentEcdsaPrivateKey,
        F::TransparentEcdhPrivateKey,
        F::TransparentEcmqvPrivateKey,
    ];
    let public = [
        F::TransparentRsaPublicKey,
        F::TransparentEcPublicKey,
        F::TransparentEcdsaPublicKey,
        F::TransparentEcdhPublicKey,
        F::TransparentEcmqvPublicKey,
    ];
    let mut seen = 0;
    for case in good() {
        let (private_key, public_key) = pair(&case);
        for (private, public) in private.into_iter().zip(public) {
            let Ok(material) = private_key.write(private) else { continue };
            seen += 1;
            assert_eq!(
                PrivateKey::read(private, &material, Hint::default()),
                Ok(private_key.clone())
            );
            let material = public_key.write(public, None).unwrap();
            assert_eq!(PublicKey::read(public, &material, Hint::default()), Ok(public_key.clone()));
        }
    }
    assert_eq!(seen, 2 + 4 * 5, "RSA in one form, curves in four");
}

#[test]
fn a_transparent_rsa_key_may_leave_out_what_follows_from_the_rest() {
    for case in good().filter(|case| case.text("algorithm") == Some("RSA")) {
        let (key, _) = pair(&case);
        let KeyMaterial::RsaPrivateKey(whole) =
            key.write(KeyFormatType::TransparentRsaPrivateKey).unwrap()
        else {
            panic!("a structure")
        };
        let read = |structure| {
            let material = KeyMaterial::RsaPrivateKey(Box::new(structure));
            PrivateKey::read(KeyFormatType::TransparentRsaPrivateKey, &material, Hint::default())
        };
        let mut without_crt = (*whole).clone();
        without_crt.crt_coefficient = None;
        assert_eq!(read(without_crt.clone()).unwrap().public(), key.public());
        let mut primes_alone = without_crt.clone();
        primes_alone.private_exponent = None;
        assert_eq!(read(primes_alone).unwrap().public(), key.public());
        let mut exponent_alone = without_crt.clone();
        (exponent_alone.p, exponent_alone.q) = (None, None);
        assert_eq!(read(exponent_alone.clone()).unwrap().public(), key.public());
        let mut nothing = exponent_alone.clone();
        nothing.private_exponent = None;
        assert_eq!(read(nothing), Err(KeyError::Unreadable));
        // Numbers that the recovery of primes would fall over.
        let mut zero = exponent_alone.clone();
        zero.private_exponent = Some(BigInteger::from_unsigned(&[]));
        assert_eq!(read(zero), Err(KeyError::Malformed));
        let mut large = exponent_alone.clone();
        large.private_exponent = Some(BigInteger::from_unsigned(&[0xff; 300]));
        assert_eq!(read(large), Err(KeyError::Malformed));
        let mut wide = exponent_alone.clone();
        wide.public_exponent =
            Some(BigInteger::from_unsigned(&[[1].as_slice(), &[0; 200], &[1]].concat()));
        assert_eq!(read(wide), Err(KeyError::Unreadable));
        let mut even = exponent_alone;
        even.modulus = BigInteger::from_unsigned(&[0xfe; 128]);
        assert_eq!(read(even), Err(KeyError::Malformed));
        without_crt.p = without_crt.q.clone();
        assert_eq!(read(without_crt), Err(KeyError::Malformed));
    }
}

#[test]
fn points_are_compressed_as_is_asked_for_and_read_again() {
    use KeyCompressionType as C;
    for case in good().filter(|case| case.text("compressed").is_some()) {
        let (_, public) = pair(&case);
        let compressed = material(case.required("compressed"));
        let asked = Some(C::EcPublicKeyTypeX9_62CompressedPrime);
        assert_eq!(public.write(KeyFormatType::Raw, asked), Ok(compressed));
        for asked in [
            C::EcPublicKeyTypeUncompressed,
            C::EcPublicKeyTypeX9_62CompressedPrime,
            C::EcPublicKeyTypeX9_62Hybrid,
        ] {
            for format in [KeyFormatType::Raw, KeyFormatType::X509] {
                let written = public.write(format, Some(asked)).unwrap();
                let read = PublicKey::read(format, &written, hint(&case));
                assert_eq!(read, Ok(public.clone()), "{asked:?} of {}", case.name());
            }
        }
        let other = Some(C::EcPublicKeyTypeX9_62CompressedChar2);
        assert_eq!(public.write(KeyFormatType::Raw, other), Err(KeyError::NoSuchCompression));
        let mut hybrid = case.required("RawPublic");
        hybrid[0] = 7 - (hybrid[hybrid.len() - 1] & 1);
        let read = PublicKey::read(KeyFormatType::Raw, &material(hybrid), hint(&case));
        assert_eq!(read, Err(KeyError::Malformed), "the other parity");
    }
}

#[test]
fn what_is_no_key_is_refused_and_what_is_sealed_is_not_read() {
    let mut seen = 0;
    for case in cases("keys.txt") {
        let Some(error) = case.error() else { continue };
        let format = named(&case, "format", KeyFormatType::from_xml_name).unwrap();
        let material = material(case.required("material"));
        let found = match case.text("half").unwrap() {
            "private" => PrivateKey::read(format, &material, hint(&case)).err(),
            _ => PublicKey::read(format, &material, hint(&case)).err(),
        };
        assert_eq!(
            found.map(|error| format!("{error:?}")).as_deref(),
            Some(error),
            "{}",
            case.name()
        );
        seen += 1;
    }
    assert!(seen > 15);
}

#[test]
fn keys_of_one_curve_agree_and_others_do_not() {
    let pairs: Vec<_> = good().map(|case| pair(&case)).collect();
    for (index, (mine, _)) in pairs.iter().enumerate() {
        for (other, (_, theirs)) in pairs.iter().enumerate() {
            let agree = index == other && agrees(mine);
            assert_eq!(ecdh(mine, theirs).is_some(), agree, "{mine:?} {theirs:?}");
        }
    }
}

fn agrees(key: &PrivateKey) -> bool {
    match key {
        PrivateKey::Ec(_) => true,
        PrivateKey::Okp(key) => key.kind().signature_bytes == 0,
        _ => false,
    }
}
