//! How many messages per second, beside the bare echo and the engine alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::runtime::Runtime;

use crate::Extent;
use crate::echo;
use crate::engine::Alone;
use crate::load::{self, Client, Connection, Window};
use crate::process::Process;
use crate::support::requests;

/// Keys per tenant; each connection asks for all of its tenant's in turn.
const KEYS: usize = 16;

/// The goals at the largest number of connections.
const ECHO_SHARE: f64 = 0.60;
const ENGINE_SHARE: f64 = 0.60;
const P99_MAX: Duration = Duration::from_millis(5);
const RATE_MIN: f64 = 10_000.0;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Get,
    Create,
    Encrypt,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Get, Self::Create, Self::Encrypt];

    fn name(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Create => "Create AES-256",
            Self::Encrypt => "Encrypt 1 KiB GCM",
        }
    }

    fn requests(self, uids: &[String]) -> Vec<Vec<u8>> {
        match self {
            Self::Get => uids.iter().map(|uid| requests::get(uid)).collect(),
            Self::Create => vec![requests::create()],
            Self::Encrypt => uids.iter().map(|uid| requests::encrypt_gcm(uid)).collect(),
        }
    }
}

/// A tenant that asks.
struct Tenant {
    config: Arc<ClientConfig>,
    uids: Vec<String>,
}

/// Medians over the rounds.
#[derive(Debug, Clone, Copy)]
struct Medians {
    window: Window,
    /// The serving process's CPU time per answer, warm-up included.
    cpu: Duration,
}

/// Measures and prints.
pub(crate) fn measure(directory: &Path, extent: &Extent) {
    let server = Process::server(&directory.join("server"));
    let echo = Process::echo(&directory.join("server"));
    let alone = Alone::new(&directory.join("engine"));
    let tenants = tenants(&server, &directory.join("server"));
    println!(
        "| operation | connections | msg/s | p50 | p99 | server CPU per message | bare echo, msg/s | share |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let wanted = |operation: &Operation| {
        let name = operation.name().to_lowercase();
        extent.only.as_ref().is_none_or(|only| name.contains(&only.to_lowercase()))
    };
    for operation in Operation::ALL.into_iter().filter(wanted) {
        for &connections in &extent.connections {
            let (ours, bare, share) =
                compare(operation, connections, &tenants, [&server, &echo], extent);
            row(operation, connections, &ours, &bare, share);
            if connections == extent.connections.iter().copied().max().unwrap_or_default() {
                judge(operation, &ours, share);
                if operation == Operation::Create {
                    compare_engine(connections, &tenants, &server, &alone, extent);
                }
            }
        }
    }
    let lines = server.counter("keystrata_log_lines_dropped_total");
    println!(
        "log lines dropped: {lines}; audit records written: {}",
        server.counter("keystrata_audit_records_total")
    );
    server.stop();
}

/// The tenants, with keys that are active and have been handed out before.
fn tenants(server: &Process, directory: &Path) -> Vec<Tenant> {
    let prepare = async |config: Arc<ClientConfig>| {
        let connection = Connection::open(server.address, &config).await;
        let mut connection = connection.expect("the server takes it");
        let mut uids = Vec::new();
        for _ in 0..KEYS {
            let made = connection.exchange(&requests::create()).await;
            let uid = requests::created(made.expect("the server answers"));
            for request in
                [requests::activate(&uid), requests::get(&uid), requests::encrypt_gcm(&uid)]
            {
                let done = connection.exchange(&request).await;
                requests::check(done.expect("the server answers"));
            }
            uids.push(uid);
        }
        Tenant { config, uids }
    };
    Runtime::new().expect("a run-time").block_on(async {
        let mut tenants = Vec::new();
        for config in load::configs(directory) {
            tenants.push(prepare(config).await);
        }
        tenants
    })
}

/// The server and the echo by turns, and the share that the server has of the echo's rate.
fn compare(
    operation: Operation,
    connections: usize,
    tenants: &[Tenant],
    [server, echo]: [&Process; 2],
    extent: &Extent,
) -> (Medians, Medians, f64) {
    let clients = clients(operation, connections, tenants);
    let answer_bytes = answer_bytes(server, &clients);
    let same_sizes = |client: &Client| {
        let requests = client.requests.iter().map(|it| echo::request(it, answer_bytes)).collect();
        Client { requests, ..client.clone() }
    };
    let echo_clients: Vec<_> = clients.iter().map(same_sizes).collect();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        bare.push(once(echo, &echo_clients, extent));
        ours.push(once(server, &clients, extent));
    }
    let rate = |round: &Medians| round.window.rate;
    let share = share(ours.iter().map(rate), bare.iter().map(rate));
    (medians(&ours), medians(&bare), share)
}

/// What is reached of what it is compared to: the median over the rounds, in each of which both were
/// measured one right after the other.
fn share(ours: impl Iterator<Item = f64>, bare: impl Iterator<Item = f64>) -> f64 {
    median(ours.zip(bare).map(|(ours, bare)| ours / bare))
}

fn clients(operation: Operation, connections: usize, tenants: &[Tenant]) -> Vec<Client> {
    let client = |tenant: &Tenant| Client {
        config: Arc::clone(&tenant.config),
        requests: operation.requests(&tenant.uids),
    };
    tenants.iter().cycle().take(connections).map(client).collect()
}

fn answer_bytes(server: &Process, clients: &[Client]) -> usize {
    let client = clients.first().expect("there is a connection");
    let request = client.requests.first().expect("it asks for something");
    Runtime::new().expect("a run-time").block_on(async {
        let connection = Connection::open(server.address, &client.config).await;
        let mut connection = connection.expect("the server takes it");
        let answer = connection.exchange(request).await.expect("the server answers");
        requests::check(answer);
        answer.len()
    })
}

fn once(process: &Process, clients: &[Client], extent: &Extent) -> Medians {
    let before = process.cpu();
    let window = load::measure(process.address, clients, extent);
    let whole = (extent.warm_up + extent.window).as_secs_f64() / extent.window.as_secs_f64();
    let cpu = process.cpu().saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let answers = (window.answers as f64 * whole).max(1.0);
    Medians { window, cpu: cpu.div_f64(answers) }
}

fn medians(rounds: &[Medians]) -> Medians {
    let window = Window {
        rate: median(rounds.iter().map(|round| round.window.rate)),
        p50: Duration::from_secs_f64(median(rounds.iter().map(|it| it.window.p50.as_secs_f64()))),
        p99: Duration::from_secs_f64(median(rounds.iter().map(|it| it.window.p99.as_secs_f64()))),
        answers: rounds.iter().map(|round| round.window.answers).sum(),
    };
    let cpu = median(rounds.iter().map(|round| round.cpu.as_secs_f64()));
    Medians { window, cpu: Duration::from_secs_f64(cpu) }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn row(operation: Operation, connections: usize, ours: &Medians, bare: &Medians, share: f64) {
    let Window { rate, p50, p99, .. } = ours.window;
    println!(
        "| {} | {connections} | {rate:.0} | {p50:.2?} | {p99:.2?} | {:.1?} | {:.0} | {:.0} % |",
        operation.name(),
        ours.cpu,
        bare.window.rate,
        100.0 * share,
    );
}

/// Says whether the goals are met.
fn judge(operation: Operation, ours: &Medians, share: f64) {
    let Window { rate, p99, .. } = ours.window;
    if operation == Operation::Get {
        goal("Get, share of the bare echo's rate", share >= ECHO_SHARE, share);
        goal("Get, p99 in ms", p99 < P99_MAX, 1000.0 * p99.as_secs_f64());
        goal("Get, messages per second", rate > RATE_MIN, rate);
    }
}

fn goal(what: &str, met: bool, value: f64) {
    println!("goal {}: {what}: {value:.2}", if met { "met" } else { "MISSED" });
}

/// The server's Creates and the engine's inserts by turns, each after the other's writes are on the
/// disk.
fn compare_engine(
    connections: usize,
    tenants: &[Tenant],
    server: &Process,
    alone: &Alone,
    extent: &Extent,
) {
    let clients = clients(Operation::Create, connections, tenants);
    let (mut ours, mut inserted) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        rustix::fs::sync();
        inserted.push(alone.measure(connections, extent));
        rustix::fs::sync();
        ours.push(load::measure(server.address, &clients, extent).rate);
    }
    let share = share(ours.iter().copied(), inserted.iter().copied());
    let (ours, inserted) = (median(ours.into_iter()), median(inserted.into_iter()));
    println!("engine alone: {inserted:.0} inserts/s; Create: {ours:.0}/s");
    goal("Create, share of the engine alone", share >= ENGINE_SHARE, share);
}
