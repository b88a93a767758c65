//! One client of the soak: its work, what it remembers, and what it finds wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use keystrata::client::{Blocking, ClientError, Identity, Settings};
use keystrata::clock::Clock;
use kmip_ttlv::attribute::{Attribute, AttributeList, CryptographicParameters, RevocationReason};
use kmip_ttlv::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, PaddingMethod,
    RevocationReasonCode,
};
use kmip_ttlv::object::ManagedObject;
use kmip_ttlv::payload::{create, decrypt, destroy, encrypt, get, revoke};
use kmip_ttlv::{DateTime, Error, Tag, Version};

/// What is encrypted.
const PLAIN: &[u8] = b"what a client has encrypted stays what it is";
/// Every so many objects, the newest is destroyed.
const DESTROY_EVERY: u64 = 10;
/// How many of the oldest objects are read again in each round.
const READ_AGAIN: usize = 4;
/// How many wrong things are kept in words.
const WRONG_MAX: usize = 20;

/// Where the server is, and how often it was started; `None` while it is down.
pub(super) type Address = Mutex<Option<(SocketAddr, u64)>>;

/// What all clients share.
pub(super) struct Shared {
    pub(super) address: Address,
    pub(super) stop: AtomicBool,
    /// Whether a rotation is under way, for the two sets of durations.
    pub(super) rotating: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn address(&self) -> Option<(SocketAddr, u64)> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_address(&self, address: Option<(SocketAddr, u64)>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// An object that was acknowledged and not destroyed.
struct Known {
    value: ManagedObject,
    /// Initialisation vector and ciphertext.
    encrypted: (Vec<u8>, Vec<u8>),
}

/// What a client did and found.
#[derive(Default)]
pub(super) struct History {
    alive: BTreeMap<String, Known>,
    /// Objects whose destruction was acknowledged.
    destroyed: Vec<String>,
    pub(super) operations: u64,
    pub(super) connections_lost: u64,
    pub(super) wrong: Vec<String>,
    /// Microseconds of each Get, without and with a rotation under way.
    pub(super) calm: Vec<u32>,
    pub(super) rotating: Vec<u32>,
}

impl History {
    fn found(&mut self, wrong: String) {
        if self.wrong.len() < WRONG_MAX {
            self.wrong.push(wrong);
        }
    }

    /// How many objects have to be there.
    pub(super) fn alive(&self) -> usize {
        self.alive.len()
    }
}

/// A client.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) identity: Identity,
}

impl Worker {
    /// Works until it is told to stop. A server that was killed is waited for; any other failure is
    /// wrong.
    pub(super) fn run(&self) -> History {
        let mut history = History::default();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let Some((address, life)) = self.shared.address() else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            let client = self.client(address);
            let Err(error) = client.and_then(|client| self.work(&client, &mut history)) else {
                continue;
            };
            history.connections_lost += 1;
            let same = self.shared.address().is_some_and(|(_, now)| now == life);
            if same || !error.is_connection() {
                history.found(error.to_string());
                thread::sleep(Duration::from_millis(50));
            }
        }
        history
    }

    /// A client with one connection.
    fn client(&self, address: SocketAddr) -> Result<Blocking, ClientError> {
        let settings = Settings {
            server_name: Some("localhost".into()),
            version: Some(Version::V1_4),
            connections_max: 1,
            ..Settings::new(address.to_string())
        };
        Blocking::new(settings, self.identity.clone())
    }

    fn work(&self, client: &Blocking, history: &mut History) -> Result<(), ClientError> {
        while !self.shared.stop.load(Ordering::Relaxed) {
            let created = client.ask(create(self.shared.clock.now().seconds()))?;
            let uid = created.read()?.uid.text().unwrap_or_default().to_owned();
            let value = self.get(client, &uid, history)?;
            let encrypted = client.ask(encrypt(&uid))?;
            let encrypted = encrypted.read()?;
            let iv = encrypted.iv.ok_or(Error::Missing(Tag::IvCounterNonce))?.into_owned();
            let data = encrypted.data.as_ref().and_then(|data| data.bytes());
            let encrypted = (iv, data.ok_or(Error::Missing(Tag::Data))?.to_vec());
            history.operations += 2;
            history.alive.insert(uid, Known { value, encrypted });
            let oldest: Vec<_> = history.alive.keys().take(READ_AGAIN).cloned().collect();
            for uid in oldest {
                self.check(client, &uid, history)?;
            }
            if (history.alive.len() as u64).is_multiple_of(DESTROY_EVERY)
                && let Some((uid, _)) = history.alive.pop_last()
            {
                client.ask(revoke(&uid))?;
                client.ask(destroy::Request { uid: Some(uid.as_str().into()) })?;
                history.destroyed.push(uid);
                history.operations += 1;
            }
        }
        Ok(())
    }

    /// Reads an object and what it has encrypted, and compares both with what they were.
    fn check(
        &self,
        client: &Blocking,
        uid: &str,
        history: &mut History,
    ) -> Result<(), ClientError> {
        let value = self.get(client, uid, history)?;
        let Some(known) = history.alive.get(uid) else { return Ok(()) };
        let same = known.value == value;
        let decrypted = client.ask(decrypt(uid, &known.encrypted))?;
        let decrypted = decrypted.read()?.data;
        let plain = decrypted.as_ref().and_then(|data| data.bytes());
        history.operations += 1;
        if !same {
            history.found(format!("{uid} has another value than before"));
        }
        if plain != Some(PLAIN) {
            history.found(format!("{uid} decrypts to something else"));
        }
        Ok(())
    }

    fn get(
        &self,
        client: &Blocking,
        uid: &str,
        history: &mut History,
    ) -> Result<ManagedObject, ClientError> {
        let rotating = self.shared.rotating.load(Ordering::Relaxed);
        let start = self.shared.clock.elapsed();
        let value = client.ask(get::Request::new(uid))?.read()?.object;
        let took = self.shared.clock.elapsed().saturating_sub(start).as_micros();
        let took = u32::try_from(took).unwrap_or(u32::MAX);
        let kept = if rotating { &mut history.rotating } else { &mut history.calm };
        kept.push(took);
        history.operations += 1;
        Ok(value)
    }

    /// Reads everything that was acknowledged once more. What was destroyed must not be had.
    pub(super) fn check_all(&self, history: &mut History) -> Result<(), ClientError> {
        let Some((address, _)) = self.shared.address() else { return Ok(()) };
        let client = self.client(address)?;
        let all: Vec<_> = history.alive.keys().cloned().collect();
        for uid in all {
            if let Err(error) = self.check(&client, &uid, history) {
                history.found(format!("{uid} was acknowledged: {error}"));
            }
        }
        for uid in std::mem::take(&mut history.destroyed) {
            match client.ask(get::Request::new(uid.as_str())) {
                Ok(_) => history.found(format!("{uid} was destroyed, and can be read")),
                Err(error) if error.refusal().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn create(now: i64) -> create::Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(
            CryptographicUsageMask::ENCRYPT.union(CryptographicUsageMask::DECRYPT),
        ),
        Attribute::ActivationDate(DateTime(now)),
    ];
    create::Request {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<AttributeList>(),
        protection_storage_masks: None,
    }
}

fn revoke(uid: &str) -> revoke::Request<'_> {
    let code = RevocationReasonCode::CessationOfOperation;
    revoke::Request {
        uid: Some(uid.into()),
        reason: RevocationReason { code, message: None },
        compromise_occurrence_date: None,
    }
}

fn parameters() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::Cbc),
        padding_method: Some(PaddingMethod::Pkcs5),
        random_iv: Some(true),
        ..CryptographicParameters::default()
    }
}

fn encrypt(uid: &str) -> encrypt::Request<'_> {
    encrypt::Request {
        uid: Some(uid.into()),
        parameters: Some(parameters()),
        data: Some(PLAIN.into()),
        iv: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    }
}

fn decrypt<'a>(uid: &'a str, (iv, data): &'a (Vec<u8>, Vec<u8>)) -> decrypt::Request<'a> {
    let parameters = CryptographicParameters { random_iv: None, ..parameters() };
    decrypt::Request {
        uid: Some(uid.into()),
        parameters: Some(parameters),
        data: Some(data.as_slice().into()),
        iv: Some(iv.as_slice().into()),
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
        tag: None,
    }
}
