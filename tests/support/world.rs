//! A whole server less its transport: a real store in a directory that vanishes, a root key, a
//! clock that stands until it is moved.
#![allow(dead_code, reason = "each test target uses its part")]

#[path = "world_rows.rs"]
mod rows;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use keystrata::clock::{Clock, ManualClock, Timestamp};
use keystrata::crypto::hash::hash;
use keystrata::crypto::policy::Policy;
use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::KeySource;
use keystrata::keys::{
    AutoRegister, ClientIssuerSettings, ClientIssuers, EnvRoot, Keyring, KeyringSettings,
};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::operation::{Facts, Parts, Policies, StreamLimits, Streams};
use keystrata::service::{NotAdmitted, Service, Settings};
use keystrata::store::{Store, StoreSettings};
use keystrata::tenant::{Caller, Fingerprint, Identity, Mode, Peer, Role, ServiceName, TenantName};
use kmip_ttlv::attribute::{Attribute, AttributeList};
use kmip_ttlv::enums::{
    BatchErrorContinuationOption, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm,
    KeyFormatType, ObjectType, ResultReason, ResultStatus, TicketType,
};
use kmip_ttlv::message::{RequestHeader, RequestItem, RequestMessage, ResponseMessage};
use kmip_ttlv::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SymmetricKey};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, create, register};
use kmip_ttlv::scan::Limits;
use kmip_ttlv::structure::{Authentication, Credential, Ticket, TicketCredential};
use kmip_ttlv::{Buffer, DateTime, Secret, UniqueIdentifier, Version};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Where the clock stands at first, in seconds since the epoch.
pub(crate) const START: i64 = 1_700_000_000;

/// The longest response, in bytes, where a test does not say.
const RESPONSE_BYTES_MAX: usize = 16 << 20;

/// What comes of one batch item.
pub(crate) type Answer = Result<ResponsePayload<'static>, ResultReason>;

/// The server.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    keyring: Arc<Keyring>,
    store: Arc<Store>,
    /// Last, so that the store is closed before.
    dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::build(StreamLimits::default(), Facts::default(), RESPONSE_BYTES_MAX).await
    }

    pub(crate) async fn with_streams(limits: StreamLimits) -> Self {
        Self::build(limits, Facts::default(), RESPONSE_BYTES_MAX).await
    }

    pub(crate) async fn with_facts(facts: Facts) -> Self {
        Self::build(StreamLimits::default(), facts, RESPONSE_BYTES_MAX).await
    }

    pub(crate) async fn with_response_limit(response_bytes_max: usize) -> Self {
        Self::build(StreamLimits::default(), Facts::default(), response_bytes_max).await
    }

    pub(crate) async fn with_facts_and_limit(facts: Facts, response_bytes_max: usize) -> Self {
        Self::build(StreamLimits::default(), facts, response_bytes_max).await
    }

    /// The server after it was stopped and started again; only what is on the disk is left.
    pub(crate) async fn restarted(self) -> Self {
        self.restarted_with_policy(Policy::default()).await
    }

    /// The server after it was stopped and started again, with another policy for everybody.
    pub(crate) async fn restarted_with_policy(self, policy: Policy) -> Self {
        let Self { service, clock, keyring, store, dir } = self;
        drop((service, keyring));
        store.close();
        drop(store);
        let facts = Facts { policies: Policies::new(policy), ..Facts::default() };
        let limits = StreamLimits::default();
        Self::open(dir, clock, limits, facts, RESPONSE_BYTES_MAX, Arc::default()).await
    }

    /// Everybody has this policy.
    pub(crate) async fn with_policy(policy: Policy) -> Self {
        Self::with_facts(Facts { policies: Policies::new(policy), ..Facts::default() }).await
    }

    async fn build(limits: StreamLimits, facts: Facts, response_bytes_max: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(START * 1_000_000)));
        Self::open(dir, clock, limits, facts, response_bytes_max, Arc::default()).await
    }

    /// A server that has been given an authority by which it renews certificates.
    pub(crate) async fn with_client_issuer(settings: ClientIssuerSettings, policy: Policy) -> Self {
        let now = Timestamp::of_seconds(START);
        let metrics = Metrics::new(&MetricsSettings::default());
        let issuers = Arc::new(ClientIssuers::load(settings, now, &metrics).unwrap());
        Self::with_client_issuers(issuers, policy).await
    }

    /// A server whose authority for certificates can be read again.
    pub(crate) async fn with_client_issuers(issuers: Arc<ClientIssuers>, policy: Policy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::of_seconds(START)));
        let facts = Facts { policies: Policies::new(policy), ..Facts::default() };
        let limits = StreamLimits::default();
        Self::open(dir, clock, limits, facts, RESPONSE_BYTES_MAX, issuers).await
    }

    async fn open(
        dir: TempDir,
        clock: Arc<ManualClock>,
        limits: StreamLimits,
        facts: Facts,
        response_bytes_max: usize,
        issuers: Arc<ClientIssuers>,
    ) -> Self {
        let time: Arc<dyn Clock> = clock.clone();
        let metrics = Metrics::new(&MetricsSettings::default());
        let settings = StoreSettings::new(dir.path());
        let store = Store::open(&settings, time.clone(), metrics.clone()).unwrap();
        let store = Arc::new(store);
        let source =
            KeySource::Variable { name: "ROOT".into(), value: Zeroizing::new("5a".repeat(32)) };
        let root = EnvRoot::new([(1, source)], Arc::new(OsRandom)).unwrap();
        let keyring = Keyring::open(
            Arc::new(root),
            Arc::clone(store.engine()),
            time.clone(),
            Arc::new(OsRandom),
            metrics.clone(),
            KeyringSettings::default(),
        );
        let keyring = Arc::new(keyring.await.unwrap());
        let kept = Arc::clone(&keyring);
        let mut parts = Parts::new(Arc::clone(&store), keyring, Arc::new(OsRandom), facts);
        parts.streams = Streams::new(limits);
        parts.client_issuers = issuers;
        let settings = Settings {
            limits: Limits::default(),
            response_bytes_max,
            auto_register: AutoRegister::Tenants,
        };
        let service = Service::new(parts, metrics, time, settings);
        Self { service, clock, keyring: kept, store, dir }
    }

    /// A client that speaks `version` for this service of tenant `tenant-a`.
    pub(crate) async fn client(&self, service: &str, version: Version) -> Client<'_> {
        self.client_of("tenant-a", service, version).await
    }

    /// A client that speaks `version` for this service of this tenant.
    pub(crate) async fn client_of(
        &self,
        tenant: &str,
        service: &str,
        version: Version,
    ) -> Client<'_> {
        self.admitted(tenant, service, version, &[]).await.unwrap()
    }

    /// A client that connects with this certificate (DER), of which nothing is read here.
    pub(crate) async fn admitted(
        &self,
        tenant: &str,
        service: &str,
        version: Version,
        certificate: &[u8],
    ) -> Result<Client<'_>, NotAdmitted> {
        let mut fingerprint = [0; 32];
        if !certificate.is_empty() {
            let digest = hash(HashingAlgorithm::Sha256, certificate).unwrap();
            fingerprint.copy_from_slice(&digest);
        }
        let identity = Identity {
            tenant: TenantName::new(tenant).unwrap(),
            service: ServiceName::new(service).unwrap(),
            peer: Peer {
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)).into(),
                fingerprint: Fingerprint(fingerprint),
                certificate: Arc::from(certificate),
                serial: "1".into(),
                tls_version: "TLSv1_3".into(),
                tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
                tls_group: "X25519".into(),
            },
        };
        let caller = self.service.admit(identity).await?;
        Ok(Client { world: self, caller, version, ticket: None })
    }
}

/// A client.
#[derive(Clone)]
pub(crate) struct Client<'w> {
    pub(crate) world: &'w World,
    caller: Arc<Caller>,
    pub(crate) version: Version,
    /// Shown with every request.
    ticket: Option<Vec<u8>>,
}

impl Client<'_> {
    /// The same client, showing a ticket.
    pub(crate) fn under(&self, ticket: &[u8]) -> Self {
        Self { ticket: Some(ticket.to_vec()), ..self.clone() }
    }

    /// The same client, speaking another version.
    pub(crate) fn speaking(&self, version: Version) -> Self {
        Self { version, ..self.clone() }
    }

    /// Who it is.
    pub(crate) fn identity(&self) -> Identity {
        self.caller.identity.clone()
    }

    /// The same client, held to a mode.
    pub(crate) fn in_mode(&self, mode: Mode) -> Self {
        Self { caller: Arc::new(Caller { mode, ..(*self.caller).clone() }), ..self.clone() }
    }

    /// The same client with the reach of a role.
    pub(crate) fn in_role(&self, role: Role) -> Self {
        Self { caller: Arc::new(Caller { role, ..(*self.caller).clone() }), ..self.clone() }
    }

    /// Who it is to the server.
    pub(crate) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The bytes that answer a message.
    pub(crate) async fn answer(&self, request: &RequestMessage<'_>) -> Vec<u8> {
        self.answer_bytes(&request.to_bytes().unwrap()).await
    }

    /// The bytes that answer bytes.
    pub(crate) async fn answer_bytes(&self, request: &[u8]) -> Vec<u8> {
        let mut response = Buffer::new();
        self.world.service.answer(&self.caller, request, &mut response).await;
        response.to_vec()
    }

    /// The message that answers a message.
    pub(crate) async fn send(&self, request: &RequestMessage<'_>) -> ResponseMessage<'static> {
        // A test may leave behind what it has read.
        ResponseMessage::from_bytes(Vec::leak(self.answer(request).await)).unwrap()
    }

    /// A message of these items and nothing special.
    pub(crate) fn request<'a>(&self, payloads: Vec<RequestPayload<'a>>) -> RequestMessage<'a> {
        let numbered = |(number, payload): (usize, RequestPayload<'a>)| RequestItem {
            unique_batch_item_id: Some(number.to_be_bytes().to_vec().into()),
            ..RequestItem::new(payload)
        };
        let count = i32::try_from(payloads.len()).unwrap();
        let mut header = RequestHeader::new(self.version.into(), count);
        header.authentication = self.ticket.as_ref().map(|value| {
            let value = Secret::new(value.clone());
            let ticket = Ticket { kind: TicketType::Login, value };
            let credential = Credential::Ticket(TicketCredential { ticket });
            Authentication { credentials: vec![credential] }
        });
        RequestMessage { header, items: payloads.into_iter().enumerate().map(numbered).collect() }
    }

    /// One batch item.
    pub(crate) async fn ask<'a>(&self, payload: impl Into<RequestPayload<'a>>) -> Answer {
        let mut answers = self.batch(None, vec![payload.into()]).await;
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// A batch, and what becomes of it if an item fails.
    pub(crate) async fn batch(
        &self,
        on_error: Option<BatchErrorContinuationOption>,
        payloads: Vec<RequestPayload<'_>>,
    ) -> Vec<Answer> {
        let mut request = self.request(payloads);
        request.header.error_continuation = on_error;
        let response = self.send(&request).await;
        let answers = response.items.into_iter().map(|item| {
            if item.status == ResultStatus::Success {
                return Ok(item.payload.unwrap());
            }
            assert!(item.message.is_some_and(|message| !message.is_empty()));
            Err(item.reason.unwrap())
        });
        answers.collect()
    }

    /// A new Active AES key of so many bits, for every use, with more attributes.
    pub(crate) async fn key(&self, bits: usize, more: Vec<Attribute>) -> String {
        let mut attributes = vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Aes),
            Attribute::CryptographicLength(i32::try_from(bits).unwrap()),
            Attribute::CryptographicUsageMask(every_use()),
            Attribute::ActivationDate(DateTime(START - 100)),
        ];
        attributes.retain(|usual| more.iter().all(|own| own.kind() != usual.kind()));
        attributes.extend(more);
        let request = create::Request {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into_iter().collect::<AttributeList>(),
            protection_storage_masks: None,
        };
        match self.ask(request).await {
            Ok(ResponsePayload::Create(response)) => text(&response.uid),
            other => panic!("{other:?}"),
        }
    }

    /// An Active AES key of these bytes, for every use, with more attributes.
    pub(crate) async fn register(&self, bytes: Option<&[u8]>, more: Vec<Attribute>) -> String {
        self.register_block(CryptographicAlgorithm::Aes, bytes, more).await
    }

    /// An Active key of an algorithm and of these bytes, for every use, with more attributes.
    pub(crate) async fn register_as(
        &self,
        algorithm: CryptographicAlgorithm,
        bytes: &[u8],
        more: Vec<Attribute>,
    ) -> String {
        self.register_block(algorithm, Some(bytes), more).await
    }

    async fn register_block(
        &self,
        algorithm: CryptographicAlgorithm,
        bytes: Option<&[u8]>,
        more: Vec<Attribute>,
    ) -> String {
        let mut attributes = vec![
            Attribute::CryptographicUsageMask(every_use()),
            Attribute::ActivationDate(DateTime(START - 100)),
        ];
        attributes.retain(|usual| more.iter().all(|own| own.kind() != usual.kind()));
        attributes.extend(more);
        let value =
            bytes.map(|bytes| KeyValue::new(KeyMaterial::Bytes(Secret::new(bytes.to_vec()))));
        let key_block = KeyBlock {
            format: KeyFormatType::Raw,
            compression: None,
            value,
            algorithm: Some(algorithm),
            length: Some(bytes.map_or(128, |bytes| i32::try_from(8 * bytes.len()).unwrap())),
            wrapping: None,
        };
        let request = register::Request {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into_iter().collect::<AttributeList>(),
            object: Some(ManagedObject::SymmetricKey(SymmetricKey { key_block })),
            protection_storage_masks: None,
        };
        match self.ask(request).await {
            Ok(ResponsePayload::Register(response)) => text(&response.uid),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn every_use() -> CryptographicUsageMask {
    [
        CryptographicUsageMask::DECRYPT,
        CryptographicUsageMask::MAC_GENERATE,
        CryptographicUsageMask::MAC_VERIFY,
    ]
    .into_iter()
    .fold(CryptographicUsageMask::ENCRYPT, CryptographicUsageMask::union)
}

pub(crate) fn text(uid: &UniqueIdentifier<'_>) -> String {
    uid.text().unwrap().to_owned()
}
