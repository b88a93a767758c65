//! Tokens that are not the one that the store was made with. They need `SoftHSM`.

use std::fs;
use std::path::{Path, PathBuf};

use keystrata::hsm::softhsm::find_module;

use crate::damage::{Kept, files_below};
use crate::support::server::Plan;

/// A directory whose root is in a token, or nothing where `SoftHSM` is not installed.
fn with_token() -> Option<Kept> {
    if find_module().is_none() {
        println!("SoftHSM is not installed: not tested");
        return None;
    }
    Some(Kept::after(Plan::softhsm))
}

fn tokens(kept: &Kept) -> PathBuf {
    kept.path("softhsm/tokens")
}

fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).expect("it is below"));
        fs::create_dir_all(target.parent().expect("a directory")).expect("made");
        fs::copy(&file, &target).expect("copied");
    }
}

#[test]
fn a_token_that_is_gone_is_named() {
    let Some(kept) = with_token() else { return };
    fs::remove_dir_all(tokens(&kept)).expect("removed");
    fs::create_dir(tokens(&kept)).expect("made");
    kept.assert_refused(&["token", "keystrata"]);
}

#[test]
fn a_wrong_pin_is_refused_and_not_shown() {
    let Some(kept) = with_token() else { return };
    let wrong = "0123456789abcdef0123456789abcdef";
    fs::write(kept.path("softhsm/pin"), wrong).expect("written");
    let ended = crate::support::server::end_of(&mut kept.serve());
    crate::damage::assert_is_refusal(&ended, &["PIN"]);
    assert!(!ended.stderr.contains(wrong), "the PIN is a secret");
}

#[test]
fn a_token_without_the_key_is_refused() {
    let Some(kept) = with_token() else { return };
    let is_token = |file: &PathBuf| file.ends_with("token.object");
    for file in files_below(&tokens(&kept)).into_iter().filter(|file| !is_token(file)) {
        fs::remove_file(file).expect("removed");
    }
    kept.assert_refused(&["key", "keystrata-root"]);
}

#[test]
fn another_key_behind_the_right_labels_is_refused_before_anything_is_served() {
    let (Some(kept), Some(other)) = (with_token(), with_token()) else { return };
    fs::remove_dir_all(tokens(&kept)).expect("removed");
    copy(&tokens(&other), &tokens(&kept));
    fs::copy(other.path("softhsm/pin"), kept.path("softhsm/pin")).expect("copied");
    kept.assert_refused(&["root"]);
}

#[test]
fn a_store_made_with_a_token_is_not_opened_with_a_key_file() {
    let Some(kept) = with_token() else { return };
    let other = Kept::new();
    let config = fs::read_to_string(other.config()).expect("a configuration");
    fs::write(kept.config(), config).expect("written");
    fs::copy(other.path("root-1.key"), kept.path("root-1.key")).expect("copied");
    kept.assert_refused(&["pkcs11"]);
}
