//! Plans of administrative commands: they say what would be done, and do nothing.

use kmip_ttlv::enums::Operation;
use rusqlite::{Connection, OpenFlags};

use crate::kill_switches::{ask, done, find_database, get, made};
use crate::support::server::Server;

/// Every row of every table, but for the heartbeats of nodes.
fn dump(server: &Server) -> Vec<String> {
    let file = find_database(server.directory());
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN
               ('nodes', 'audit_anchor', 'audit_outbox', 'sqlite_sequence')";
    let mut statement = db.prepare(sql).expect("good SQL");
    let tables = statement.query_map([], |row| row.get::<_, String>(0)).expect("tables");
    let mut rows = Vec::new();
    for table in tables {
        let table = table.expect("a name");
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).expect("good SQL");
        let columns = statement.column_count();
        let mut found = statement.query([]).expect("rows");
        while let Some(row) = found.next().expect("a row") {
            let values = (0..columns).map(|column| format!("{:?}", row.get_ref(column)));
            rows.push(format!("{table}: {}", values.collect::<Vec<_>>().join(", ")));
        }
    }
    assert!(rows.len() > 10, "{rows:?}");
    rows
}

#[test]
fn a_plan_changes_nothing_in_the_store() {
    let server = Server::start_default();
    let mut own = server.connect("tenant-a", "mongodb");
    let mut others = [server.connect("tenant-a", "orders"), server.connect("tenant-b", "mongodb")];
    for other in &mut others {
        made(other);
    }
    let (key, other) = (made(&mut own), made(&mut own));
    done(&server, &["tenant", "set", "--tenant", "tenant-a", "--destroy-hold", "3600"]);
    assert_eq!(ask(&mut own, Operation::Destroy, &key), Ok(()));
    let resting = ["--tenant", "tenant-a", "--service", "orders"];
    done(&server, &[&["service", "suspend"][..], &resting].concat());
    done(&server, &["tenant", "suspend", "--tenant", "tenant-b"]);
    let before = dump(&server);
    let (tenant, service) = (["--tenant", "tenant-a"], ["--service", "mongodb"]);
    let of_service = [tenant, service].concat();
    let plans: &[(&[&str], &[&str], &[&str])] = &[
        (&["tenant", "create"], &["--tenant", "tenant-c"], &[]),
        (&["tenant", "suspend"], &tenant, &[]),
        (&["tenant", "resume"], &["--tenant", "tenant-b"], &[]),
        (&["service", "resume"], &resting, &[]),
        (&["tenant", "set"], &tenant, &["--strict", "true"]),
        (&["tenant", "set"], &tenant, &["--legacy", "off"]),
        (&["tenant", "shred"], &tenant, &["--confirm", "tenant-a"]),
        (&["service", "create"], &["--tenant", "tenant-a", "--service", "new"], &[]),
        (&["service", "suspend"], &of_service, &[]),
        (&["service", "set-mode"], &of_service, &["--mode", "read-only"]),
        (&["service", "set-role"], &of_service, &["--role", "tenant-admin"]),
        (&["service", "set-operations"], &of_service, &["--operations", "Get"]),
        (&["service", "shred"], &of_service, &["--confirm", "mongodb"]),
        (&["object", "restore"], &tenant, &["--uid", &key]),
    ];
    for (command, whom, what) in plans {
        let planned = done(&server, &[*command, *whom, *what, &["--plan"]].concat());
        assert_eq!(planned["plan"], true, "{command:?}");
        assert_eq!(dump(&server), before, "{command:?}");
    }
    assert_eq!(get(&mut own, &other), Ok(()));
}
