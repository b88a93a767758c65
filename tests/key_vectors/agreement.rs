//! Agreements: `fixtures/crypto/agreement.txt`.

use keystrata::crypto::key::{KeyError, PrivateKey, PublicKey, ecdh};
use kmip_ttlv::Secret;

use super::vectors::cases;

#[test]
fn two_keys_agree_on_the_published_secret_or_on_nothing() {
    let (mut good, mut bad) = (0, 0);
    for case in cases("agreement.txt") {
        let mine = PrivateKey::from_pkcs8(&case.required("PKCS_8")).unwrap();
        let theirs = PublicKey::from_spki(&case.required("X_509"));
        match case.error() {
            None => {
                let secret = ecdh(&mine, &theirs.unwrap());
                assert_eq!(secret, Some(Secret::new(case.required("secret"))), "{}", case.name());
                good += 1;
                continue;
            }
            Some("Refused") => assert_eq!(ecdh(&mine, &theirs.unwrap()), None, "{}", case.name()),
            Some("Malformed") => assert_eq!(theirs, Err(KeyError::Malformed), "{}", case.name()),
            Some(other) => panic!("{other}"),
        }
        bad += 1;
    }
    assert!(good > 12 && bad > 5 * good, "{bad} refusals for {good} secrets");
}
