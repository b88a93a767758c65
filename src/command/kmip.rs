//! `keystrata kmip`: KMIP messages for people, and a client for them.

mod ask;
mod input;
mod translate;

use super::Failure;

/// The sub-commands of `keystrata kmip`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Ask(ask::Operation),
    /// Show KMIP messages as text, XML or JSON
    ///
    /// Reads whole messages, or any items, one after the other. Keys, passwords and what may hold
    /// them are shown as lengths, unless --show-secrets is given.
    #[command(after_help = "Examples:
  keystrata kmip decode message.bin
  keystrata kmip decode --to json --show-secrets < message.hex
  grep -o '42007[8b].*' trace.log | head -1 | keystrata kmip decode --from hex --to xml")]
    Decode(translate::Decode),
    /// Make KMIP messages of XML or JSON
    #[command(after_help = "Examples:
  keystrata kmip encode request.xml
  keystrata kmip encode --to base64 request.json
  keystrata kmip decode --to xml --show-secrets message.bin | keystrata kmip encode --to binary")]
    Encode(translate::Encode),
}

/// Runs `keystrata kmip`.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Ask(operation) => operation.run(),
        Command::Decode(arguments) => translate::decode(arguments),
        Command::Encode(arguments) => translate::encode(arguments),
    }
}
