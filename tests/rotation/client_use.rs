//! What a service has encrypted with its own key is decrypted after the key was rotated, for as long as
//! nobody says that it is needed no more.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;

use crate::kmip::settled;
use crate::support::client::Client;
use crate::support::message::{create, items, of, one, outcome, uid};
use crate::support::server::{Server, run_to_end};
use crate::support::ttlv::Node;

const KEY: &str = "keystrata:service-key:orders";
const PLAIN: &[u8] = b"kept elsewhere";

/// Encrypts, and gives the fields that Decrypt wants beside the identifier.
fn encrypt(client: &mut Client, uid: &str) -> Result<(String, Vec<Node>), String> {
    let (operation, mut payload) = of(Operation::Encrypt, uid);
    payload.push(Node::bytes(Tag::Data, PLAIN));
    let answer = client.ask(&one((1, 4), operation, payload));
    outcome(items(&answer)[0]).map_err(|reason| format!("{reason:?}"))?;
    let field = |tag| answer.find(tag).expect("is there").clone();
    let name = field(Tag::UniqueIdentifier).as_text().to_owned();
    let tags = [Tag::Data, Tag::IvCounterNonce, Tag::AuthenticatedEncryptionTag];
    Ok((name, tags.map(field).to_vec()))
}

fn decrypt(client: &mut Client, uid: &str, fields: &[Node]) -> Result<String, String> {
    let (operation, mut payload) = of(Operation::Decrypt, uid);
    payload.extend(fields.iter().cloned());
    let answer = client.ask(&one((1, 4), operation, payload));
    outcome(items(&answer)[0]).map_err(|reason| format!("{reason:?}"))?;
    assert_eq!(answer.find(Tag::Data).expect("data").as_bytes(), PLAIN);
    Ok(answer.find(Tag::UniqueIdentifier).expect("the version").as_text().to_owned())
}

fn states(server: &Server) -> Vec<String> {
    settled(server, |tenant| tenant["services"][0]["versions"].clone())
}

#[test]
fn what_a_service_has_encrypted_outlives_the_rotation_of_its_key() {
    let server = Server::start_default();
    let mut orders = server.connect("tenant-a", "orders");
    let (operation, payload) = create((1, 4), None);
    uid(&orders.ask(&one((1, 4), operation, payload)));
    let directory = server.directory().to_str().expect("UTF-8").to_owned();
    let kek = |arguments: &[&str]| {
        let of_key = ["--tenant", "tenant-a", "--service", "orders", "--dir", &directory];
        run_to_end(&[&["kek"], arguments, &["--level", "service"], &of_key].concat(), &[])
    };
    let (first, old) = encrypt(&mut orders, KEY).expect("encrypts");
    assert_eq!(first, format!("{KEY}:1"));
    assert!(kek(&["rotate", "--active"]).status.success());
    assert_eq!(states(&server), ["retired", "active"]);

    let (second, new) = encrypt(&mut orders, KEY).expect("encrypts");
    assert_eq!(second, format!("{KEY}:2"));
    for (fields, version) in [(&old, &first), (&new, &second)] {
        assert_eq!(decrypt(&mut orders, KEY, fields).as_ref(), Ok(version));
        assert_eq!(decrypt(&mut orders, version, fields).as_ref(), Ok(version));
    }
    encrypt(&mut orders, &first).expect_err("it encrypts no more");
    decrypt(&mut orders, &first, &new).expect_err("another version's");

    // Of the envelopes none names it any more, and yet it is needed.
    let refused = kek(&["remove", "--version", "1"]);
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("give --discard-encrypted"), "{refused:?}");
    assert!(kek(&["rotate", "--compromised"]).status.success());
    assert_eq!(states(&server), ["retired", "retired", "active"], "not even an emergency ends it");
    assert_eq!(decrypt(&mut orders, KEY, &new).as_ref(), Ok(&second));
    assert_eq!(decrypt(&mut orders, &second, &new).as_ref(), Ok(&second));
    encrypt(&mut orders, &second).expect_err("others may know it");

    assert!(kek(&["remove", "--version", "1", "--discard-encrypted"]).status.success());
    decrypt(&mut orders, KEY, &old).expect_err("it is gone");
    decrypt(&mut orders, &first, &old).expect_err("it is gone");
    assert_eq!(decrypt(&mut orders, KEY, &new).as_ref(), Ok(&second));
    let status = kek_status(&directory);
    let versions = &status["tenants"][0]["services"][0]["versions"];
    assert_eq!(
        (&versions[1]["client_use"], &versions[2]["client_use"]),
        (&true.into(), &false.into())
    );
}

fn kek_status(directory: &str) -> Value {
    let ended = run_to_end(&["kek", "status", "--json", "--dir", directory], &[]);
    serde_json::from_str(&ended.stdout).expect("JSON")
}
