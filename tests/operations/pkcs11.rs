//! PKCS#11 (KMIP 2.1 §6.1.37): a client's module comes up, says what it is, and goes.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{Pkcs11Function, ResultReason};
use kmip_ttlv::payload::{RequestPayload, ResponsePayload, pkcs11};

use super::world::{Client, World};

const INITIALIZE: u32 = 1;
const FINALIZE: u32 = 2;
const GET_INFO: u32 = 3;
const NOT_INITIALIZED: u32 = 0x190;

fn call(function: u32, client: Option<&[u8]>, input: &[u8]) -> pkcs11::Request<'static> {
    pkcs11::Request {
        interface: None,
        function: Pkcs11Function::from_number(function),
        correlation_value: client.map(|value| value.to_vec().into()),
        input: (!input.is_empty()).then(|| input.to_vec().into()),
    }
}

/// The return code, the correlation value and the output.
type Returned = (u32, Option<Vec<u8>>, Option<Vec<u8>>);

async fn returned(client: &Client<'_>, request: pkcs11::Request<'static>) -> Returned {
    match client.ask(RequestPayload::Pkcs11(request)).await {
        Ok(ResponsePayload::Pkcs11(response)) => (
            response.return_code.number(),
            response.correlation_value.map(|value| value.to_vec()),
            response.output.map(|output| output.expose().to_vec()),
        ),
        other => panic!("{other:?}"),
    }
}

async fn initialize(client: &Client<'_>) -> Vec<u8> {
    let (code, value, output) = returned(client, call(INITIALIZE, None, &[1])).await;
    assert_eq!((code, output), (0, None));
    value.expect("a correlation value")
}

#[tokio::test]
async fn a_module_comes_up_says_what_it_is_and_goes() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let value = initialize(&client).await;
        let value = Some(value.as_slice());
        let (code, _, info) = returned(&client, call(GET_INFO, value, &[])).await;
        let info = info.expect("an output");
        assert_eq!((code, info.len()), (0, 2 + 32 + 8 + 32 + 2));
        assert!(info[2..34].starts_with(b"keystrata   "));
        assert_eq!(returned(&client, call(INITIALIZE, value, &[1])).await.0, 0x191);
        assert_eq!(returned(&client, call(FINALIZE, value, &[1])).await.0, 0x07);
        assert_eq!(returned(&client, call(FINALIZE, value, &[])).await, (0, None, None));
        for function in [GET_INFO, FINALIZE] {
            assert_eq!(returned(&client, call(function, value, &[])).await.0, NOT_INITIALIZED);
        }
    }
}

#[tokio::test]
async fn a_module_belongs_to_its_service_and_does_not_stay_for_ever() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    let other = world.client("billing", Version::V2_1).await;
    let value = initialize(&client).await;
    let info = || call(GET_INFO, Some(&value), &[]);
    assert_eq!(returned(&other, info()).await.0, NOT_INITIALIZED);
    assert_eq!(returned(&client, info()).await.0, 0);
    world.clock.advance(std::time::Duration::from_mins(5));
    assert_eq!(returned(&client, info()).await.0, NOT_INITIALIZED);
}

#[tokio::test]
async fn what_is_not_served_is_refused_as_pkcs11_or_as_kmip_has_it() {
    let world = World::new().await;
    let client = world.client("orders", Version::V2_1).await;
    // C_OpenSession, and the last function of the interface.
    for function in [13, 92] {
        assert_eq!(returned(&client, call(function, None, &[])).await.0, 0x54);
    }
    let foreign = pkcs11::Request { interface: Some("Vendor".into()), ..call(GET_INFO, None, &[]) };
    for (request, reason) in [
        (call(0, None, &[]), ResultReason::Pkcs11InvalidFunction),
        (call(93, None, &[]), ResultReason::Pkcs11InvalidFunction),
        (call(INITIALIZE, None, &[2]), ResultReason::Pkcs11CodecError),
        (call(GET_INFO, None, &[1, 1]), ResultReason::Pkcs11CodecError),
        (foreign, ResultReason::Pkcs11InvalidInterface),
    ] {
        assert_eq!(client.ask(RequestPayload::Pkcs11(request)).await.err(), Some(reason));
    }
}
