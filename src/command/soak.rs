//! `keystrata soak`: clients at work while everything rotates and the server is killed, and a checker
//! that says whether anything was wrong. For whoever wants to see it on a machine of their own.

mod migrate;
mod sealed;
mod server;
mod trouble;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keystrata::client::Identity;
use keystrata::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use self::sealed::Retired;
use self::server::Server;
use self::trouble::Trouble;
use self::worker::{History, Shared, Worker};
use super::{Failure, print, tell};

/// The arguments of `keystrata soak`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keystrata soak --seconds 600 --kill --migrate --trouble
  keystrata soak --dir soak --seconds 60 --root env --json

It starts a server of its own in DIR (which should be new), has clients create, get, encrypt, decrypt and
destroy over mutual TLS, rotates tenants' keys, services' keys and the root, again and again, and with
--kill kills the server in the middle of every second rotation. With --migrate the root also moves to
the environment and back into the token. With --trouble the processes that call the token are frozen or
killed, or the token is taken away and a copy put in its place, in the middle of others. After each it
looks whether a version that is retired has sealed anything. At last it reads everything that was
acknowledged, makes sure that what was destroyed is gone, and removes every old version. The exit status is 0 if nothing
was wrong.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that stands for itself")]
pub(crate) struct Arguments {
    /// Where the server lives
    #[arg(long, value_name = "DIR", default_value = "keystrata-soak")]
    dir: PathBuf,
    /// How long clients work
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// The pause between rotations, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pause: u64,
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 4)]
    clients: usize,
    /// How many tenants they belong to
    #[arg(long, value_name = "N", default_value_t = 2)]
    tenants: usize,
    /// Where the root key is: softhsm or env
    #[arg(long, value_name = "KIND", default_value = "softhsm", value_parser = ["softhsm", "env"])]
    root: String,
    /// Kill the server in the middle of every second rotation
    #[arg(long)]
    kill: bool,
    /// Move the root to the environment and back, too
    #[arg(long)]
    migrate: bool,
    /// Freeze or kill the processes that call the token, or replace it, in the middle of other rotations
    #[arg(long)]
    trouble: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keystrata soak`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let tenants = arguments.tenants.max(1);
    if arguments.root == "env" && (arguments.migrate || arguments.trouble) {
        return Err(Failure::new("--migrate and --trouble need a token: --root softhsm"));
    }
    let mut server = Server::start(&arguments.dir, &arguments.root, tenants)?;
    let clock = Arc::new(SystemClock::new());
    let shared = Arc::new(Shared {
        address: Mutex::new(Some((server.kmip(), 0))),
        stop: AtomicBool::new(false),
        rotating: AtomicBool::new(false),
        clock: clock.clone(),
    });
    let mut workers = Vec::new();
    for number in 0..arguments.clients.max(1) {
        let files = arguments.dir.join(format!("clients/soak-{}/app", number % tenants));
        let authority = arguments.dir.join("ca.pem");
        let identity = Identity::load(&authority, &files.join("cert.pem"), &files.join("key.pem"))
            .map_err(|error| Failure::new(error.to_string()))?;
        workers.push(Worker { shared: Arc::clone(&shared), identity });
    }
    let until = clock.elapsed() + Duration::from_secs(arguments.seconds);
    let mut retired = Retired::default();
    let (mut histories, rotations) = thread::scope(|scope| {
        let running: Vec<_> =
            workers.iter().map(|worker| scope.spawn(move || worker.run())).collect();
        let rotations = rotate_until(arguments, &mut server, &shared, until, &mut retired);
        shared.stop.store(true, Ordering::Relaxed);
        let histories = running.into_iter().map(|thread| thread.join().unwrap_or_default());
        (histories.collect::<Vec<History>>(), rotations)
    });
    let rotations = rotations?;
    retired.look(&server.command(&["kek", "status"])?);
    let mut wrong = retired.wrong;
    server.command(&["kek", "rewrap", "--level", "tenant"])?;
    for tenant in 0..tenants {
        let tenant = format!("soak-{tenant}");
        server.command(&["kek", "rewrap", "--level", "service", "--tenant", &tenant])?;
    }
    let removed = server.remove_old(tenants, &mut wrong)?;
    for (worker, history) in workers.iter().zip(&mut histories) {
        worker.check_all(history).map_err(|error| Failure::new(error.to_string()))?;
    }
    server.stop()?;
    if let Err(failure) = server.verify_trail() {
        wrong.push(failure.to_string());
    }
    report(arguments, histories, &rotations, removed, wrong)
}

/// What was rotated how often, and how often the server was killed.
#[derive(Default)]
struct Rotations {
    tenant: u64,
    service: u64,
    root: u64,
    migrations: u64,
    kills: u64,
    troubles: u64,
    /// Of those, how often the token was taken away and put back.
    replaced: u64,
}

const ROTATE_ROOT: [&str; 4] = ["kek", "rotate", "--level", "root"];

/// Rotates one level after the other.
fn rotate_until(
    arguments: &Arguments,
    server: &mut Server,
    shared: &Shared,
    until: Duration,
    retired: &mut Retired,
) -> Result<Rotations, Failure> {
    let mut done = Rotations::default();
    let mut number = 0_u64;
    while shared.clock.elapsed() < until {
        thread::sleep(Duration::from_millis(arguments.pause));
        let tenant = format!("soak-{}", number / 3 % arguments.tenants.max(1) as u64);
        let command: &[&str] = match number % 3 {
            0 => &["kek", "rotate", "--level", "tenant"],
            1 => &["kek", "rotate", "--level", "service", "--tenant", &tenant, "--active"],
            _ => &server.next_of_root(number / 3, arguments.migrate)?,
        };
        number += 1;
        let Some(what) = command.get(3) else { continue };
        let delay = Duration::from_millis(7 * (number % 23));
        shared.rotating.store(true, Ordering::Relaxed);
        if arguments.kill && number.is_multiple_of(2) {
            server.kill_during(command, delay, shared)?;
            done.kills += 1;
        } else if arguments.trouble && matches!(number % 5, 0 | 3) {
            let trouble = Trouble::of_turn(done.troubles);
            server.trouble_during(command, delay, trouble)?;
            done.troubles += 1;
            done.replaced += u64::from(trouble == Trouble::Replaced);
        } else {
            server.command(command)?;
        }
        shared.rotating.store(false, Ordering::Relaxed);
        retired.look(&server.command(&["kek", "status"])?);
        match *what {
            "tenant" => done.tenant += 1,
            "service" => done.service += 1,
            "root" => done.root += 1,
            _ => done.migrations += 1,
        }
        tell(format_args!("{number} rotations, the last: {}\n", command.join(" ")));
    }
    server.wait_for_rotations()?;
    Ok(done)
}

fn report(
    arguments: &Arguments,
    histories: Vec<History>,
    rotations: &Rotations,
    removed: usize,
    mut wrong: Vec<String>,
) -> Result<(), Failure> {
    let (mut calm, mut rotating) = (Vec::new(), Vec::new());
    let (mut operations, mut lost, mut alive) = (0, 0, 0);
    for mut history in histories {
        operations += history.operations;
        lost += history.connections_lost;
        alive += history.alive();
        wrong.append(&mut history.wrong);
        calm.append(&mut history.calm);
        rotating.append(&mut history.rotating);
    }
    let report = json!({
        "green": wrong.is_empty(), "operations": operations, "objects_checked": alive,
        "connections_lost": lost, "server_kills": rotations.kills,
        "token_troubles": rotations.troubles, "token_replaced": rotations.replaced,
        "rotations": { "tenant": rotations.tenant, "service": rotations.service,
                       "root": rotations.root, "migrations": rotations.migrations },
        "versions_removed": removed, "get_us_calm": percentiles(&mut calm),
        "get_us_rotating": percentiles(&mut rotating), "wrong": wrong,
    });
    if arguments.json {
        print(format_args!("{report:#}\n"));
    } else if let Some(members) = report.as_object() {
        for (name, value) in members {
            print(format_args!("{name:<24}{value}\n"));
        }
    }
    if report.get("green").and_then(Value::as_bool) == Some(true) {
        Ok(())
    } else {
        Err(Failure::new("the soak has found something wrong"))
    }
}

/// Percentiles of durations.
fn percentiles(micros: &mut [u32]) -> Value {
    micros.sort_unstable();
    let at = |percent: usize| {
        let place = (micros.len() * percent / 100).min(micros.len().saturating_sub(1));
        micros.get(place).copied()
    };
    json!({ "count": micros.len(), "p50": at(50), "p99": at(99), "max": micros.last() })
}
