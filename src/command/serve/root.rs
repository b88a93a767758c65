//! Opens the root key as the configuration says.

use std::ffi::OsStr;
use std::sync::Arc;

use keystrata::clock::Clock;
use keystrata::config::{
    EnvRoot, EnvVersion, KeySource, PinSource, Pkcs11Root, RootPlace, TokenName, Worker,
};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{self, Pin, Place, TokenSettings, WorkerProgram};
use keystrata::keys::{RootKey, env_root};
use keystrata::metrics::Metrics;
use zeroize::Zeroizing;

use super::super::{Environment, Failure};

/// Set in a process that has started itself anew, so that it does so only once.
const RESTARTED: &str = "KEYSTRATA_RESTARTED";

/// Sees to it that the token's module finds the variables that it wants: if one is missing, this
/// process starts itself anew with it (same process number, same streams) and does not return.
pub(in super::super) fn ensure_environment(
    place: &RootPlace,
    environment: &Environment,
) -> Result<(), Failure> {
    let RootPlace::Pkcs11(root) = place else { return Ok(()) };
    let wanted = root.environment.iter().map(|(name, value)| (name.as_str(), OsStr::new(value)));
    let mut missing = hsm::environment::missing(wanted, |name| environment.get(name));
    if missing.is_empty() {
        return Ok(());
    }
    if environment.get(RESTARTED).is_some() {
        let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
        let line = format!("{} cannot be set: see [root] `environment`", names.join(", "));
        return Err(Failure::new(line));
    }
    missing.push((RESTARTED, OsStr::new("1")));
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("this program's file is not known: {error}")))?;
    let arguments = std::env::args_os().skip(1);
    let error = hsm::environment::restart(&program, arguments, missing);
    Err(Failure::new(format!("{}: cannot be started again: {error}", program.display())))
}

/// Opens the root key. Blocks. `worker` is the program that calls a token's module, if that is not
/// called in this process.
pub(super) fn open(
    place: &RootPlace,
    worker: WorkerProgram,
    environment: &Environment,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> Result<Arc<dyn RootKey>, Failure> {
    match place {
        RootPlace::Pkcs11(root) => {
            let settings = token(root, environment)?;
            let place = match root.worker {
                Worker::Process => Place::Workers(worker),
                Worker::Threads => Place::Here,
            };
            let random = Arc::new(OsRandom);
            let opened = hsm::Pkcs11Root::open(settings, place, random, clock, metrics);
            Ok(Arc::new(opened.map_err(failed)?))
        }
        RootPlace::Env(root) => {
            let versions = sources(root, environment)?;
            let opened = env_root::EnvRoot::new(versions, Arc::new(OsRandom));
            Ok(Arc::new(opened.map_err(failed)?))
        }
    }
}

fn token(root: &Pkcs11Root, environment: &Environment) -> Result<TokenSettings, Failure> {
    let name = match &root.token {
        TokenName::Label(label) => hsm::TokenName::Label(label.clone()),
        TokenName::Serial(serial) => hsm::TokenName::Serial(serial.clone()),
    };
    let pin = match &root.pin {
        PinSource::File(file) => Pin::from_file(file).map_err(failed)?,
        PinSource::Variable(name) => Pin::new(variable(environment, name)?),
    };
    let settings = TokenSettings::new(root.module.clone(), name, pin, root.key_label.clone());
    Ok(TokenSettings { timeout: root.call_timeout, ..settings })
}

fn sources(
    root: &EnvRoot,
    environment: &Environment,
) -> Result<Vec<(u32, env_root::KeySource)>, Failure> {
    let source = |version: &EnvVersion| match &version.source {
        KeySource::File(file) => Ok((version.version, env_root::KeySource::File(file.clone()))),
        KeySource::Variable(name) => {
            let value = variable(environment, name)?;
            let name = name.clone();
            Ok((version.version, env_root::KeySource::Variable { name, value }))
        }
    };
    root.versions.iter().map(source).collect()
}

fn variable(environment: &Environment, name: &str) -> Result<Zeroizing<String>, Failure> {
    environment
        .secret(name)
        .ok_or_else(|| Failure::new(format!("environment variable {name} is not set")))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
