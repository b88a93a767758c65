//! Tags and item types.

use kmip_ttlv::{ItemType, Tag};

use crate::csv::{lifetime, number, rows};

#[test]
fn every_tag_of_the_specification_is_in_the_table_and_no_other() {
    let expected: Vec<_> = rows("tags")
        .iter()
        .filter_map(|row| Some((number(&row["tag"]), row.clone(), lifetime(row)?)))
        .collect();
    for (number, row, versions) in &expected {
        let tag = Tag::from_number(*number);
        assert_eq!(tag.name(), row["name"], "{number:#x}");
        assert_eq!(tag.xml_name(), row["xml_name"]);
        assert_eq!(tag.number(), *number);
        assert_eq!(tag.versions(), Some(*versions), "{tag}");
        assert_eq!(Tag::from_xml_name(&row["xml_name"]), Some(tag));
    }
    let numbers: Vec<u32> = expected.iter().map(|(number, ..)| *number).collect();
    let table: Vec<u32> = Tag::ALL.iter().map(|tag| tag.number()).collect();
    assert_eq!(table, numbers);
}

#[test]
fn an_unknown_tag_keeps_its_number() {
    for number in [0, 0x42_0000, 0x42_01ba, 0x54_0001, 0xff_ffff] {
        assert_eq!(Tag::from_number(number), Tag::Unknown(number));
        assert_eq!(Tag::Unknown(number).number(), number);
    }
}

#[test]
fn every_item_type_of_the_specification_is_known_and_no_other() {
    let expected: Vec<_> =
        rows("item_types").iter().filter(|row| lifetime(row).is_some()).cloned().collect();
    for row in &expected {
        let kind = ItemType::from_number(u8::try_from(number(&row["code"])).unwrap()).unwrap();
        assert_eq!(kind.to_string().replace(' ', ""), row["type"]);
    }
    let known = (0..=u8::MAX).filter(|number| ItemType::from_number(*number).is_ok()).count();
    assert_eq!(known, expected.len());
    assert_eq!(known, ItemType::ALL.len());
}
