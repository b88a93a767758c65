//! `keystrata serve`: builds the server from its parts and runs it until it is told to stop.
//!
//! The order is chosen so that a start that fails has written nothing: configuration and
//! certificates are read and addresses are tried before the store is opened.

mod certificates;
mod health;
mod own_roots;
mod parts;
mod prove;
mod root;
mod settings;
mod signals;
mod threads;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keystrata::admin::Admin;
use keystrata::clock::{Clock, SystemClock};
use keystrata::config::Config;
use keystrata::keys::memory::Protection;
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::net::admin::{
    AdminListener, AdminSocket, command_routes, private_routes, public_routes,
};
use keystrata::net::{EventListener, Listener};
use keystrata::service::Service;
use tokio::sync::watch;

use self::certificates::Certificates;
use self::health::{Facts, ServerHealth};
use self::parts::Parts;
pub(super) use self::prove::{Proof, Proofs, prove};
use self::root::Roots;
pub(super) use self::root::{ensure_environment, token as token_settings};
pub(super) use self::settings::audit as audit_settings;
use self::signals::Signals;
use self::threads::{Cores, Thread};
use super::{Environment, Failure, logging, print};

/// The arguments of `keystrata serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  keystrata serve --config /etc/keystrata/keystrata.toml

When it serves, one line goes to standard output:  ready kmip=0.0.0.0:5696 admin=127.0.0.1:9696
Everything else goes to standard error. SIGTERM and SIGINT stop it: what was asked is answered,
and the exit status is 0. SIGHUP reads certificates, keys, revocation lists,
versions of a root key outside of tokens and [root.tenants] again.")]
pub(crate) struct Arguments {
    /// The configuration; deploy/keystrata.toml in the source is an example
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// How often it is looked for destroyed objects whose hold is over.
const HOLDS_INTERVAL: Duration = Duration::from_secs(2);

/// How often tenants' own root keys that are open are asked.
const OWN_ROOTS_INTERVAL: Duration = Duration::from_secs(2);

/// How many asynchronous requests are done at once.
const LATER_AT_ONCE: usize = 4;

/// How often it is looked for asynchronous requests whose time has come.
const LATER_INTERVAL: Duration = Duration::from_secs(1);

/// Where the server listens, with the real ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    /// KMIP.
    pub(super) kmip: SocketAddr,
    /// Metrics and health.
    pub(super) admin: SocketAddr,
}

/// Runs `keystrata serve`.
pub(crate) fn run(
    arguments: &Arguments,
    environment: &Environment,
    protected: Protection,
) -> Result<(), Failure> {
    let config = environment.config(&arguments.config)?;
    serve(&config, &arguments.config, environment, protected, |_| Ok(()))
}

/// Serves until SIGTERM or SIGINT. `announce` is called when the server stands, right before the
/// line that says so.
pub(super) fn serve(
    config: &Config,
    file: &Path,
    environment: &Environment,
    protected: Protection,
    announce: impl FnOnce(&Addresses) -> Result<(), Failure>,
) -> Result<(), Failure> {
    ensure_environment(&config.root.place, environment)?;
    if let Some(next) = &config.root.next {
        ensure_environment(next, environment)?;
    }
    let metrics =
        Metrics::new(&MetricsSettings { tenant_labels_max: config.metrics.tenant_labels_max });
    let _logging = logging::start(config.log, &metrics)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the run-time cannot start: {error}")))?;
    let done = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let server = tokio::select! {
            server = Server::start(config, file, environment, metrics) => server?,
            signal = signals.stop() => {
                tracing::info!(signal, "stopped before it was ready");
                return Ok(());
            }
        };
        tracing::info!("{protected}");
        announce(&server.addresses)?;
        server.run(signals).await
    });
    // A token that does not answer must not keep the process.
    runtime.shutdown_background();
    done
}

/// Whether the server can listen where it should, on both addresses at once.
pub(super) fn check_addresses(config: &Config) -> Result<(), Failure> {
    let bind = |address| TcpListener::bind(address).map_err(|error| taken(address, &error));
    let _kmip = bind(config.listen.kmip)?;
    let _admin = bind(config.listen.admin)?;
    let _events = config.listen.events.map(bind).transpose()?;
    Ok(())
}

/// A server that is built and not yet running.
struct Server {
    addresses: Addresses,
    listener: Listener<Service>,
    admin: AdminListener,
    events: Option<EventListener<Service>>,
    socket: AdminSocket,
    certificates: Certificates,
    health: Arc<ServerHealth>,
    parts: Parts,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Builds it. What can fail without touching a file comes first.
    async fn start(
        config: &Config,
        file: &Path,
        environment: &Environment,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let started = clock.now();
        metrics.started(started.seconds());
        let certificates = Certificates::load(config, &clock, &metrics)?;
        check_addresses(config)?;
        let parts =
            Parts::build(config, file, environment, &clock, &metrics, &certificates.issuers)
                .await?;
        let listener = Listener::bind(
            settings::transport(config),
            Arc::clone(&certificates.tls),
            Arc::clone(&parts.service),
            Arc::clone(&clock),
            Arc::clone(&metrics),
        );
        let listener = listener.map_err(failed)?;
        let admin = AdminListener::bind(config.listen.admin).await;
        let admin = admin.map_err(|error| taken(config.listen.admin, &error))?;
        let events = events(config, &certificates, &parts, &clock).await?;
        let socket = AdminSocket::bind(&config.store.socket()).map_err(failed)?;
        let kmip = listener.addresses().first().copied().unwrap_or(config.listen.kmip);
        let addresses = Addresses { kmip, admin: admin.address().map_err(failed)? };
        let node = config.audit.node.clone();
        let facts = Facts { addresses, node, root: parts.provider, started };
        let health = ServerHealth::new(facts, clock, Arc::clone(&metrics));
        Ok(Self {
            addresses,
            listener,
            admin,
            events,
            socket,
            certificates,
            health,
            parts,
            metrics,
        })
    }

    /// Says that it serves, and serves until a signal asks it to stop.
    async fn run(self, signals: Signals) -> Result<(), Failure> {
        let (stop, stopped) = watch::channel(false);
        let routes = public_routes(self.metrics, Arc::clone(&self.health) as _);
        let admin = tokio::spawn(self.admin.run(routes, until(stopped.clone())));
        let routes = private_routes(Arc::clone(&self.health) as _)
            .merge(command_routes(Arc::clone(&self.parts.admin)));
        let socket = tokio::spawn(self.socket.run(routes, until(stopped.clone())));
        if let Some(events) = self.events {
            tokio::spawn(events.run(until(stopped)));
        }
        let parts = self.parts;
        let watch = {
            let (health, parts) = (Arc::clone(&self.health), parts.clone());
            tokio::spawn(async move { health.watch(&parts).await })
        };
        let own_roots = {
            let parts = parts.clone();
            tokio::spawn(every(OWN_ROOTS_INTERVAL, async move || parts.probe_own_roots().await))
        };
        let background = Thread::in_background()?;
        background.spawn(Arc::clone(&parts.rotator).run());
        let keeper = Arc::clone(&parts.admin);
        let mut remains = true;
        let holds = every(HOLDS_INTERVAL, async move || {
            if remains {
                remains = !no_remains(&keeper).await;
            }
            keeper.erase_due().await;
        });
        background.spawn(holds);
        let later = (0..LATER_AT_ONCE).map(|_| {
            let service = Arc::clone(&parts.service);
            tokio::spawn(every(LATER_INTERVAL, async move || {
                service.do_due().await;
            }))
        });
        let later: Vec<_> = later.collect();
        let service = Arc::clone(&parts.service);
        background.spawn(async move { service.rotate_on_time().await });
        let Addresses { kmip, admin: admin_address } = self.addresses;
        print(format_args!("ready kmip={kmip} admin={admin_address}\n"));
        tracing::info!(%kmip, admin = %admin_address, "ready");

        let (health, certificates, roots) = (self.health, self.certificates, parts.roots.clone());
        let told = async move {
            let signal = signals.until_stop(|| reload(&certificates, &roots)).await;
            tracing::info!(signal, "stopping");
            health.stopping();
        };
        let drained = self.listener.run(Cores::start()?, told).await;
        watch.abort();
        own_roots.abort();
        later.iter().for_each(tokio::task::JoinHandle::abort);
        let closed = tokio::task::spawn_blocking(move || {
            drop(background);
            parts.close();
        });
        // The admin listeners end when they are told so, or when nobody is left to tell them.
        let _ = stop.send(true);
        let _ = tokio::join!(admin, socket, closed);
        tracing::info!(connections_cut = drained.cut, "stopped");
        Ok(())
    }
}

/// Reads again what may have changed.
fn reload(certificates: &Certificates, roots: &Roots) {
    certificates.reload();
    if let Err(error) = roots.reload() {
        tracing::error!(%error, "the versions of the root key stay as they were");
    }
}

/// Erases what an earlier process has left of the shredded. Returns whether all of it is gone.
async fn no_remains(admin: &Admin) -> bool {
    let erased = admin.erase_remains().await;
    if let Err(error) = &erased {
        tracing::warn!(%error, "what is left of the shredded is not erased yet");
    }
    erased.is_ok()
}

/// Does something again and again, this long after it was done last. Never ends.
async fn every(interval: Duration, mut step: impl AsyncFnMut()) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        step().await;
    }
}

/// The listener of the events port, if there is to be one.
async fn events(
    config: &Config,
    certificates: &Certificates,
    parts: &Parts,
    clock: &Arc<dyn Clock>,
) -> Result<Option<EventListener<Service>>, Failure> {
    let Some(address) = config.listen.events else { return Ok(None) };
    let (tls, service) = (Arc::clone(&certificates.tls), Arc::clone(&parts.service));
    let (admin, clock) = (Arc::clone(&parts.admin), Arc::clone(clock));
    let events = EventListener::bind(address, tls, service, admin, clock).await;
    let events = events.map_err(|error| taken(address, &error))?;
    tracing::info!(events = %events.address().map_err(failed)?, "events are told");
    Ok(Some(events))
}

/// Resolves when `stopped` says so, or when nobody is left to say it.
async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn taken(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot listen on {address}: {error}; stop what listens there, or set another address"
    ))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
