//! A server that others have: `PyKMIP`'s, which speaks 1.0 to 2.0.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rcgen::DnType;
use serde_json::json;
use tempfile::TempDir;

use crate::pki::{Authority, Wish, file};
use crate::support::client::Identity;
use crate::support::python;
use crate::terminal::Terminal;

/// `PyKMIP`'s server, ended when it is dropped.
struct PyKmip {
    process: Child,
    address: String,
    files: TempDir,
}

impl PyKmip {
    fn start() -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let authority = Authority::new("authority");
        // It knows its clients by their Common Names.
        let client = authority.issue(Wish::default().subject(DnType::CommonName, "somebody"));
        let server = authority.issue(Wish::default().dns("localhost"));
        for (name, content) in [
            ("ca.pem", &authority.pem()),
            ("cert.pem", &client.pem),
            ("key.pem", &client.key_pem),
            ("server.pem", &server.pem),
            ("server-key.pem", &server.key_pem),
        ] {
            file(files.path(), name, content);
        }
        let mut command = Command::new(python::interpreter());
        command
            .args(["-W", "ignore"])
            .arg(python::project().join("tests/clients/pykmip_server.py"))
            .arg(files.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("`make venv` installs it");
        let mut ready = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut ready).expect("it says where it is");
        let port = ready.trim().strip_prefix("ready ").expect("it is ready");
        Self { process, address: format!("localhost:{port}"), files }
    }

    fn terminal(&self, version: &str) -> Terminal {
        let path = |name| self.files.path().join(name);
        let identity = Identity {
            authority: path("ca.pem"),
            certificate: path("cert.pem"),
            key: path("key.pem"),
        };
        Terminal::at(&self.address, &identity, version)
    }
}

impl Drop for PyKmip {
    fn drop(&mut self) {
        // It has ended already if it failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_server_of_pykmip_is_asked_as_ours_is() {
    let server = PyKmip::start();
    let versions = server.terminal("").done(&["discover-versions"]);
    assert_eq!(versions["ProtocolVersion"][0], "2.0", "{versions}");
    for version in ["1.0", "1.2", "1.4", "2.0", ""] {
        let terminal = server.terminal(version);
        let name = format!("key of {version}");
        let kind =
            ["create", "--algorithm", "AES", "--length", "256", "--usage", "Encrypt,Decrypt"];
        let uid = terminal.uid(&[&kind[..], &["--name", &name]].concat());
        assert_eq!(terminal.done(&["locate", "--name", &name])["UniqueIdentifier"], json!([uid]));
        terminal.uid(&["activate", &uid]);
        terminal.text(&["get", &uid, "--out", &terminal.path("key")]);
        assert_eq!(terminal.read("key").len(), 32);
        let state = terminal.done(&["get-attributes", &uid, "State"]);
        assert_eq!(state["Attributes"], json!({ "State": "Active" }));
        let secret = terminal.file("secret", "correct horse");
        let secret = terminal.uid(&["register", "--type", "SecretData", &secret]);
        terminal.text(&["get", &secret, "--out", &terminal.path("got")]);
        assert_eq!(terminal.read("got"), b"correct horse");
        let plain = terminal.file("plain", "attack at dawn");
        if version != "1.0" {
            let cbc = "BlockCipherMode:CBC,PaddingMethod:PKCS5,CryptographicAlgorithm:AES";
            let iv = ["--iv", "000102030405060708090a0b0c0d0e0f", "--parameters", cbc];
            let sealed = terminal.path("sealed");
            terminal
                .text(&[&["encrypt", &uid, "--in", &plain, "--out", &sealed][..], &iv].concat());
            let decrypt = ["decrypt", &uid, "--in", &sealed, "--out", "-"];
            assert_eq!(terminal.line(&[&decrypt[..], &iv].concat()), "attack at dawn");
        }
        terminal.uid(&["revoke", &uid]);
        terminal.uid(&["destroy", &uid]);
        let (line, _) = terminal.fails(&["get", &uid]);
        assert!(line.starts_with("refused: ItemNotFound ("), "{line}");
    }
}
