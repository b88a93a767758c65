//! Every command once, at an old version, at the last of 1.x and at the newest.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rcgen::PublicKeyData as _;
use serde_json::json;

use crate::support::server::Server;
use crate::terminal::Terminal;

/// The versions at which everything is tried.
const VERSIONS: [&str; 3] = ["1.0", "1.4", "2.1"];

/// AES in a mode that has no vector.
const ECB: &str = "BlockCipherMode:ECB,PaddingMethod:PKCS5";
/// HMAC with SHA-256.
const HMAC: &str = "CryptographicAlgorithm:HMAC_SHA256";

#[test]
fn every_command_does_what_it_says_at_every_version() {
    let server = Server::start_default();
    for version in VERSIONS {
        let terminal = Terminal::new(&server, version);
        a_server_says_what_it_is(&terminal);
        a_key_is_made_read_and_ended(&terminal, version);
        attributes_come_and_go(&terminal, version);
        objects_are_registered(&terminal, version);
        keys_are_replaced(&terminal);
        objects_are_archived(&terminal);
        if version == "1.0" {
            let refused = terminal.fails(&["rng-retrieve", "16"]).0;
            assert!(refused.starts_with("refused: OperationNotSupported ("), "{refused}");
            continue;
        }
        data_is_encrypted_and_decrypted(&terminal);
        data_is_signed(&terminal);
        pairs_of_lattices_are_made(&terminal);
        data_is_authenticated(&terminal);
    }
}

fn a_server_says_what_it_is(terminal: &Terminal) {
    let versions = terminal.done(&["discover-versions", "1.4", "2.1"]);
    assert_eq!(versions, json!({ "ProtocolVersion": ["1.4", "2.1"] }));
    let answer = terminal.done(&["query"]);
    let operations = answer["Operation"].as_array().expect("operations");
    assert!(operations.contains(&json!("Create")), "{answer}");
    assert!(answer["VendorIdentification"].is_string(), "{answer}");
    let text = terminal.text(&["query", "QueryObjects"]);
    assert!(text.lines().any(|line| line == "ObjectType: SymmetricKey"), "{text}");
}

fn create(terminal: &Terminal, name: &str) -> String {
    let kind = ["create", "--algorithm", "AES", "--length", "256", "--usage", "Encrypt,Decrypt"];
    terminal.uid(&[&kind[..], &["--name", name]].concat())
}

fn a_key_is_made_read_and_ended(terminal: &Terminal, version: &str) {
    let name = format!("key of {version}");
    let uid = create(terminal, &name);
    let found = json!({ "UniqueIdentifier": [uid] });
    for sought in [
        &["--name", &name][..],
        &["--name", &name, "--state", "PreActive", "--type", "SymmetricKey"],
        &["--attribute", &format!("Name={name}"), "--max", "2"],
    ] {
        let answer = terminal.done(&[&["locate"], sought].concat());
        assert_eq!(answer["UniqueIdentifier"], found["UniqueIdentifier"], "{sought:?}");
    }
    let nothing = terminal.done(&["locate", "--name", "nothing"]);
    assert_eq!(nothing["UniqueIdentifier"], json!([]));

    terminal.uid(&["activate", &uid]);
    terminal.uid(&["check", &uid, "--usage", "Encrypt"]);
    let lease = terminal.done(&["obtain-lease", &uid]);
    assert!(lease["LeaseTime"].is_number(), "{lease}");

    let hidden = terminal.done(&["get", &uid]);
    let block = &hidden["SymmetricKey"]["KeyBlock"];
    assert_eq!(block["KeyValue"]["KeyMaterial"], "<32 bytes hidden>");
    assert_eq!(block["CryptographicLength"], 256);
    assert!(terminal.text(&["get", &uid]).contains("KeyMaterial: <32 bytes hidden>"));
    let shown = terminal.done(&["get", &uid, "--key-format", "Raw", "--show-secrets"]);
    let shown = shown["SymmetricKey"]["KeyBlock"]["KeyValue"]["KeyMaterial"].clone();
    let out = terminal.path("key");
    terminal.text(&["get", &uid, "--out", &out]);
    let digits: Vec<_> = terminal.read("key").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((digits.len(), shown), (32, json!(digits.concat())));
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);

    let reason =
        ["--reason", "KeyCompromise", "--message", "lost", "--occurred", "2026-01-31T12:00:00Z"];
    terminal.uid(&[&["revoke", &uid][..], &reason].concat());
    let state = terminal.done(&["get-attributes", &uid, "State", "revocation-reason"]);
    let reason = json!({ "RevocationReasonCode": "KeyCompromise", "RevocationMessage": "lost" });
    assert_eq!(state["Attributes"], json!({ "State": "Compromised", "RevocationReason": reason }));
    terminal.uid(&["destroy", &uid]);
    let state = terminal.text(&["get-attributes", &uid, "State"]);
    assert!(state.contains("Attributes\n  State: DestroyedCompromised\n"), "{state}");
}

fn attributes_come_and_go(terminal: &Terminal, version: &str) {
    let uid = create(terminal, "first");
    terminal.uid(&["add-attribute", &uid, "Name=second"]);
    terminal.uid(&["add-attribute", &uid, "x-Owner=dba"]);
    terminal.uid(&["add-attribute", &uid, "Contact Information=dba@example.org"]);
    terminal.uid(&["modify-attribute", &uid, "Contact Information=ops@example.org"]);
    let which = if version == "2.1" { ["--current", "Name=second"] } else { ["--index", "1"] };
    terminal.uid(&[&["modify-attribute", &uid, "Name=third"][..], &which].concat());
    let all = terminal.done(&["get-attributes", &uid]);
    let all = &all["Attributes"];
    let name = |name: &str| json!({ "NameValue": name, "NameType": "UninterpretedTextString" });
    assert_eq!(all["Name"], json!([name("first"), name("third")]));
    assert_eq!((&all["x-Owner"], &all["CryptographicLength"]), (&json!("dba"), &json!(256)));
    assert_eq!(all["CryptographicUsageMask"], json!(["Encrypt", "Decrypt"]));
    assert_eq!(all["ContactInformation"], "ops@example.org");

    let names = terminal.done(&["get-attribute-list", &uid]);
    let names = names["AttributeReference"].as_array().expect("names");
    for name in ["State", "CryptographicLength", "x-Owner", "ContactInformation"] {
        assert!(names.contains(&json!(name)), "{name}: {names:?}");
    }

    terminal.uid(&["delete-attribute", &uid, "Contact Information"]);
    terminal.uid(&["delete-attribute", &uid, "x-Owner"]);
    let which =
        if version == "2.1" { &["--current", "Name=third"][..] } else { &["Name", "--index", "1"] };
    terminal.uid(&[&["delete-attribute", &uid], which].concat());
    if version == "2.1" {
        terminal.uid(&["set-attribute", &uid, "Sensitive=true"]);
    }
    let left = terminal.done(&["get-attributes", &uid, "Name", "x-Owner", "Contact Information"]);
    assert_eq!(left["Attributes"], json!({ "Name": [name("first")] }));
}

fn data_is_encrypted_and_decrypted(terminal: &Terminal) {
    let uid = create(terminal, "encryption");
    terminal.uid(&["activate", &uid]);
    let (plain, sealed, opened) = (
        terminal.file("plain", "attack at dawn"),
        terminal.path("sealed"),
        terminal.path("opened"),
    );
    let encrypt = ["encrypt", &uid, "--in", &plain, "--parameters", ECB];
    let shown = terminal.done(&encrypt);
    assert_eq!(shown["Data"].as_str().map(str::len), Some(32), "{shown}");
    terminal.text(&[&encrypt[..], &["--out", &sealed]].concat());
    let decrypt = ["decrypt", &uid, "--in", &sealed, "--parameters", ECB];
    assert_eq!(terminal.done(&decrypt)["Data"], "<14 bytes hidden>");
    terminal.text(&[&decrypt[..], &["--out", &opened]].concat());
    assert_eq!(terminal.read("opened"), b"attack at dawn");
    assert_eq!(terminal.line(&[&decrypt[..], &["--out", "-"]].concat()), "attack at dawn");

    let gcm = "RandomIV:true,BlockCipherMode:GCM,TagLength:16";
    let encrypt = ["encrypt", &uid, "--in", &plain, "--parameters", gcm, "--out", &sealed];
    let answer = terminal.done(&[&encrypt[..], &["--additional-data", "5ec2e7"]].concat());
    let field = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
    let (iv, tag) = (field("IVCounterNonce"), field("AuthenticatedEncryptionTag"));
    let gcm = "BlockCipherMode:GCM,TagLength:16";
    let decrypt = ["decrypt", &uid, "--in", &sealed, "--parameters", gcm, "--iv", iv, "--tag", tag];
    let good = [&decrypt[..], &["--additional-data", "5ec2e7", "--out", "-"]].concat();
    assert_eq!(terminal.line(&good), "attack at dawn");
    let bad = [&decrypt[..], &["--additional-data", "5ec2e8", "--out", "-"]].concat();
    assert!(terminal.fails(&bad).0.starts_with("refused: "));
}

fn data_is_signed(terminal: &Terminal) {
    let usage = ["--private-usage", "Sign", "--public-usage", "Verify", "--private-name", "signer"];
    let pair = ["create-key-pair", "--algorithm", "ECDSA", "--length", "256", "--curve", "P-256"];
    let pair = terminal.done(&[&pair[..], &usage].concat());
    let [private, public] = ["PrivateKeyUniqueIdentifier", "PublicKeyUniqueIdentifier"]
        .map(|name| pair[name].as_str().unwrap_or_else(|| panic!("{pair}")));
    terminal.uid(&["activate", private]);
    terminal.uid(&["activate", public]);
    let read = terminal.done(&["get", public, "--key-format", "X_509"]);
    let key = read["PublicKey"]["KeyBlock"]["KeyValue"]["KeyMaterial"].as_str();
    assert!(key.is_some_and(|key| key.starts_with("30")), "a public key is shown: {read}");

    let (file, signature) = (terminal.file("file", "one"), terminal.path("signature"));
    let hash = "HashingAlgorithm:SHA_256";
    let sign = ["sign", private, "--in", &file, "--parameters", hash];
    terminal.text(&[&sign[..], &["--out", &signature]].concat());
    assert!(terminal.done(&sign)["SignatureData"].as_str().is_some_and(|hex| hex.len() > 64));
    let verify = |file: &str| {
        let verify = ["signature-verify", public, "--in", file, "--signature", &signature];
        terminal.run(&[&verify[..], &["--parameters", hash]].concat())
    };
    let good = verify(&file);
    assert!(good.status.success() && good.stdout.contains("ValidityIndicator: Valid"), "{good:?}");
    let bad = verify(&terminal.file("file", "two"));
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    assert!(bad.stdout.contains("ValidityIndicator: Invalid"), "{bad:?}");
    let renewed = terminal.done(&["re-key-key-pair", private]);
    assert!(renewed["PrivateKeyUniqueIdentifier"].is_string(), "{renewed}");
}

fn pairs_of_lattices_are_made(terminal: &Terminal) {
    for (name, bits) in [("ML-KEM-768", 768), ("ML_DSA_65", 65)] {
        let pair = terminal.done(&["create-key-pair", "--algorithm", name]);
        let uid = pair["PublicKeyUniqueIdentifier"].as_str();
        let uid = uid.unwrap_or_else(|| panic!("{pair}"));
        let block = &terminal.done(&["get", uid])["PublicKey"]["KeyBlock"];
        assert_eq!(block["CryptographicLength"], bits, "{block}");
    }
}

fn data_is_authenticated(terminal: &Terminal) {
    let key = terminal.file("mac key", [7; 32]);
    let uid = terminal.uid(&[
        "register",
        "--type",
        "SymmetricKey",
        &key,
        "--algorithm",
        "HMAC_SHA256",
        "--usage",
        "MACGenerate,MACVerify",
    ]);
    terminal.uid(&["activate", &uid]);
    let (file, code) = (terminal.file("file", "one"), terminal.path("code"));
    terminal.text(&["mac", &uid, "--in", &file, "--out", &code, "--parameters", HMAC]);
    assert_eq!(terminal.read("code").len(), 32);
    let verify = ["mac-verify", &uid, "--in", &file, "--mac", &code, "--parameters", HMAC];
    assert_eq!(terminal.done(&verify)["ValidityIndicator"], "Valid");
    terminal.file("code", [0; 32]);
    assert_eq!(terminal.fails(&verify).0, "it is not valid");

    let hashed =
        terminal.done(&["hash", "--in", &file, "--parameters", "HashingAlgorithm:SHA_256"]);
    let digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(hashed["Data"], digest);
    assert_eq!(terminal.done(&["rng-retrieve", "16"])["Data"], "<16 bytes hidden>");
    terminal.text(&["rng-retrieve", "16", "--out", &terminal.path("seed")]);
    assert_eq!(terminal.read("seed").len(), 16);
}

fn objects_are_registered(terminal: &Terminal, version: &str) {
    let pair = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(["web.example.org".to_owned()]).unwrap();
    let certificate = made.self_signed(&pair).unwrap();
    let files: [(&str, &str, Vec<u8>, Vec<u8>); 5] = [
        ("SecretData", "", b"correct horse".to_vec(), b"correct horse".to_vec()),
        ("OpaqueObject", "", b"anything".to_vec(), b"anything".to_vec()),
        ("Certificate", "", certificate.pem().into(), certificate.der().to_vec()),
        ("PrivateKey", "Sign", pair.serialize_pem().into(), pair.serialize_der()),
        ("PublicKey", "Verify", pair.public_key_pem().into(), pair.subject_public_key_info()),
    ];
    for (object_type, usage, content, expected) in files {
        let file = terminal.file("object", content);
        let name = format!("{object_type} {version}");
        let mut register = vec!["register", "--type", object_type, &file, "--name", &name];
        if !usage.is_empty() {
            register.extend(["--usage", usage, "--algorithm", "ECDSA", "--length", "256"]);
        }
        let uid = terminal.uid(&register);
        terminal.text(&["get", &uid, "--out", &terminal.path("got")]);
        assert_eq!(terminal.read("got"), expected, "{object_type}");
        let shown = terminal.text(&["get", &uid]);
        let open = ["Certificate", "PublicKey"].contains(&object_type);
        assert_eq!(shown.contains("hidden"), !open, "{shown}");
    }
}

fn keys_are_replaced(terminal: &Terminal) {
    let uid = create(terminal, "replaced");
    terminal.uid(&["activate", &uid]);
    let next = terminal.uid(&["re-key", &uid, "--offset", "3600"]);
    assert_ne!(next, uid);
    let link = terminal.done(&["get-attributes", &next, "Link"]);
    let expected = json!([{ "LinkType": "ReplacedObjectLink", "LinkedObjectIdentifier": uid }]);
    assert_eq!(link["Attributes"]["Link"], expected);
}

fn objects_are_archived(terminal: &Terminal) {
    let uid = create(terminal, "archived");
    terminal.uid(&["archive", &uid]);
    let found = terminal.done(&["locate", "--name", "archived", "--storage", "ArchivalStorage"]);
    assert!(found["UniqueIdentifier"].as_array().expect("some").contains(&json!(uid)), "{found}");
    terminal.uid(&["recover", &uid]);
    terminal.text(&["get", &uid]);
}
