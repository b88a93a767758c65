//! The root key of `keystrata try`: in a SoftHSM token, or in a file.

use std::path::{Path, PathBuf};

use keystrata::config::{Config, EnvRoot, KeySource, RootPlace};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::keys::env_root::create_key_file;

use super::serve::ensure_environment;
use super::try_::RootKind;
use super::{About as _, Environment, Failure};

/// The file of the root key, if it is not in a token.
const KEY_FILE: &str = "root-1.key";

/// The kind of a new root: as asked for, otherwise a token where one can be had.
pub(super) fn kind(asked: Option<RootKind>) -> RootKind {
    let installed = softhsm::find_module().is_some();
    asked.unwrap_or(if installed { RootKind::Softhsm } else { RootKind::Env })
}

/// The configuration's section for a new root in `directory`, an absolute path. Writes nothing.
pub(super) fn section(directory: &Path, kind: RootKind) -> Result<String, Failure> {
    if kind == RootKind::Env {
        return Ok(format!(
            "[root]\nprovider = \"env\"\nversions = [{{ version = 1, file = \"{KEY_FILE}\" }}]\n"
        ));
    }
    let token = SoftHsm::at(&home(directory)).map_err(failed)?;
    let (label, key) = (softhsm::TOKEN_LABEL, softhsm::KEY_LABEL);
    let variable = softhsm::CONFIG_VARIABLE;
    Ok(format!(
        "[root]\nprovider = \"pkcs11\"\nmodule = {}\ntoken_label = \"{label}\"\npin_file = {}\n\
         key_label = \"{key}\"\nenvironment = {{ {variable} = {} }}\n",
        quoted(token.module())?,
        quoted(token.pin_file().strip_prefix(directory).unwrap_or(&token.pin_file()))?,
        quoted(&token.variable())?,
    ))
}

/// Refuses another kind of root than the directory has.
pub(super) fn check(
    config: &Config,
    asked: Option<RootKind>,
    directory: &Path,
) -> Result<(), Failure> {
    let kind = match config.root.place {
        RootPlace::Env(_) => RootKind::Env,
        RootPlace::Pkcs11(_) => RootKind::Softhsm,
    };
    if asked.is_some_and(|asked| asked != kind) {
        let line = format!("{} has another root; choose another --dir", directory.display());
        return Err(Failure::new(line));
    }
    Ok(())
}

/// Sees to it that the root of an earlier or this start can be used: gives the token's module its
/// environment (which may start this process anew) and, before there is a store, makes the key.
pub(super) fn ready(
    config: &mut Config,
    directory: &Path,
    environment: &Environment,
) -> Result<(), Failure> {
    let is_first = !config.store.directory.exists();
    let root = match &mut config.root.place {
        RootPlace::Env(root) => return if is_first { make_file(root, directory) } else { Ok(()) },
        RootPlace::Pkcs11(root) => root,
    };
    if !root.pin_file().is_some_and(|file| file.starts_with(home(directory))) {
        // Its owner chose another token.
        return Ok(());
    }
    let token = SoftHsm::prepare(&home(directory), &OsRandom).map_err(failed)?;
    let wanted = token.variable();
    root.environment.insert(softhsm::CONFIG_VARIABLE.to_owned(), text(&wanted)?.to_owned());
    ensure_environment(&config.root.place, environment)?;
    if is_first {
        let current = environment.get(softhsm::CONFIG_VARIABLE);
        token.initialise(current.as_deref(), &OsRandom).map_err(failed)?;
    }
    Ok(())
}

/// Makes the file that [`section`] names, unless its owner chose another.
fn make_file(root: &EnvRoot, directory: &Path) -> Result<(), Failure> {
    let file = directory.join(KEY_FILE);
    let source = KeySource::File(file.clone());
    if file.exists() || !root.versions.iter().any(|version| version.source == source) {
        return Ok(());
    }
    create_key_file(&file, &OsRandom).about(&file)
}

fn home(directory: &Path) -> PathBuf {
    directory.join("softhsm")
}

/// A path as TOML text.
fn quoted(path: &Path) -> Result<String, Failure> {
    Ok(toml::Value::from(text(path)?).to_string())
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| Failure::new(format!("{}: is not UTF-8", path.display())))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
