//! What a token can do, found out by doing it; nothing is left in the token.

use serde_json::{Value, json};

use super::error::HsmError;
use super::method::Method;
use super::self_test;
use super::settings::TokenSettings;
use super::token::{self, Token};
use crate::keys::Random;

/// What came of trying one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// The token does not offer it.
    NotOffered,
    /// It passed its self-test.
    Works,
    /// It did not, for this reason.
    Fails(String),
}

/// A root key that is in the token.
#[derive(Debug)]
pub struct Found {
    /// Its version.
    pub version: u32,
    /// The method that works with it, or why none does.
    pub method: Result<Method, String>,
}

/// The report.
#[derive(Debug)]
pub struct Report {
    /// What the module says of itself.
    pub module: String,
    /// What the token says of itself.
    pub token: String,
    /// What came of each method, with a key that is made for it and goes with the session.
    pub trials: Vec<(Method, Trial)>,
    /// The versions of the root key in the token, or why they cannot be read.
    pub keys: Result<Vec<Found>, String>,
}

/// Logs in to a token and tries what it can do. Blocks; not to be called while a root of the same
/// module is open in this process.
///
/// # Errors
/// [`HsmError`] if the module or the token cannot be used at all.
pub fn probe(settings: &TokenSettings, random: &dyn Random) -> Result<Report, HsmError> {
    let mut token = Token::log_in(&token::load(&settings.module)?, settings)?;
    let report = report(&mut token, settings, random);
    token.disconnect();
    report
}

fn report(
    token: &mut Token,
    settings: &TokenSettings,
    random: &dyn Random,
) -> Result<Report, HsmError> {
    let (module, info) = token.names()?;
    let trial = |method: Method| {
        if !token.offered.contains(&method) {
            return Trial::NotOffered;
        }
        match self_test::with_passing_key(token, method, random) {
            Ok(()) => Trial::Works,
            Err(error) => Trial::Fails(error.to_string()),
        }
    };
    let trials = Method::ALL.map(|method| (method, trial(method))).to_vec();
    let keys = token.look_again(settings).map_err(|error| error.to_string());
    let found = |(version, key): (&u32, &_)| Found {
        version: *version,
        method: self_test::prove(token, settings, *key, random)
            .map_err(|error| error.to_string())
            .and_then(|proof| Method::of(&proof).map(|it| it.0).ok_or_else(String::new)),
    };
    let keys = keys.map(|()| token.keys.iter().map(found).collect());
    Ok(Report {
        module: format!(
            "{}, {} {}, PKCS#11 {}",
            module.manufacturer_id(),
            module.library_description(),
            module.library_version(),
            module.cryptoki_version(),
        ),
        token: format!(
            "{} ({}, {}, serial number {})",
            info.label(),
            info.manufacturer_id(),
            info.model(),
            info.serial_number(),
        ),
        trials,
        keys,
    })
}

impl Report {
    /// The method by which a new root key would seal; `None` if the token cannot hold one.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.trials.iter().find(|(_, trial)| *trial == Trial::Works).map(|(method, _)| *method)
    }

    /// Whether the server can use the token as it is, or after a root key has been made in it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let keys = self.keys.as_ref();
        self.method().is_some() && keys.is_ok_and(|keys| keys.iter().all(|key| key.method.is_ok()))
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let trial = |(method, trial): &(Method, Trial)| {
            let (offered, why) = match trial {
                Trial::NotOffered => (false, None),
                Trial::Works => (true, None),
                Trial::Fails(why) => (true, Some(why)),
            };
            let works = *trial == Trial::Works;
            json!({ "method": method.name(), "offered": offered, "works": works, "why": why })
        };
        let key = |key: &Found| {
            let (method, why) = match &key.method {
                Ok(method) => (Some(method.name()), None),
                Err(why) => (None, Some(why)),
            };
            json!({ "version": key.version, "method": method, "why": why })
        };
        let keys = self.keys.as_ref().map(|keys| keys.iter().map(key).collect::<Vec<_>>());
        json!({
            "module": self.module,
            "token": self.token,
            "methods": self.trials.iter().map(trial).collect::<Vec<_>>(),
            "method": self.method().map(Method::name),
            "keys": keys.as_ref().unwrap_or(&Vec::new()),
            "keys_trouble": keys.err(),
            "usable": self.is_usable(),
        })
    }
}
