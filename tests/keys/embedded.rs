//! The hierarchy on the store that it is served from.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use keystrata::clock::{ManualClock, Timestamp};
use keystrata::crypto::random::{OsRandom, Random, RandomError};
use keystrata::keys::{AutoRegister, Keyring, KeyringSettings, OpenError, Provider, RootKey};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::{Store, StoreSettings};

use super::support::{TestRoot, caller, identity, wait};

/// Remembers every key that was made: nothing else is 32 random bytes.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl Random for Recorder {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        OsRandom.fill(out)?;
        if out.len() == 32 {
            self.0.lock().unwrap().push(out.to_vec());
        }
        Ok(())
    }

    fn mix(&self, _: &[u8]) -> Result<(), RandomError> {
        Ok(())
    }
}

/// Opens store and keyring, as a process does.
async fn start(
    directory: &Path,
    root: Arc<dyn RootKey>,
    random: Arc<dyn Random>,
) -> Result<(Store, Keyring), OpenError> {
    let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
    let metrics = Metrics::new(&MetricsSettings::default());
    let settings = StoreSettings::new(directory);
    let store = Store::open(&settings, clock.clone(), metrics.clone()).unwrap();
    let engine = Arc::clone(store.engine());
    let bounds = KeyringSettings::default();
    let keyring = Keyring::open(root, engine, clock, random, metrics, bounds).await?;
    Ok((store, keyring))
}

/// The files of the store with what is in them.
fn files(directory: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn keys_outlive_the_process_and_are_nowhere_in_plain() {
    wait(async {
        let dir = tempfile::tempdir().unwrap();
        let root = TestRoot::new(Provider::Env, &[(1, 0x11)]);
        let random = Arc::new(Recorder::default());
        let mut values = Vec::new();

        let (store, keyring) = start(dir.path(), root.clone(), random.clone()).await.unwrap();
        for (tenant, service) in
            [("tenant-a", "mongodb"), ("tenant-a", "orders"), ("tenant-b", "mongodb")]
        {
            let who = identity(tenant, service);
            let rows = keyring.admit(&who, AutoRegister::Tenants).await.unwrap();
            let own = caller(&who, &rows);
            let key = keyring.service_key(&own, own.service_id).await.unwrap();
            values.push((own, key.seal(&*random, "uid", b"value").unwrap()));
        }
        let keys = random.0.lock().unwrap().clone();
        assert_eq!(keys.len(), 5, "two tenants, three services");
        let is_in_plain = |file: &Vec<u8>| {
            file.windows(32).any(|part| keys.iter().any(|key| key == part) || part == [0x11; 32])
        };
        let written = files(dir.path());
        assert!(written.iter().map(Vec::len).sum::<usize>() > 4096, "there is something to scan");
        assert!(!written.iter().any(is_in_plain), "while it is open, with the write-ahead log");
        store.close();
        drop((store, keyring));
        assert!(!files(dir.path()).iter().any(is_in_plain), "after it was closed");

        let wrong = TestRoot::new(Provider::Env, &[(1, 0x22)]);
        let refused = start(dir.path(), wrong, random.clone()).await.err().unwrap();
        assert!(matches!(refused, OpenError::WrongRoot { version: 1, .. }), "{refused}");

        let (_store, keyring) = start(dir.path(), root, random).await.unwrap();
        for (own, sealed) in values {
            let rows = keyring.admit(&own.identity, AutoRegister::None).await.unwrap();
            assert_eq!(caller(&own.identity, &rows), own);
            let key = keyring.service_key(&own, own.service_id).await.unwrap();
            assert_eq!(*key.open("uid", &sealed).unwrap(), b"value");
        }
    });
}
