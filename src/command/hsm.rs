//! `keystrata hsm`: what a PKCS#11 token can do, before a server depends on it.

use std::fmt::Write as _;
use std::path::PathBuf;

use keystrata::config::{Config, RootPlace};
use keystrata::crypto::random::OsRandom;
use keystrata::hsm::probe::{Report, Trial, probe};
use keystrata::hsm::{Pin, TokenName, TokenSettings};

use super::serve::{ensure_environment, token_settings};
use super::{Environment, Failure, try_};

/// The label of a root key, unless something else is said.
const KEY_LABEL: &str = "keystrata-root";

/// The sub-commands of `keystrata hsm`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Log in to a token, try how it can seal, and report; nothing is left in the token
    #[command(after_help = "Examples:
  keystrata hsm probe --config keystrata.toml
  keystrata hsm probe --dir keystrata-try --json
  keystrata hsm probe --config keystrata.toml --tenant acme
  keystrata hsm probe --module /usr/lib/softhsm/libsofthsm2.so --token-label keystrata \\
    --pin-file root.pin

Each way to seal is tried with a key that goes with the session: it must open what it sealed, and
nothing that was changed, cut or moved. The PIN is tried once. Exit status 0: the token can hold a
root key. The module runs in this process, beside a server that may use it.")]
    Probe(Probe),
}

/// The arguments of `keystrata hsm probe`.
#[derive(Debug, clap::Args)]
pub(crate) struct Probe {
    /// The server's configuration file, whose [root] or [root.next] is a token
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "module"])]
    config: Option<PathBuf>,
    /// The directory of `keystrata try`
    #[arg(long, value_name = "DIR", conflicts_with = "module")]
    dir: Option<PathBuf>,
    /// The token of this tenant's own, as [root.tenants] describes it
    #[arg(long, value_name = "T", conflicts_with = "module")]
    tenant: Option<String>,
    /// The library of the token's maker
    #[arg(
        long,
        value_name = "FILE",
        requires = "pin_file",
        required_unless_present_any = ["config", "dir"]
    )]
    module: Option<PathBuf>,
    /// The token, by its label
    #[arg(long, value_name = "LABEL", requires = "module", conflicts_with = "token_serial")]
    token_label: Option<String>,
    /// The token, by its serial number
    #[arg(long, value_name = "NUMBER", requires = "module")]
    token_serial: Option<String>,
    /// The file with its user PIN, mode 0600
    #[arg(long, value_name = "FILE", requires = "module")]
    pin_file: Option<PathBuf>,
    /// The label of the root key
    #[arg(long, value_name = "LABEL", requires = "module", default_value = KEY_LABEL)]
    key_label: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keystrata hsm`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    let Command::Probe(arguments) = command;
    let settings = arguments.settings(environment)?;
    let failed = |error: keystrata::hsm::HsmError| Failure::new(error.to_string());
    let report = probe(&settings, &OsRandom).map_err(failed)?;
    if arguments.json {
        super::print(format_args!("{:#}\n", report.to_json()));
    } else {
        super::print(format_args!("{}", text(&report)));
    }
    if report.is_usable() {
        Ok(())
    } else {
        Err(Failure::new("this token cannot be used as it is"))
    }
}

impl Probe {
    fn settings(&self, environment: &Environment) -> Result<TokenSettings, Failure> {
        let file = match (&self.config, &self.dir) {
            (Some(file), _) => Some(file.clone()),
            (None, dir) => dir.as_ref().map(|dir| dir.join(try_::CONFIG)),
        };
        if let Some(file) = file {
            let config = environment.config(&file)?;
            return of_config(&config, self.tenant.as_deref(), environment);
        }
        let token = match (&self.token_label, &self.token_serial) {
            (Some(label), None) => TokenName::Label(label.clone()),
            (None, Some(serial)) => TokenName::Serial(serial.clone()),
            _ => return Err(Failure::new("give --token-label LABEL or --token-serial NUMBER")),
        };
        let (Some(module), Some(pin_file)) = (&self.module, &self.pin_file) else {
            return Err(Failure::new("give --module FILE and --pin-file FILE"));
        };
        let pin = Pin::from_file(pin_file).map_err(|error| Failure::new(error.to_string()))?;
        Ok(TokenSettings::new(module.clone(), token, pin, self.key_label.clone()))
    }
}

/// The token of a configuration, or a tenant's own there.
fn of_config(
    config: &Config,
    tenant: Option<&str>,
    environment: &Environment,
) -> Result<TokenSettings, Failure> {
    let tenants = &config.root.tenants;
    let places: Vec<&RootPlace> = match tenant {
        None => std::iter::once(&config.root.place).chain(&config.root.next).collect(),
        Some(wanted) => {
            let own = tenants.iter().filter(|(tenant, _)| tenant.as_str() == wanted);
            own.map(|(_, root)| &root.place).collect()
        }
    };
    let place = places.into_iter().find(|place| matches!(place, RootPlace::Pkcs11(_)));
    let Some(place @ RootPlace::Pkcs11(root)) = place else {
        let whose = tenant.map_or(String::new(), |tenant| format!(" of tenant {tenant}"));
        let line = format!("the root key{whose} of this configuration is not in a token");
        return Err(Failure::new(line));
    };
    ensure_environment(place, environment)?;
    token_settings(root, environment)
}

fn text(report: &Report) -> String {
    let mut text = format!("module  {}\ntoken   {}\n\n", report.module, report.token);
    let used = report.method();
    for (method, trial) in &report.trials {
        let said = match trial {
            Trial::NotOffered => "not offered",
            Trial::Works if used == Some(*method) => "works; new root keys use it",
            Trial::Works => "works",
            Trial::Fails(why) => why,
        };
        let _ = writeln!(text, "{:<42}{said}", method.name());
    }
    text.push('\n');
    match &report.keys {
        Err(why) => {
            let _ = writeln!(text, "root keys cannot be used: {why}");
        }
        Ok(keys) if keys.is_empty() => text += "no root key yet\n",
        Ok(keys) => {
            for key in keys {
                let said = key.method.as_ref().map_or_else(String::as_str, |method| method.name());
                let _ = writeln!(text, "root key, version {:<23} {said}", key.version);
            }
        }
    }
    text
}
