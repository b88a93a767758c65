//! `keystrata object`: objects that were destroyed, by mistake or for good.

use serde::Serialize;

use super::ask::Common;
use super::tenant::line;
use super::{Environment, Failure};

/// The sub-commands of `keystrata object`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Undo Destroy, as long as the tenant's hold keeps the value
    #[command(after_help = "Example:
  keystrata object restore --tenant tenant-a --uid 0198f0c2-5d5e-7c1a-9c55-2f8f2f0e6b7d --dir keystrata-try

The hold is set with: keystrata tenant set --tenant tenant-a --destroy-hold SECONDS")]
    Restore(Restore),
    /// Print a signed statement that an object is destroyed: of which tenant and service, under which
    /// version of a key it was, when, where the audit trail has it, and which backups may have it still
    #[command(after_help = "Example:
  keystrata object statement --tenant tenant-a --uid 0198f0c2-5d5e-7c1a-9c55-2f8f2f0e6b7d --json \
      --dir keystrata-try

It is checked as those of tenant shred: see docs/operations/shredding.md.")]
    Statement(One),
}

/// Which object.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct One {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The tenant
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// The object's Unique Identifier
    #[arg(long)]
    uid: String,
}

/// Which object comes back.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Restore {
    #[command(flatten)]
    #[serde(flatten)]
    one: One,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// Runs `keystrata object`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Restore(it) => it.one.common.run(environment, "object restore", it, line),
        Command::Statement(it) => it.common.run(environment, "object statement", it, line),
    }
}
