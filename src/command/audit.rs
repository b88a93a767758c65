//! `keystrata audit`: work with the audit trail.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use keystrata::audit::{Report, Verifier};
use keystrata::store::{audit_log, embedded};
use serde_json::json;

use super::{About as _, Environment, Failure, Place, print};

/// The sub-commands of `keystrata audit`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Find changed, missing and reordered records in the audit trail
    ///
    /// Every record holds the hash of the one before it. A record that was changed, taken out,
    /// put in or moved breaks the chain, and is named. The trail may be verified while the server
    /// writes it. Files that were moved away from its beginning are not missed; records that were cut
    /// off its end are, as the store remembers how far the trail has come.
    #[command(after_help = "Examples:
  keystrata audit verify --dir keystrata-try
  keystrata audit verify --config keystrata.toml --json
  keystrata audit verify --files audit-00000000000000000001.jsonl

Note the last hash elsewhere: it proves later that nothing before it was written anew.")]
    Verify(VerifyArguments),
}

/// The arguments of `keystrata audit verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    trail: Trail,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where the trail is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Trail {
    /// The server's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of `keystrata try`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The trail's files, in order
    #[arg(long, value_name = "FILE", num_args = 1..)]
    files: Vec<PathBuf>,
}

/// What was found.
struct Verified {
    report: Report,
    /// Whether the end was compared with what the store remembers; why not, if not. Without that,
    /// records that were cut off go unseen.
    end_checked: Result<(), String>,
}

impl Trail {
    fn verify(&self, environment: &Environment) -> Result<Verified, Failure> {
        if !self.files.is_empty() {
            let end_checked = Err("files are verified without their store".to_owned());
            return Ok(Verified { report: verify_files(&self.files)?, end_checked });
        }
        let place = Place { config: self.config.clone(), dir: self.dir.clone() };
        let config = place.config(environment)?;
        // A store that cannot be read leaves the chain itself to be verified.
        let (remembered, end_checked) = match embedded::remembered(&config.store.directory) {
            Ok(remembered) => (Some(remembered), Ok(())),
            Err(error) => (None, Err(error.to_string())),
        };
        let directory = &config.audit.directory;
        let report = audit_log::verify(directory, remembered).about(directory)?;
        Ok(Verified { report, end_checked })
    }
}

/// Runs `keystrata audit`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    let Command::Verify(arguments) = command;
    let Verified { report, end_checked } = arguments.trail.verify(environment)?;
    let reason = end_checked.as_ref().err();
    if arguments.json {
        let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        let (first, last) = (report.first, report.last.map(|anchor| anchor.seq));
        let report = json!({
            "sound": report.is_sound(), "records": report.records, "first": first, "last": last,
            "findings": findings, "more": report.more,
            "end_checked": reason.is_none(), "end_not_checked": reason,
        });
        print(format_args!("{report:#}\n"));
    } else {
        print(format_args!("{report}\n"));
        if let Some(reason) = reason {
            print(format_args!("end_checked: false ({reason})\n"));
        }
    }
    if report.is_sound() { Ok(()) } else { Err(Failure::new("the audit trail is damaged")) }
}

fn verify_files(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut verifier = Verifier::new(None);
    for path in files {
        let file = BufReader::new(File::open(path).about(path)?);
        verifier.file(&path.display().to_string(), file).about(path)?;
    }
    Ok(verifier.finish())
}
