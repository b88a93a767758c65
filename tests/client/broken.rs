//! Servers that are not there, not trusted, silent, talkative or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keystrata::client::{Client, ClientError, Settings, Step};
use kmip_ttlv::payload::activate;
use kmip_ttlv::{Buffer, Error};
use tokio::net::TcpListener;

use crate::fake::{Act, Fake, identity, success};
use crate::support::server::Server;

/// Long enough to be asked for, short enough to be waited for.
const SOON: Duration = Duration::from_millis(100);

fn question() -> activate::Request<'static> {
    activate::Request { uid: Some("7".into()) }
}

fn activated() -> Vec<u8> {
    success(activate::Response { uid: "7".into() })
}

async fn error_of(client: &Client) -> ClientError {
    client.ask(question()).await.expect_err("there is no answer")
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let fake = Fake::start(|_, _| Act::Answer(activated())).await;
    let client = fake.client(fake.settings());
    for _ in 0..5 {
        assert_eq!(client.ask(question()).await.unwrap().read().unwrap().uid, "7".into());
    }
    assert_eq!(fake.seen(), [0; 5]);
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed() {
    let fake = Fake::start(|_, _| Act::Answer(activated())).await;
    let client = fake.client(Settings { connections_max: 2, ..fake.settings() });
    let all: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.ask(question()).await.map(|_| ()) })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    let seen = fake.seen();
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|connection| *connection < 2), "{seen:?}");
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_is_told() {
    let fake = Fake::start(|_, _| Act::Silence).await;
    let settings = Settings { connections_max: 1, request_timeout: SOON, ..fake.settings() };
    let client = fake.client(settings);
    let other = client.clone();
    let first = tokio::spawn(async move { error_of(&other).await });
    let errors = [error_of(&client).await, first.await.unwrap()];
    let steps = errors.map(|error| match error {
        ClientError::TimedOut(step) => step,
        other => panic!("{other}"),
    });
    // Whoever came second waited for the connection first, and then perhaps for an answer.
    assert!(steps.contains(&Step::Answer), "{steps:?}");
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_replaced_and_nobody_notices() {
    let mut fake = Fake::start(|connection, _| {
        if connection == 0 { Act::Last(activated()) } else { Act::Answer(activated()) }
    })
    .await;
    let client = fake.client(fake.settings());
    client.ask(question()).await.unwrap();
    fake.has_ended_one().await;
    client.ask(question()).await.unwrap();
    client.ask(question()).await.unwrap();
    assert_eq!(fake.seen(), [0, 1, 1]);
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_not_used_again() {
    let fake = Fake::start(|_, _| Act::Answer(activated())).await;
    let client = fake.client(Settings { idle_timeout: Duration::ZERO, ..fake.settings() });
    client.ask(question()).await.unwrap();
    client.ask(question()).await.unwrap();
    assert_eq!(fake.seen(), [0, 1]);
}

#[tokio::test]
async fn a_request_that_the_server_may_have_carried_out_is_not_sent_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let fake = Fake::start(move |_, _| match counted.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => Act::Answer(activated()),
        _ => Act::Cut,
    })
    .await;
    let client = fake.client(fake.settings());
    client.ask(question()).await.unwrap();
    let error = error_of(&client).await;
    assert!(matches!(error, ClientError::Connection(_)) && error.is_connection(), "{error}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    // The broken connection is gone.
    client.ask(question()).await.unwrap();
    assert_eq!(fake.seen(), [0, 0, 1]);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let mut fake = Fake::start(|_, _| Act::Silence).await;
    let client = fake.client(Settings { request_timeout: SOON, ..fake.settings() });
    // A late answer must not be taken for that to the next question.
    for _ in 0..2 {
        let error = error_of(&client).await;
        assert!(matches!(error, ClientError::TimedOut(Step::Answer)), "{error}");
        fake.is_asked().await;
    }
    assert_eq!(fake.seen(), [0, 1]);
}

#[tokio::test]
async fn who_stops_waiting_leaves_no_half_read_connection_behind() {
    let mut fake = Fake::start(|connection, _| match connection {
        0 => Act::Silence,
        _ => Act::Answer(activated()),
    })
    .await;
    let client = fake.client(fake.settings());
    tokio::select! {
        answer = client.ask(question()) => panic!("{answer:?}"),
        () = fake.is_asked() => {}
    }
    client.ask(question()).await.unwrap();
    assert_eq!(fake.seen().last(), Some(&1));
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let fake = Fake::start(|_, _| Act::Silence).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings {
        server: silent.local_addr().unwrap().to_string(),
        connect_timeout: SOON,
        ..fake.settings()
    };
    let error = error_of(&fake.client(settings)).await;
    assert!(matches!(error, ClientError::TimedOut(Step::Connect)), "{error}");
}

#[tokio::test]
async fn without_a_server_nothing_was_sent() {
    let fake = Fake::start(|_, _| Act::Silence).await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = fake.client(Settings { server: port.to_string(), ..fake.settings() });
    let error = error_of(&client).await;
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot connect to {port}: ")), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_none_is_not_read() {
    let mut long = activated();
    let length = long.len() as u64;
    let fake = Fake::start(|_, _| Act::Answer(activated())).await;
    let settings = Settings { answer_bytes_max: long.len() - 1, ..fake.settings() };
    let error = error_of(&fake.client(settings)).await;
    let expected = Error::TooLong { length, max: length - 1 };
    assert!(matches!(error, ClientError::Unreadable(error) if error == expected), "{error}");

    long[2] = 0x78;
    let answers = [long, b"HTTP/1.1 400 Bad Request".to_vec(), [activated(), activated()].concat()];
    for (number, answer) in answers.into_iter().enumerate() {
        let fake = Fake::start(move |_, _| Act::Answer(answer.clone())).await;
        let client = fake.client(fake.settings());
        if number < 2 {
            assert!(matches!(error_of(&client).await, ClientError::Unreadable(_)));
        } else {
            // What nobody has asked for is not taken for the next answer.
            for _ in 0..2 {
                client.ask(question()).await.unwrap();
            }
            assert_eq!(fake.seen(), [0, 1]);
        }
    }
}

#[tokio::test]
async fn a_server_under_another_authority_or_name_is_not_trusted() {
    let server = Server::start_default();
    let fake = Fake::start(|_, _| Act::Silence).await;
    let settings = Settings { server: server.kmip().to_string(), ..fake.settings() };
    let error = error_of(&fake.client(settings.clone())).await;
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");

    let named = Settings { server_name: Some("elsewhere".into()), ..settings };
    let own = server.directory().join("clients/tenant-a/mongodb");
    std::fs::copy(server.directory().join("ca.pem"), own.join("ca.pem")).unwrap();
    let error = error_of(&Client::new(named, identity(&own)).unwrap()).await;
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn files_that_are_no_identity_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("empty.pem"), "").unwrap();
    for authority in ["empty.pem", "absent.pem"] {
        let load = keystrata::client::Identity::load;
        let error = load(&path(authority), &path("cert.pem"), &path("key.pem")).unwrap_err();
        assert!(error.to_string().contains(authority), "{error}");
    }
}

/// Nothing but a whole message is an answer, so a client may send any.
#[tokio::test]
async fn messages_go_through_as_they_are() {
    let fake = Fake::start(|_, request| Act::Answer(request.to_vec())).await;
    let message = [0x42, 0x00, 0x78, 0x01, 0, 0, 0, 0];
    let answer: Buffer = fake.client(fake.settings()).exchange(&message).await.unwrap();
    assert_eq!(*answer, message);
}
