//! Runs the cases in `fixtures/ttlv`: one file is one case.
//!
//! A file has lines `key: value`, an empty line, and bytes in hexadecimal; `#` begins a comment.
//! `read` says what the bytes should be, `expect` what comes of it: `ok`, and then they are written
//! again as they came, or `error` and what the sender is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use kmip_ttlv::attribute::*;
use kmip_ttlv::object::*;
use kmip_ttlv::{Decode, Encode, Limits, Tag, Version, codec, item, scan};

/// One case.
struct Case {
    name: String,
    heads: HashMap<String, String>,
    bytes: Vec<u8>,
}

impl Case {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let (heads, hex) = text.split_once("\n\n").unwrap();
        let heads = heads
            .lines()
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{name}: {line}")))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let digits: String = hex
            .lines()
            .flat_map(|line| line.split('#').next().unwrap().split_whitespace())
            .collect();
        let bytes = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        Self { name, heads, bytes }
    }

    fn version(&self) -> Version {
        let wanted = &self.heads["version"];
        Version::ALL.into_iter().find(|version| version.to_string() == *wanted).unwrap()
    }

    /// The limit with this head, or else the default.
    fn limit(&self, head: &str, default: usize) -> usize {
        self.heads.get(head).map_or(default, |value| value.parse().unwrap())
    }

    fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            message_bytes_max: self.limit("bytes-max", default.message_bytes_max),
            depth_max: self.limit("depth-max", default.depth_max),
            items_max: self.limit("items-max", default.items_max),
            batch_items_max: self.limit("batch-items-max", default.batch_items_max),
        }
    }

    /// What comes of the bytes, in the words of `expect`.
    fn outcome(&self) -> String {
        let result = match self.heads["read"].as_str() {
            "scan" => scan(&self.bytes, &self.limits()),
            "RevocationReason" => self.again::<RevocationReason>(),
            "CryptographicParameters" => self.again::<CryptographicParameters>(),
            "IndexedAttribute" => self.again::<IndexedAttribute>(),
            "KeyInformation" => self.again::<KeyInformation>(),
            "KeyBlock" => self.again::<KeyBlock>(),
            "TransparentRsaPublicKey" => self.again::<TransparentRsaPublicKey>(),
            other => panic!("{}: cannot read {other}", self.name),
        };
        result.map_or_else(|error| format!("error {error}"), |()| "ok".to_owned())
    }

    /// Reads the bytes, and writes them again as they came.
    fn again<T: for<'a> Decode<'a> + Encode>(&self) -> kmip_ttlv::Result<()> {
        // Its header is enough to know the tag; if it is cut, any tag will do.
        let tag =
            item::first(&self.bytes, self.version()).map_or(Tag::Unknown(0), |(item, _)| item.tag);
        let value: T = codec::decode(tag, &self.bytes, self.version())?;
        assert_eq!(&*codec::encode(tag, &value, self.version()), self.bytes, "{}", self.name);
        Ok(())
    }
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ttlv");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

#[test]
fn every_case_ends_as_expected() {
    let failed: Vec<String> = cases()
        .iter()
        .filter(|case| case.outcome() != case.heads["expect"])
        .map(|case| format!("{}: {}, not {}", case.name, case.outcome(), case.heads["expect"]))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn no_beginning_of_a_case_is_accepted() {
    for mut case in cases() {
        while case.bytes.pop().is_some() {
            let outcome = case.outcome();
            // What follows the message is cut off first; then the message is whole for a moment.
            let whole = case.heads["expect"].contains("bytes follow the end");
            assert!(whole || outcome.starts_with("error"), "{} is {outcome}", case.name);
        }
    }
}
