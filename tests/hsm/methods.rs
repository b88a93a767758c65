//! How tokens seal, and what the self-test makes of those that cannot.

use std::path::{Path, PathBuf};
use std::process::Command;

use keystrata::crypto::random::OsRandom;
use keystrata::hsm::probe::{Trial, probe};
use keystrata::hsm::softhsm::SoftHsm;
use keystrata::hsm::{HsmError, Method, TokenSettings, create_root, root_versions};
use keystrata::keys::{RootError, RootKey};
use tokio::runtime::Runtime;

use super::support::{Opened, open, refused, with_token};

/// `SoftHSM`, but for what `mode` says of AES-GCM.
fn other(soft: &SoftHsm, dir: &Path, mode: &str) -> TokenSettings {
    let module: PathBuf = dir.join(format!("{mode}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hsm/other_module.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([module.as_os_str(), source.as_os_str(), "-ldl".as_ref()])
        .arg(format!("-DMODE={mode}"))
        .arg(format!("-DREAL_MODULE=\"{}\"", soft.module().display()))
        .status();
    assert!(built.unwrap().success());
    // A key of its own: what it may be used for depends on the method.
    let key_label = format!("root-{mode}");
    TokenSettings { module, key_label, ..soft.settings().unwrap() }
}

/// What was sealed opens unchanged, in its place, and nowhere else.
fn check(settings: TokenSettings, method: Method) {
    let Opened { root, .. } = open(settings);
    Runtime::new().unwrap().block_on(async {
        let plain = [7; 32];
        let sealed = root.seal(1, b"place", &plain).await.unwrap();
        assert_eq!(sealed[0], method as u8);
        assert_eq!(*root.open(1, b"place", &sealed).await.unwrap(), plain);
        assert_eq!(root.open(1, b"other", &sealed).await, Err(RootError::NotAuthentic));
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            let opened = root.open(1, b"place", &changed).await;
            assert_eq!(opened, Err(RootError::NotAuthentic), "byte {index}");
            let opened = root.open(1, b"place", &sealed[..index]).await;
            assert_eq!(opened, Err(RootError::NotAuthentic), "cut to {index}");
        }
        for length in [0, 1, 64] {
            let plain = vec![9; length];
            let sealed = root.seal(1, b"", &plain).await.unwrap();
            assert_eq!(*root.open(1, b"", &sealed).await.unwrap(), plain);
        }
        root.make(2).await.unwrap();
        let sealed = root.seal(2, b"place", &plain).await.unwrap();
        assert_eq!(sealed[0], method as u8);
        assert_eq!(root.open(1, b"place", &sealed).await, Err(RootError::NotAuthentic));
    });
}

#[test]
fn a_token_without_gcm_wraps() {
    with_token(|soft, dir| {
        let settings = other(soft, dir, "NO_GCM");
        create_root(&settings, 1, &OsRandom).unwrap();
        check(settings, Method::WrapPad);
    });
}

#[test]
fn a_token_that_lets_nobody_choose_an_iv_makes_it() {
    with_token(|soft, dir| {
        let settings = other(soft, dir, "TOKEN_IV");
        create_root(&settings, 1, &OsRandom).unwrap();
        check(settings, Method::GcmTokenIv);
    });
}

#[test]
fn a_token_that_uses_no_iv_or_ignores_the_associated_data_is_not_used() {
    with_token(|soft, dir| {
        // Both still wrap, which is then used for what is made.
        for (mode, host_iv) in [
            ("ZERO_IV", "MechanismParamInvalid"),
            ("CARELESS", "what was moved to another place opens"),
        ] {
            let settings = other(soft, dir, mode);
            let report = probe(&settings, &OsRandom).unwrap();
            assert_eq!(report.method(), Some(Method::WrapPad), "{report:?}");
            let why = |method| {
                let trial = report.trials.iter().find(|(of, _)| *of == method).unwrap();
                if let Trial::Fails(why) = &trial.1 { why.clone() } else { format!("{trial:?}") }
            };
            assert!(why(Method::GcmHostIv).contains(host_iv), "{report:?}");
            assert!(why(Method::GcmTokenIv).contains("the token made no IV"), "{report:?}");
            create_root(&settings, 1, &OsRandom).unwrap();
            check(settings.clone(), Method::WrapPad);
            // A key for GCM, as the first root key of the token is, cannot be used with this module.
            let settings = TokenSettings { module: settings.module, ..soft.settings().unwrap() };
            let error = refused(settings.clone());
            assert!(matches!(error, HsmError::NoMethod { .. }), "{error}");
            assert!(error.to_string().contains(host_iv), "{error}");
            assert!(!probe(&settings, &OsRandom).unwrap().is_usable());
        }
    });
}

#[test]
fn a_token_that_offers_nothing_is_refused_before_anything_is_made() {
    with_token(|soft, dir| {
        let settings = other(soft, dir, "NOTHING");
        let error = create_root(&settings, 1, &OsRandom).unwrap_err();
        assert!(matches!(error, HsmError::NothingOffered(_)), "{error}");
        let report = probe(&settings, &OsRandom).unwrap();
        assert_eq!(report.method(), None);
        assert!(report.trials.iter().all(|(_, trial)| *trial == Trial::NotOffered), "{report:?}");
        assert!(!report.is_usable());
    });
}

#[test]
fn a_probe_reports_and_leaves_nothing() {
    with_token(|soft, _| {
        let settings = soft.settings().unwrap();
        let report = probe(&settings, &OsRandom).unwrap();
        assert!(report.is_usable());
        assert_eq!(report.method(), Some(Method::GcmHostIv));
        let json = report.to_json();
        assert_eq!(json["usable"], true);
        assert_eq!(json["method"], "AES-GCM, IV by host");
        assert_eq!(json["keys"][0]["version"], 1);
        assert_eq!(json["keys"][0]["method"], "AES-GCM, IV by host");
        assert_eq!(json["methods"].as_array().unwrap().len(), Method::ALL.len());
        assert_eq!(root_versions(&settings).unwrap(), [1]);
        let (_pkcs11, session) = super::support::session(soft);
        assert_eq!(session.find_objects(&[]).unwrap().len(), 1, "the root key alone");
    });
}
