//! Tokens that are missing, wrong, exchanged, slow or overloaded.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::SoftHsm;
use keystrata::hsm::{HsmError, Pin, TokenName, TokenSettings, root_versions};
use keystrata::keys::{Keyring, KeyringSettings, OpenError, RootError, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use super::memory_engine::MemoryEngine;
use super::support::{
    DIR_VARIABLE, Opened, in_child, open, refused, run_child, variable, with_token,
};

#[test]
fn what_is_missing_or_wrong_is_said_in_one_line() {
    with_token(|soft, _| {
        let good = soft.settings().unwrap();
        let cases = [
            (
                TokenSettings { module: "/nowhere/module.so".into(), ..good.clone() },
                "the PKCS#11 module /nowhere/module.so cannot be loaded",
            ),
            (
                TokenSettings { token: TokenName::Label("other".into()), ..good.clone() },
                "there is no token with label `other` (there is: `keystrata`)",
            ),
            (
                TokenSettings { token: TokenName::Serial("0".into()), ..good.clone() },
                "there is no token with serial number `0`",
            ),
            (
                TokenSettings { pin: Pin::new(Zeroizing::new("0000".into())), ..good.clone() },
                "the token with label `keystrata` refused the PIN",
            ),
            (
                TokenSettings { key_label: "other".into(), ..good.clone() },
                "the token with label `keystrata` has no root key labelled `other`",
            ),
        ];
        for (settings, wanted) in cases {
            let said = refused(settings).to_string();
            assert!(said.starts_with(wanted), "{said}");
            assert!(!said.contains('\n'), "{said}");
        }
        let root = open(good.clone()).root;
        assert!(matches!(refused(good.clone()), HsmError::ModuleInUse));
        drop(root);
        assert_eq!(root_versions(&good).unwrap(), [1], "nothing was made");
    });
}

#[test]
fn a_full_queue_refuses_and_then_serves_again() {
    with_token(|soft, _| {
        let settings = TokenSettings { sessions: 1, queue: 1, ..soft.settings().unwrap() };
        let root = Arc::new(open(settings).root);
        Runtime::new().unwrap().block_on(async {
            let tasks: Vec<_> = (0..2_000)
                .map(|_| {
                    let root = Arc::clone(&root);
                    tokio::spawn(async move { root.seal(1, b"", b"text").await })
                })
                .collect();
            let mut overloaded = 0;
            for task in tasks {
                match task.await.unwrap() {
                    Ok(_) => {}
                    Err(RootError::Overloaded) => overloaded += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            assert!(overloaded > 0);
            assert!(root.seal(1, b"", b"text").await.is_ok());
        });
    });
}

#[test]
fn nobody_waits_longer_than_the_timeout() {
    with_token(|soft, _| {
        let settings =
            TokenSettings { sessions: 1, timeout: Duration::ZERO, ..soft.settings().unwrap() };
        let root = Arc::new(open(settings).root);
        // On one thread, so that the whole crowd has asked before anybody is answered.
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            // The last of a crowd wait for many milliseconds, the resolution of the timer is one.
            let crowd: Vec<_> = (0..1_000)
                .map(|_| {
                    let root = Arc::clone(&root);
                    tokio::spawn(async move { root.seal(1, b"", b"text").await })
                })
                .collect();
            let mut late = 0;
            for task in crowd {
                if let Err(error) = task.await.unwrap() {
                    assert!(error.to_string().contains("has not answered"), "{error}");
                    late += 1;
                }
            }
            assert!(late > 0);
        });
    });
}

#[test]
fn a_token_that_comes_back_is_used_again() {
    with_token(|soft, dir| {
        let Opened { root, clock } = open(soft.settings().unwrap());
        let away = dir.join("away");
        let tokens = dir.join("tokens");
        let token = fs::read_dir(&tokens).unwrap().next().unwrap().unwrap().path();
        let faults = [(token, "there is no token"), (tokens, "cannot be initialised")];
        Runtime::new().unwrap().block_on(async {
            for (place, wanted) in faults {
                let sealed = root.seal(1, b"", b"text").await.unwrap();
                fs::rename(&place, &away).unwrap();
                for _ in 0..3 {
                    let opened = root.open(1, b"", &sealed).await;
                    assert!(matches!(opened, Err(RootError::Unavailable(_))), "{opened:?}");
                    let said = opened.unwrap_err().to_string();
                    assert!(said.contains(wanted), "{said}");
                }
                fs::rename(&away, &place).unwrap();
                let early = root.open(1, b"", &sealed).await;
                assert!(matches!(early, Err(RootError::Unavailable(_))), "there is a pause");
                clock.advance(Duration::from_secs(1));
                assert_eq!(*root.open(1, b"", &sealed).await.unwrap(), b"text");
                assert!(root.seal(1, b"", b"text").await.is_ok());
            }
        });
    });
}

#[test]
fn a_version_is_made_in_a_token_that_has_come_back() {
    with_token(|soft, dir| {
        let Opened { root, clock } = open(soft.settings().unwrap());
        let (tokens, away) = (dir.join("tokens"), dir.join("away"));
        Runtime::new().unwrap().block_on(async {
            for version in [2, 3] {
                fs::rename(&tokens, &away).unwrap();
                let made = root.make(version).await;
                assert!(matches!(made, Err(RootError::Unavailable(_))), "{made:?}");
                clock.advance(Duration::from_secs(10));
                root.seal(1, b"", b"text").await.unwrap_err();
                // A copy, as from a backup.
                copy(&away, &tokens);
                fs::remove_dir_all(&away).unwrap();
                clock.advance(Duration::from_secs(10));
                root.make(version).await.unwrap();
                assert!(root.seal(version, b"", b"text").await.is_ok());
            }
            assert_eq!(root.versions(), [1, 2, 3]);
        });
    });
}

/// Copies a directory with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn another_key_behind_the_right_label_is_not_used() {
    let body = |soft: &SoftHsm, dir: &Path| {
        let (tokens, first, second) = (dir.join("tokens"), dir.join("first"), dir.join("second"));
        if !second.exists() {
            // The first two processes make a token each.
            fs::rename(tokens, if first.exists() { second } else { first }).unwrap();
            return;
        }
        fs::remove_dir_all(&tokens).unwrap();
        fs::rename(&first, &tokens).unwrap();
        let engine = Arc::new(MemoryEngine::default());
        let settings = soft.settings().unwrap();
        let runtime = Runtime::new().unwrap();

        // Exchanged while in use: noticed when the token is connected again.
        let Opened { root, clock } = open(settings.clone());
        let root = Arc::new(root);
        let metrics = Metrics::new(&MetricsSettings::default());
        runtime.block_on(async {
            let bounds = KeyringSettings::default();
            let random = Arc::new(OsRandom);
            let root = root.clone();
            Keyring::open(root, engine.clone(), clock, random, metrics.clone(), bounds)
                .await
                .unwrap();
        });
        let commits = engine.commits.load(Ordering::SeqCst);
        let sealed = runtime.block_on(root.seal(1, b"", b"text")).unwrap();
        fs::rename(&tokens, &first).unwrap();
        fs::rename(&second, &tokens).unwrap();
        let opened = runtime.block_on(root.open(1, b"", &sealed));
        let said = opened.unwrap_err().to_string();
        assert!(said.contains("another key than before"), "{said}");
        let made = runtime.block_on(root.seal(1, b"", b"text"));
        assert!(matches!(made, Err(RootError::Unavailable(_))), "nothing is sealed with it");
        drop(root);

        // Exchanged while stopped: noticed by the store's check value.
        let Opened { root, clock } = open(settings);
        let opened = runtime.block_on(Keyring::open(
            Arc::new(root),
            engine.clone(),
            clock,
            Arc::new(OsRandom),
            metrics,
            KeyringSettings::default(),
        ));
        let error = opened.err().unwrap();
        assert!(matches!(error, OpenError::WrongRoot { version: 1, .. }), "{error}");
        let after = engine.commits.load(Ordering::SeqCst);
        assert_eq!(commits, after, "nothing was written");
    };
    if variable(DIR_VARIABLE).is_some() {
        return in_child(body);
    }
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        run_child(dir.path());
    }
}

#[test]
fn only_a_process_with_the_right_environment_makes_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftHsm::prepare(dir.path(), &OsRandom).unwrap();
    for current in [None, Some("/other/softhsm2.conf".as_ref())] {
        let error = soft.initialise(current, &OsRandom).unwrap_err();
        assert!(matches!(error, HsmError::Environment(..)), "{error}");
    }
}
