//! Who gets in, and which alert the others get.

use std::sync::Arc;
use std::time::Duration;

use keystrata::net::tls::Authority as Trusted;
use keystrata::tenant::TenantName;
use rcgen::DnType;
use rustls::{AlertDescription, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::pki::{self, Authority, Wish};
use super::server::{Log, Server, TLS12, TLS13, echo, message, rest};

async fn facts(server: &Server, config: &Arc<rustls::ClientConfig>) -> String {
    let mut stream = server.connect(config).await.unwrap();
    stream.write_all(&message(b'?', 8)).await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await
}

#[tokio::test]
async fn a_caller_is_known_by_tenant_service_and_tls_facts() {
    let server = Server::start();
    let client = server.client(Wish::service("acme", "orders"));
    assert_eq!(
        facts(&server, &client).await,
        "acme/orders TLSv1_3 TLS_AES_256_GCM_SHA384 X25519MLKEM768"
    );
    let by_name = server.authority.issue(Wish::default().dns("orders.acme.keystrata.internal"));
    let client = server.authority.client(Some(by_name), TLS12);
    assert_eq!(
        facts(&server, &client).await,
        "acme/orders TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 x25519"
    );
    assert!(server.counts("handshakes_total{version=\"1.2\"} 1"));
    assert!(server.counts("handshakes_total{version=\"1.3\"} 1"));
}

#[tokio::test]
async fn tls_1_2_can_be_turned_off() {
    let server = Server::start_with(|_| {}, |tls, _| tls.tls12 = false);
    let issued = server.authority.issue(Wish::service("acme", "orders"));
    let client = server.authority.client(Some(issued), TLS12);
    assert_eq!(server.alert(&client).await, AlertDescription::ProtocolVersion);
}

#[tokio::test]
async fn each_refused_certificate_gets_its_alert_and_is_counted() {
    let server = Server::start();
    let ours = |wish| server.authority.issue(wish);
    let stranger = Authority::new("stranger");
    let cases = [
        (None, AlertDescription::CertificateRequired, "no_certificate"),
        (
            Some(stranger.issue(Wish::service("acme", "orders"))),
            AlertDescription::UnknownCA,
            "untrusted",
        ),
        (
            // A stranger learns nothing about names.
            Some(stranger.issue(Wish::default())),
            AlertDescription::UnknownCA,
            "untrusted",
        ),
        (
            Some(ours(Wish::service("acme", "orders").days(-9, -1))),
            AlertDescription::CertificateExpired,
            "out_of_date",
        ),
        (
            Some(ours(Wish::service("acme", "orders").days(1, 9))),
            AlertDescription::CertificateExpired,
            "out_of_date",
        ),
        (
            Some(ours(
                Wish::default()
                    .subject(DnType::OrganizationalUnitName, "acme")
                    .subject(DnType::CommonName, "orders"),
            )),
            AlertDescription::CertificateUnknown,
            "no_identity",
        ),
        (
            Some(ours(Wish::service("acme", "orders").dns("orders.globex.keystrata.internal"))),
            AlertDescription::CertificateUnknown,
            "two_identities",
        ),
    ];
    for version in [TLS13, TLS12] {
        for (issued, alert, _) in &cases {
            let shown = issued.as_ref().map(|issued| pki::Issued {
                chain: issued.chain.clone(),
                key: issued.key.clone_key(),
                key_pem: String::new(),
                pem: String::new(),
            });
            let client = server.authority.client(shown, version);
            assert_eq!(server.alert(&client).await, *alert);
        }
    }
    for (reason, count) in [
        ("no_certificate", 2),
        ("untrusted", 4),
        ("out_of_date", 4),
        ("no_identity", 2),
        ("two_identities", 2),
    ] {
        server
            .comes_to_count(&format!("handshakes_refused_total{{reason=\"{reason}\"}} {count}"))
            .await;
    }
}

#[tokio::test]
async fn a_tenants_own_authority_cannot_vouch_for_another_tenant() {
    let own = Authority::new("authority of acme");
    let server = Server::start_with(
        |_| {},
        |tls, directory| {
            tls.authorities.push(Trusted {
                certificates: pki::file(directory, "acme.pem", &own.pem()),
                tenants: Some(vec![TenantName::new("acme").unwrap()]),
                revocation_lists: Vec::new(),
            });
        },
    );
    let client =
        |tenant| server.authority.client(Some(own.issue(Wish::service(tenant, "orders"))), TLS13);
    assert!(facts(&server, &client("acme")).await.starts_with("acme/orders "));
    assert_eq!(server.alert(&client("globex")).await, AlertDescription::AccessDenied);
    server.comes_to_count("handshakes_refused_total{reason=\"wrong_authority\"} 1").await;
    // The authority that is bound to nobody may still vouch for both.
    for tenant in ["acme", "globex"] {
        let client = server.client(Wish::service(tenant, "orders"));
        assert!(facts(&server, &client).await.starts_with(tenant));
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_after_a_reload() {
    let server = Server::start();
    let client = server.client(Wish { serial: 66, ..Wish::service("acme", "orders") });
    assert!(facts(&server, &client).await.starts_with("acme/orders "));
    let mut settings = server.tls_settings.clone();
    let list = server.authority.revoke(66);
    settings.authorities[0].revocation_lists =
        vec![pki::file(server.directory.path(), "crl.pem", &list)];
    server.tls.reload(&settings).unwrap();
    // The client holds a ticket, which the reload has made worthless.
    assert_eq!(server.alert(&client).await, AlertDescription::CertificateRevoked);
    let client = server.client(Wish::service("acme", "orders"));
    assert!(facts(&server, &client).await.starts_with("acme/orders "));
}

#[tokio::test]
async fn a_failed_reload_changes_nothing() {
    let server = Server::start();
    let mut settings = server.tls_settings.clone();
    settings.certificate = server.directory.path().join("nowhere.pem");
    server.tls.reload(&settings).unwrap_err();
    assert_eq!(echo(&mut server.caller().await, &message(1, 8)).await, message(1, 8));
}

#[tokio::test]
async fn a_session_is_resumed_with_its_identity_until_its_ticket_or_certificate_ends() {
    let clock = Server::clock();
    let server = Server::start_at(
        clock.clone(),
        |_| {},
        |tls, _| {
            tls.ticket_lifetime = Duration::from_hours(36);
        },
    );
    for version in [TLS13, TLS12] {
        let issued = server.authority.issue(Wish::service("acme", "orders"));
        let client = server.authority.client(Some(issued), version);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut stream = server.connect(&client).await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind));
            echo(&mut stream, &message(1, 8)).await;
        }
        assert!(facts(&server, &client).await.starts_with("acme/orders "));
    }
    server.comes_to_count("handshakes_resumed_total 4").await;

    // 16 hours later the ticket is still good; 30 hours later the certificate is not.
    let client = server.client(Wish::service("acme", "orders"));
    echo(&mut server.connect(&client).await.unwrap(), &message(1, 8)).await;
    clock.advance(Duration::from_hours(16));
    echo(&mut server.connect(&client).await.unwrap(), &message(1, 8)).await;
    clock.advance(Duration::from_hours(14));
    let mut stream = server.connect(&client).await.unwrap();
    assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    server.comes_to_count("handshakes_refused_total{reason=\"out_of_date\"} 1").await;
}

#[tokio::test]
async fn an_open_connection_ends_with_its_certificate() {
    let clock = Server::clock();
    let server = Server::start_at(clock.clone(), |_| {}, |_, _| {});
    let mut stream = server.caller().await;
    echo(&mut stream, &message(1, 8)).await;
    clock.advance(Duration::from_hours(30));
    stream.write_all(&message(1, 8)).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    server.comes_to_count("connections_ended_total{reason=\"expired\"} 1").await;
}

#[tokio::test]
async fn a_caller_who_is_not_served_is_sent_off_properly() {
    let server = Server::start();
    let client = server.client(Wish::service("suspended", "orders"));
    let mut stream = server.connect(&client).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    server.comes_to_count("handshakes_refused_total{reason=\"suspended\"} 1").await;
}

#[tokio::test]
async fn a_refusal_is_logged_once_with_peer_rule_and_reason() {
    let server = Server::start();
    let wish = Wish::service("acme", "logged").dns("logged.globex.keystrata.internal");
    server.alert(&server.client(wish)).await;
    server.comes_to_count("handshakes_refused_total{reason=\"two_identities\"} 1").await;
    let log = Log::shared().text();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("acme/logged")).collect();
    let [line] = lines[..] else { panic!("not one line: {lines:?}") };
    let reason = "reason=rule spiffe says acme/logged but rule dns says globex/logged";
    assert!(line.contains("handshake{peer=127.0.0.1:") && line.ends_with(reason), "{line}");
}
