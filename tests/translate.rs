//! `keystrata kmip decode` and `encode`, as scripts use them.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::server::{Ended, run_to_end};

/// A response of Get, with a key of eight bytes.
const KEY: &str = "5ec2e75ec2e75ec2";

fn message() -> String {
    format!(
        r#"<KeyBlock>
  <KeyFormatType type="Enumeration" value="Raw"/>
  <KeyValue>
    <KeyMaterial type="ByteString" value="{KEY}"/>
  </KeyValue>
  <CryptographicAlgorithm type="Enumeration" value="AES"/>
  <CryptographicLength type="Integer" value="64"/>
</KeyBlock>
"#
    )
}

fn kmip(arguments: &[&str]) -> Ended {
    run_to_end(&[&["kmip"], arguments].concat(), &[])
}

fn done(arguments: &[&str]) -> String {
    let ended = kmip(arguments);
    assert!(ended.status.success(), "{ended:?}");
    ended.stdout
}

fn file(directory: &Path, name: &str, content: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, content).expect("written");
    path
}

#[test]
fn messages_go_from_xml_to_bytes_and_back_in_every_form() {
    let directory = tempfile::tempdir().expect("a directory");
    let xml = file(directory.path(), "message.xml", &message());
    for form in ["hex", "base64"] {
        let bytes = done(&["encode", xml.to_str().unwrap(), "--to", form]);
        let bytes = file(directory.path(), form, &bytes);
        let bytes = bytes.to_str().unwrap();
        assert_eq!(done(&["decode", bytes, "--to", "xml", "--show-secrets"]), message());
        let json = done(&["decode", bytes, "--to", "json", "--show-secrets", "--from", form]);
        let json = file(directory.path(), "message.json", &json);
        let again = done(&["encode", json.to_str().unwrap(), "--to", form]);
        assert_eq!(again, fs::read_to_string(bytes).unwrap());
    }
}

#[test]
fn a_message_is_read_as_it_is_sent() {
    let directory = tempfile::tempdir().expect("a directory");
    let xml = file(directory.path(), "message.xml", &message());
    let hex = done(&["encode", xml.to_str().unwrap(), "--to", "hex"]);
    let digits: Vec<_> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    let bytes: Vec<_> = digits.chunks(2).map(byte).collect();
    let sent = directory.path().join("sent");
    fs::write(&sent, bytes).expect("written");
    for more in [[].as_slice(), &["--from", "binary"]] {
        let arguments = ["decode", sent.to_str().unwrap(), "--to", "xml", "--show-secrets"];
        assert_eq!(done(&[&arguments, more].concat()), message());
    }
}

#[test]
fn secrets_are_shown_only_when_they_are_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let xml = file(directory.path(), "message.xml", &message());
    let hex = done(&["encode", xml.to_str().unwrap()]);
    let hex = file(directory.path(), "message.hex", &hex);
    let hex = hex.to_str().unwrap();
    for to in ["text", "xml", "json"] {
        let hidden = done(&["decode", hex, "--to", to]);
        assert!(!hidden.contains(KEY) && hidden.contains("8 bytes"), "{hidden}");
        let shown = done(&["decode", hex, "--to", to, "--show-secrets"]);
        assert!(shown.contains(KEY), "{shown}");
    }
}

#[test]
fn what_is_no_message_is_refused_in_one_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let cases = [
        ("decode", "4200", "the item at byte 0: the message ends early"),
        ("decode", "", "there is no item in the input"),
        ("encode", "<Nothing/>", "there is no tag Nothing"),
        ("encode", "{", "not well-formed"),
        ("encode", "[]", "there is no item in the input"),
    ];
    for (command, content, says) in cases {
        let input = file(directory.path(), "input", content);
        let ended = kmip(&[command, input.to_str().unwrap()]);
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(says), "{content}: {ended:?}");
    }
}
