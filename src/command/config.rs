//! `keystrata config`: work with configuration files.

use std::path::PathBuf;

use super::{Environment, Failure, print};

/// The sub-commands of `keystrata config`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say whether a configuration file can be used
    ///
    /// Reads the file and the KEYSTRATA_ variables as `serve` does, and names the file, the line
    /// and the key of the first thing that is wrong. Opens neither token nor store.
    #[command(after_help = "Example:\n  keystrata config check --config keystrata.toml")]
    Check {
        /// The file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// Runs `keystrata config`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    let Command::Check { config } = command;
    environment.config(config)?;
    print(format_args!("{}: good\n", config.display()));
    Ok(())
}
