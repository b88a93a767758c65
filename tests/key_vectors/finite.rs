//! Keys of DSA and Diffie-Hellman and the numbers that they are: `fixtures/crypto/finite.txt`.

use keystrata::crypto::key::{Hint, KeyError, PrivateKey, PublicKey, ecdh};
use kmip_ttlv::enums::{CryptographicAlgorithm, KeyFormatType as F};
use kmip_ttlv::object::{
    KeyMaterial, TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey,
};
use kmip_ttlv::{BigInteger, Secret};

use super::vectors::{Case, cases, named};

fn good() -> impl Iterator<Item = Case> {
    cases("finite.txt").into_iter().filter(|case| case.error().is_none())
}

fn bytes(bytes: Vec<u8>) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::new(bytes))
}

/// The numbers of a case as a structure of this format. A first byte of 80 and more is a sign.
fn numbers(case: &Case, format: F, number: impl Fn(&[u8]) -> BigInteger) -> KeyMaterial {
    let optional = |name: &str| case.bytes(name).map(|bytes| number(&bytes));
    let [p, g] = ["P", "G"].map(|name| number(&case.required(name)));
    let (q, j) = (optional("Q"), optional("J"));
    let own = |name: &str| number(&case.required(name));
    match format {
        F::TransparentDsaPrivateKey => KeyMaterial::DsaPrivateKey(TransparentDsaPrivateKey {
            p,
            q: q.unwrap(),
            g,
            x: own("X"),
        }),
        F::TransparentDsaPublicKey => {
            KeyMaterial::DsaPublicKey(TransparentDsaPublicKey { p, q: q.unwrap(), g, y: own("Y") })
        }
        F::TransparentDhPrivateKey => {
            KeyMaterial::DhPrivateKey(TransparentDhPrivateKey { p, q, g, j, x: own("X") })
        }
        F::TransparentDhPublicKey => {
            KeyMaterial::DhPublicKey(TransparentDhPublicKey { p, q, g, j, y: own("Y") })
        }
        other => panic!("{other:?}"),
    }
}

/// The formats of numbers: of the private half and of the public one.
fn formats(case: &Case) -> (F, F) {
    match case.text("algorithm") {
        Some("DSA") => (F::TransparentDsaPrivateKey, F::TransparentDsaPublicKey),
        _ => (F::TransparentDhPrivateKey, F::TransparentDhPublicKey),
    }
}

fn pair(case: &Case) -> (PrivateKey, PublicKey) {
    let private = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
    (private, PublicKey::from_spki(&case.required("X_509")).unwrap())
}

#[test]
fn both_forms_read_as_the_same_key_and_are_what_it_is_written_as() {
    for case in good() {
        let (private, public) = pair(&case);
        let (of_private, of_public) = formats(&case);
        let again = |name: &str, form: &str| case.bytes(name).or_else(|| case.bytes(form)).unwrap();
        let material = numbers(&case, of_private, BigInteger::from_unsigned);
        assert_eq!(private.write(of_private).as_ref(), Ok(&material), "{}", case.name());
        let read = PrivateKey::read(of_private, &material, Hint::default()).unwrap();
        assert_eq!(read, private, "{}", case.name());
        let written = again("again_PKCS_8", "PKCS_8");
        assert_eq!(read.write(F::Pkcs8), Ok(bytes(written)), "{}", case.name());

        let material = numbers(&case, of_public, BigInteger::from_unsigned);
        assert_eq!(public.write(of_public, None).as_ref(), Ok(&material), "{}", case.name());
        let read = PublicKey::read(of_public, &material, Hint::default()).unwrap();
        assert_eq!(read, public, "{}", case.name());
        let written = again("again_X_509", "X_509");
        assert_eq!(read.write(F::X509, None), Ok(bytes(written)), "{}", case.name());
    }
}

#[test]
fn a_key_says_what_it_is_and_has_no_forms_of_others() {
    for case in good() {
        let (private, public) = pair(&case);
        let algorithm = named(&case, "algorithm", CryptographicAlgorithm::from_name).unwrap();
        for key in [private.describe(), public.describe()] {
            assert_eq!(key.algorithms, [algorithm], "{}", case.name());
            assert_eq!(i32::try_from(key.bits).ok(), case.number("length"), "{}", case.name());
            assert_eq!(key.curve, None);
            let q_bits = key.q_bits.map(|bits| i32::try_from(bits).unwrap());
            assert_eq!(q_bits, case.number("q_length"), "{}", case.name());
        }
        let other = match formats(&case) {
            (F::TransparentDsaPrivateKey, _) => F::TransparentDhPrivateKey,
            _ => F::TransparentDsaPrivateKey,
        };
        for format in [F::Raw, F::Pkcs1, F::EcPrivateKey, F::TransparentRsaPrivateKey, other] {
            assert_eq!(private.write(format), Err(KeyError::NoSuchForm), "{format:?}");
        }
        assert_eq!(public.write(F::Raw, None), Err(KeyError::NoSuchForm));
        assert_eq!((private.family(), public.family()), (None, None), "nothing is computed");
        assert_eq!(ecdh(&private, &public), None);
    }
}

/// By it a container of PKCS#12 says which certificate is the key's.
#[test]
fn the_public_half_of_dsa_is_found_and_that_of_diffie_hellman_is_not_looked_for() {
    let mut seen = 0;
    for case in good() {
        let (private, public) = pair(&case);
        let expected = (case.text("algorithm") == Some("DSA")).then_some(public);
        seen += usize::from(expected.is_some());
        assert_eq!(private.public(), expected, "{}", case.name());
    }
    assert_eq!(seen, 4);
}

/// A group may say its divisor by the cofactor alone.
#[test]
fn a_divisor_that_is_not_said_follows_from_the_cofactor() {
    let case = good().find(|case| case.text("J").is_some()).unwrap();
    let (private, _) = pair(&case);
    let format = F::TransparentDhPrivateKey;
    let KeyMaterial::DhPrivateKey(mut key) = private.write(format).unwrap() else { panic!() };
    assert!(key.q.take().is_some());
    let read = PrivateKey::read(format, &KeyMaterial::DhPrivateKey(key), Hint::default());
    assert_eq!(read, Ok(private));
}

/// A number may have more leading zeros than its sign needs.
#[test]
fn leading_zeros_change_no_key() {
    let wide = |number: &[u8]| BigInteger::from_signed(&[&[0; 24], number].concat());
    for case in good() {
        let (private, public) = pair(&case);
        let (of_private, of_public) = formats(&case);
        let material = numbers(&case, of_private, wide);
        assert_eq!(PrivateKey::read(of_private, &material, Hint::default()), Ok(private));
        let material = numbers(&case, of_public, wide);
        assert_eq!(PublicKey::read(of_public, &material, Hint::default()), Ok(public));
    }
}

#[test]
fn numbers_that_are_too_long_are_refused() {
    let key = |bytes: usize| {
        let p = BigInteger::from_unsigned(&vec![0xff; bytes]);
        let [g, y] = [2, 4].map(|small| BigInteger::from_unsigned(&[small]));
        let material =
            KeyMaterial::DhPublicKey(TransparentDhPublicKey { p, q: None, g, j: None, y });
        PublicKey::read(F::TransparentDhPublicKey, &material, Hint::default())
    };
    assert_eq!(key(2048).unwrap().describe().bits, 16_384);
    assert_eq!(key(2049), Err(KeyError::Malformed));
}

#[test]
fn what_is_no_key_is_refused() {
    let mut seen = 0;
    for case in cases("finite.txt") {
        let Some(error) = case.error() else { continue };
        let format = named(&case, "format", F::from_xml_name).unwrap();
        let material = match case.bytes("material") {
            Some(material) => bytes(material),
            None => numbers(&case, format, BigInteger::from_signed),
        };
        let found = match case.text("half").unwrap() {
            "private" => PrivateKey::read(format, &material, Hint::default()).err(),
            _ => PublicKey::read(format, &material, Hint::default()).err(),
        };
        let found = found.map(|error| format!("{error:?}"));
        assert_eq!(found.as_deref(), Some(error), "{}", case.name());
        seen += 1;
    }
    assert!(seen > 35);
}
