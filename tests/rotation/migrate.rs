//! The root key moves from a token to the environment and back, while a client is served.

use std::fs;
use std::path::Path;

use keystrata::crypto::random::OsRandom;
use keystrata::hsm::softhsm;
use keystrata::keys::env_root::create_key_file;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;

use crate::support::message::{create, of, one, uid};
use crate::support::server::{Plan, Server, run_to_end};

fn kek(server: &Server, arguments: &[&str]) -> Value {
    let directory = server.directory().to_str().expect("UTF-8");
    let ended = run_to_end(&[&["kek"], arguments, &["--json", "--dir", directory]].concat(), &[]);
    assert!(ended.status.success(), "{arguments:?}: {ended:?}\n{}", server.log());
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn read(server: &Server, made: &str) -> Vec<u8> {
    let (operation, payload) = of(Operation::Get, made);
    let answer = server.connect("tenant-a", "orders").ask(&one((1, 4), operation, payload));
    answer.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec()
}

fn provider(server: &Server) -> Value {
    kek(server, &["status"])["root"]["provider"].clone()
}

fn configure(directory: &Path, change: impl FnOnce(String) -> String) {
    let file = directory.join("keystrata.toml");
    let text = fs::read_to_string(&file).expect("reads");
    fs::write(&file, change(text)).expect("writes");
}

const NEXT: &str = "[root.next]\nprovider = \"env\"\nversions = [{ version = 2, file = \"root-2.key\" }]\n\n[store]";

#[test]
fn the_root_moves_to_another_provider_and_back_while_clients_are_served() {
    if softhsm::find_module().is_none() {
        eprintln!("skipped: SoftHSM is not installed");
        return;
    }
    let mut server = Plan::new().softhsm().start();
    let mut client = server.connect("tenant-a", "orders");
    let (operation, payload) = create((1, 4), None);
    let made = uid(&client.ask(&one((1, 4), operation, payload)));
    let value = read(&server, &made);

    create_key_file(&server.directory().join("root-2.key"), &OsRandom).expect("is made");
    configure(server.directory(), |text| text.replace("[store]", NEXT));
    kek(&server, &["migrate", "--to", "env"]);
    assert_eq!(provider(&server), "env");
    assert_eq!(read(&server, &made), value);
    // The one that sealed before has nothing left, and is not needed after a restart.
    kek(&server, &["remove", "--level", "root", "--version", "1"]);
    server.restart();
    assert_eq!((provider(&server), read(&server, &made)), ("env".into(), value.clone()));

    kek(&server, &["migrate", "--to", "pkcs11"]);
    let status = kek(&server, &["status"]);
    assert_eq!(
        (&status["root"]["provider"], &status["root"]["active"]),
        (&"pkcs11".into(), &3.into())
    );
    // Each version is where it is, and the destroyed one nowhere.
    let versions = status["root"]["versions"].as_array().expect("a list");
    let providers: Vec<&Value> = versions.iter().map(|version| &version["provider"]).collect();
    assert_eq!(providers, [&Value::Null, &"env".into(), &"pkcs11".into()]);
    server.restart();
    assert_eq!((provider(&server), read(&server, &made)), ("pkcs11".into(), value.clone()));

    // The lock, changed by hand: what the token sealed is refused by the other provider.
    assert!(server.stop().success());
    let file = server.directory().join("data/store/keystrata.db");
    let db = rusqlite::Connection::open(file).expect("opens");
    db.execute("UPDATE settings SET value = ?1 WHERE name = 'root.provider'", [&b"env"[..]])
        .expect("is written");
    db.close().expect("closes");
    let directory = server.directory().to_str().expect("UTF-8");
    let nowhere = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let ended = run_to_end(&[&["try", "--dir", directory], &nowhere[..]].concat(), &[]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let words = "the envelope was sealed by root provider `pkcs11`, not by `env`";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}
