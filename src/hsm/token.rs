//! One token: found, logged in to, its root keys found and made. All calls block.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Info, Pkcs11};
use cryptoki::error::Error as CallError;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::Ulong;

use super::error::HsmError;
use super::method::Method;
use super::self_test;
use super::settings::{TokenName, TokenSettings};
use crate::keys::Random;
use crate::keys::secret_file::hexadecimal;

/// Bytes of a root key.
const KEY_BYTES: u64 = 32;

/// An initialised module with a token that is logged in to. Everything that it handed out is void
/// after [`Token::disconnect`].
#[derive(Debug)]
pub(super) struct Token {
    pkcs11: Pkcs11,
    slot: Slot,
    /// Login is per token and lasts while a session is open.
    login: Mutex<Session>,
    /// How it says that it can seal, the preferred ways first.
    pub(super) offered: Vec<Method>,
    /// The root keys, by version.
    pub(super) keys: BTreeMap<u32, ObjectHandle>,
}

/// Loads a module. It stays loaded: not every library survives being unloaded.
pub(super) fn load(path: &Path) -> Result<Pkcs11, HsmError> {
    Pkcs11::new(path).map_err(|error| HsmError::Module {
        path: path.to_owned(),
        reason: match error {
            CallError::LibraryLoading(error) => error.to_string(),
            other => HsmError::from(other).to_string(),
        },
    })
}

/// Initialises a module for use by several threads.
pub(super) fn initialise(pkcs11: &Pkcs11) -> Result<(), HsmError> {
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    pkcs11.initialize(arguments).map_err(|error| match HsmError::from(error) {
        HsmError::Call { function, answer } => {
            HsmError::Initialise(format!("{function} answered {answer}"))
        }
        other => other,
    })
}

/// Ends the use of a module: all its sessions, handles and logins are void.
pub(super) fn finalise(pkcs11: &Pkcs11) {
    // It fails if the module is not initialised, which is as well.
    let _ = pkcs11.clone().finalize();
}

/// Makes version `version` of the root key in the token: AES-256, generated inside, sensitive, not
/// extractable, and tested. Blocks; not to be called while a root of the same module is open.
///
/// # Errors
/// [`HsmError::KeyExists`] if the token has that version, [`HsmError::KeyExtractable`] or
/// [`HsmError::NoMethod`] if it made something that is no root key (which is removed again), or what
/// is wrong with the token.
pub fn create_root(
    settings: &TokenSettings,
    version: u32,
    random: &dyn Random,
) -> Result<(), HsmError> {
    with_token(settings, |token| token.create_key(settings, version, random))
}

/// The versions of the root key in the token, ascending; none if there is no such key. Blocks; not
/// to be called while a root of the same module is open.
///
/// # Errors
/// What is wrong with the token.
pub fn root_versions(settings: &TokenSettings) -> Result<Vec<u32>, HsmError> {
    with_token(settings, |token| Ok(token.keys.keys().copied().collect()))
}

fn with_token<T>(
    settings: &TokenSettings,
    work: impl FnOnce(&Token) -> Result<T, HsmError>,
) -> Result<T, HsmError> {
    let token = Token::connect(&load(&settings.module)?, settings)?;
    let result = work(&token);
    token.disconnect();
    result
}

impl Token {
    /// Initialises the module, finds the token, logs in and finds the root keys (maybe none).
    pub(super) fn connect(pkcs11: &Pkcs11, settings: &TokenSettings) -> Result<Self, HsmError> {
        let mut token = Self::log_in(pkcs11, settings)?;
        let found = if token.offered.is_empty() {
            Err(HsmError::NothingOffered(settings.token.clone()))
        } else {
            token.look_again(settings)
        };
        match found {
            Ok(()) => Ok(token),
            Err(error) => {
                token.disconnect();
                Err(error)
            }
        }
    }

    /// Initialises the module, finds the token and logs in, whatever it can do.
    pub(super) fn log_in(pkcs11: &Pkcs11, settings: &TokenSettings) -> Result<Self, HsmError> {
        initialise(pkcs11)?;
        let token = Self::logged_in(pkcs11, settings);
        if token.is_err() {
            finalise(pkcs11);
        }
        token
    }

    fn logged_in(pkcs11: &Pkcs11, settings: &TokenSettings) -> Result<Self, HsmError> {
        let slot = find_slot(pkcs11, &settings.token)?;
        let mut offered = Vec::new();
        for method in Method::ALL {
            if method.is_offered(pkcs11, slot)? {
                offered.push(method);
            }
        }
        let login = pkcs11.open_ro_session_no_drop(slot)?;
        login
            .login(UserType::User, Some(&settings.pin.to_auth_pin()))
            .map_err(|error| HsmError::login(error, &settings.token))?;
        let (login, keys) = (Mutex::new(login), BTreeMap::new());
        Ok(Self { pkcs11: pkcs11.clone(), slot, login, offered, keys })
    }

    /// Voids everything that this token handed out, on all threads.
    pub(super) fn disconnect(self) {
        drop(self.login);
        finalise(&self.pkcs11);
    }

    /// A session for one thread. It ends with [`Token::disconnect`], not by being dropped: its
    /// handle may by then belong to somebody else.
    pub(super) fn lasting_session(&self) -> Result<Session, HsmError> {
        Ok(self.pkcs11.open_ro_session_no_drop(self.slot)?)
    }

    /// A session that is closed by being dropped, which must be before [`Token::disconnect`].
    pub(super) fn brief_session(&self) -> Result<Session, HsmError> {
        Ok(self.pkcs11.open_ro_session(self.slot)?)
    }

    /// Finds the root keys anew, among them those that were made since.
    pub(super) fn look_again(&mut self, settings: &TokenSettings) -> Result<(), HsmError> {
        self.keys.extend(self.find(settings)?);
        Ok(())
    }

    /// The root keys that are there now.
    pub(super) fn find(
        &self,
        settings: &TokenSettings,
    ) -> Result<BTreeMap<u32, ObjectHandle>, HsmError> {
        find_keys(&self.brief_session()?, &settings.key_label)
    }

    /// Destroys a key of the token.
    pub(super) fn destroy(&self, key: ObjectHandle) -> Result<(), HsmError> {
        let session = self.pkcs11.open_rw_session(self.slot)?;
        Ok(session.destroy_object(key)?)
    }

    /// Makes a version of the root key, and tests it.
    pub(super) fn create_key(
        &self,
        settings: &TokenSettings,
        version: u32,
        random: &dyn Random,
    ) -> Result<(), HsmError> {
        let label = settings.key_label.clone();
        if self.keys.contains_key(&version) {
            return Err(HsmError::KeyExists { label, version });
        }
        if version == 0 {
            return Err(HsmError::KeyId { label, id: "00".into() });
        }
        let method = self_test::working_method(self, settings, random)?;
        let session = self.pkcs11.open_rw_session(self.slot)?;
        let mut template = template(method, true);
        template.push(Attribute::Label(label.clone().into_bytes()));
        template.push(Attribute::Id(version.to_be_bytes().to_vec()));
        let key = session.generate_key(&Mechanism::AesKeyGen, &template)?;
        let good = match weakness(&session, key, &MADE) {
            Ok(None) => self_test::run(self, key, method, random).map(drop),
            Ok(Some(why)) => Err(HsmError::KeyExtractable { label, version, why }),
            Err(error) => Err(error),
        };
        if good.is_err() {
            session.destroy_object(key)?;
        }
        good
    }

    /// What the module and the token say of themselves.
    pub(super) fn names(&self) -> Result<(Info, TokenInfo), HsmError> {
        Ok((self.pkcs11.get_library_info()?, self.pkcs11.get_token_info(self.slot)?))
    }
}

/// What a key is made as, for a method: a root key, or one that goes with the session.
pub(super) fn template(method: Method, is_lasting: bool) -> Vec<Attribute> {
    let wraps = method.wraps();
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(Ulong::new(KEY_BYTES)),
        Attribute::Token(is_lasting),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(!wraps),
        Attribute::Decrypt(!wraps),
        Attribute::Wrap(wraps),
        Attribute::Unwrap(wraps),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Derive(false),
    ]
}

fn find_slot(pkcs11: &Pkcs11, wanted: &TokenName) -> Result<Slot, HsmError> {
    let mut matching = Vec::new();
    let mut labels = Vec::new();
    for slot in pkcs11.get_slots_with_token()? {
        // A token that cannot be read is not the one.
        let Ok(info) = pkcs11.get_token_info(slot) else { continue };
        if !info.token_initialized() {
            continue;
        }
        let same = match wanted {
            TokenName::Label(label) => info.label() == label,
            TokenName::Serial(serial) => info.serial_number() == serial,
        };
        if same {
            matching.push(slot);
        }
        labels.push(format!("`{}`", info.label()));
    }
    let wanted = wanted.clone();
    match *matching.as_slice() {
        [slot] => Ok(slot),
        [] if labels.is_empty() => Err(HsmError::TokenMissing { wanted, found: "none".into() }),
        [] => Err(HsmError::TokenMissing { wanted, found: labels.join(", ") }),
        _ => Err(HsmError::TokenAmbiguous { wanted, count: matching.len() }),
    }
}

fn find_keys(session: &Session, label: &str) -> Result<BTreeMap<u32, ObjectHandle>, HsmError> {
    let wanted = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    let mut keys = BTreeMap::new();
    for key in session.find_objects(&wanted)? {
        let version = version(session, key, label)?;
        let label = label.to_owned();
        if let Some(why) = weakness(session, key, &FOUND)? {
            return Err(HsmError::KeyExtractable { label, version, why });
        }
        if keys.insert(version, key).is_some() {
            return Err(HsmError::KeyTwice { label, version });
        }
    }
    Ok(keys)
}

/// A key's `CKA_ID` as a number.
fn version(session: &Session, key: ObjectHandle, label: &str) -> Result<u32, HsmError> {
    let attributes = session.get_attributes(key, &[AttributeType::Id])?;
    let id = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Id(id) => Some(id.as_slice()),
        _ => None,
    });
    let id = id.unwrap_or_default();
    let number = id.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    if (1..=size_of::<u32>()).contains(&id.len()) && number != 0 {
        return Ok(number);
    }
    Err(HsmError::KeyId { label: label.to_owned(), id: hexadecimal(id).to_string() })
}

/// What a root key must be, and how its absence is called.
type Rule = (Attribute, &'static str);

/// For a key that was found. Whoever made it may have imported it.
const FOUND: [Rule; 3] = [
    (Attribute::Token(true), "CKA_TOKEN is false"),
    (Attribute::Sensitive(true), "CKA_SENSITIVE is false"),
    (Attribute::Extractable(false), "CKA_EXTRACTABLE is true"),
];

/// For a key that was made.
const MADE: [Rule; 7] = [
    (Attribute::Token(true), "CKA_TOKEN is false"),
    (Attribute::Private(true), "CKA_PRIVATE is false"),
    (Attribute::Sensitive(true), "CKA_SENSITIVE is false"),
    (Attribute::Extractable(false), "CKA_EXTRACTABLE is true"),
    (Attribute::AlwaysSensitive(true), "CKA_ALWAYS_SENSITIVE is false"),
    (Attribute::NeverExtractable(true), "CKA_NEVER_EXTRACTABLE is false"),
    (Attribute::Local(true), "CKA_LOCAL is false"),
];

fn weakness(
    session: &Session,
    key: ObjectHandle,
    rules: &[Rule],
) -> Result<Option<&'static str>, HsmError> {
    let types: Vec<AttributeType> =
        rules.iter().map(|(wanted, _)| wanted.attribute_type()).collect();
    let is = session.get_attributes(key, &types)?;
    Ok(rules.iter().find(|(wanted, _)| !is.contains(wanted)).map(|(_, why)| *why))
}
