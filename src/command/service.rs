//! `keystrata service`: the services of a tenant, and what each may do.

use serde::Serialize;

use super::ask::Common;
use super::tenant::{line, members, table};
use super::{Environment, Failure};

/// The sub-commands of `keystrata service`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the services of a tenant
    #[command(after_help = "Example:
  keystrata service list --tenant tenant-a --dir keystrata-try")]
    List(List),
    /// Show a service, the versions of its key, and how much it has
    #[command(after_help = "Example:
  keystrata service show --tenant tenant-a --service orders --dir keystrata-try")]
    Show(One),
    /// Make a service with version 1 of its key
    #[command(after_help = "Example:
  keystrata service create --tenant tenant-a --service reports --dir keystrata-try")]
    Create(Act),
    /// Take a service's keys out of memory and refuse its requests until it is resumed
    #[command(after_help = "Example:
  keystrata service suspend --tenant tenant-a --service orders --dir keystrata-try")]
    Suspend(Act),
    /// Serve a suspended service again
    #[command(after_help = "Example:
  keystrata service resume --tenant tenant-a --service orders --dir keystrata-try")]
    Resume(Act),
    /// Destroy all keys of a service for good, with a signed statement
    #[command(after_help = "Examples:
  keystrata service shred --tenant tenant-a --service orders --plan --dir keystrata-try
  keystrata service shred --tenant tenant-a --service orders --confirm orders --dir keystrata-try")]
    Shred(Shred),
    /// Say what kind of work a service may do: read-write, write-only or read-only
    #[command(after_help = "Example:
  keystrata service set-mode --tenant tenant-a --service orders --mode read-only --dir keystrata-try")]
    SetMode(SetMode),
    /// Say how far a service reaches: service or tenant-admin
    #[command(after_help = "Example:
  keystrata service set-role --tenant tenant-a --service orders --role tenant-admin --dir keystrata-try")]
    SetRole(SetRole),
    /// Say which operations a service may call
    #[command(after_help = "Examples:
  keystrata service set-operations --tenant tenant-a --service orders --operations Get,Locate --dir keystrata-try
  keystrata service set-operations --tenant tenant-a --service orders --operations all --dir keystrata-try")]
    SetOperations(SetOperations),
}

/// A list.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct List {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The tenant
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Begin after this name; an answer has at most 1000
    #[arg(long, value_name = "NAME")]
    after: Option<String>,
}

/// One service.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct One {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The tenant
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// The service
    #[arg(long, value_name = "NAME")]
    service: String,
}

/// A change of a service.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Act {
    #[command(flatten)]
    #[serde(flatten)]
    one: One,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// The end of a service.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Shred {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// The service's name once more: nothing brings the keys back
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// A mode.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct SetMode {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// read-write, write-only or read-only
    #[arg(long)]
    mode: String,
}

/// A role.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct SetRole {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// service or tenant-admin
    #[arg(long)]
    role: String,
}

/// A list of operations.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct SetOperations {
    #[command(flatten)]
    #[serde(flatten)]
    act: Act,
    /// Their names, as in Get; `all` takes the list away
    #[arg(long, value_delimiter = ',', required = true)]
    operations: Vec<String>,
}

/// Runs `keystrata service`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::List(it) => it.common.run(environment, "service list", it, table),
        Command::Show(it) => it.common.run(environment, "service show", it, members),
        Command::Create(it) => it.one.common.run(environment, "service create", it, line),
        Command::Suspend(it) => it.one.common.run(environment, "service suspend", it, line),
        Command::Resume(it) => it.one.common.run(environment, "service resume", it, line),
        Command::Shred(it) => it.act.one.common.run(environment, "service shred", it, line),
        Command::SetMode(it) => it.act.one.common.run(environment, "service set-mode", it, line),
        Command::SetRole(it) => it.act.one.common.run(environment, "service set-role", it, line),
        Command::SetOperations(it) => {
            it.act.one.common.run(environment, "service set-operations", it, line)
        }
    }
}
