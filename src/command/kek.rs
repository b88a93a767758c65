//! `keystrata kek`: the keys of the hierarchy.

use serde::Serialize;
use serde_json::Value;

use super::ask::Common;
use super::{Environment, Failure};

/// The sub-commands of `keystrata kek`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show every level and version of the hierarchy's keys
    #[command(after_help = "Examples:
  keystrata kek status --dir keystrata-try
  keystrata kek status --config keystrata.toml --json")]
    Status(Status),
}

/// The arguments of `keystrata kek status`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Status {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
}

/// Runs `keystrata kek`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Status(status) => status.common.run(environment, "kek status", status, shown),
    }
}

fn shown(status: &Value) -> String {
    format!("{status:#}\n")
}
