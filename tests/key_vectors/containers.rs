//! PKCS#12 containers: `fixtures/crypto/pkcs12.txt`.

use keystrata::crypto::key::PrivateKey;
use keystrata::crypto::pkcs12::{BYTES_MAX, Bundle, Pkcs12Error, read, write};
use keystrata::crypto::random::PredictableRandom;

use super::vectors::{Case, cases};

fn text(case: &Case, key: &str) -> Option<String> {
    case.bytes(key).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn opened(case: &Case, container: &[u8]) -> Result<Bundle, Pkcs12Error> {
    let password = text(case, "password").unwrap();
    read(container, &password, text(case, "name").as_deref())
}

fn good() -> impl Iterator<Item = Case> {
    cases("pkcs12.txt").into_iter().filter(|case| case.error().is_none())
}

#[test]
fn each_container_opens_or_is_refused_for_its_reason() {
    for case in cases("pkcs12.txt") {
        let opened = opened(&case, &case.required("container"));
        if let Some(error) = case.error() {
            assert_eq!(format!("{:?}", opened.unwrap_err()), error, "{}", case.name());
            continue;
        }
        let bundle = opened.unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        let key = PrivateKey::from_pkcs8(&bundle.key).unwrap();
        let expected = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
        assert_eq!(key, expected, "{}", case.name());
        assert_eq!(bundle.name, text(&case, "found"), "{}", case.name());
        let chain: Vec<_> =
            ["certificate", "issuer"].iter().filter_map(|key| case.bytes(key)).collect();
        assert_eq!(bundle.certificates, chain, "{}", case.name());
    }
}

#[test]
fn what_is_written_is_read_and_opens_with_no_other_password() {
    for case in good() {
        let bundle = opened(&case, &case.required("container")).unwrap();
        let written = write(&bundle, "secret", &PredictableRandom::new(7)).unwrap();
        assert_eq!(read(&written, "secret", None), Ok(bundle.clone()), "{}", case.name());
        assert_eq!(read(&written, "Secret", None), Err(Pkcs12Error::WrongPassword));
        assert!(!written.windows(16).any(|part| part == &bundle.key[bundle.key.len() - 16..]));
        for certificate in &bundle.certificates {
            assert!(!written.windows(16).any(|part| part == &certificate[..16]));
        }
    }
}

#[test]
fn two_containers_of_the_same_key_have_nothing_sealed_in_common() {
    let case = good().next().unwrap();
    let bundle = opened(&case, &case.required("container")).unwrap();
    let random = PredictableRandom::new(7);
    let first = write(&bundle, "secret", &random).unwrap();
    let second = write(&bundle, "secret", &random).unwrap();
    let end = first.len() - 64;
    assert_ne!(first[end..], second[end..]);
    assert_eq!(first.len(), second.len());
}

#[test]
fn no_part_of_a_container_is_one_and_no_change_goes_unnoticed() {
    // The one whose password is hashed least often.
    let case = good().min_by_key(|case| case.required("container").len()).unwrap();
    let whole = case.required("container");
    for length in (0..whole.len()).step_by(7) {
        assert!(opened(&case, &whole[..length]).is_err(), "{length} bytes");
    }
    for place in (0..whole.len()).step_by(29) {
        let mut changed = whole.clone();
        changed[place] ^= 0x40;
        assert!(opened(&case, &changed).is_err(), "byte {place}");
    }
}

#[test]
fn a_container_that_is_too_long_is_not_looked_into() {
    let long = vec![0x30; BYTES_MAX + 1];
    assert_eq!(read(&long, "", None), Err(Pkcs12Error::TooMuch));
}

#[test]
fn a_name_that_has_no_form_in_the_container_is_refused() {
    let case = good().next().unwrap();
    let bundle = opened(&case, &case.required("container")).unwrap();
    let named = Bundle { name: Some("\u{1f511}".into()), ..bundle };
    assert_eq!(write(&named, "", &PredictableRandom::new(1)), Err(Pkcs12Error::BadName));
}
