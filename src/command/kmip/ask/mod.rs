//! `keystrata kmip <operation>`: asks a KMIP server, any.
#![allow(clippy::doc_markdown, reason = "what is said about arguments is printed by --help")]

mod answer;
mod attributes;
mod connection;
mod crypto;
mod find;
mod make;
mod object;
mod operations;
mod raw;
mod register;
mod words;

use std::io::{self, Write as _};
use std::path::Path;

use keystrata::client::{ClientError, Refusal};
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::{Tag, Version, codec};
use serde_json::{Map, Value as Json, json};

pub(crate) use self::operations::Operation;

use self::answer::Answer;
use self::connection::Connection;
use crate::command::{About as _, Failure, print, private};

/// What the arguments of an operation are made into.
pub(crate) trait Question {
    /// The request. Files are read here.
    fn payload(&self) -> Result<RequestPayload<'_>, Failure>;

    /// Where the bytes go that the operation is asked for.
    fn out(&self) -> Option<&Path> {
        None
    }
}

/// An operation's own arguments, and those that all have.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked<Q: clap::Args> {
    #[command(flatten)]
    question: Q,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    shape: Shape,
}

/// How the answer is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answer")]
pub(crate) struct Shape {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show keys, passwords and data, which are lengths otherwise
    #[arg(long)]
    show_secrets: bool,
}

impl<Q: clap::Args + Question> Asked<Q> {
    /// Asks, and shows the answer.
    fn run(&self) -> Result<(), Failure> {
        let answer = self.ask()?;
        let out = self.question.out();
        if let Some(out) = out {
            let product = answer.product();
            let none = "the answer is not one string of bytes: see it with --show-secrets";
            write(out, &product.ok_or_else(|| Failure::new(none))?)?;
        }
        // Standard output is for the bytes alone, if they go there.
        if out != Some(Path::new(STANDARD_OUTPUT)) {
            let shown = answer.json(self.shape.show_secrets);
            if self.shape.json {
                print(format_args!("{shown:#}\n"));
            } else {
                print(format_args!("{}", answer::lines(&shown)));
            }
        }
        answer.verdict()
    }

    fn ask(&self) -> Result<Answer, Failure> {
        let payload = self.question.payload()?;
        let operation = payload.operation();
        let client = self.connection.client().map_err(|error| failure(&error))?;
        let version = client.version().map_err(|error| self.refused(&error))?;
        say_all(&payload, version)?;
        let reply = client.ask(payload).map_err(|error| self.refused(&error))?;
        let payload = reply.payload().map_err(|error| failure(&error))?;
        Answer::of(operation, payload).map_err(|error| failure(&error.into()))
    }

    /// Tells scripts why the server refuses; the line is for people.
    fn refused(&self, error: &ClientError) -> Failure {
        if let Some(refusal) = error.refusal().filter(|_| self.shape.json) {
            print(format_args!("{:#}\n", refused(refusal)));
        }
        failure(error)
    }
}

/// The name of standard output in place of a file's.
const STANDARD_OUTPUT: &str = "-";

/// Refuses what `version` would leave out.
fn say_all(payload: &RequestPayload<'_>, version: Version) -> Result<(), Failure> {
    if can_say(payload, version) {
        return Ok(());
    }
    let others = Version::ALL.into_iter().filter(|other| can_say(payload, *other));
    let others: Vec<_> = others.map(|other| other.to_string()).collect();
    Err(Failure::new(if others.is_empty() {
        "no version of KMIP has all that is asked for at once".to_owned()
    } else {
        let others = others.join(", ");
        format!("KMIP {version} has not all that is asked for; --kmip-version could be {others}")
    }))
}

/// Whether nothing is left out of a request in this version.
fn can_say(payload: &RequestPayload<'_>, version: Version) -> bool {
    let bytes = codec::encode(Tag::RequestPayload, payload, version);
    let item = kmip_ttlv::item::first(&bytes, version);
    let read = item.and_then(|(item, _)| RequestPayload::decode(payload.operation(), item));
    read.is_ok_and(|read| read == *payload)
}

fn failure(error: &ClientError) -> Failure {
    Failure::new(error.to_string())
}

/// A refusal as JSON.
fn refused(refusal: &Refusal) -> Json {
    let mut members = Map::new();
    if let Some(operation) = refusal.operation {
        members.insert("Operation".into(), operation.xml_name().into());
    }
    members.insert("ResultStatus".into(), refusal.status.xml_name().into());
    if let Some(reason) = refusal.reason {
        members.insert("ResultReason".into(), json!(reason.xml_name()));
    }
    if let Some(message) = &refusal.message {
        members.insert("ResultMessage".into(), message.as_str().into());
    }
    Json::Object(members)
}

/// Writes bytes as they are.
fn write(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if out != Path::new(STANDARD_OUTPUT) {
        return private::file(out, bytes);
    }
    let mut output = io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush()).about("standard output".as_ref())
}
