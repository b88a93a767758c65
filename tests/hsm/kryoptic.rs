//! The root key in kryoptic, a second token in software: PKCS#11 3.2, with other mechanisms, other
//! answers and another code base than `SoftHSM`. `make kryoptic` builds it; without it these tests say
//! that they did not run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use keystrata::clock::SystemClock;
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::probe::{Trial, probe};
use keystrata::hsm::{Method, Pin, Pkcs11Root, Place, TokenName, TokenSettings, create_root};
use keystrata::keys::{Keyring, KeyringSettings, RootError, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use tokio::runtime::Runtime;

use super::destroy::one_version_leaves;
use super::memory_engine::MemoryEngine;
use super::support::{DIR_VARIABLE, Opened, open, run_child_with, variable, workers};

const LABEL: &str = "second";
const PIN: &str = "12345678";

/// The module, if it was built.
fn module() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/libkryoptic.so");
    let path = variable("KEYSTRATA_TEST_KRYOPTIC").map_or(built, PathBuf::from);
    path.exists().then_some(path)
}

/// Runs `body` of the calling test in a process of its own with a fresh token.
fn with_kryoptic(body: impl FnOnce(TokenSettings)) {
    let Some(module) = module() else {
        println!("kryoptic is not built (make kryoptic): this test did not run");
        return;
    };
    let Some(dir) = variable(DIR_VARIABLE) else {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("token.conf");
        let store = dir.path().join("token.sql");
        let text = format!(
            "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"{}\"\ndescription = \"test\"\n",
            store.display()
        );
        fs::write(&config, text).unwrap();
        return run_child_with(dir.path(), "KRYOPTIC_CONF", &config);
    };
    make_token(&module);
    let pin = Path::new(&dir).join("pin");
    fs::write(&pin, PIN).unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
    let (token, pin) = (TokenName::Label(LABEL.into()), Pin::from_file(&pin).unwrap());
    body(TokenSettings::new(module, token, pin, "root".into()));
}

fn make_token(module: &Path) {
    let pkcs11 = Pkcs11::new(module).unwrap();
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = pkcs11.get_all_slots().unwrap()[0];
    let so = AuthPin::from("so-12345678");
    pkcs11.init_token(slot, &so, LABEL).unwrap();
    let session = pkcs11.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&so)).unwrap();
    session.init_pin(&AuthPin::from(PIN)).unwrap();
    session.logout().unwrap();
    drop(session);
    pkcs11.finalize().unwrap();
}

#[test]
fn a_second_token_passes_the_self_test_in_several_ways() {
    with_kryoptic(|settings| {
        let report = probe(&settings, &OsRandom).unwrap();
        println!("{:#}", report.to_json());
        let works: Vec<_> = report
            .trials
            .iter()
            .filter(|(_, trial)| *trial == Trial::Works)
            .map(|(method, _)| *method)
            .collect();
        assert_eq!(works, [Method::GcmHostIv, Method::GcmMessage, Method::Wrap]);
        assert!(report.is_usable());
        assert!(report.keys.unwrap().is_empty(), "no root key yet");
    });
}

#[test]
fn a_second_token_holds_a_root_key() {
    with_kryoptic(|settings| {
        create_root(&settings, 1, &OsRandom).unwrap();
        let Opened { root, .. } = open(settings);
        Runtime::new().unwrap().block_on(async {
            let plain = [7; 32];
            let sealed = root.seal(1, b"place", &plain).await.unwrap();
            assert_eq!(*root.open(1, b"place", &sealed).await.unwrap(), plain);
            assert_eq!(root.open(1, b"other", &sealed).await, Err(RootError::NotAuthentic));
            for index in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[index] ^= 1;
                let opened = root.open(1, b"place", &changed).await;
                assert_eq!(opened, Err(RootError::NotAuthentic), "byte {index}");
            }
            root.make(2).await.unwrap();
            assert_eq!(root.versions(), [1, 2]);
            let sealed = root.seal(2, b"place", &plain).await.unwrap();
            assert_eq!(root.open(1, b"place", &sealed).await, Err(RootError::NotAuthentic));
            assert_eq!(*root.open(2, b"place", &sealed).await.unwrap(), plain);
        });
    });
}

#[test]
fn a_version_leaves_a_second_token() {
    with_kryoptic(|settings| one_version_leaves(&settings, Place::Here));
}

#[test]
fn a_version_leaves_a_second_token_by_a_worker() {
    with_kryoptic(|settings| one_version_leaves(&settings, workers()));
}

#[test]
fn a_store_belongs_to_a_second_token_in_workers() {
    with_kryoptic(|settings| {
        create_root(&settings, 1, &OsRandom).unwrap();
        let runtime = Runtime::new().unwrap();
        let (random, clock) = (Arc::new(OsRandom), Arc::new(SystemClock::new()));
        let metrics = Metrics::new(&MetricsSettings::default());
        let engine = Arc::new(MemoryEngine::default());
        for _ in 0..2 {
            let root = Pkcs11Root::open(
                settings.clone(),
                workers(),
                random.clone(),
                clock.clone(),
                metrics.clone(),
            );
            let keyring = Keyring::open(
                Arc::new(root.unwrap()),
                engine.clone(),
                clock.clone(),
                random.clone(),
                metrics.clone(),
                KeyringSettings::default(),
            );
            let keyring = runtime.block_on(keyring).unwrap();
            runtime.block_on(keyring.probe()).unwrap();
        }
    });
}

#[test]
fn the_command_line_reports_a_second_token() {
    with_kryoptic(|settings| {
        let dir = PathBuf::from(variable(DIR_VARIABLE).unwrap());
        let ended = Command::new(env!("CARGO_BIN_EXE_keystrata"))
            .args(["hsm", "probe", "--token-label", LABEL, "--module"])
            .arg(&settings.module)
            .arg("--pin-file")
            .arg(dir.join("pin"))
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success(), "{said}");
        assert!(said.contains("Kryoptic"), "{said}");
        assert!(said.contains("no root key yet"), "{said}");
    });
}
