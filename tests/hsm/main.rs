//! The root key in a real token (`SoftHSM`).
//!
//! A PKCS#11 module is one per process and reads its environment once, so each test runs its body
//! in a process of its own: this program again, with only that test and the right environment.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass};
use cryptoki::types::Ulong;
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::hsm::{HsmError, create_root, root_versions};
use keystrata::keys::{Provider, RootError, RootKey};
use tokio::runtime::Runtime;

#[path = "../support/memory_engine.rs"]
mod memory_engine;

mod destroy;
mod faults;
mod kryoptic;
mod methods;
mod speed;
mod support;
mod worker;

use support::{
    DIR_VARIABLE, Opened, in_child, open, refused, run_child, session, variable, with_token,
};

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
fn versions_are_made_once() {
    with_token(|soft, _| {
        let settings = soft.settings().unwrap();
        assert!(matches!(create_root(&settings, 1, &OsRandom), Err(HsmError::KeyExists { .. })));
        assert!(matches!(create_root(&settings, 0, &OsRandom), Err(HsmError::KeyId { .. })));
        create_root(&settings, 300, &OsRandom).unwrap();
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
