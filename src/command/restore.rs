//! `keystrata restore`: a backup in the place of a store that is not there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use keystrata::clock::{Clock as _, SystemClock, Timestamp};
use keystrata::config::Config;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::statement::{Signer, verified};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::BackupRow;
use keystrata::store::audit_log::Shredded;
use keystrata::store::embedded::{self, Begun, Places, ShredAgain};
use keystrata::tenant::{ServiceName, TenantName};
use serde_json::{Value, json};

use super::backup::{absolute, described, own_roots};
use super::serve::{Proof, Proofs, audit_settings, prove};
use super::{About as _, Environment, Failure, Place, print};

/// The arguments of `keystrata restore`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keystrata restore --from /srv/backups/monday.db --plan --config /etc/keystrata/keystrata.toml
  keystrata restore --from /srv/backups/monday.db --config /etc/keystrata/keystrata.toml
  keystrata restore --from monday.db --without-trail --statement shredded.json --dir keystrata-try

The server is stopped, and its store is not in its directory any more. What was shredded since the
backup is shredded again, as the audit trail and the statements tell. See docs/operations/backup.md.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The copy; its manifest is beside it
    #[arg(long, value_name = "PATH")]
    from: PathBuf,
    /// Signed statements about what was shredded, as `tenant shred --json` or `tenant statements
    /// --json` have printed them: it is shredded again
    #[arg(long, value_name = "FILE", num_args = 1..)]
    statement: Vec<PathBuf>,
    /// There is no audit trail that tells what was shredded since; a new one begins
    #[arg(long)]
    without_trail: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keystrata restore`.
pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let config = arguments.place.config(environment)?;
    let places = Places {
        directory: config.store.directory.clone(),
        from: absolute(&arguments.from)?,
        audit: audit_settings(&config),
        without_trail: arguments.without_trail,
    };
    let begun = embedded::begin(places).map_err(failed)?;
    let Proofs { shared, own } = prove(&config, environment, &begun.verified.contents.samples)?;
    match shared {
        Proof::Opens => {}
        Proof::NotReached(why) => {
            return Err(Failure::new(format!("the root key cannot be reached: {why}")));
        }
        Proof::Wrong(why) => return Err(Failure::new(why)),
    }
    let mut statements = Vec::new();
    for file in &arguments.statement {
        statements.extend(read_statements(file)?);
    }
    let again = begun.shreds(statements).map_err(failed)?;
    let mut said = said(&begun, &again, arguments.plan);
    if let Some(said) = said.as_object_mut() {
        said.insert("own_roots".to_owned(), own_roots(&own));
    }
    if !arguments.plan {
        finish(begun, &again, &config)?;
    }
    if arguments.json {
        print(format_args!("{said:#}\n"));
    } else {
        print(format_args!("{}", people(&said)));
    }
    Ok(())
}

fn finish(begun: Begun, again: &[ShredAgain], config: &Config) -> Result<(), Failure> {
    let now = SystemClock::new().now();
    let id = begun.verified.manifest.id.clone();
    let sign = |one: &ShredAgain, held: &[BackupRow]| {
        let signer = Signer::open(&config.store.directory, &OsRandom);
        let signer = signer.map_err(|error| error.to_string())?;
        Ok(signer.sign(&statement(one, held, &id, config, now)).to_string())
    };
    let metrics = Metrics::new(&MetricsSettings::default());
    begun.finish(again, &sign, now, metrics).map_err(failed)
}

/// What is said of a tenant or service that comes out of a backup dead.
fn statement(
    one: &ShredAgain,
    held: &[BackupRow],
    backup: &str,
    config: &Config,
    now: Timestamp,
) -> Value {
    let Shredded { tenant, service } = &one.shredded;
    json!({
        "statement": "shredded before; the store was then restored from a backup of before that, and all \
                      keys of the named, and with them every value that they sealed, are gone from it",
        "node": config.audit.node,
        "time": now.rfc3339(),
        "tenant": tenant.as_str(),
        "service": service.as_ref().map(ServiceName::as_str),
        "restored_from": backup,
        "backups": held.iter().map(BackupRow::to_json).collect::<Vec<_>>(),
    })
}

/// The signed statements in a file.
fn read_statements(file: &Path) -> Result<Vec<ShredAgain>, Failure> {
    let text = fs::read_to_string(file).about(file)?;
    let found: Value = serde_json::from_str(&text).about(file)?;
    let signed = match (found.get("statement"), found.get("statements").and_then(Value::as_array)) {
        (Some(one), _) => vec![one.clone()],
        (None, Some(many)) => many.clone(),
        (None, None) => vec![found],
    };
    let bad = || {
        let line = "no statement about a tenant or service that was signed as it stands: give what \
                    `tenant statements --json` has printed";
        Failure::new(format!("{}: {line}", file.display()))
    };
    let read = |signed: Value| {
        // One about an object names its tenant and service, too, and is not about them.
        let said = verified(&signed).filter(|said| said.get("uid").is_none())?;
        let service = match said.get("service")? {
            Value::Null => None,
            name => Some(ServiceName::new(name.as_str()?).ok()?),
        };
        let tenant = TenantName::new(said.get("tenant")?.as_str()?).ok()?;
        let shredded = Shredded { tenant, service };
        Some(ShredAgain { shredded, statement: Some(signed.to_string()) })
    };
    signed.into_iter().map(|signed| read(signed).ok_or_else(bad)).collect()
}

/// What is or would be done.
fn said(begun: &Begun, again: &[ShredAgain], plan: bool) -> Value {
    let since = begun.since.as_ref();
    let known: Vec<_> = since.iter().flat_map(|since| &since.backups).map(|row| &row.id).collect();
    json!({
        "plan": plan,
        "line": described(&begun.verified.manifest),
        "backup": begun.verified.manifest,
        "trail": since.is_some(),
        "shredded_again": again.iter().map(ShredAgain::name).collect::<Vec<_>>(),
        "known_again": known,
        "undone": since.map(|since| &since.acts),
        "back_again": since.map(|since| since.destroyed),
    })
}

fn people(said: &Value) -> String {
    let is_plan = said.get("plan").and_then(Value::as_bool).unwrap_or_default();
    let head = if is_plan { "would be restored: " } else { "restored: " };
    let line = said.get("line").and_then(Value::as_str).unwrap_or_default();
    let mut out = format!("{head}{line}\n");
    let mut add = |what: &str, name: &str| {
        for one in said.get(name).and_then(Value::as_array).into_iter().flatten() {
            let one = one.as_str().unwrap_or_default();
            out.push_str(what);
            out.push_str(one);
            out.push('\n');
        }
    };
    add("own root key of tenant ", "own_roots");
    add("shredded again: ", "shredded_again");
    add("known, too, as it was made since: backup ", "known_again");
    add("undone: ", "undone");
    match said.get("back_again").and_then(Value::as_u64) {
        None => out.push_str("no audit trail tells what happened since\n"),
        Some(0) => {}
        Some(count) => {
            let _ =
                writeln!(out, "objects that clients destroyed since, and that are back: {count}");
        }
    }
    out
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
