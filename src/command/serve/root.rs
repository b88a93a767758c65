//! Opens the root key as the configuration says.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use keystrata::clock::Clock;
use keystrata::config::{
    self, Config, EnvRoot, EnvVersion, KeySource, PinSource, Pkcs11Root, RootPlace, TokenName,
    Worker,
};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::{self, Pin, Place, TokenSettings, WorkerProgram};
use keystrata::keys::{Provider, RootKey, env_root};
use keystrata::metrics::Metrics;
use zeroize::Zeroizing;

use super::super::{Environment, Failure, hsm_worker};
use super::own_roots::OwnRoots;

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

/// How a root key is opened, whichever it is; also later, for it to move.
#[derive(Clone)]
pub(super) struct Roots {
    root: config::Root,
    worker: WorkerProgram,
    environment: Environment,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// The configuration's file, which is read again for new versions.
    file: PathBuf,
    /// The shared roots of provider `env` that are open.
    opened: Arc<Mutex<Vec<Arc<env_root::EnvRoot>>>>,
    /// Those of tenants' own.
    own: Arc<OwnRoots>,
}

impl Roots {
    pub(super) fn new(
        config: &Config,
        file: &Path,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let worker = hsm_worker::program(config.log)?;
        let tenants = config.root.tenants.clone();
        let own = OwnRoots::new(tenants, worker.clone(), environment, clock, metrics);
        Ok(Self {
            root: config.root.clone(),
            worker,
            environment: environment.clone(),
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
            file: file.to_owned(),
            opened: Arc::default(),
            own: Arc::new(own),
        })
    }

    /// The root keys of tenants' own.
    pub(super) fn own(&self) -> Arc<OwnRoots> {
        Arc::clone(&self.own)
    }

    /// Whether the root may move.
    pub(super) fn has_next(&self) -> bool {
        self.root.next.is_some()
    }

    /// The configured place of a provider; without one, the first.
    fn place(&self, provider: Option<Provider>) -> Option<&RootPlace> {
        let mut places = std::iter::once(&self.root.place).chain(&self.root.next);
        places.find(|place| provider.is_none_or(|wanted| provider_of(place) == wanted))
    }

    /// The provider that is configured beside another one.
    pub(super) fn other(&self, than: Provider) -> Option<Provider> {
        let places = std::iter::once(&self.root.place).chain(&self.root.next);
        places.map(provider_of).find(|provider| *provider != than)
    }

    /// Opens the root of a provider, or the configured one; that also if the wanted one is not
    /// configured, to be refused with its name. Blocks.
    pub(super) fn open(&self, provider: Option<Provider>) -> Result<Arc<dyn RootKey>, Failure> {
        let place = self.place(provider).unwrap_or(&self.root.place);
        let (clock, metrics) = (Arc::clone(&self.clock), Arc::clone(&self.metrics));
        if let RootPlace::Env(root) = place {
            let versions = sources(root, &self.environment)?;
            let opened = env_root::EnvRoot::new(versions, Arc::new(OsRandom)).map_err(failed)?;
            let opened = Arc::new(opened);
            self.opened().push(Arc::clone(&opened));
            return Ok(opened);
        }
        open(place, self.worker.clone(), &self.environment, clock, metrics)
    }

    /// Opens a provider for the root to move to; see [`keystrata::admin::OpenRoot`].
    pub(super) fn open_to_move(
        &self,
        provider: Provider,
        next: Option<u32>,
    ) -> Result<Arc<dyn RootKey>, Failure> {
        let configured = self.environment.config(&self.file)?.root;
        let roots = Self { root: configured, ..self.clone() };
        let place = roots.place(Some(provider)).ok_or_else(|| {
            let file = self.file.display();
            Failure::new(format!("{file} has no [root.next] with provider \"{provider}\""))
        })?;
        if let (RootPlace::Pkcs11(root), Some(next)) = (place, next) {
            let settings = token(root, &self.environment)?;
            let has = hsm::root_versions(&settings).map_err(failed)?;
            if !has.iter().any(|version| *version >= next) {
                hsm::create_root(&settings, next, &OsRandom).map_err(failed)?;
            }
        }
        roots.open(Some(provider))
    }

    /// Takes new versions of roots of provider `env`, and where tenants' own roots are, as the
    /// configuration's file says now.
    pub(super) fn reload(&self) -> Result<(), Failure> {
        let configured = self.environment.config(&self.file)?.root;
        let mut places = std::iter::once(&configured.place).chain(&configured.next);
        if let Some(RootPlace::Env(root)) = places.find(|it| matches!(it, RootPlace::Env(_))) {
            for each in &*self.opened() {
                each.reload(sources(root, &self.environment)?).map_err(failed)?;
            }
        }
        self.own.reload(configured.tenants);
        Ok(())
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Vec<Arc<env_root::EnvRoot>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn provider_of(place: &RootPlace) -> Provider {
    match place {
        RootPlace::Pkcs11(_) => Provider::Pkcs11,
        RootPlace::Env(_) => Provider::Env,
    }
}

/// Opens the root key. Blocks. `worker` is the program that calls a token's module, if that is not
/// called in this process.
fn open(
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

/// How a configured token is found and used.
pub(in super::super) fn token(
    root: &Pkcs11Root,
    environment: &Environment,
) -> Result<TokenSettings, Failure> {
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

pub(super) fn sources(
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
    environment.secret(name).ok_or_else(|| {
        Failure::new(format!("environment variable {name} is not set, or is no text"))
    })
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
