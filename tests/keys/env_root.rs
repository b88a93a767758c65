//! Provider `env`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::{EnvRootError, KeySource, create_key_file};
use keystrata::keys::{EnvRoot, RootError, RootKey};
use zeroize::Zeroizing;

use super::support::wait;

fn from_variable(value: &str) -> KeySource {
    KeySource::Variable { name: "ROOT_KEY".into(), value: Zeroizing::new(value.into()) }
}

fn open(versions: Vec<(u32, KeySource)>) -> Result<EnvRoot, EnvRootError> {
    EnvRoot::new(versions, Arc::new(OsRandom))
}

fn refused(versions: Vec<(u32, KeySource)>) -> String {
    open(versions).err().unwrap().to_string()
}

#[test]
fn each_version_opens_what_it_sealed_in_its_place() {
    let versions = vec![(2, from_variable(&"2A".repeat(32))), (1, from_variable(&"1b".repeat(32)))];
    let root = open(versions).unwrap();
    assert_eq!(root.versions(), [1, 2]);
    wait(async {
        let sealed = root.seal(2, b"place", b"text").await.unwrap();
        assert_eq!(*root.open(2, b"place", &sealed).await.unwrap(), b"text");
        assert_eq!(root.open(1, b"place", &sealed).await, Err(RootError::NotAuthentic));
        assert_eq!(root.open(2, b"other", &sealed).await, Err(RootError::NotAuthentic));
        assert_eq!(root.open(3, b"place", &sealed).await, Err(RootError::NoSuchVersion(3)));
        assert_eq!(root.seal(3, b"place", b"text").await, Err(RootError::NoSuchVersion(3)));
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 0x80;
            let opened = root.open(2, b"place", &changed).await;
            assert_eq!(opened, Err(RootError::NotAuthentic), "byte {index}");
        }
        assert!(root.seal(1, b"", &[0; 64]).await.is_ok());
        assert!(root.seal(1, b"", &[0; 65]).await.is_err());
    });
}

#[test]
fn what_is_no_key_is_refused_by_name_and_not_repeated() {
    let good = "1b".repeat(32);
    let short = good[1..].to_owned();
    let long = format!("{good}0");
    let other = good.replacen('1', "g", 1);
    let wide = "é".repeat(64);
    let wanted = "ROOT_KEY: a root key is 64 hexadecimal digits";
    for bad in [&short, &long, &other, &wide, &String::new()] {
        let said = refused(vec![(1, from_variable(bad))]);
        assert!(said.starts_with(wanted), "{said}");
        assert!(!said.contains("1b1b") && !said.contains("éé"), "{said}");
    }
    let twice = vec![(1, from_variable(&good)), (2, from_variable(&good.to_uppercase()))];
    let wanted = "ROOT_KEY: this key is already version 1; a new version needs a new key";
    assert_eq!(refused(twice), wanted);
    let same = vec![(1, from_variable(&good)), (1, from_variable(&"2c".repeat(32)))];
    assert_eq!(refused(same), "ROOT_KEY: version 1 of the root key is given twice");
    assert!(refused(vec![(0, from_variable(&good))]).contains("counted from 1"));
    assert_eq!(refused(vec![]), "no version of the root key is given");
}

#[test]
fn a_key_may_be_in_a_file_that_only_its_owner_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.key");
    create_key_file(&path, &OsRandom).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let error = create_key_file(&path, &OsRandom).err().unwrap();
    assert!(matches!(error, EnvRootError::File { .. }), "a key is never overwritten: {error}");

    let named = from_variable(&format!("file:{}", path.display()));
    let by_variable = open(vec![(1, named.clone())]).unwrap();
    let by_path = open(vec![(1, KeySource::File(path.clone()))]).unwrap();
    wait(async {
        let sealed = by_variable.seal(1, b"", b"text").await.unwrap();
        assert_eq!(*by_path.open(1, b"", &sealed).await.unwrap(), b"text");
    });

    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let said = refused(vec![(1, named)]);
    assert!(
        said.starts_with("ROOT_KEY: ") && said.ends_with("(mode 0644): chmod 600 it"),
        "{said}"
    );
    let missing = KeySource::File(dir.path().join("missing"));
    assert!(refused(vec![(1, missing)]).contains("missing cannot be read"));
}
