//! `keystrata kmip raw`: any message, as it is.

use std::path::PathBuf;

use kmip_ttlv::enums::ResultStatus;
use kmip_ttlv::{Buffer, Tag, Value, codec, json, xml};

use super::connection::Connection;
use super::failure;
use crate::command::Failure;
use crate::command::kmip::input::{Form, content};
use crate::command::kmip::translate::{Shown, VERSION, items, show};

/// The arguments of `keystrata kmip raw`.
#[derive(Debug, clap::Args)]
pub(crate) struct Raw {
    /// The request messages, in XML, JSON, hexadecimal, base64 or as they are; standard input if left
    /// out
    file: Option<PathBuf>,
    /// What the answers are shown in
    #[arg(long, value_enum, default_value = "text")]
    to: Shown,
    /// The same as --to json
    #[arg(long, conflicts_with = "to")]
    json: bool,
    /// Show keys and passwords
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Raw {
    /// Sends each message and shows what answers it.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let requests = requests(&content(self.file.as_deref())?)?;
        let client = self.connection.client().map_err(|error| failure(&error))?;
        let to = if self.json { Shown::Json } else { self.to };
        let mut refused = 0;
        for request in &requests {
            let answer = client.exchange(request).map_err(|error| failure(&error))?;
            show(&answer, to, self.show_secrets)?;
            refused += items(&answer)?.iter().map(|(_, message)| not_done(message)).sum::<usize>();
        }
        match refused {
            0 => Ok(()),
            1 => Err(Failure::new("one batch item was not done")),
            many => Err(Failure::new(format!("{many} batch items were not done"))),
        }
    }
}

/// How many batch items of a response are no success; a pending one may become one.
fn not_done(message: &Value) -> usize {
    let done = [ResultStatus::Success, ResultStatus::OperationPending];
    let done = done.map(|status| Value::Enumeration(status.number()));
    let items = fields(message, Tag::BatchItem);
    let statuses = items.flat_map(|item| fields(item, Tag::ResultStatus));
    statuses.filter(|status| !done.contains(status)).count()
}

/// The fields of a structure with this tag.
fn fields(value: &Value, tag: Tag) -> impl Iterator<Item = &Value> {
    let fields = match value {
        Value::Structure(fields) => fields.as_slice(),
        _ => &[],
    };
    fields.iter().filter(move |(field, _)| *field == tag).map(|(_, value)| value)
}

/// The requests in a file, each a whole message.
fn requests(input: &[u8]) -> Result<Vec<Buffer>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let text = std::str::from_utf8(input).unwrap_or_default().trim_start();
    let messages = match text.chars().next() {
        Some('<') => xml::read(text).map_err(|error| bad(&error))?,
        Some('{' | '[') => json::read(text).map_err(|error| bad(&error))?,
        _ => items(&Form::guess(input).read(input)?)?,
    };
    if let Some((tag, _)) = messages.iter().find(|(tag, _)| *tag != Tag::RequestMessage) {
        return Err(Failure::new(format!("{tag} is no Request Message")));
    }
    if messages.is_empty() {
        return Err(Failure::new("there is no message in the input"));
    }
    Ok(messages.iter().map(|(tag, value)| codec::encode(*tag, value, VERSION)).collect())
}
