//! Locate by some fields of a structure.

use kmip_ttlv::attribute::{AttributeKind, PartialAttribute, SoughtAttributes};
use kmip_ttlv::payload::locate;
use kmip_ttlv::{Tag, Value, Version};

use super::ask::{found, locate};
use super::locate::three;
use super::world::World;

/// KMIP 1.4 §4.9: of a structure not all fields need to be given.
#[tokio::test]
async fn a_structure_is_found_by_the_fields_that_are_given() {
    for version in [Version::V1_0, Version::V1_4, Version::V2_1] {
        let world = World::new().await;
        let client = world.client("orders", version).await;
        let [a, b, _c] = three(&client).await;
        let namespace = |text: &str| text_field(Tag::ApplicationNamespace, text);
        let data = |text: &str| text_field(Tag::ApplicationData, text);
        let total = |total| (Tag::UsageLimitsTotal, Value::LongInteger(total));
        let information = AttributeKind::ApplicationSpecificInformation;
        for (kind, fields, expected) in [
            (information, vec![data("2")], vec![&b]),
            (information, vec![data("2"), namespace("elsewhere")], vec![]),
            (AttributeKind::Name, vec![text_field(Tag::NameValue, "a")], vec![&a]),
            (AttributeKind::Name, vec![text_field(Tag::NameValue, "z")], vec![]),
            (AttributeKind::Name, vec![data("a")], vec![]),
            (AttributeKind::Link, vec![text_field(Tag::LinkedObjectIdentifier, "a")], vec![]),
            (AttributeKind::UsageLimits, vec![total(100)], vec![&b]),
            (AttributeKind::UsageLimits, vec![], vec![&b]),
            (AttributeKind::UsageLimits, vec![total(101)], vec![]),
        ] {
            let partial = vec![PartialAttribute { kind, fields: fields.clone() }];
            let attributes = SoughtAttributes { partial, ..SoughtAttributes::default() };
            let asked = locate::Request { attributes, ..locate(Vec::new()) };
            let uids = found(client.ask(asked).await);
            assert_eq!(uids.iter().collect::<Vec<_>>(), expected, "{version} {kind:?} {fields:?}");
        }
    }
}

fn text_field(tag: Tag, text: &str) -> (Tag, Value) {
    (tag, Value::TextString(text.to_owned().into()))
}
