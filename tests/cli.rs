//! The command line, as scripts and people use it.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, pipe};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::server::{Ended, Plan, run_to_end};

fn run(arguments: &[&str]) -> Ended {
    run_to_end(arguments, &[])
}

/// Runs `try` in a directory where it must not come to serve.
fn refused(directory: &Path, more: &[&str]) -> String {
    let directory = directory.to_str().expect("a path in UTF-8");
    let mut arguments = vec!["try", "--admin", "127.0.0.1:0", "--dir", directory];
    if !more.contains(&"--listen") {
        arguments.extend(["--listen", "127.0.0.1:0"]);
    }
    arguments.extend(more);
    one_line(&run(&arguments))
}

/// The one line that a refused start says; exit status 1 and no `ready`.
fn one_line(ended: &Ended) -> String {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let mut said = ended.stderr.lines().filter_map(|line| line.strip_prefix("keystrata: "));
    let line = said.next().unwrap_or_else(|| panic!("no line for a person: {ended:?}"));
    assert_eq!(said.next(), None, "{ended:?}");
    line.to_owned()
}

/// All files below a directory.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    metadata.permissions().mode() & 0o777
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let commands: &[&[&str]] = &[
        &["try"],
        &["serve"],
        &["config", "check"],
        &["status"],
        &["kek", "status"],
        &["tenant", "list"],
        &["tenant", "suspend"],
        &["tenant", "shred"],
        &["tenant", "set"],
        &["service", "set-mode"],
        &["object", "restore"],
        &["service", "set-operations"],
        &["service", "shred"],
        &["kek", "add"],
        &["kek", "verify"],
        &["kek", "rotate"],
        &["kek", "rewrap"],
        &["kek", "remove"],
        &["kek", "migrate"],
        &["kek", "abort"],
        &["soak"],
        &["hsm", "probe"],
        &["audit", "verify"],
        &["kmip", "decode"],
        &["kmip", "encode"],
        &["kmip", "discover-versions"],
        &["kmip", "query"],
        &["kmip", "create"],
        &["kmip", "create-key-pair"],
        &["kmip", "register"],
        &["kmip", "get"],
        &["kmip", "get-attributes"],
        &["kmip", "get-attribute-list"],
        &["kmip", "add-attribute"],
        &["kmip", "modify-attribute"],
        &["kmip", "delete-attribute"],
        &["kmip", "set-attribute"],
        &["kmip", "locate"],
        &["kmip", "check"],
        &["kmip", "activate"],
        &["kmip", "revoke"],
        &["kmip", "destroy"],
        &["kmip", "archive"],
        &["kmip", "recover"],
        &["kmip", "obtain-lease"],
        &["kmip", "re-key"],
        &["kmip", "re-key-key-pair"],
        &["kmip", "encrypt"],
        &["kmip", "decrypt"],
        &["kmip", "sign"],
        &["kmip", "signature-verify"],
        &["kmip", "mac"],
        &["kmip", "mac-verify"],
        &["kmip", "hash"],
        &["kmip", "rng-retrieve"],
        &["kmip", "raw"],
    ];
    for command in commands {
        let ended = run(&[command, &["--help"][..]].concat());
        assert!(ended.status.success(), "{ended:?}");
        let example = format!("\n  keystrata {}", command.join(" "));
        assert!(ended.stdout.contains(&example), "{command:?}:\n{}", ended.stdout);
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let wrong: &[&[&str]] = &[
        &[],
        &["sreve"],
        &["serve"],
        &["try", "--listen", "here"],
        &["try", "--tenant", "Tenant=a"],
        &["status"],
        &["status", "--dir", "a", "--config", "b"],
    ];
    for arguments in wrong {
        let ended = run(arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn config_check_accepts_the_example_and_names_what_is_wrong() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/keystrata.toml");
    let example = example.to_str().expect("a path in UTF-8");
    let check = ["config", "check", "--config", example];
    assert!(run(&check).status.success());

    let overridden = run_to_end(&check, &[("KEYSTRATA_LISTEN_KMIP", "nowhere")]);
    assert!(one_line(&overridden).starts_with("environment variable KEYSTRATA_LISTEN_KMIP: "));

    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong.toml");
    fs::write(&file, "[listen]\nport = 5696\n").expect("written");
    let file = file.to_str().expect("a path in UTF-8");
    let line = one_line(&run(&["config", "check", "--config", file]));
    assert!(line.starts_with(&format!("{file}:2: `port`: unknown field")), "{line}");
}

#[test]
fn try_makes_what_a_client_needs_and_keeps_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let mut server = Plan::new().directory(path).tenant("acme", &["db"]).start();
    let client = path.join("clients/acme/db");
    for private in ["key.pem", "cert-and-key.pem"] {
        assert_eq!(mode(&client.join(private)), 0o600, "{private}");
    }
    for private in ["ca-key.pem", "server-key.pem", "root-1.key"] {
        assert_eq!(mode(&path.join(private)), 0o600, "{private}");
    }
    let conf = fs::read_to_string(client.join("pykmip.conf")).expect("written");
    assert!(conf.contains(&format!("port={}\n", server.kmip().port())), "{conf}");
    let certificate = fs::read(client.join("cert.pem")).expect("written");
    assert!(server.stop().success());

    let mut again = Plan::new().directory(path).tenant("acme", &["db", "web"]).start();
    assert_eq!(fs::read(client.join("cert.pem")).expect("kept"), certificate);
    assert!(path.join("clients/acme/web/cert.pem").exists(), "a new service gets a certificate");
    assert!(again.stop().success());

    let before = files_below(path);
    let line = refused(path, &["--root", "softhsm", "--tenant", "new=db"]);
    assert!(line.contains("has another root"), "{line}");
    assert_eq!(files_below(path), before);
}

#[test]
fn try_writes_nothing_where_it_cannot_serve() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("new");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let line = refused(&path, &["--root", "env", "--listen", &address]);
    assert!(line.starts_with(&format!("cannot listen on {address}: ")), "{line}");
    let line = refused(&path.join("d".repeat(100)), &["--root", "env"]);
    assert!(line.contains("too long"), "{line}");
    assert!(!path.exists());
}

#[test]
fn status_and_audit_tell_of_a_running_server() {
    let mut server = Plan::new().start();
    let directory = server.directory().to_str().expect("a path in UTF-8").to_owned();
    let status = run(&["status", "--dir", &directory, "--json"]);
    assert!(status.status.success(), "{status:?}");
    let told: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(told["ready"], true);
    assert_eq!(told["kmip"], server.kmip().to_string());
    let verified = run(&["audit", "verify", "--dir", &directory]);
    assert!(verified.status.success(), "{verified:?}");

    assert!(server.stop().success());
    let line = one_line(&run(&["status", "--dir", &directory]));
    assert!(line.starts_with("no server runs on "), "{line}");
}

#[test]
fn a_changed_audit_record_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("trail.jsonl");
    fs::write(&file, "{\"seq\":1,\"operation\":\"Get\"}\n").expect("written");
    let file = file.to_str().expect("a path in UTF-8");
    let ended = run(&["audit", "verify", "--files", file]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains(&format!("{file}:1: ")), "{ended:?}");
}

#[test]
fn audit_verify_says_when_the_end_could_not_be_checked_and_misses_a_trail() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    assert!(Plan::new().directory(path).start().stop().success());
    let verify = || {
        let ended = run(&["audit", "verify", "--dir", path.to_str().expect("UTF-8"), "--json"]);
        let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        (ended.status.code(), told)
    };
    let (code, told) = verify();
    assert_eq!((code, &told["end_checked"]), (Some(0), &Value::Bool(true)), "{told}");

    fs::rename(path.join("data/store"), path.join("data/away")).expect("ours");
    let file = path.join("data/audit/audit-00000000000000000001.jsonl");
    fs::write(&file, "").expect("written");
    let (code, told) = verify();
    assert_eq!((code, &told["end_checked"]), (Some(0), &Value::Bool(false)), "{told}");
    let reason = told["end_not_checked"].as_str().expect("a reason");
    assert!(reason.contains("cannot be opened"), "{reason}");

    fs::remove_file(&file).expect("ours");
    let (code, told) = verify();
    assert_eq!((code, &told["sound"]), (Some(1), &Value::Bool(false)), "{told}");
    let finding = told["findings"][0].as_str().expect("a finding");
    assert!(finding.ends_with("data/audit: there is no file of an audit trail"), "{finding}");
}

/// The writing end of a pipe that nobody reads any more.
fn unread() -> Stdio {
    let (_, writer) = pipe().expect("a pipe");
    writer.into()
}

#[test]
fn output_that_nobody_reads_changes_no_exit_status() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/keystrata.toml");
    for (file, expected) in [(example.as_path(), 0), (Path::new("/nowhere.toml"), 1)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
        command.args(["config", "check", "--config"]).arg(file);
        let status = command.stdout(unread()).stderr(unread()).status().expect("built");
        assert_eq!(status.code(), Some(expected), "{}", file.display());
    }
}

#[test]
fn try_serves_though_nobody_reads_its_standard_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path().to_str().expect("a path in UTF-8");
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystrata"));
    command.args(["try", "--root", "env", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.args(["--dir", directory]).stdout(Stdio::piped()).stderr(unread());
    let mut process = command.spawn().expect("built");
    let mut ready = String::new();
    let output = process.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut ready).expect("text");
    let status = run(&["status", "--dir", directory]);
    let number = process.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &number]).status().expect("installed");
    let ended = process.wait().expect("ours");
    assert!(ready.starts_with("ready "), "{ready:?}");
    assert!(status.status.success(), "{status:?}");
    assert!(told.success() && ended.success(), "{ended}");
}

#[test]
fn a_variable_that_cannot_be_set_does_not_start_the_server_again_and_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keystrata.toml");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/keystrata.toml");
    let text = fs::read_to_string(example).expect("the example");
    // The mark of a second start has the value that the server gives it.
    let text = text.replacen("{ SOFTHSM2_CONF =", "{ KEYSTRATA_RESTARTED =", 1);
    fs::write(&file, text).expect("written");
    let line = one_line(&run(&["serve", "--config", file.to_str().expect("a path in UTF-8")]));
    assert!(line.contains("KEYSTRATA_RESTARTED cannot be set"), "{line}");
}
