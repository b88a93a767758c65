//! A record as the fields of a JSON object.
//!
//! Written by hand: every request passes here, and the bytes are hashed, so they have to be the
//! same every time. Fields, in this order (those marked ? only if there is something to say):
//!
//! | field | content |
//! |---|---|
//! | `time` | when the item was answered, RFC 3339, UTC, microseconds |
//! | `node` | the server's name |
//! | `actor`? | `administrator` or `server`, if no client asked |
//! | `tenant`, `service`, `mode` | who asked (`read-write`, `write-only` or `read-only`); for other actors: whom it concerns? |
//! | `detail`? | what another actor did, or why it was refused |
//! | `certificate`, `serial` | SHA-256 of the client certificate's DER, and its serial number, hex |
//! | `peer` | the client's address and port |
//! | `tls_version`, `tls_suite`, `tls_group`? | the connection |
//! | `kmip` | protocol version of the request; this and the four lines before only of clients |
//! | `operation` | its XML name |
//! | `objects`? | the Unique Identifiers of the objects that were used, made or changed |
//! | `key_version`? | version of the service's key |
//! | `result`, `reason`? | `Success`, or `OperationFailed` and the Result Reason's XML name |
//! | `duration_us` | microseconds |
//! | `client_correlation`?, `server_correlation`? | correlation values |

mod renderer;

use std::fmt::Write;
use std::sync::Arc;

pub use self::renderer::Renderer;
use super::chain::Hex;
use super::record::{Act, Actor, DETAIL_BYTES_MAX, Outcome, Record};
use crate::clock::Timestamp;
use crate::tenant::{Caller, Mode};

/// How many bytes a record usually takes.
const RECORD_BYTES: usize = 640;

/// How many bytes a record takes at most. An operation touches few objects, names of tenants,
/// services and nodes are short, and of what a client makes up (identifiers, correlation values)
/// records keep 128 bytes each, which are at most six times as many here.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The fields of `record`, without braces.
#[must_use]
pub fn fields(node: &str, record: &Record) -> String {
    let mut fields = Fields { out: String::with_capacity(RECORD_BYTES) };
    fields.record(node, record, |fields, caller, version| fields.client(caller, version));
    fields.out
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadWrite => "read-write",
        Mode::WriteOnly => "write-only",
        Mode::ReadOnly => "read-only",
    }
}

/// Writes to a `String` cannot fail, so `write!`'s results are dropped here.
#[derive(Debug)]
struct Fields {
    out: String,
}

impl Fields {
    fn record(
        &mut self,
        node: &str,
        record: &Record,
        client: impl FnOnce(&mut Self, &Arc<Caller>, &'static str),
    ) {
        self.time(record.time);
        self.text("node", node);
        match &record.actor {
            Actor::Client { caller, kmip_version } => client(self, caller, kmip_version),
            Actor::Administrator(act) => self.act("administrator", act),
            Actor::Server(act) => self.act("server", act),
        }
        self.text("operation", record.operation);
        self.texts_if("objects", &record.objects);
        if let Some(version) = record.key_version {
            self.number("key_version", version.into());
        }
        match record.outcome {
            Outcome::Success => self.text("result", "Success"),
            Outcome::Pending => self.text("result", "OperationPending"),
            Outcome::Failure(reason) => {
                self.text("result", "OperationFailed");
                self.text("reason", reason);
            }
        }
        let micros = u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX);
        self.number("duration_us", micros);
        self.text_if("client_correlation", record.client_correlation.as_ref());
        self.text_if("server_correlation", record.server_correlation.as_ref());
    }

    fn client(&mut self, caller: &Caller, kmip_version: &str) {
        let identity = &caller.identity;
        let peer = &identity.peer;
        self.text("tenant", identity.tenant.as_str());
        self.text("service", identity.service.as_str());
        self.text("mode", mode(caller.mode));
        self.display("certificate", Hex(peer.fingerprint.0));
        self.text("serial", &peer.serial);
        self.text("peer", peer.address.as_str());
        self.text("tls_version", &peer.tls_version);
        self.text("tls_suite", &peer.tls_suite);
        self.text_if("tls_group", Some(&peer.tls_group).filter(|group| !group.is_empty()));
        self.text("kmip", kmip_version);
    }

    fn act(&mut self, actor: &str, act: &Act) {
        self.text("actor", actor);
        if let Some(tenant) = &act.tenant {
            self.text("tenant", tenant.as_str());
        }
        if let Some(service) = &act.service {
            self.text("service", service.as_str());
        }
        if !act.detail.is_empty() {
            let end = act.detail.floor_char_boundary(DETAIL_BYTES_MAX);
            self.text("detail", act.detail.get(..end).unwrap_or_default());
        }
    }

    fn name(&mut self, name: &str) {
        if !self.out.is_empty() {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quoted(value);
    }

    fn text_if(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn texts_if(&mut self, name: &str, values: &[String]) {
        if values.is_empty() {
            return;
        }
        self.name(name);
        let mut separator = '[';
        for value in values {
            self.out.push(separator);
            self.quoted(value);
            separator = ',';
        }
        self.out.push(']');
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.out.push_str(itoa::Buffer::new().format(value));
    }

    /// A value whose text needs no escapes.
    fn display(&mut self, name: &str, value: impl std::fmt::Display) {
        self.name(name);
        let _ = write!(self.out, "\"{value}\"");
    }

    /// A moment that no calendar has (year 10,000 and later) is written as microseconds.
    fn time(&mut self, time: Timestamp) {
        self.name("time");
        self.out.push('"');
        if time.push_rfc3339(&mut self.out).is_none() {
            let _ = write!(self.out, "{}", time.0);
        }
        self.out.push('"');
    }

    /// A JSON string (RFC 8259 §7).
    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        // Nearly every text is clean; without a branch per byte that is seen in a moment.
        if !text.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
            self.out.push_str(text);
            return self.out.push('"');
        }
        let mut clean_from = 0;
        for (at, byte) in text.bytes().enumerate() {
            if !needs_escape(byte) {
                continue;
            }
            self.out.push_str(text.get(clean_from..at).unwrap_or_default());
            clean_from = at + 1;
            let _ = match byte {
                b'"' => self.out.write_str("\\\""),
                b'\\' => self.out.write_str("\\\\"),
                control => write!(self.out, "\\u{control:04x}"),
            };
        }
        self.out.push_str(text.get(clean_from..).unwrap_or_default());
        self.out.push('"');
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::*;
    use crate::tenant::{
        Caller, Fingerprint, Identity, Peer, Role, ServiceId, ServiceName, TenantId, TenantName,
    };

    pub(crate) fn record() -> Record {
        let peer = Peer {
            address: "192.0.2.7:40123".parse().expect("an address"),
            fingerprint: Fingerprint([0xab; 32]),
            certificate: Arc::default(),
            serial: "01c3".into(),
            tls_version: "TLSv1_3".into(),
            tls_suite: "TLS13_AES_256_GCM_SHA384".into(),
            tls_group: "X25519MLKEM768".into(),
        };
        let tenant = TenantName::new("tenant-a").expect("a name");
        let service = ServiceName::new("orders").expect("a name");
        let caller = Caller {
            tenant_id: TenantId(1),
            service_id: ServiceId(2),
            identity: Identity { tenant, service, peer },
            mode: Mode::ReadWrite,
            role: Role::Service,
            operations: None,
        };
        Record {
            time: Timestamp(1_763_780_645_000_123),
            actor: Actor::Client { caller: Arc::new(caller), kmip_version: "1.4" },
            operation: "Get",
            objects: vec!["a".into(), "b".into()],
            key_version: Some(3),
            outcome: Outcome::Success,
            duration: Duration::from_micros(87),
            client_correlation: Some("c1".into()),
            server_correlation: None,
        }
    }

    fn parsed(record: &Record) -> Value {
        let fields = fields("node-1", record);
        let mut renderer = Renderer::new("node-1".into());
        for _ in 0..2 {
            assert_eq!(renderer.fields(record), fields);
        }
        serde_json::from_str(&format!("{{{fields}}}")).expect("JSON")
    }

    #[test]
    fn a_record_has_every_field_that_the_design_names() {
        let expected = json!({
            "time": "2025-11-22T03:04:05.000123Z", "node": "node-1",
            "tenant": "tenant-a", "service": "orders", "mode": "read-write",
            "certificate": "ab".repeat(32), "serial": "01c3", "peer": "192.0.2.7:40123",
            "tls_version": "TLSv1_3", "tls_suite": "TLS13_AES_256_GCM_SHA384",
            "tls_group": "X25519MLKEM768", "kmip": "1.4", "operation": "Get",
            "objects": ["a", "b"], "key_version": 3, "result": "Success", "duration_us": 87,
            "client_correlation": "c1",
        });
        assert_eq!(parsed(&record()), expected);
    }

    #[test]
    fn a_refusal_says_why() {
        let record = Record { outcome: Outcome::Failure("ItemNotFound"), ..record() };
        let parsed = parsed(&record);
        assert_eq!(parsed["result"], "OperationFailed");
        assert_eq!(parsed["reason"], "ItemNotFound");
    }

    #[test]
    fn an_act_says_who_did_what_to_whom() {
        let act = Act {
            tenant: TenantName::new("tenant-a").ok(),
            service: None,
            detail: "version 2 is active".into(),
        };
        let record = Record {
            actor: Actor::Administrator(Box::new(act)),
            operation: "kek rotate",
            objects: Vec::new(),
            client_correlation: None,
            ..record()
        };
        let expected = json!({
            "time": "2025-11-22T03:04:05.000123Z", "node": "node-1", "actor": "administrator",
            "tenant": "tenant-a", "detail": "version 2 is active", "operation": "kek rotate",
            "key_version": 3, "result": "Success", "duration_us": 87,
        });
        assert_eq!(parsed(&record), expected);
    }

    #[test]
    fn a_record_whose_every_byte_is_escaped_keeps_to_the_limit() {
        let longest = "\u{1}".repeat(128);
        let record = Record {
            objects: vec![longest.clone(); 8],
            client_correlation: Some(longest.clone()),
            server_correlation: Some(longest.clone()),
            ..record()
        };
        let bytes = fields(&longest, &record).len();
        assert!((8 * 6 * 128..RECORD_BYTES_MAX).contains(&bytes), "{bytes}");
    }

    proptest! {
        /// Whatever text a client sends, it comes back out of the JSON and stays on one line.
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let record = Record {
                objects: vec![text.clone()],
                client_correlation: Some(text.clone()),
                ..record()
            };
            prop_assert!(!fields("n", &record).contains('\n'));
            let parsed = parsed(&record);
            prop_assert_eq!(&parsed["objects"][0], &Value::from(text.as_str()));
            prop_assert_eq!(&parsed["client_correlation"], &Value::from(text));
        }

        /// Any moment is written, within RFC 3339's years as RFC 3339 has it.
        #[test]
        fn any_time_is_written(micros in any::<i64>()) {
            let parsed = parsed(&Record { time: Timestamp(micros), ..record() });
            let text = parsed["time"].as_str().expect("text").to_owned();
            if (0..253_402_300_800_000_000).contains(&micros) {
                let read = OffsetDateTime::parse(
                    &text, &time::format_description::well_known::Rfc3339).expect("RFC 3339");
                prop_assert_eq!(read.unix_timestamp_nanos(), i128::from(micros) * 1000);
                prop_assert_eq!(text.len(), 27);
            }
        }
    }
}
