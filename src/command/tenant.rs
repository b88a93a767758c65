//! `keystrata tenant`: who is served, and how.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::ask::Common;
use super::{Environment, Failure};

/// The sub-commands of `keystrata tenant`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the tenants
    #[command(after_help = "Example:
  keystrata tenant list --dir keystrata-try")]
    List(List),
    /// Show a tenant, the versions of its key, and how much it has
    #[command(after_help = "Example:
  keystrata tenant show --tenant tenant-a --dir keystrata-try")]
    Show(One),
    /// Make a tenant with version 1 of its key
    #[command(after_help = "Example:
  keystrata tenant create --tenant tenant-c --dir keystrata-try")]
    Create(Act),
    /// Take a tenant's keys out of memory and refuse its requests until it is resumed
    #[command(after_help = "Example:
  keystrata tenant suspend --tenant tenant-a --dir keystrata-try

Open connections are refused from then on, new ones in the handshake.")]
    Suspend(Act),
    /// Serve a suspended tenant again
    #[command(after_help = "Example:
  keystrata tenant resume --tenant tenant-a --dir keystrata-try")]
    Resume(Act),
    /// Destroy all keys of a tenant for good, with a signed statement
    #[command(after_help = "Examples:
  keystrata tenant shred --tenant tenant-a --plan --dir keystrata-try
  keystrata tenant shred --tenant tenant-a --confirm tenant-a --json --dir keystrata-try

Nothing brings them back but a backup that still holds them. See docs/operations/shredding.md.")]
    Shred(Shred),
    /// Show the signed statements about what was shredded of a tenant
    #[command(after_help = "Example:
  keystrata tenant statements --tenant tenant-a --json --dir keystrata-try")]
    Statements(One),
    /// Print what happens to a tenant's keys, as it happens; until it is interrupted
    #[command(after_help = "Example:
  keystrata tenant events --tenant tenant-a --dir keystrata-try

One line of JSON for each event: key_rotation, suspension, resumption or shredding.")]
    Events(One),
    /// Say how a tenant's objects are treated
    #[command(after_help = "Example:
  keystrata tenant set --tenant tenant-a --strict true --dir keystrata-try
  keystrata tenant set --tenant tenant-a --destroy-hold 86400 --dir keystrata-try
  keystrata tenant set --tenant tenant-a --legacy on --dir keystrata-try

With --strict, compromised objects refuse everything; otherwise they still decrypt and verify.
With --legacy on, keys of 3DES and what else only old estates need are allowed; it comes before
[cryptography] in the configuration, and survives a restart.")]
    Set(Set),
}

/// A list.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct List {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// Begin after this name; an answer has at most 1000
    #[arg(long, value_name = "NAME")]
    after: Option<String>,
}

/// One tenant.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct One {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The tenant
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

/// A change of a tenant.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Act {
    #[command(flatten)]
    #[serde(flatten)]
    one: One,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// The end of a tenant.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Shred {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// The name once more: nothing brings the keys back
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// What can be set.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Set {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// Whether compromised objects refuse everything
    #[arg(long)]
    strict: Option<bool>,
    /// How long the values of destroyed objects are kept for `object restore`; 0 erases at once
    #[arg(long, value_name = "SECONDS")]
    destroy_hold: Option<u32>,
    /// Whether what only old estates need is allowed
    #[arg(long, value_enum, value_name = "WHETHER")]
    legacy: Option<Legacy>,
}

/// Whether a tenant may what only old estates need.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Legacy {
    /// It may
    On,
    /// It may not
    Off,
    /// As the configuration says
    Configured,
}

/// Runs `keystrata tenant`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::List(it) => it.common.run(environment, "tenant list", it, table),
        Command::Show(it) => it.common.run(environment, "tenant show", it, members),
        Command::Create(it) => it.one.common.run(environment, "tenant create", it, line),
        Command::Suspend(it) => it.one.common.run(environment, "tenant suspend", it, line),
        Command::Resume(it) => it.one.common.run(environment, "tenant resume", it, line),
        Command::Shred(it) => it.act.one.common.run(environment, "tenant shred", it, line),
        Command::Statements(it) => it.common.run(environment, "tenant statements", it, statements),
        Command::Events(it) => it.common.events(environment, &it.tenant),
        Command::Set(it) => it.act.one.common.run(environment, "tenant set", it, line),
    }
}

/// The statements; and in which backups that still is that they are about.
fn statements(done: &Value) -> String {
    let list = |name| done.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut out = done.get("statements").map(|all| format!("{all:#}\n")).unwrap_or_default();
    for (number, held) in (1..).zip(list("still_in")) {
        for backup in held.as_array().into_iter().flatten() {
            let text = |name| backup.get(name).and_then(Value::as_str).unwrap_or_default();
            let (id, path) = (text("id"), text("path"));
            let _ = writeln!(out, "what statement {number} names is still in backup {id} ({path})");
        }
    }
    out
}

/// What was or would be done, in one line; and a statement about it, if there is one.
pub(super) fn line(done: &Value) -> String {
    let line = done.get("line").and_then(Value::as_str).unwrap_or_default();
    match done.get("statement") {
        Some(statement) => format!("{line}\n{statement:#}\n"),
        None => format!("{line}\n"),
    }
}

/// One line per member.
pub(super) fn members(done: &Value) -> String {
    let members = done.as_object().into_iter().flatten();
    let lines: Vec<_> =
        members.map(|(name, value)| format!("{name:<16}{}\n", word(value))).collect();
    lines.concat()
}

/// The columns of lists, in their order.
const COLUMNS: [&str; 9] =
    ["tenant", "service", "state", "mode", "role", "strict", "destroy_hold", "legacy", "created"];

/// A heading and one line per row of a list.
pub(super) fn table(done: &Value) -> String {
    let lists = done.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    let rows: Vec<_> = lists.flatten().filter_map(Value::as_object).collect();
    let has = |name: &&&str| rows.iter().any(|row| row.contains_key(**name));
    let columns: Vec<&str> = COLUMNS.iter().filter(has).copied().collect();
    let mut lines = String::new();
    let mut add = |words: Vec<String>| {
        let words: Vec<_> = words.iter().map(|word| format!("{word:<14}")).collect();
        lines.push_str(words.join(" ").trim_end());
        lines.push('\n');
    };
    if !rows.is_empty() {
        add(columns.iter().map(|name| (*name).to_owned()).collect());
    }
    for row in &rows {
        add(columns.iter().map(|name| row.get(*name).map(word).unwrap_or_default()).collect());
    }
    if done.get("more").and_then(Value::as_bool).unwrap_or_default() {
        lines.push_str("… more: give --after with the last name\n");
    }
    lines
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        value => value.to_string(),
    }
}
