//! A tenant's administrator rotates the tenant's own keys over KMIP.

use std::thread;
use std::time::Duration;

use kmip_ttlv::Tag;
use kmip_ttlv::enums::Operation;
use serde_json::Value;

use crate::support::message::{create, items, of, one, outcome, uid};
use crate::support::server::{Server, run_to_end};

fn status(server: &Server) -> Value {
    let directory = server.directory().to_str().expect("UTF-8");
    let arguments = ["kek", "status", "--json", "--tenant", "tenant-a", "--dir", directory];
    let ended = run_to_end(&arguments, &[]);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// The states of the versions of a key of tenant-a, once nothing is under way.
pub(crate) fn settled(server: &Server, of: impl Fn(&Value) -> Value) -> Vec<String> {
    for _ in 0..600 {
        let status = status(server);
        if status["rotations"].as_array().is_some_and(Vec::is_empty) {
            let versions = of(&status["tenants"][0]);
            let each = versions.as_array().expect("versions").iter();
            return each.map(|it| it["state"].as_str().expect("a state").to_owned()).collect();
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("the rotation does not end");
}

#[test]
fn re_key_rotates_a_tenants_own_keys_while_its_services_notice_nothing() {
    let server = Server::start_default();
    let mut orders = server.connect("tenant-a", "orders");
    let mut admin = server.connect("tenant-a", "mongodb");
    let (operation, payload) = create((1, 4), None);
    let made = uid(&orders.ask(&one((1, 4), operation, payload)));
    let (operation, payload) = of(Operation::Get, &made);
    let get = one((1, 4), operation, payload);
    let material = |answer: crate::support::ttlv::Node| {
        answer.find(Tag::KeyMaterial).expect("material").as_bytes().to_vec()
    };
    let before = material(orders.ask(&get));

    let (operation, payload) = of(Operation::ReKey, "keystrata:tenant-key");
    let re_key = one((1, 4), operation, payload);
    let refused = orders.ask(&re_key);
    outcome(items(&refused)[0]).expect_err("a service does not rotate the tenant's key");
    let directory = server.directory().to_str().expect("UTF-8");
    let set_role = ["service", "set-role", "--tenant", "tenant-a", "--service", "mongodb"];
    let set_role = [&set_role[..], &["--role", "tenant-admin", "--dir", directory]].concat();
    let ended = run_to_end(&set_role, &[]);
    assert!(ended.status.success(), "{ended:?}");

    assert_eq!(uid(&admin.ask(&re_key)), "keystrata:tenant-key");
    let states = settled(&server, |tenant| tenant["versions"].clone());
    assert_eq!(states, ["retired", "active"]);
    let (operation, payload) = of(Operation::ReKey, "keystrata:service-key:orders");
    assert_eq!(uid(&admin.ask(&one((1, 4), operation, payload))), "keystrata:service-key:orders");
    let states = settled(&server, |tenant| {
        let services = tenant["services"].as_array().expect("services");
        let orders = services.iter().find(|it| it["service"] == "orders").expect("is there");
        orders["versions"].clone()
    });
    assert_eq!(states, ["retired", "active"]);
    assert_eq!(material(orders.ask(&get)), before);
}
