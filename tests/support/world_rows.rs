//! What is in the store and on the disk of a [`World`].

use std::sync::Arc;

use keystrata::clock::Timestamp;
use keystrata::keys::events::EventKind;
use keystrata::store::{
    Administration, Change, Commit, KeyLevel, KeyRow, RotationRow, Stored, TenantRow, TenantState,
    View,
};
use keystrata::tenant::{ServiceName, TenantName};

use super::World;

impl World {
    /// An object of a service of tenant `tenant-a`, as it is kept.
    pub(crate) async fn stored(&self, service: &str, uid: &str) -> Arc<Stored> {
        let (tenant, service) = ("tenant-a", ServiceName::new(service).unwrap());
        let tenant = self.store.tenant(&TenantName::new(tenant).unwrap()).await.unwrap().unwrap();
        let service = self.store.service(tenant.id, &service).await.unwrap().unwrap();
        let view = View { tenant: tenant.id, service: Some(service.id) };
        self.store.object(view, uid).await.unwrap().unwrap()
    }

    /// Suspends a tenant or lets it be served again, as if another server had done it.
    pub(crate) async fn switch(&self, tenant: &str, state: TenantState) {
        let name = TenantName::new(tenant).unwrap();
        let from = self.store.tenant(&name).await.unwrap().unwrap();
        let to = TenantRow { state, ..from.clone() };
        let change = Change::Administer(Administration::Tenant { from, to });
        let commit = Commit { changes: vec![change], audit: Vec::new() };
        self.store.commit(commit).await.unwrap();
    }

    /// Tells those who listen what happens to a version of a key, as who does it does.
    pub(crate) async fn tell(&self, level: KeyLevel, kind: EventKind, version: u32, seconds: i64) {
        let subject = self.keyring.subject(level).await.unwrap();
        self.keyring.tell(&subject, kind, version, Timestamp::of_seconds(seconds));
    }

    /// The rotations that are under way.
    pub(crate) async fn rotations(&self) -> Vec<RotationRow> {
        self.store.engine().rotations().await.unwrap()
    }

    /// The versions of a key of the hierarchy.
    pub(crate) async fn keys(&self, level: KeyLevel) -> Vec<KeyRow> {
        self.store.keys(level).await.unwrap()
    }

    /// Ends the server. Returns all that is on its disk: of the store and of the audit trail, one
    /// file after the other.
    pub(crate) fn close(self) -> Vec<Vec<u8>> {
        self.store.close();
        let mut directories = vec![self.dir.path().to_owned()];
        let mut files = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    files.push(std::fs::read(path).unwrap());
                }
            }
        }
        files
    }
}
