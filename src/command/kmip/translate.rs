//! `keystrata kmip decode` and `encode`: between bytes and what people read.

use std::io::{self, Write as _};
use std::path::PathBuf;

use kmip_ttlv::item::first;
use kmip_ttlv::{
    Buffer, Decode as _, Dump, DumpWithSecrets, Tag, Value, Version, codec, json, xml,
};

use super::super::{About as _, Failure};
use super::input::{Form, content};

/// The version in which items are read and written: the one that has all types. How items are
/// written depends on the version nowhere.
pub(super) const VERSION: Version = Version::V2_1;

/// The arguments of `keystrata kmip decode`.
#[derive(Debug, clap::Args)]
pub(crate) struct Decode {
    /// The messages; standard input if it is left out
    file: Option<PathBuf>,
    /// How the bytes are written down; found out if it is left out
    #[arg(long, value_enum)]
    from: Option<Form>,
    /// What they become
    #[arg(long, value_enum, default_value = "text")]
    to: Shown,
    /// Show keys and passwords
    #[arg(long)]
    show_secrets: bool,
}

/// The arguments of `keystrata kmip encode`.
#[derive(Debug, clap::Args)]
pub(crate) struct Encode {
    /// The messages; standard input if it is left out
    file: Option<PathBuf>,
    /// What they are written in; found out if it is left out
    #[arg(long, value_enum)]
    from: Option<Written>,
    /// How the bytes are written down
    #[arg(long, value_enum, default_value = "hex")]
    to: Form,
}

/// What people and tools read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shown {
    /// A line for each item, for people
    Text,
    /// KMIP's XML encoding
    Xml,
    /// KMIP's JSON encoding
    Json,
}

/// What can be made bytes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Written {
    /// KMIP's XML encoding
    Xml,
    /// KMIP's JSON encoding
    Json,
}

/// Runs `keystrata kmip decode`.
pub(super) fn decode(arguments: &Decode) -> Result<(), Failure> {
    let input = content(arguments.file.as_deref())?;
    let bytes = arguments.from.unwrap_or_else(|| Form::guess(&input)).read(&input)?;
    show(&bytes, arguments.to, arguments.show_secrets)
}

/// Prints the items in a row of bytes.
pub(super) fn show(bytes: &[u8], to: Shown, secrets: bool) -> Result<(), Failure> {
    // All of it is read before anything is written.
    let items = items(bytes)?;
    let text = match to {
        Shown::Text if secrets => DumpWithSecrets(bytes).to_string(),
        Shown::Text => Dump(bytes).to_string(),
        Shown::Xml => items.iter().map(|(tag, value)| as_xml(*tag, value, secrets)).collect(),
        Shown::Json => as_json(&items, secrets),
    };
    write(text.as_bytes())
}

/// Runs `keystrata kmip encode`.
pub(super) fn encode(arguments: &Encode) -> Result<(), Failure> {
    let input = content(arguments.file.as_deref())?;
    let text = std::str::from_utf8(&input).map_err(|_| Failure::new("the input is not UTF-8"))?;
    let is_xml = text.trim_start().starts_with('<');
    let items = match arguments.from.unwrap_or(if is_xml { Written::Xml } else { Written::Json }) {
        Written::Xml => xml::read(text).map_err(|error| Failure::new(error.to_string()))?,
        Written::Json => json::read(text).map_err(|error| Failure::new(error.to_string()))?,
    };
    if items.is_empty() {
        return Err(Failure::new("there is no item in the input"));
    }
    let encoded: Vec<Buffer> =
        items.iter().map(|(tag, value)| codec::encode(*tag, value, VERSION)).collect();
    write(
        &arguments
            .to
            .write(&encoded.iter().flat_map(|bytes| bytes.iter().copied()).collect::<Vec<u8>>()),
    )
}

/// The items in a row of bytes.
pub(super) fn items(bytes: &[u8]) -> Result<Vec<(Tag, Value)>, Failure> {
    let mut items = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let read = first(rest, VERSION)
            .and_then(|(item, after)| Ok((item.tag, Value::decode(item)?, after)));
        let (tag, value, after) =
            read.map_err(|error| Failure::new(format!("the item at byte {at}: {error}")))?;
        items.push((tag, value));
        rest = after;
    }
    if items.is_empty() { Err(Failure::new("there is no item in the input")) } else { Ok(items) }
}

fn as_xml(tag: Tag, value: &Value, secrets: bool) -> String {
    if secrets {
        xml::Xml(tag, value).to_string()
    } else {
        xml::XmlWithoutSecrets(tag, value).to_string()
    }
}

/// One item, or an array of several.
fn as_json(items: &[(Tag, Value)], secrets: bool) -> String {
    let write = if secrets { json::write } else { json::write_without_secrets };
    let mut written: Vec<_> = items.iter().map(|(tag, value)| write(*tag, value)).collect();
    match written.pop() {
        Some(only) if written.is_empty() => format!("{only:#}\n"),
        last => {
            written.extend(last);
            format!("{:#}\n", serde_json::Value::Array(written))
        }
    }
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush()).about("standard output".as_ref())
}
