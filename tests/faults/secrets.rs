//! Nothing that the server writes has the plain bytes of a key: neither the store nor the audit log
//! nor the text log, while it runs, after it has ended, and after a kill.

use std::fs;
use std::path::Path;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;

use crate::damage::files_below;
use crate::support::message::{
    VERSIONS, Version, create, items, of, one, outcome, register_key, register_opaque,
    register_secret, request, uid,
};
use crate::support::server::Server;
use crate::support::ttlv::{Node, hex};

/// Bytes that occur nowhere by chance.
fn known(number: u8, length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(number);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Registers one object of each type in each version, uses them, and returns their plain bytes and
/// those of a key that the server made.
fn fill(server: &Server) -> Vec<Vec<u8>> {
    let mut client = server.connect("tenant-a", "mongodb");
    let mut plain = Vec::new();
    for (number, version) in (0_u8..).step_by(3).zip(VERSIONS) {
        let secrets = [known(number, 32), known(number + 1, 96), known(number + 2, 64)];
        let items = vec![
            register_key(version, &secrets[0]),
            register_secret(version, &secrets[1]),
            register_opaque(version, &secrets[2]),
        ];
        for (item, secret) in items.into_iter().zip(secrets) {
            let uid = uid(&client.ask(&request(version, vec![item])));
            get(&mut client, version, &uid);
            plain.push(secret);
        }
        let made = uid(&client.ask(&request(version, vec![create(version, None)])));
        let answer = get(&mut client, version, &made);
        plain.push(answer.find(Tag::KeyMaterial).expect("key material").as_bytes().to_vec());
        // A failing request about a secret is logged, too.
        let mut bad = register_key(version, &known(200 + number, 32));
        bad.1.push(Node::bytes(Tag::Data, &known(230 + number, 32)));
        let refused = client.ask(&request(version, vec![bad]));
        assert!(outcome(self::items(&refused)[0]).is_err());
        plain.extend([known(200 + number, 32), known(230 + number, 32)]);
    }
    plain
}

fn get(client: &mut crate::support::client::Client, version: Version, uid: &str) -> Node {
    let (operation, payload) = of(Operation::Get, uid);
    let answer = client.ask(&one(version, operation, payload));
    assert_eq!(outcome(items(&answer)[0]), Ok(()));
    answer
}

/// The forms in which bytes might be written: as they are, in hexadecimal, in base 64, as a list.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    // Any 15 bytes in a row give the secret away; base 64 depends on where they start.
    let part = &secret[3..18];
    let list = part.iter().map(u8::to_string).collect::<Vec<_>>();
    vec![
        part.to_vec(),
        hex(part).into_bytes(),
        hex(part).to_uppercase().into_bytes(),
        base64(&secret[3..18]),
        base64(&secret[4..19]),
        base64(&secret[5..20]),
        list.join(", ").into_bytes(),
        list.join(",").into_bytes(),
    ]
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for three in bytes.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        text.extend([18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift) as usize & 63]));
    }
    text
}

fn assert_absent(secrets: &[Vec<u8>], name: &str, written: &[u8]) {
    for (number, secret) in secrets.iter().enumerate() {
        for form in forms(secret) {
            let found = written.windows(form.len()).any(|window| window == form);
            assert!(!found, "secret {number} stands plain in {name}");
        }
    }
}

fn scan(server: &Server, secrets: &[Vec<u8>]) {
    for path in files_below(server.directory()) {
        assert_absent(secrets, &path.to_string_lossy(), &fs::read(&path).unwrap_or_default());
    }
    assert_absent(secrets, "the text log", server.log().as_bytes());
}

#[test]
fn no_key_stands_plain_in_anything_written() {
    let mut server = Server::start_default();
    let secrets = fill(&server);
    scan(&server, &secrets);
    server.restart();
    scan(&server, &secrets);
    server.kill();
    scan(&server, &secrets);
    assert!(!server.log().is_empty(), "there is a log that was looked at");
    let data = files_below(&server.directory().join("data"));
    assert!(data.iter().any(|path| size(path) > 0), "there is a store that was looked at");
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The scan finds what it looks for.
#[test]
fn the_scan_finds_a_secret_in_every_form() {
    let secret = known(7, 32);
    for form in forms(&secret) {
        let written = [b"before ".as_slice(), &form, b" after"].concat();
        let found = std::panic::catch_unwind(|| {
            assert_absent(std::slice::from_ref(&secret), "a file", &written);
        });
        assert!(found.is_err());
    }
}

/// Whether the system keeps the process's memory out of core dumps.
#[test]
fn the_process_leaves_no_core_dump() {
    let server = Server::start_default();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid()));
    let Ok(limits) = limits else {
        println!("no /proc here: not tested");
        return;
    };
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let fields: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(&fields[4..6], ["0", "0"], "{core}");
}
