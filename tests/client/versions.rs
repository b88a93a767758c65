//! Which version is spoken with servers of every age.

use keystrata::client::{Client, ClientError, Settings};
use kmip_ttlv::enums::{Operation, ResultReason};
use kmip_ttlv::message::ResponseItem;
use kmip_ttlv::payload::discover_versions::Response;
use kmip_ttlv::{ProtocolVersion, Version};

use crate::fake::{Act, Fake, asked, refusal, response};

const DISCOVER: Operation = Operation::DiscoverVersions;

/// A client that does not know the version, and its server.
async fn negotiating(
    answer: impl Fn(Version) -> Vec<u8> + Send + Sync + 'static,
) -> (Client, Fake) {
    let fake = Fake::start(move |_, request| {
        let (version, operation) = asked(request);
        assert_eq!(operation, DISCOVER);
        Act::Answer(answer(version))
    })
    .await;
    (fake.client(Settings { version: None, ..fake.settings() }), fake)
}

fn these(versions: &[(i32, i32)], asked_in: Version) -> Vec<u8> {
    let versions = versions.iter().map(|&(major, minor)| ProtocolVersion { major, minor });
    response(asked_in, ResponseItem::success(None, Response { versions: versions.collect() }))
}

#[tokio::test]
async fn the_newest_common_version_is_spoken_and_asked_for_once() {
    let (client, fake) = negotiating(|asked| these(&[(1, 0), (3, 0), (1, 4), (1, 2)], asked)).await;
    for _ in 0..3 {
        assert_eq!(client.version().await.unwrap(), Version::V1_4);
    }
    assert_eq!(fake.seen(), [0]);
}

#[tokio::test]
async fn a_server_without_the_question_speaks_1_0() {
    for reason in [ResultReason::OperationNotSupported, ResultReason::InvalidMessage] {
        let (client, _fake) = negotiating(move |_| refusal(Version::V1_0, DISCOVER, reason)).await;
        assert_eq!(client.version().await.unwrap(), Version::V1_0);
    }
}

#[tokio::test]
async fn a_server_that_speaks_2_x_only_is_asked_again_in_that() {
    let (client, fake) = negotiating(|asked| match asked {
        Version::V2_0 => these(&[(2, 0)], asked),
        _ => refusal(Version::V2_0, DISCOVER, ResultReason::InvalidMessage),
    })
    .await;
    assert_eq!(client.version().await.unwrap(), Version::V2_0);
    assert_eq!(fake.seen(), [0, 0]);
}

#[tokio::test]
async fn without_a_common_version_there_is_nothing_to_speak() {
    let (client, _fake) = negotiating(|asked| these(&[(3, 0)], asked)).await;
    assert!(matches!(client.version().await, Err(ClientError::NoVersion)));
}

#[tokio::test]
async fn a_refusal_for_another_reason_is_no_version() {
    let refused = |_| refusal(Version::V1_1, DISCOVER, ResultReason::PermissionDenied);
    let (client, fake) = negotiating(refused).await;
    let error = client.version().await.unwrap_err();
    let reason = error.refusal().and_then(|refusal| refusal.reason);
    assert_eq!(reason, Some(ResultReason::PermissionDenied));
    // It is asked again when it is needed again.
    client.version().await.unwrap_err();
    assert_eq!(fake.seen(), [0, 0]);
}
