//! Protection Storage Masks: where the client wants its object kept (KMIP 2.1 §7.33).

use kmip_ttlv::Version;
use kmip_ttlv::enums::{ProtectionStorageMask, ResultReason};
use kmip_ttlv::payload::RequestPayload;
use kmip_ttlv::structure::ProtectionStorageMasks;

use super::ask::{Request, create, opaque, re_key};
use super::world::World;

const SOFTWARE: ProtectionStorageMask = ProtectionStorageMask::SOFTWARE;
const HARDWARE: ProtectionStorageMask = ProtectionStorageMask::HARDWARE;

/// The request with these masks.
fn within(mut request: Request, masks: &[ProtectionStorageMask]) -> Request {
    let masks = Some(ProtectionStorageMasks { masks: masks.to_vec() });
    match &mut request {
        RequestPayload::Create(request) => request.protection_storage_masks = masks,
        RequestPayload::Register(request) => request.protection_storage_masks = masks,
        RequestPayload::ReKey(request) => request.protection_storage_masks = masks,
        other => panic!("{other:?}"),
    }
    request
}

#[tokio::test]
async fn an_object_is_made_only_where_the_client_accepts_the_storage() {
    let world = World::new().await;
    for version in [Version::V2_0, Version::V2_1] {
        let client = world.client("orders", version).await;
        let key = client.create(Vec::new()).await;
        for request in [create(Vec::new()), opaque(Vec::new()), re_key(&key, None, Vec::new())] {
            for (masks, accepted) in [
                (vec![], true),
                (vec![SOFTWARE], true),
                (vec![HARDWARE, SOFTWARE], true),
                (vec![HARDWARE], false),
                // All bits of one mask are wanted together.
                (vec![SOFTWARE.union(HARDWARE)], false),
            ] {
                let answer = client.ask(within(request.clone(), &masks)).await;
                let expected = (!accepted).then_some(ResultReason::ProtectionStorageUnavailable);
                assert_eq!(answer.err(), expected, "{masks:?}");
            }
        }
    }
}
