//! Versions of the root key that are destroyed in their token, and those that are not.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::types::Ulong;
use keystrata::clock::SystemClock;
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{Pkcs11Root, Place, TokenSettings, create_root, root_versions, softhsm};
use keystrata::keys::{RootError, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::Runtime;

use super::support::{Opened, faulty, open, session, with_token, workers};

fn opened(settings: TokenSettings, place: Place) -> (Pkcs11Root, Arc<Metrics>) {
    let metrics = Metrics::new(&MetricsSettings::default());
    let (random, clock) = (Arc::new(OsRandom), Arc::new(SystemClock::new()));
    let root = Pkcs11Root::open(settings, place, random, clock, metrics.clone());
    (root.unwrap(), metrics)
}

/// Of three versions the second one leaves the token, and nothing else does.
pub(crate) fn one_version_leaves(settings: &TokenSettings, place: Place) {
    create_root(settings, 1, &OsRandom).ok();
    create_root(settings, 2, &OsRandom).unwrap();
    let (root, metrics) = opened(settings.clone(), place);
    Runtime::new().unwrap().block_on(async {
        root.make(3).await.unwrap();
        let mut sealed = Vec::new();
        for version in 1..=3 {
            sealed.push(root.seal(version, b"place", b"text").await.unwrap());
        }
        let [first, second, third] = &sealed[..] else { unreachable!() };
        let not_authentic = Err(RootError::NotAuthentic);
        assert_eq!(root.destroy(2, b"other", second).await, not_authentic, "another place");
        assert_eq!(root.destroy(1, b"place", second).await, not_authentic, "another version");
        let missing = |version| Err(RootError::NoSuchVersion(version));
        assert_eq!(root.destroy(9, b"place", second).await, missing(9));
        assert_eq!(*root.open(2, b"place", second).await.unwrap(), b"text", "it is still there");
        root.destroy(2, b"place", second).await.unwrap();
        // Also in sessions and workers that have used it.
        for _ in 0..4 {
            let open = root.open(2, b"place", second).await;
            assert_eq!(open, Err(RootError::NoSuchVersion(2)));
            assert_eq!(*root.open(1, b"place", first).await.unwrap(), b"text");
            assert_eq!(*root.open(3, b"place", third).await.unwrap(), b"text");
        }
        assert_eq!(root.destroy(2, b"place", second).await, missing(2));
        assert_eq!(root.versions(), [1, 3]);
        assert!(root.place_of(2).starts_with("the key with CKA_ID 00000002 and label `"));
    });
    let shown = metrics.render();
    assert!(shown.lines().any(|line| line == "keystrata_root_breaker_open 0"), "{shown}");
    assert!(shown.lines().any(|line| line == "keystrata_root_worker_restarts_total 0"), "{shown}");
    drop(root);
    assert_eq!(root_versions(settings).unwrap(), [1, 3]);
}

#[test]
fn a_version_leaves_the_token_and_no_other_does() {
    with_token(|soft, _| one_version_leaves(&soft.settings().unwrap(), Place::Here));
}

#[test]
fn a_version_leaves_the_token_by_a_worker() {
    with_token(|soft, _| one_version_leaves(&soft.settings().unwrap(), workers()));
}

/// A link knows its keys again by their proofs: that of a destroyed one is not asked for.
#[test]
fn a_token_that_has_come_back_does_not_need_what_was_destroyed() {
    with_token(|soft, dir| {
        create_root(&soft.settings().unwrap(), 2, &OsRandom).unwrap();
        let Opened { root, clock } = open(soft.settings().unwrap());
        let (tokens, away) = (dir.join("tokens"), dir.join("away"));
        Runtime::new().unwrap().block_on(async {
            let (first, second) = (root.seal(1, b"", b"text").await, root.seal(2, b"", b"").await);
            let (first, second) = (first.unwrap(), second.unwrap());
            fs::rename(&tokens, &away).unwrap();
            let gone = root.destroy(2, b"", &second).await;
            assert!(matches!(gone, Err(RootError::Unavailable(_))), "{gone:?}");
            fs::rename(&away, &tokens).unwrap();
            clock.advance(Duration::from_secs(1));
            root.destroy(2, b"", &second).await.unwrap();
            fs::rename(&tokens, &away).unwrap();
            root.open(1, b"", &first).await.unwrap_err();
            fs::rename(&away, &tokens).unwrap();
            clock.advance(Duration::from_secs(10));
            assert_eq!(*root.open(1, b"", &first).await.unwrap(), b"text");
        });
    });
}

/// What the module does with `C_DestroyObject`, and what is made of it.
fn told(dir: &Path, settings: &TokenSettings, fault: &Path, what: &str) -> Result<(), RootError> {
    let (root, _) = opened(settings.clone(), workers());
    Runtime::new().unwrap().block_on(async {
        let first = root.seal(1, b"", b"text").await.unwrap();
        let second = root.seal(2, b"", b"text").await.unwrap();
        fs::write(fault, what).unwrap();
        let done = root.destroy(2, b"", &second).await;
        fs::remove_file(fault).unwrap();
        assert_eq!(*root.open(1, b"", &first).await.unwrap(), b"text", "{}", dir.display());
        // Nothing of it is lost as long as it is there.
        let left = root.open(2, b"", &second).await.map(|text| text.to_vec());
        assert_eq!(left.is_ok(), matches!(done, Err(RootError::Refused(_))), "{left:?}");
        done
    })
}

#[test]
fn a_token_that_does_not_destroy_its_key_says_so() {
    with_token(|soft, dir| {
        let (module, fault) = faulty(soft, dir);
        let settings = TokenSettings { module, sessions: 1, ..soft.settings().unwrap() };
        create_root(&settings, 2, &OsRandom).unwrap();
        let refused = told(dir, &settings, &fault, "keep").unwrap_err();
        assert_eq!(refused.to_string(), "C_DestroyObject answered ActionProhibited");
        let refused = told(dir, &settings, &fault, "pretend").unwrap_err();
        let wanted = "C_DestroyObject answered OK, and the key is still there";
        assert_eq!(refused.to_string(), wanted);
        // The worker dies when the key is gone, and another one finds that.
        let gone = told(dir, &settings, &fault, "die").unwrap_err();
        assert_eq!(gone, RootError::NoSuchVersion(2));
        assert_eq!(root_versions(&settings).unwrap(), [1]);
    });
}

#[test]
fn a_key_that_was_made_not_to_be_destroyed_stays() {
    with_token(|soft, _| {
        let (pkcs11, session) = session(soft);
        let template = [
            Attribute::ValueLen(Ulong::new(32)),
            Attribute::Token(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Destroyable(false),
            Attribute::Label(softhsm::KEY_LABEL.into()),
            Attribute::Id(vec![2]),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
        drop(session);
        pkcs11.finalize().unwrap();
        let (root, _) = opened(soft.settings().unwrap(), workers());
        Runtime::new().unwrap().block_on(async {
            let sealed = root.seal(2, b"", b"text").await.unwrap();
            let refused = root.destroy(2, b"", &sealed).await.unwrap_err();
            assert_eq!(refused.to_string(), "C_DestroyObject answered ActionProhibited");
            assert_eq!(*root.open(2, b"", &sealed).await.unwrap(), b"text");
        });
    });
}
