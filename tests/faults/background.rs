//! What the server does by itself after a start: it ends what a process before it has left, and what has
//! become due meanwhile.

use std::fs;
use std::thread;
use std::time::Duration;

use kmip_ttlv::Tag;
use rusqlite::Connection;

use crate::damage::files_below;
use crate::kill_switches::{done, envelopes, find_database, made, stands_somewhere};
use crate::support::message::{create, request, uid};
use crate::support::server::Server;
use crate::support::ttlv::{Node, Value};

/// Waits until this SQL finds as many rows in the server's store as there are to be.
fn wait_for(server: &Server, sql: &str, is_enough: impl Fn(usize) -> bool) {
    for _ in 0..3000 {
        if is_enough(envelopes(server, sql).len()) {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{sql}\n{}", server.log());
}

#[test]
fn values_that_a_shredding_has_left_are_erased_by_the_next_start() {
    let mut server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let key = made(&mut own);
    let sql = "SELECT sealed FROM objects WHERE sealed IS NOT NULL";
    let sealed = envelopes(&server, sql);
    done(&server, &["tenant", "shred", "--tenant", "tenant-a", "--confirm", "tenant-a"]);
    assert!(server.stop().success());
    // As if the process had been killed right after the keys were gone.
    let db = Connection::open(find_database(server.directory())).expect("opens");
    let sql_left = "UPDATE objects SET sealed = ?1 WHERE uid = ?2";
    assert_eq!(db.execute(sql_left, (&sealed[0], &key)).expect("writes"), 1);
    drop(db);
    assert!(stands_somewhere(&server, &sealed).is_some());

    server.start();
    wait_for(&server, sql, |rows| rows == 0);
    assert!(server.stop().success());
    assert_eq!(stands_somewhere(&server, &sealed), None);
    assert!(server.log().contains("1 values that were left of the shredded tenant tenant-a"));
    let trail = files_below(server.directory());
    let trail = trail.iter().filter(|path| path.parent().is_some_and(|it| it.ends_with("audit")));
    let trail: String = trail.map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    assert_eq!(trail.matches("\"operation\":\"shredding\"").count(), 1, "{trail}");
}

#[test]
fn a_key_that_has_become_due_while_the_server_was_away_is_rotated_after_the_start() {
    let mut server = Server::start_default();
    let mut client = server.connect("tenant-a", "mongodb");
    let (operation, mut payload) = create((2, 1), None);
    let Some(Node { value: Value::Structure(attributes), .. }) = payload.last_mut() else {
        panic!("attributes come last");
    };
    attributes.push(Node::new(Tag::RotateAutomatic, Value::Boolean(true)));
    attributes.push(Node::new(Tag::RotateInterval, Value::Interval(1)));
    uid(&client.ask(&request((2, 1), vec![(operation, payload)])));
    drop(client);
    server.restart();
    wait_for(&server, "SELECT sealed FROM objects", |rows| rows > 1);
}
