//! Death at every point of shredding: everything opens, or nothing does, with the proof; and the next
//! server erases what is left.

use std::path::Path;
use std::sync::Arc;

use keystrata::admin::{Admin, Parts, Progress};
use keystrata::clock::SystemClock;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::statement;
use keystrata::store::{KeyLevel, KeyState, Target, TenantState};
use serde_json::{Value, json};

use crate::mortal::{Points, every_death, template};
use crate::node::{Node, OBJECTS, SERVICE, TENANT, open};

/// The administrative side of a node.
fn admin(directory: &Path, node: &Node) -> Admin {
    Admin::new(Parts {
        keyring: Arc::clone(&node.keyring),
        rotator: Arc::clone(&node.rotator),
        open_root: Arc::new(|_, _| Err("nothing moves here".into())),
        reload_root: Box::new(|| Ok(())),
        store: Arc::clone(&node.store),
        clock: Arc::new(SystemClock::new()),
        node: "test".into(),
        directory: directory.to_owned(),
        audit: directory.join("audit"),
        random: Arc::new(OsRandom),
    })
}

async fn run(admin: &Admin, name: &str, arguments: Value) -> Result<Value, String> {
    let answer = admin.run(name, arguments, Progress::unheard()).await.expect("is a command");
    answer.map_err(|refusal| refusal.to_string())
}

async fn statements(admin: &Admin) -> Vec<Value> {
    let told = run(admin, "tenant statements", json!({ "tenant": TENANT })).await;
    told.expect("reads")["statements"].as_array().expect("a list").clone()
}

/// Shreds the service, then the tenant; what is shredded already is left.
async fn shred(directory: &Path, points: &Points) -> Result<(), String> {
    let node = open(directory, points).await?;
    let admin = admin(directory, &node);
    let (_, _, [tenant, service]) = node.standing().await;
    if service != TenantState::Shredded {
        let which = json!({ "tenant": TENANT, "service": SERVICE, "confirm": SERVICE });
        run(&admin, "service shred", which).await?;
    }
    if tenant != TenantState::Shredded {
        let which = json!({ "tenant": TENANT, "confirm": TENANT });
        run(&admin, "tenant shred", which).await?;
    }
    Ok(())
}

/// The audit trail of a directory.
fn trail(directory: &Path) -> String {
    let files = std::fs::read_dir(directory.join("audit")).expect("is there");
    files.map(|file| std::fs::read_to_string(file.expect("reads").path()).expect("text")).collect()
}

#[test]
fn what_is_shredded_is_gone_whole() {
    let filled = template(async |directory| open(directory, &Points::none()).await?.fill().await);
    let points = every_death(&filled, shred, async |directory, at| {
        let node = open(directory, &Points::none()).await?;
        let (tenant_id, service_id, states) = node.standing().await;
        let keys = node.store.keys(KeyLevel::Service(service_id)).await.expect("reads");
        let are_gone = keys.iter().all(|row| row.state == KeyState::Destroyed);
        // All or nothing: its keys are gone when it says so, and everything opens until then.
        assert_eq!(are_gone, states[1] == TenantState::Shredded, "point {at}");
        if !are_gone {
            node.check_values(at).await;
        }
        let admin = admin(directory, &node);
        let shredded = states.iter().filter(|it| **it == TenantState::Shredded).count();
        assert_eq!(statements(&admin).await.len(), shredded, "with its proof, point {at}");

        // What a dead process has left is erased by the next one, before anybody asks.
        let target = Target { tenant: tenant_id, service: Some(service_id) };
        let engine = node.store.engine();
        let left = engine.counts(target).await.expect("reads").values;
        admin.erase_remains().await.map_err(|refusal| refusal.to_string())?;
        let counts = engine.counts(target).await.expect("reads");
        let values = if are_gone { 0 } else { OBJECTS as u64 };
        assert_eq!(counts.values, values, "point {at}");
        admin.erase_remains().await.map_err(|refusal| refusal.to_string())?;
        node.store.close();
        let said = trail(directory).matches("left of the shredded").count();
        assert_eq!(said, usize::from(are_gone && left > 0), "once, point {at}");
        drop((admin, node));

        shred(directory, &Points::none()).await?;
        let node = open(directory, &Points::none()).await?;
        let target = Target { tenant: tenant_id, service: None };
        let counts = node.store.engine().counts(target).await.expect("reads");
        assert_eq!((counts.objects, counts.values), (OBJECTS as u64, 0), "point {at}");
        for level in [KeyLevel::Tenant(tenant_id), KeyLevel::Service(service_id)] {
            for row in node.store.keys(level).await.expect("reads") {
                assert_eq!(row.state, KeyState::Destroyed, "point {at}");
                assert!(row.sealed.as_bytes().is_empty(), "point {at}");
            }
        }
        let said = statements(&self::admin(directory, &node)).await;
        assert_eq!(said.len(), 2, "point {at}");
        assert!(said.iter().all(|signed| statement::verified(signed).is_some()), "point {at}");
        Ok(())
    });
    assert!(points > 8, "only {points} points");
}
