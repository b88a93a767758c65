//! Usage masks: a key that is for everything but this.

use kmip_ttlv::Version;
use kmip_ttlv::enums::{CryptographicUsageMask as M, Operation, ResultReason as R};

use super::ask;
use super::facts::allowed;
use super::requests::{ROWS, every_mask};
use super::table::{Table, word};
use super::world::World;

const HEAD: &str =
    "What each use of an Active key answers if the Cryptographic Usage Mask has every
bit but the one for it, has that bit alone, or is empty. (KMIP 1.4 §3.19, KMIP 2.1 §4.17;
usage_mask_operations.csv)";

/// Every bit of `mask` that is not in `without`.
fn less(mask: M, without: M) -> M {
    M::from_bits(mask.bits() & !without.bits())
}

#[tokio::test]
async fn a_key_is_used_only_as_its_mask_says() {
    let world = World::new().await;
    let mut table = Table::default();
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for row in ROWS.iter().filter(|row| row.is_in(version)) {
            let Some(mask) = row.mask else { continue };
            let reason = match row.operation {
                _ if version.is_2x() => R::IncompatibleCryptographicUsageMask,
                Operation::DeriveKey => R::InvalidField,
                _ => R::PermissionDenied,
            };
            for (column, given, refusal) in [
                ("all but this", less(every_mask(), mask), Some(reason)),
                ("this alone", mask, None),
                ("none", M::from_bits(0), Some(reason)),
            ] {
                let uid = row.object(&client, given).await;
                client.ask(ask::activate(&uid)).await.unwrap();
                let outcome = client.ask((row.request)(&uid)).await.err();
                assert_eq!(outcome, refusal, "{version} {} {column}", row.name());
                table.put(version, row.name(), column, word(outcome));
            }
            assert!(allowed(row.operation, version).contains(reason.xml_name()), "{}", row.name());
        }
    }
    table.check("masks", HEAD);
}
