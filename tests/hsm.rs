//! The root key in a real token (`SoftHSM`).
//!
//! A PKCS#11 module is one per process and reads its environment once, so each test runs its body
//! in a process of its own: this program again, with only that test and the right environment.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::{AuthPin, Ulong};
use keystrata::clock::{ManualClock, Timestamp};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::hsm::{
    HsmError, Pin, Pkcs11Root, TokenName, TokenSettings, create_root, root_versions,
};
use keystrata::keys::{Keyring, KeyringSettings, OpenError, Provider, RootError, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

#[path = "support/memory_engine.rs"]
mod memory_engine;

use memory_engine::MemoryEngine;

const DIR_VARIABLE: &str = "KEYSTRATA_TEST_HSM_DIR";

#[expect(clippy::disallowed_methods, reason = "tests may read the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The name of the running test.
fn test_name() -> String {
    std::thread::current().name().unwrap().to_owned()
}

/// Runs `body` of the calling test in a process of its own with a fresh token.
fn with_token(body: impl FnOnce(&SoftHsm, &Path)) {
    if variable(DIR_VARIABLE).is_some() {
        return in_child(body);
    }
    let dir = tempfile::tempdir().unwrap();
    run_child(dir.path());
}

fn in_child(body: impl FnOnce(&SoftHsm, &Path)) {
    let dir = PathBuf::from(variable(DIR_VARIABLE).unwrap());
    let soft = SoftHsm::prepare(&dir, &OsRandom).unwrap();
    soft.initialise(variable(softhsm::CONFIG_VARIABLE).as_deref()).unwrap();
    body(&soft, &dir);
}

/// Runs the calling test again in a process that has the token in `dir`.
fn run_child(dir: &Path) {
    let soft = SoftHsm::prepare(dir, &OsRandom).unwrap_or_else(|error| panic!("{error}"));
    let child = Command::new(std::env::current_exe().unwrap())
        .args([&test_name(), "--exact", "--nocapture"])
        .env(softhsm::CONFIG_VARIABLE, soft.variable())
        .env(DIR_VARIABLE, dir)
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&said));
}

struct Opened {
    root: Pkcs11Root,
    clock: Arc<ManualClock>,
}

fn try_open(settings: TokenSettings) -> Result<Opened, HsmError> {
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let metrics = Metrics::new(&MetricsSettings::default());
    let root = Pkcs11Root::open(settings, Arc::new(OsRandom), clock.clone(), metrics)?;
    Ok(Opened { root, clock })
}

fn open(settings: TokenSettings) -> Opened {
    try_open(settings).unwrap()
}

fn refused(settings: TokenSettings) -> HsmError {
    try_open(settings).err().unwrap()
}

/// A session of the test's own, beside the server's code.
fn session(soft: &SoftHsm) -> (Pkcs11, Session) {
    let pkcs11 = Pkcs11::new(soft.module()).unwrap();
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
    let session = pkcs11.open_rw_session(slot).unwrap();
    let pin = fs::read_to_string(soft.pin_file()).unwrap();
    session.login(UserType::User, Some(&AuthPin::from(pin.trim()))).unwrap();
    (pkcs11, session)
}

#[test]
fn what_the_token_sealed_opens_only_unchanged_and_in_its_place() {
    with_token(|soft, _| {
        let Opened { root, .. } = open(soft.settings().unwrap());
        assert_eq!((root.provider(), root.versions()), (Provider::Pkcs11, vec![1]));
        Runtime::new().unwrap().block_on(async {
            let plain = [7; 32];
            let sealed = root.seal(1, b"place", &plain).await.unwrap();
            assert_ne!(sealed, root.seal(1, b"place", &plain).await.unwrap(), "a fresh IV");
            assert_eq!(*root.open(1, b"place", &sealed).await.unwrap(), plain);
            assert_eq!(root.open(1, b"other", &sealed).await, Err(RootError::NotAuthentic));
            assert_eq!(root.open(2, b"place", &sealed).await, Err(RootError::NoSuchVersion(2)));
            for index in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[index] ^= 1;
                let opened = root.open(1, b"place", &changed).await;
                assert_eq!(opened, Err(RootError::NotAuthentic), "byte {index}");
                let opened = root.open(1, b"place", &sealed[..index]).await;
                assert_eq!(opened, Err(RootError::NotAuthentic), "cut to {index}");
            }
            assert!(root.seal(1, b"", &[0; 64]).await.is_ok());
            assert!(root.seal(1, b"", &[0; 65]).await.is_err());
            assert_eq!(*root.open(1, b"place", &sealed).await.unwrap(), plain, "still in order");
        });
    });
}

#[test]
fn the_root_key_cannot_leave_the_token() {
    with_token(|soft, _| {
        let (_pkcs11, session) = session(soft);
        let wanted = [Attribute::Label(softhsm::KEY_LABEL.into())];
        let keys = session.find_objects(&wanted).unwrap();
        assert_eq!(keys.len(), 1);
        let value = session.get_attribute_info(keys[0], &[AttributeType::Value]).unwrap();
        assert!(matches!(value.as_slice(), [AttributeInfo::Sensitive]), "{value:?}");
        assert!(session.get_attributes(keys[0], &[AttributeType::Value]).unwrap().is_empty());
        let others = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::ValueLen(Ulong::new(32)),
            Attribute::Wrap(true),
            Attribute::Encrypt(true),
        ];
        let wrapping = session.generate_key(&Mechanism::AesKeyGen, &others).unwrap();
        assert!(session.wrap_key(&Mechanism::AesKeyWrap, wrapping, keys[0]).is_err());
        let extractable = [Attribute::Extractable(true)];
        assert!(session.update_attributes(keys[0], &extractable).is_err());
    });
}

#[test]
fn a_key_that_can_leave_the_token_is_no_root_key() {
    with_token(|soft, _| {
        let (pkcs11, session) = session(soft);
        let template = [
            Attribute::ValueLen(Ulong::new(32)),
            Attribute::Token(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(true),
            Attribute::Label(softhsm::KEY_LABEL.into()),
            Attribute::Id(vec![2]),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
        drop(session);
        pkcs11.finalize().unwrap();
        let error = refused(soft.settings().unwrap());
        assert!(matches!(error, HsmError::KeyExtractable { version: 2, .. }), "{error}");
    });
}

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
fn a_token_without_gcm_is_refused() {
    with_token(|soft, _| {
        let config = fs::read_to_string(soft.variable()).unwrap();
        let less = format!("{config}slots.mechanisms = -CKM_AES_GCM\n");
        fs::write(soft.variable(), less).unwrap();
        let error = refused(soft.settings().unwrap());
        assert!(matches!(error, HsmError::NoGcm(_)), "{error}");
    });
}

#[test]
fn versions_are_made_once() {
    with_token(|soft, _| {
        let settings = soft.settings().unwrap();
        assert!(matches!(create_root(&settings, 1), Err(HsmError::KeyExists { .. })));
        assert!(matches!(create_root(&settings, 0), Err(HsmError::KeyId { .. })));
        create_root(&settings, 300).unwrap();
        assert_eq!(root_versions(&settings).unwrap(), [1, 300]);
        let Opened { root, .. } = open(settings);
        Runtime::new().unwrap().block_on(async {
            let sealed = root.seal(300, b"", b"text").await.unwrap();
            assert_eq!(root.open(1, b"", &sealed).await, Err(RootError::NotAuthentic));
            assert_eq!(*root.open(300, b"", &sealed).await.unwrap(), b"text");
        });
    });
}

#[test]
fn a_new_process_opens_what_the_last_one_sealed() {
    let body = |soft: &SoftHsm, dir: &Path| {
        let Opened { root, .. } = open(soft.settings().unwrap());
        let file = dir.join("sealed");
        Runtime::new().unwrap().block_on(async {
            if file.exists() {
                let sealed = fs::read(&file).unwrap();
                assert_eq!(*root.open(1, b"place", &sealed).await.unwrap(), b"text");
                fs::write(dir.join("opened"), b"").unwrap();
            } else {
                fs::write(&file, root.seal(1, b"place", b"text").await.unwrap()).unwrap();
            }
        });
    };
    if variable(DIR_VARIABLE).is_some() {
        return in_child(body);
    }
    let dir = tempfile::tempdir().unwrap();
    run_child(dir.path());
    run_child(dir.path());
    assert!(dir.path().join("opened").exists());
}

#[test]
fn many_tasks_share_a_few_sessions() {
    with_token(|soft, _| {
        let Opened { root, .. } = open(soft.settings().unwrap());
        let root = Arc::new(root);
        Runtime::new().unwrap().block_on(async {
            let tasks: Vec<_> = (0..64_u8)
                .map(|number| {
                    let root = Arc::clone(&root);
                    tokio::spawn(async move {
                        for _ in 0..4 {
                            let sealed = root.seal(1, &[number], &[number; 32]).await.unwrap();
                            let opened = root.open(1, &[number], &sealed).await.unwrap();
                            assert_eq!(*opened, [number; 32]);
                            let other = root.open(1, &[number + 1], &sealed).await;
                            assert_eq!(other, Err(RootError::NotAuthentic));
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
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
        Runtime::new().unwrap().block_on(async {
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
        let commits = engine.commits.load(std::sync::atomic::Ordering::SeqCst);
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
        let after = engine.commits.load(std::sync::atomic::Ordering::SeqCst);
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
        let error = soft.initialise(current).unwrap_err();
        assert!(matches!(error, HsmError::Environment(..)), "{error}");
    }
}
