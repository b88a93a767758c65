//! A token in software (`SoftHSM` 2) in a directory of its own, for `keystrata try` and tests.
//!
//! `SoftHSM` finds its configuration through the environment, so setting one up takes two steps:
//! [`SoftHsm::prepare`] writes the files, and then, in a process that has the variable
//! ([`SoftHsm::variable`], see [`super::environment`]), [`SoftHsm::initialise`] makes the token and
//! the root key. Both do nothing for what is already there.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use cryptoki::context::Pkcs11;
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use zeroize::Zeroizing;

use super::error::HsmError;
use super::settings::{Pin, TokenName, TokenSettings};
use super::token;
use crate::keys::{Random, secret_file};

/// The variable that names `SoftHSM`'s configuration.
pub const CONFIG_VARIABLE: &str = "SOFTHSM2_CONF";
/// The label of the token.
pub const TOKEN_LABEL: &str = "keystrata";
/// The label of the root key.
pub const KEY_LABEL: &str = "keystrata-root";
/// Where distributions put the module.
pub const MODULE_PATHS: [&str; 8] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

const CONFIG_FILE: &str = "softhsm2.conf";
const TOKEN_DIR: &str = "tokens";
const PIN_FILE: &str = "pin";
const SO_PIN_FILE: &str = "so-pin";
/// Random bytes of a PIN, which is twice as many hexadecimal digits.
const PIN_BYTES: usize = 16;
/// The version of the root key that is made.
const FIRST_VERSION: u32 = 1;

/// The module, if it is installed in one of the usual places.
#[must_use]
pub fn find_module() -> Option<PathBuf> {
    MODULE_PATHS.into_iter().map(PathBuf::from).find(|path| path.exists())
}

/// A token in software: files that are there, not necessarily a token yet.
#[derive(Debug, Clone)]
pub struct SoftHsm {
    module: PathBuf,
    dir: PathBuf,
}

impl SoftHsm {
    /// The token that is or would be in `dir`, an absolute path. Touches nothing.
    ///
    /// # Errors
    /// [`HsmError::NoSoftHsm`] if it is not installed.
    pub fn at(dir: &Path) -> Result<Self, HsmError> {
        Ok(Self { module: find_module().ok_or(HsmError::NoSoftHsm)?, dir: dir.to_owned() })
    }

    /// Writes, in `dir`, what is not there yet: the directory, a configuration, a place for the
    /// token, a PIN for its user and one for its security officer. Calls no module.
    ///
    /// # Errors
    /// [`HsmError::NoSoftHsm`] if it is not installed, or what cannot be written.
    pub fn prepare(dir: &Path, random: &dyn Random) -> Result<Self, HsmError> {
        let module = find_module().ok_or(HsmError::NoSoftHsm)?;
        let not_made = |path: &Path| {
            let path = path.to_owned();
            move |error| HsmError::File { path, error }
        };
        let private = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        private(dir).map_err(not_made(dir))?;
        // The module may be asked from another working directory.
        let dir = dir.canonicalize().map_err(not_made(dir))?;
        let tokens = dir.join(TOKEN_DIR);
        private(&tokens).map_err(not_made(&tokens))?;
        let config = dir.join(CONFIG_FILE);
        write_config(&config, &tokens).map_err(not_made(&config))?;
        for name in [SO_PIN_FILE, PIN_FILE] {
            let path = dir.join(name);
            if !path.exists() {
                secret_file::create(&path, &new_pin(random)?)?;
            }
        }
        Ok(Self { module, dir })
    }

    /// The module's library.
    #[must_use]
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The file with the user's PIN.
    #[must_use]
    pub fn pin_file(&self) -> PathBuf {
        self.dir.join(PIN_FILE)
    }

    /// The file that [`CONFIG_VARIABLE`] must name in the environment.
    #[must_use]
    pub fn variable(&self) -> PathBuf {
        self.dir.join(CONFIG_FILE)
    }

    /// The settings to open the root with.
    ///
    /// # Errors
    /// [`HsmError::PinFile`].
    pub fn settings(&self) -> Result<TokenSettings, HsmError> {
        let token = TokenName::Label(TOKEN_LABEL.to_owned());
        let pin = Pin::from_file(&self.pin_file())?;
        Ok(TokenSettings::new(self.module.clone(), token, pin, KEY_LABEL.to_owned()))
    }

    /// Makes the token and the first version of the root key, if they are not there yet. `current`
    /// is the value of [`CONFIG_VARIABLE`] in this process. Blocks; not to be called while a root
    /// of the module is open.
    ///
    /// # Errors
    /// [`HsmError::Environment`] if the variable has another value: somebody else's token must not
    /// be touched. Or what is wrong with the token.
    pub fn initialise(&self, current: Option<&OsStr>, random: &dyn Random) -> Result<(), HsmError> {
        let wanted = self.variable();
        if current != Some(wanted.as_os_str()) {
            return Err(HsmError::Environment(CONFIG_VARIABLE, wanted));
        }
        let pkcs11 = token::load(&self.module)?;
        token::initialise(&pkcs11)?;
        let made = self.make_token(&pkcs11);
        token::finalise(&pkcs11);
        made?;
        let settings = self.settings()?;
        if token::root_versions(&settings)?.is_empty() {
            token::create_root(&settings, FIRST_VERSION, random)?;
        }
        Ok(())
    }

    fn make_token(&self, pkcs11: &Pkcs11) -> Result<(), HsmError> {
        let so_pin = Pin::from_file(&self.dir.join(SO_PIN_FILE))?.to_auth_pin();
        let pin = Pin::from_file(&self.pin_file())?.to_auth_pin();
        if find_token(pkcs11)?.is_none() {
            let mut slots = pkcs11.get_slots_with_token()?.into_iter();
            let free = slots.find(|slot| {
                pkcs11.get_token_info(*slot).is_ok_and(|info| !info.token_initialized())
            });
            let free = free.ok_or_else(missing)?;
            pkcs11.init_token(free, &so_pin, TOKEN_LABEL)?;
        }
        // The token has another slot now.
        let slot = find_token(pkcs11)?.ok_or_else(missing)?;
        if pkcs11.get_token_info(slot)?.user_pin_initialized() {
            return Ok(());
        }
        let session = pkcs11.open_rw_session(slot)?;
        session.login(UserType::So, Some(&so_pin))?;
        session.init_pin(&pin)?;
        Ok(session.logout()?)
    }
}

fn find_token(pkcs11: &Pkcs11) -> Result<Option<Slot>, HsmError> {
    let mut slots = pkcs11.get_slots_with_token()?.into_iter();
    Ok(slots.find(|slot| {
        let info = pkcs11.get_token_info(*slot);
        info.is_ok_and(|info| info.token_initialized() && info.label() == TOKEN_LABEL)
    }))
}

fn missing() -> HsmError {
    let wanted = TokenName::Label(TOKEN_LABEL.to_owned());
    HsmError::TokenMissing { wanted, found: "none".into() }
}

/// Writes the configuration; anew each time, because the directory may have been moved.
fn write_config(path: &Path, tokens: &Path) -> io::Result<()> {
    let tokens = tokens.to_str().filter(|path| !path.contains(['\n', '\r']));
    let tokens = tokens.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "its path is no text of one line")
    })?;
    let text =
        format!("directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
    fs::write(path, text)
}

fn new_pin(random: &dyn Random) -> Result<Zeroizing<String>, HsmError> {
    let mut bytes = Zeroizing::new([0_u8; PIN_BYTES]);
    random.fill(bytes.as_mut_slice())?;
    Ok(secret_file::hexadecimal(bytes.as_slice()))
}
