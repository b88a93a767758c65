//! `keystrata status`: what a running server does.

use serde_json::Value;

use super::{Environment, Failure, Place, ask, print};

/// The arguments of `keystrata status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keystrata status --dir keystrata-try
  keystrata status --config keystrata.toml --json

Asks the server through the socket in its store's directory, so it works for the server's user
only. The exit status is 1 if no server runs there, or if it is not ready.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keystrata status`.
pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let config = arguments.place.config(environment)?;
    let answer = ask::get(&config.store.socket(), "/status")?;
    let status: Value = serde_json::from_str(&answer)
        .map_err(|_| Failure::new("the server's answer is no JSON"))?;
    if arguments.json {
        print(format_args!("{status:#}\n"));
    } else {
        print(format_args!("{}", table(&status)));
    }
    match status.get("ready").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(Failure::new("the server is not ready")),
    }
}

/// One line per member.
fn table(status: &Value) -> String {
    let members = status.as_object().into_iter().flatten();
    let lines = members.map(|(name, value)| match value {
        Value::String(text) => format!("{name:<24}{text}\n"),
        value => format!("{name:<24}{value}\n"),
    });
    lines.collect()
}
