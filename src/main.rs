//! The `keystrata` program: arguments, configuration, wiring and signals.

mod command;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keystrata::keys::memory;

use command::{
    Environment, audit, backup, config, hsm, hsm_worker, kek, kmip, object, restore, serve,
    service, soak, status, tell, tenant, try_,
};

/// A request allocates often, and frees on another thread what the audit trail has written.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Test a server of its own: clients at work while everything rotates and the server is killed
    Soak(soak::Arguments),
    /// Show what a running server does
    Status(status::Arguments),
    /// Show and rotate the keys of the hierarchy
    #[command(subcommand)]
    Kek(kek::Command),
    /// See what a PKCS#11 token can do
    #[command(subcommand)]
    Hsm(hsm::Command),
    /// Show and make KMIP messages
    #[command(subcommand)]
    Kmip(kmip::Command),
    /// Work with the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Copies of the store: make, list, verify, forget
    #[command(subcommand)]
    Backup(backup::Command),
    /// Put a backup in the place of a store that is not there
    Restore(restore::Arguments),
    /// Tenants: list, make, suspend, resume, shred
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Objects that were destroyed by mistake, while their tenant has them held
    #[command(subcommand)]
    Object(object::Command),
    /// Services of a tenant: list, make, suspend, resume, shred, and what each may do
    #[command(subcommand)]
    Service(service::Command),
    /// Call a PKCS#11 module for the server that has started this process
    #[command(hide = true)]
    HsmWorker(hsm_worker::Arguments),
}

fn main() -> ExitCode {
    // Before anything is read that could be a secret.
    let protected = memory::protect();
    let arguments = Arguments::parse();
    let environment = Environment::new(std::env::vars_os(), look_up);
    let done = match arguments.command {
        Command::Try(arguments) => try_::run(&arguments, &environment, protected),
        Command::Serve(arguments) => serve::run(&arguments, &environment, protected),
        Command::Config(command) => config::run(&command, &environment),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Status(arguments) => status::run(&arguments, &environment),
        Command::Kek(command) => kek::run(&command, &environment),
        Command::Hsm(command) => hsm::run(&command, &environment),
        Command::Kmip(command) => kmip::run(&command),
        Command::Audit(command) => audit::run(&command, &environment),
        Command::Backup(command) => backup::run(&command, &environment),
        Command::Restore(arguments) => restore::run(&arguments, &environment),
        Command::Tenant(command) => tenant::run(&command, &environment),
        Command::Object(command) => object::run(&command, &environment),
        Command::Service(command) => service::run(&command, &environment),
        Command::HsmWorker(arguments) => hsm_worker::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(format_args!("keystrata: {failure}\n"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment enters")]
fn look_up(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
