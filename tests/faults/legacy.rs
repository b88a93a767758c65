//! Tenants of whom an administrator has said whether they may what only old estates need.

use kmip_ttlv::Tag;
use kmip_ttlv::enums::{CryptographicAlgorithm, Operation, ResultReason};

use crate::kill_switches::done;
use crate::support::client::Client;
use crate::support::message::{collect, items, one, outcome};
use crate::support::server::Server;
use crate::support::ttlv::Node;

const VERSION: (i32, i32) = (1, 4);

/// Create of a key of 3DES.
fn des3(client: &mut Client) -> Result<(), ResultReason> {
    let algorithm = CryptographicAlgorithm::Des3.number();
    let attributes = vec![
        ("Cryptographic Algorithm", Node::enumeration(Tag::CryptographicAlgorithm, algorithm)),
        ("Cryptographic Length", Node::integer(Tag::CryptographicLength, 168)),
        ("Cryptographic Usage Mask", Node::integer(Tag::CryptographicUsageMask, 12)),
    ];
    let payload = vec![Node::enumeration(Tag::ObjectType, 2), collect(VERSION, attributes)];
    outcome(items(&client.ask(&one(VERSION, Operation::Create, payload)))[0])
}

/// The configuration of `try` allows what only old estates need.
#[test]
fn what_is_said_of_a_tenant_holds_at_once_for_it_alone_and_after_a_restart() {
    let mut server = Server::start_default();
    let set = |server: &Server, legacy: &str| {
        done(server, &["tenant", "set", "--tenant", "tenant-a", "--legacy", legacy])
    };
    let mut own = server.connect("tenant-a", "mongodb");
    assert_eq!(des3(&mut own), Ok(()));
    set(&server, "off");
    assert_eq!(des3(&mut own), Err(ResultReason::InvalidField));
    assert_eq!(
        des3(&mut server.connect("tenant-b", "mongodb")),
        Ok(()),
        "it is no matter of others"
    );
    let shown = done(&server, &["tenant", "show", "--tenant", "tenant-a"]);
    assert_eq!(shown["legacy"], "off");
    assert!(server.stop().success(), "{}", server.log());
    server.start();
    let mut own = server.connect("tenant-a", "mongodb");
    assert_eq!(des3(&mut own), Err(ResultReason::InvalidField));
    set(&server, "on");
    assert_eq!(des3(&mut own), Ok(()));
    set(&server, "off");
    set(&server, "configured");
    assert_eq!(des3(&mut own), Ok(()));
}
