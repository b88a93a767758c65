//! From the configuration to the settings of the rooms.

use keystrata::config::{self, Config, ReadRecords};
use keystrata::crypto::policy::Policy;
use keystrata::keys::rotation::{RotationSettings, Schedule, Schedules};
use keystrata::keys::{AutoRegister, ClientIssuerSettings};
use keystrata::net;
use keystrata::net::identity::{Rule, Rules};
use keystrata::net::tls::{Authority, TlsSettings};
use keystrata::operation::{Facts, Leases, Policies, Statements};
use keystrata::service;
use keystrata::store::{AuditSettings, Reads, StoreSettings};
use kmip_ttlv::Interval;
use kmip_ttlv::scan::Limits;

/// The settings of the listener.
pub(super) fn transport(config: &Config) -> net::Settings {
    let listen = &config.listen;
    net::Settings {
        listen: vec![listen.kmip],
        connections_max: listen.connections_max.get(),
        connections_per_tenant_max: listen.connections_per_tenant_max.get(),
        message_bytes_max: config.limits.message_size_max,
        handshake_timeout: listen.handshake_timeout,
        first_byte_timeout: listen.first_byte_timeout,
        message_timeout: listen.message_timeout,
        idle_timeout: listen.idle_timeout,
        write_timeout: listen.write_timeout,
        drain_timeout: listen.drain_timeout,
        ..net::Settings::default()
    }
}

/// The settings of TLS and of the reading of identities.
pub(super) fn tls(config: &Config) -> TlsSettings {
    let tls = &config.tls;
    let authorities = tls.client_ca.iter().map(|authority| Authority {
        certificates: authority.file.clone(),
        tenants: (!authority.tenants.is_empty()).then(|| authority.tenants.clone()),
        revocation_lists: authority.crl.clone(),
    });
    TlsSettings {
        certificate: tls.certificate.clone(),
        key: tls.key.clone(),
        authorities: authorities.collect(),
        rules: Rules::new(config.identity.rules.iter().map(rule).collect()),
        tls12: tls.tls12,
        ticket_lifetime: tls.session_lifetime,
    }
}

fn rule(rule: &config::Rule) -> Rule {
    match rule {
        config::Rule::Spiffe { trust_domain } => {
            Rule::Spiffe { trust_domain: trust_domain.clone() }
        }
        config::Rule::Dns { suffix } => Rule::Dns { suffix: suffix.clone() },
        config::Rule::Subject => Rule::Subject,
    }
}

/// Who gives clients new certificates, if anybody does.
pub(super) fn client_issuer(config: &Config) -> Option<ClientIssuerSettings> {
    let config::Provision { certificate, key, validity } = config.provision.clone()?;
    let trusted = config.tls.client_ca.iter();
    let trusted = trusted.map(|ca| (ca.file.clone(), ca.tenants.clone())).collect();
    Some(ClientIssuerSettings { certificate, key, validity, trusted })
}

/// What an unknown name registers.
fn auto_register(config: &Config) -> AutoRegister {
    match config.identity.auto_register {
        config::AutoRegister::None => AutoRegister::None,
        config::AutoRegister::Services => AutoRegister::Services,
        config::AutoRegister::Tenants => AutoRegister::Tenants,
    }
}

/// The settings of the service.
pub(super) fn service(config: &Config) -> service::Settings {
    let limits = Limits {
        message_bytes_max: config.limits.message_size_max,
        batch_items_max: config.limits.batch_items_max.get(),
        ..Limits::default()
    };
    service::Settings {
        limits,
        response_bytes_max: config.limits.response_size_max,
        auto_register: auto_register(config),
    }
}

/// What the server says of itself, and the limits that operations hold.
pub(super) fn facts(config: &Config) -> Facts {
    Facts {
        server_name: config.audit.node.clone(),
        policies: policies(&config.cryptography),
        pykmip_tenants: config.compatibility.pykmip.clone(),
        interop: config.compatibility.interop,
        leases: leases(&config.lease),
        located_items_max: config.limits.locate_results_max.get(),
        statements: statements(config.query.clone()),
        ..Facts::default()
    }
}

fn policies(config: &config::Cryptography) -> Policies {
    let config::Cryptography { legacy, algorithms, modes, bits_min, of } = config.clone();
    let mut policies = Policies::new(Policy { legacy, algorithms, modes, bits_min });
    for config::CryptographyOf { tenant, legacy, algorithms, modes, bits_min } in of {
        policies.set(tenant, Policy { legacy, algorithms, modes, bits_min });
    }
    policies
}

fn leases(config: &config::Lease) -> Leases {
    let mut leases = Leases::new(Interval(config.time));
    for config::LeaseOf { tenant, service, time } in &config.of {
        leases.set(tenant.clone(), service.clone(), Interval(*time));
    }
    leases
}

fn statements(query: config::Query) -> Statements {
    let config::Query { client_registration, generators, profiles, validations, extensions } =
        query;
    Statements { client_registration, generators, profiles, validations, extensions }
}

/// The settings of rotation.
pub(super) fn rotation(config: &Config) -> RotationSettings {
    let config::Rotation { rewrap_rate, scrub_rate, root, tenant, service } = config.rotation;
    let schedule = |schedule: config::Schedule| Schedule {
        after: schedule.rotate_after,
        after_seals: schedule.rotate_after_seals,
    };
    let schedules =
        Schedules { root: schedule(root), tenant: schedule(tenant), service: schedule(service) };
    RotationSettings {
        node: config.audit.node.clone(),
        rewrap_per_second: rewrap_rate,
        scrub_per_second: scrub_rate,
        schedules,
    }
}

/// The settings of the store and its audit trail.
pub(super) fn store(config: &Config) -> StoreSettings {
    let defaults = StoreSettings::new(&config.store.directory);
    let (audit, cache_bytes) = (audit(config), config.store.cache_size as u64);
    StoreSettings { audit, cache_bytes, ..defaults }
}

/// The settings of the audit trail.
pub(in super::super) fn audit(config: &Config) -> AuditSettings {
    AuditSettings {
        node: config.audit.node.clone(),
        reads: match config.audit.reads {
            ReadRecords::Strict => Reads::Strict,
            ReadRecords::Batched => Reads::Batched,
        },
        file_bytes_max: config.audit.rotate_size as u64,
        accept_loss: config.audit.accept_loss,
        ..AuditSettings::new(&config.audit.directory)
    }
}
