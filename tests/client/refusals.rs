//! What a command says that cannot be done, and the messages of `raw`.

use serde_json::{Value as Json, json};

use crate::pki::Authority;
use crate::support::server::{Server, run_to_end};
use crate::terminal::Terminal;

#[test]
fn what_the_server_refuses_is_said_in_one_line_and_in_json() {
    let server = Server::start_default();
    for (version, reason) in [("1.0", "ItemNotFound"), ("2.1", "ObjectNotFound")] {
        let terminal = Terminal::new(&server, version);
        let (line, stdout) = terminal.fails(&["get", "nothing"]);
        assert!(line.starts_with(&format!("refused: {reason} (")), "{line}");
        assert_eq!(stdout, "");
        let (_, stdout) = terminal.fails(&["get", "nothing", "--json"]);
        let refusal: Json = serde_json::from_str(&stdout).unwrap();
        assert_eq!(refusal["Operation"], "Get");
        assert_eq!(refusal["ResultStatus"], "OperationFailed");
        assert_eq!(refusal["ResultReason"], reason);
        assert!(refusal["ResultMessage"].is_string());
    }
}

#[test]
fn what_a_version_cannot_say_is_not_half_said() {
    let server = Server::start_default();
    let terminal = Terminal::new(&server, "1.0");
    let (line, _) = terminal.fails(&["create", "--attribute", "Sensitive=true"]);
    assert_eq!(
        line,
        "KMIP 1.0 has not all that is asked for; --kmip-version could be 1.4, 2.0, 2.1"
    );
    let terminal = Terminal::new(&server, "2.1");
    let (line, _) = terminal.fails(&["delete-attribute", "7", "Name", "--index", "1"]);
    assert!(
        line.starts_with(
            "KMIP 2.1 has not all that is asked for; --kmip-version could be 1.0, 1.1, "
        ),
        "{line}"
    );
}

#[test]
fn servers_that_are_not_there_or_not_trusted_are_said_in_one_line() {
    let server = Server::start_default();
    let mut identity = server.identity("tenant-a", "mongodb");
    let address = format!("localhost:{}", server.kmip().port());
    let files = tempfile::tempdir().unwrap();
    let other = crate::pki::file(files.path(), "other.pem", &Authority::new("other").pem());
    let trusted = std::mem::replace(&mut identity.authority, other);
    let (line, _) = Terminal::at(&address, &identity, "2.1").fails(&["query"]);
    assert!(line.contains("UnknownIssuer"), "{line}");

    identity.authority = trusted;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let terminal = Terminal::at(&address, &identity, "2.1");
    let (line, _) = terminal.fails(&["query", "--timeout", "100 ms"]);
    assert_eq!(line, "timed out connecting");
    drop(silent);
    let (line, _) = terminal.fails(&["query"]);
    assert!(line.starts_with(&format!("cannot connect to {address}: ")), "{line}");

    identity.key = files.path().join("absent.pem");
    let (line, _) = Terminal::at(&address, &identity, "2.1").fails(&["query"]);
    assert!(line.contains("absent.pem"), "{line}");
    let (line, _) =
        Terminal::new(&server, "2.1").fails(&["register", "--type", "OpaqueObject", "absent"]);
    assert!(line.starts_with("absent: "), "{line}");
}

#[test]
fn wrong_words_are_wrong_usage() {
    let server = Server::start_default();
    let terminal = Terminal::new(&server, "2.1");
    let wrong: &[(&[&str], &str)] = &[
        (&["create", "--algorithm", "AESS"], "one of DES, "),
        (&["create", "--attribute", "State"], "an attribute is written NAME=VALUE"),
        (&["create", "--attribute", "Stat=Active"], "there is no attribute Stat"),
        (&["create", "--attribute", "State=Asleep"], "State has the value Asleep"),
        (&["create", "--usage", "Encrypt,Eat"], "one of Sign, "),
        (&["locate", "--timeout", "soon"], "30 s"),
        (&["encrypt", "7", "--iv", "0"], "hexadecimal"),
        (&["encrypt", "7", "--parameters", "GCM"], "its fields are BlockCipherMode, "),
        (&["get"], "<UID>"),
        (&["delete-attribute", "7"], "<NAME>"),
        (&["revoke", "7", "--reason", "Boredom"], "one of Unspecified, "),
    ];
    for (arguments, says) in wrong {
        let ended = terminal.run(arguments);
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
    }
    let ended = run_to_end(&["kmip", "query"], &[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("--server"), "{}", ended.stderr);
}

#[test]
fn server_and_certificate_may_stand_in_the_environment() {
    let server = Server::start_default();
    let identity = server.identity("tenant-a", "mongodb");
    let address = format!("localhost:{}", server.kmip().port());
    let environment = [
        ("KEYSTRATA_KMIP_SERVER", address.as_str()),
        ("KEYSTRATA_KMIP_CA", identity.authority.to_str().unwrap()),
        ("KEYSTRATA_KMIP_CERT", identity.certificate.to_str().unwrap()),
        ("KEYSTRATA_KMIP_KEY", identity.key.to_str().unwrap()),
    ];
    let ended = run_to_end(&["kmip", "discover-versions", "--json"], &environment);
    assert!(ended.status.success(), "{ended:?}");
    let answer: Json = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["ProtocolVersion"][0], "2.1");
}

/// A request for the server's versions, and for an object that is not there.
const MESSAGE: &str = r#"<RequestMessage>
  <RequestHeader>
    <ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="1"/>
      <ProtocolVersionMinor type="Integer" value="4"/>
    </ProtocolVersion>
    <BatchErrorContinuationOption type="Enumeration" value="Continue"/>
    <BatchCount type="Integer" value="2"/>
  </RequestHeader>
  <BatchItem>
    <Operation type="Enumeration" value="DiscoverVersions"/>
    <UniqueBatchItemID type="ByteString" value="01"/>
    <RequestPayload/>
  </BatchItem>
  <BatchItem>
    <Operation type="Enumeration" value="Get"/>
    <UniqueBatchItemID type="ByteString" value="02"/>
    <RequestPayload><UniqueIdentifier type="TextString" value="UID"/></RequestPayload>
  </BatchItem>
</RequestMessage>"#;

#[test]
fn any_message_goes_out_raw_in_every_form() {
    let server = Server::start_default();
    let terminal = Terminal::new(&server, "2.1");
    let uid =
        terminal.uid(&["create", "--algorithm", "AES", "--length", "128", "--usage", "Encrypt"]);
    let xml = terminal.file("xml", MESSAGE.replace("UID", &uid));
    let mut files = vec![xml.clone()];
    for form in ["hex", "base64"] {
        let encoded = run_to_end(&["kmip", "encode", &xml, "--to", form], &[]);
        files.push(terminal.file(form, &encoded.stdout));
    }
    let json = run_to_end(&["kmip", "decode", &files[1], "--to", "json", "--show-secrets"], &[]);
    files.push(terminal.file("json", &json.stdout));
    for file in &files {
        let text = terminal.text(&["raw", file]);
        assert!(text.starts_with("ResponseMessage\n  ResponseHeader\n"), "{text}");
        assert!(text.contains("KeyMaterial = <16 bytes>"), "{text}");
        let shown = terminal.text(&["raw", file, "--to", "xml", "--show-secrets"]);
        assert!(shown.contains("<KeyMaterial type=\"ByteString\" value=\""), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(terminal.done(&["raw", file])["tag"], json!("ResponseMessage"));
    }
    let (line, stdout) = terminal.fails(&["raw", &terminal.file("absent", MESSAGE)]);
    assert_eq!(line, "one batch item was not done");
    assert!(stdout.contains("ResultReason = ItemNotFound"), "{stdout}");
    for (content, says) in [
        ("<ResponseMessage/>", "Response Message is no Request Message"),
        ("<RequestMessage", "not well-formed"),
        ("{", "not well-formed"),
        ("", "there is no item"),
        ("4200", "the message ends early"),
    ] {
        let (line, _) = terminal.fails(&["raw", &terminal.file("bad", content)]);
        assert!(line.contains(says), "{content}: {line}");
    }
}
