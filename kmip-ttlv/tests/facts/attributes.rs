//! Attributes.

use std::collections::BTreeMap;

use kmip_ttlv::{AttributeKind, Tag, Version, Versions};

use crate::csv::{Row, number, range, rows};

/// Custom attributes are not in the table: they are one variant for all.
const CUSTOM: [&str; 2] = ["Custom Attribute", "Vendor Attribute"];

/// The rows of each attribute of the specification, by name.
fn facts() -> BTreeMap<String, Vec<Row>> {
    let mut facts: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows("attributes") {
        if !CUSTOM.contains(&row["attribute"].as_str()) {
            facts.entry(row["attribute"].clone()).or_default().push(row);
        }
    }
    facts
}

#[test]
fn every_attribute_of_the_specification_is_in_the_table_and_no_other() {
    let facts = facts();
    for (name, rows) in &facts {
        let kind = AttributeKind::from_name(name).unwrap_or_else(|| panic!("{name} is not known"));
        assert_eq!(kind.name(), name);
        assert_eq!(kind.tag(), Tag::from_number(number(&rows[0]["tag"])));
        assert_eq!(AttributeKind::from_tag(kind.tag()), Some(kind));
        let many = rows.iter().any(|row| row["multi_instance"] != "no");
        assert_eq!(kind.is_multi_instance(), many, "{name}");
    }
    assert_eq!(AttributeKind::ALL.len(), facts.len());
}

#[test]
fn attributes_have_the_versions_of_the_specification() {
    for (name, rows) in facts() {
        let kind = AttributeKind::from_name(&name).unwrap();
        let ranges: Vec<Versions> = rows.iter().map(|row| range(&row["versions"])).collect();
        for version in Version::ALL {
            // KMIP 1.4 has only their tags (§9.1.3.1), but its official case TC-CERTATTR-1-14 has the
            // attributes.
            let is_part_of_name =
                name.starts_with("Certificate Subject ") || name.starts_with("Certificate Issuer ");
            let early = is_part_of_name && version == Version::V1_4;
            let expected = early || ranges.iter().any(|range| range.contains(version));
            assert_eq!(kind.is_in(version), expected, "{name} in {version}");
        }
    }
}
