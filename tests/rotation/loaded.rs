//! What is said of who has which version of a key in memory.

use std::sync::Arc;

use keystrata::clock::Timestamp;
use keystrata::keys::rotation::{Order, RotationSettings, Subject};
use keystrata::store::{Change, Commit, OpenKeys, Target};
use serde_json::{Value, json};

use crate::crash::beat;
use crate::mortal::Points;
use crate::node::{Node, open, record};
use crate::support::message::{create, one, uid};
use crate::support::server::{Ended, Server, run_to_end};

async fn loaded(node: &Node, subject: &Subject, version: u32) -> Vec<String> {
    let nodes = node.rotator.nodes().await.expect("reads");
    node.rotator.loaded_by(&nodes, subject, version).await.expect("reads")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_looks_at_its_memory_and_believes_what_others_say() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = open(directory.path(), &Points::none()).await.expect("opens");
    node.rotator.beat().await.expect("is heard");
    let itself = RotationSettings::default().node;
    let subjects = node.subjects().await;
    let [root, tenant, service] = subjects.as_slice() else { panic!("{subjects:?}") };
    assert_eq!(loaded(&node, root, 1).await, [itself.as_str()]);
    assert!(loaded(&node, root, 2).await.is_empty());
    assert!(loaded(&node, service, 1).await.is_empty(), "nobody has used it");
    node.fill().await.expect("seals");
    for subject in [tenant, service] {
        assert_eq!(loaded(&node, subject, 1).await, [itself.as_str()]);
        assert!(loaded(&node, subject, 2).await.is_empty());
    }
    let open = OpenKeys { tenant: 1, service: 1 };
    assert_eq!(node.rotator.nodes().await.expect("reads").all[0].row.open, open);

    beat(&node, "second", vec![1]).await;
    let nodes = node.rotator.nodes().await.expect("reads");
    let second = nodes.all.iter().find(|node| node.row.name == "second").expect("is there");
    assert_eq!((second.row.open, second.is_alive), (OpenKeys { tenant: 3, service: 4 }, true));
    assert_eq!(loaded(&node, root, 1).await, [itself.as_str(), "second"]);
    assert_eq!(loaded(&node, service, 1).await, [itself.as_str()], "it has not said so");
    node.rotator.begin(service, Order::default(), record(service)).await.expect("begins");
    let say =
        |name: &str| Change::Acknowledge { node: name.into(), level: service.level(), version: 2 };
    let changes = vec![say("second"), say("third")];
    node.store.commit(Commit { changes, audit: Vec::new() }).await.expect("commits");
    assert_eq!(loaded(&node, service, 2).await, ["second"], "of those that live");
    let running = tokio::spawn(Arc::clone(&node.rotator).run());
    node.wait().await;
    running.abort();
    assert_eq!(loaded(&node, service, 2).await, [itself.as_str()], "nothing is said any more");

    let target = Target { tenant: node.caller.tenant_id, service: None };
    node.keyring.forget(target);
    for (subject, version) in [(tenant, 1), (service, 1), (service, 2)] {
        assert!(loaded(&node, subject, version).await.is_empty());
    }
    // A node that has not been heard for long has nothing.
    let (heard, roots) = (Timestamp(1), vec![1]);
    let beat = Change::Heartbeat { node: "second".into(), heard, roots, open };
    node.store.commit(Commit { changes: vec![beat], audit: Vec::new() }).await.expect("commits");
    assert_eq!(loaded(&node, root, 1).await, [itself.as_str()]);
}

#[test]
fn the_status_says_which_nodes_have_a_version_loaded() {
    let server = Server::start_default();
    for service in ["orders", "mongodb"] {
        let (operation, payload) = create((1, 4), None);
        uid(&server.connect("tenant-a", service).ask(&one((1, 4), operation, payload)));
    }
    let directory = server.directory().to_str().expect("UTF-8");
    let command = |arguments: &[&str]| -> Ended {
        run_to_end(&[arguments, &["--tenant", "tenant-a", "--dir", directory]].concat(), &[])
    };
    let status = |arguments: &[&str]| -> Value {
        let ended = command(&[&["kek", "status", "--json"], arguments].concat());
        serde_json::from_str(&ended.stdout).expect("JSON")
    };
    let of_orders = ["--service", "orders"];
    let said = status(&of_orders);
    let services = said["tenants"][0]["services"].as_array().expect("services");
    assert_eq!(services.len(), 1, "that one alone");
    let this = json!(["keystrata"]);
    assert_eq!(services[0]["versions"][0]["loaded_by"], this);
    assert_eq!(said["tenants"][0]["versions"][0]["loaded_by"], this);
    assert_eq!(said["root"]["versions"][0]["loaded_by"], this);
    let node = &said["nodes"][0];
    assert_eq!((&node["tenant_keys"], &node["service_keys"]), (&json!(1), &json!(2)));
    assert_eq!(node["alive"], true);
    assert_eq!(status(&[])["tenants"][0]["services"].as_array().map(Vec::len), Some(2));

    let ended = command(&["service", "suspend", "--service", "orders"]);
    assert!(ended.status.success(), "{ended:?}");
    let said = status(&of_orders);
    assert_eq!(said["tenants"][0]["services"][0]["versions"][0]["loaded_by"], json!([]));
    let shown = command(&["kek", "status"]).stdout;
    let last = |name: &str| {
        let line = shown.lines().find(|line| line.starts_with(name)).expect("is shown");
        line.split_whitespace().last().expect("words").to_owned()
    };
    assert_eq!(last("key "), "loaded");
    assert_eq!(
        (last("tenant-a/orders "), last("tenant-a/mongodb ")),
        ("-".into(), "keystrata".into())
    );

    let refused = command(&["kek", "status", "--service", "nobody"]);
    assert!(refused.stderr.contains("tenant tenant-a has no service nobody"), "{refused:?}");
}
