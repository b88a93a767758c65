//! The root key of `keystrata try`: in a SoftHSM token, or in a file.

use std::path::{Path, PathBuf};

use keystrata::config::{Config, RootPlace};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm::{self, SoftHsm};
use keystrata::keys::env_root::create_key_file;

use super::serve::ensure_environment;
use super::try_::RootKind;
use super::{About as _, Environment, Failure};

/// The file of the root key, if it is not in a token.
const KEY_FILE: &str = "root-1.key";

/// Makes the root key's files, and says how the configuration's section is written.
pub(super) fn make(directory: &Path, asked: Option<RootKind>) -> Result<String, Failure> {
    let installed = softhsm::find_module().is_some();
    match asked {
        Some(RootKind::Env) => in_file(directory),
        None if !installed => in_file(directory),
        Some(RootKind::Softhsm) | None => in_token(directory),
    }
}

fn in_file(directory: &Path) -> Result<String, Failure> {
    let file = directory.join(KEY_FILE);
    if !file.exists() {
        create_key_file(&file, &OsRandom).about(&file)?;
    }
    Ok(format!(
        "[root]\nprovider = \"env\"\nversions = [{{ version = 1, file = \"{KEY_FILE}\" }}]\n"
    ))
}

fn in_token(directory: &Path) -> Result<String, Failure> {
    let token = prepare(directory)?;
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

/// Sees to it that the token of an earlier or this start can be used: refuses another kind of root
/// than the directory has, gives the module its environment (which may start this process anew)
/// and, before there is a store, makes the token and the key.
pub(super) fn ready(
    config: &mut Config,
    asked: Option<RootKind>,
    directory: &Path,
    environment: &Environment,
) -> Result<(), Failure> {
    let kind = match config.root.place {
        RootPlace::Env(_) => RootKind::Env,
        RootPlace::Pkcs11(_) => RootKind::Softhsm,
    };
    if asked.is_some_and(|asked| asked != kind) {
        let line = format!("{} has another root; choose another --dir", directory.display());
        return Err(Failure::new(line));
    }
    let RootPlace::Pkcs11(root) = &mut config.root.place else { return Ok(()) };
    if !root.pin_file().is_some_and(|file| file.starts_with(home(directory))) {
        // Its owner chose another token.
        return Ok(());
    }
    let token = prepare(directory)?;
    let wanted = token.variable();
    root.environment.insert(softhsm::CONFIG_VARIABLE.to_owned(), text(&wanted)?.to_owned());
    ensure_environment(&config.root.place, environment)?;
    if !config.store.directory.exists() {
        let current = environment.get(softhsm::CONFIG_VARIABLE);
        token.initialise(current.as_deref()).map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok(())
}

fn prepare(directory: &Path) -> Result<SoftHsm, Failure> {
    SoftHsm::prepare(&home(directory), &OsRandom).map_err(|error| Failure::new(error.to_string()))
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
