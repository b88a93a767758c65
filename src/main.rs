//! The `keystrata` program: arguments, configuration, wiring and signals.

mod command;

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use command::{Environment, audit, config, serve, status, tell, try_};

/// A KMIP key server for platforms with many tenants.
///
/// Databases and services that speak KMIP get their keys here. Each has a certificate that says
/// which tenant and service it is; every key is sealed in a hierarchy that begins in a PKCS#11
/// token.
///
/// To see it run:  keystrata try
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make certificates, a root key and a store in a directory, and serve from it
    Try(try_::Arguments),
    /// Serve as a configuration file says
    Serve(serve::Arguments),
    /// Work with configuration files
    #[command(subcommand)]
    Config(config::Command),
    /// Show what a running server does
    Status(status::Arguments),
    /// Work with the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let environment = Environment::new(variables.collect::<HashMap<_, _>>());
    let done = match arguments.command {
        Command::Try(arguments) => try_::run(&arguments, &environment),
        Command::Serve(arguments) => serve::run(&arguments, &environment),
        Command::Config(command) => config::run(&command, &environment),
        Command::Status(arguments) => status::run(&arguments, &environment),
        Command::Audit(command) => audit::run(&command, &environment),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(format_args!("keystrata: {failure}\n"));
            ExitCode::FAILURE
        }
    }
}
