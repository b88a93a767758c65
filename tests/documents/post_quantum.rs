//! `docs/post-quantum.md` against the tables, the facts and the server.

use keystrata::crypto::key::lattice::{Purpose, SETS};
use kmip_ttlv::Version;
use kmip_ttlv::attribute::AttributeKind;
use kmip_ttlv::enums::CryptographicAlgorithm as A;

use super::world::World;
use super::{pair, rows};

const PAGE: &str = include_str!("../../docs/post-quantum.md");
const FACTS: &str = include_str!("../../fixtures/kmip/enumerations.csv");

/// The beginning of the range that the specification leaves to vendors.
const VENDORS: u32 = 0x8000_0000;

#[test]
fn the_page_has_the_sets_as_they_are_served() {
    let row = |set: &keystrata::crypto::key::lattice::ParameterSet| {
        let of_use = match set.purpose {
            Purpose::Kem { ciphertext_bytes, .. } => ciphertext_bytes,
            Purpose::Signature { signature_bytes, .. } => signature_bytes,
        };
        let algorithm = set.algorithms[0];
        let name = A::EXTENSIONS.iter().find(|(value, _)| *value == algorithm).unwrap().1;
        vec![
            format!("`{name}`"),
            format!("`{:#010x}`", algorithm.number()),
            set.number.to_string(),
            set.seed_bytes.to_string(),
            set.public_bytes.to_string(),
            of_use.to_string(),
        ]
    };
    let served: Vec<_> = SETS.iter().map(row).collect();
    assert_eq!(rows(PAGE), served);
    assert_eq!(SETS.len(), A::EXTENSIONS.len());
}

#[test]
fn each_value_has_the_number_of_kmip_3_0_in_the_range_of_vendors() {
    for (algorithm, name) in A::EXTENSIONS {
        let fact = FACTS.lines().find(|line| {
            line.starts_with("Cryptographic Algorithm,") && line.split(',').nth(2) == Some(name)
        });
        let cells: Vec<_> = fact.unwrap().split(',').collect();
        let number = u32::from_str_radix(cells[3].trim_start_matches("0x"), 16).unwrap();
        assert_eq!(algorithm.number(), VENDORS + number, "{name}");
        assert_eq!(cells[4], "3.0", "no version that is served has it");
        assert!(A::from_number(number).versions().is_none());
        assert_eq!(A::from_name(name), Some(*algorithm));
        assert_eq!(A::from_xml_name(name), None, "the encodings of KMIP 2.1 have no such name");
    }
}

#[tokio::test]
async fn pairs_of_all_sets_and_of_no_other_value_of_vendors_are_made() {
    let world = World::new().await;
    for version in Version::ALL {
        let client = world.client("orders", version).await;
        for number in VENDORS + 0x30..VENDORS + 0x48 {
            let algorithm = A::from_number(number);
            let answer = client.ask(pair::create(vec![pair::of(algorithm)])).await;
            assert_eq!(answer.is_ok(), algorithm.is_extension(), "{version:?} {algorithm}");
            if answer.is_ok() {
                let (uid, _) = pair::pair_of(answer);
                let said = client.values(&uid, AttributeKind::CryptographicLength).await;
                let set = SETS.iter().find(|set| set.algorithms.contains(&algorithm)).unwrap();
                assert_eq!(said, [pair::bits(i32::try_from(set.number).unwrap())]);
            }
        }
    }
}
