//! The official test cases, turned from XML into TTLV, are read by the typed layer and written back
//! byte for byte.
//!
//! The cases are not part of this project. The variable `KEYSTRATA_KMIP_CASES` names their
//! directory.

use std::path::{Path, PathBuf};

use kmip_ttlv::message::{RequestMessage, ResponseMessage};
use kmip_ttlv::{Buffer, Error, ItemType, Tag, Value, Version, codec, xml};

/// Where the cases are if the variable does not say.
const DEFAULT_DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/kmip/cases");

/// What `$NOW` stands for.
const NOW: i64 = 1_700_000_000;

/// Messages of the cases that break the rules of their own version: file, number, what is wrong.
const FAULTY: [(&str, usize, Error); 3] = [
    // The attribute's name was forgotten.
    ("CS-AC-M-3-12.xml", 2, Error::Missing(Tag::AttributeName)),
    ("CS-AC-M-8-12.xml", 2, Error::Missing(Tag::AttributeName)),
    // The server's header says 1.0, its payload is of 1.2.
    ("TC_NP_2_12_Notify_Put.xml", 2, Error::Unexpected(Tag::KeyFormatType)),
];

#[test]
fn official_cases_are_read_and_written_back_byte_for_byte() {
    #[allow(clippy::disallowed_methods, reason = "a test's setting")]
    let directory = std::env::var_os("KEYSTRATA_KMIP_CASES")
        .map_or_else(|| PathBuf::from(DEFAULT_DIRECTORY), PathBuf::from);
    if !directory.is_dir() {
        println!("skipped: no cases in {}", directory.display());
        return;
    }
    let mut messages = 0;
    let mut failures = Vec::new();
    for version in Version::ALL {
        for path in files(&directory.join(format!("v{version}"))) {
            match check_file(&path, version) {
                Ok(count) => messages += count,
                Err(error) => failures.push(format!("{}: {error}", path.display())),
            }
        }
    }
    println!("{messages} messages");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(messages > 0, "no messages in {}", directory.display());
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Checks every message of a file and counts them.
fn check_file(path: &Path, version: Version) -> Result<usize, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let messages = xml::read_with(&text, fill_in).map_err(|error| error.to_string())?;
    for (number, (tag, value)) in messages.iter().enumerate() {
        let bytes = codec::encode(*tag, value, version);
        let result = round_trip(*tag, &bytes);
        let fault = FAULTY.iter().find(|(name, at, _)| path.ends_with(name) && *at == number);
        if let Some((.., fault)) = fault {
            assert_eq!(result, Err(*fault), "{}: message {number}", path.display());
            continue;
        }
        let back = result
            .map_err(|error| format!("message {number}: {error}\n{}", xml::Xml(*tag, value)))?;
        if back != bytes {
            let back: Value = codec::decode(*tag, &back, version).unwrap();
            return Err(format!(
                "message {number}:\n{}became\n{}",
                xml::Xml(*tag, value),
                xml::Xml(*tag, &back)
            ));
        }
    }
    Ok(messages.len())
}

fn round_trip(tag: Tag, bytes: &[u8]) -> Result<Buffer, Error> {
    match tag {
        Tag::RequestMessage => RequestMessage::from_bytes(bytes)?.to_bytes(),
        Tag::ResponseMessage => ResponseMessage::from_bytes(bytes)?.to_bytes(),
        other => Err(Error::Unexpected(other)),
    }
}

/// Values for the cases' variables, and numbers for names that PKCS#11 defines and not KMIP.
fn fill_in(_: Tag, kind: ItemType, text: &str) -> Option<String> {
    let pkcs11 = match text {
        "C_Initialize" => Some("0x00000001"),
        "C_Finalize" => Some("0x00000002"),
        "C_GetInfo" => Some("0x00000003"),
        "OK" => Some("0x00000000"),
        _ => None,
    };
    if kind == ItemType::Enumeration {
        return pkcs11.map(str::to_owned);
    }
    let variable = text.strip_prefix('$')?;
    Some(match kind {
        ItemType::DateTime => {
            let offset = variable.strip_prefix("NOW")?;
            let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().unwrap() };
            (NOW + offset).to_string()
        }
        ItemType::ByteString => "5eed".repeat(8),
        _ => return None,
    })
}
