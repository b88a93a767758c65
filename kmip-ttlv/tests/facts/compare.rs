//! Compares a structure's table in source with its rows in the facts.

use kmip_ttlv::{FieldRule, Occurs, Tag, Version};

use crate::csv::{Row, number, range};

/// A structure's table, and where its facts are.
pub(crate) struct Table {
    /// The structure's name in the facts.
    pub(crate) name: &'static str,
    /// Which of the structures of this name.
    pub(crate) part: &'static str,
    /// The table in source.
    pub(crate) fields: &'static [&'static [FieldRule]],
}

/// Compares a table with its rows, in every version that has any: tags, order and occurrence.
///
/// The fields in `wider` may occur otherwise than the facts say.
pub(crate) fn compare<'r>(
    table: &Table,
    facts: impl Iterator<Item = &'r Row>,
    tag_column: &str,
    wider: &[(&str, Tag)],
) {
    let facts: Vec<&Row> = facts.collect();
    assert!(!facts.is_empty(), "{} {} is not in the facts", table.name, table.part);
    for version in Version::ALL {
        let mut rows: Vec<&Row> =
            facts.iter().copied().filter(|row| range(&row["versions"]).contains(version)).collect();
        if rows.is_empty() {
            continue; // This version does not have the structure.
        }
        rows.retain(|row| row["position"] != "0"); // Which says that there is no field.
        rows.sort_by_key(|row| row["position"].parse::<u32>().unwrap());
        let rules = rules_in(table, version);
        let tags: Vec<Tag> = rules.iter().map(|rule| rule.tag).collect();
        let expected: Vec<Tag> = rows.iter().map(|row| tag(row, tag_column)).collect();
        assert_eq!(tags, expected, "{} {} in {version}", table.name, table.part);
    }
    for rules in table.fields {
        if !wider.contains(&(table.name, rules[0].tag)) {
            check_occurrence(table, rules, &facts, tag_column);
        }
    }
}

/// The rules that hold in one version, in order.
fn rules_in(table: &Table, version: Version) -> Vec<&'static FieldRule> {
    table
        .fields
        .iter()
        .flat_map(|rules| rules.iter())
        .filter(|rule| rule.versions.contains(version))
        .collect()
}

/// The tag of a row. Where it has none, any object or any item may stand.
fn tag(row: &Row, column: &str) -> Tag {
    match (row["field"].as_str(), row[column].as_str()) {
        ("ManagedObject", "") => Tag::Objects,
        (_, "") => Tag::VENDOR_SPECIFIC,
        (_, tag) => Tag::from_number(number(tag)),
    }
}

/// A field's type allows what any version allows, and no more.
fn check_occurrence(table: &Table, rules: &[FieldRule], facts: &[&Row], tag_column: &str) {
    let tags: Vec<Tag> = rules.iter().map(|rule| rule.tag).collect();
    let rows: Vec<&Row> =
        facts.iter().copied().filter(|row| tags.contains(&tag(row, tag_column))).collect();
    let expected = if rows.iter().any(|row| row["repeatable"] == "yes") {
        Occurs::Repeated
    } else if in_all_versions(&rows, facts) && rows.iter().all(|row| is_required(row)) {
        Occurs::Once
    } else {
        Occurs::Optional
    };
    assert_eq!(rules[0].occurs, expected, "{} in {} {}", tags[0], table.name, table.part);
}

fn is_required(row: &Row) -> bool {
    matches!(row["required"].as_str(), "yes" | "required" | "")
}

/// Whether every version that has the structure has the field.
fn in_all_versions(field: &[&Row], structure: &[&Row]) -> bool {
    let has =
        |rows: &[&Row], version| rows.iter().any(|row| range(&row["versions"]).contains(version));
    Version::ALL.into_iter().all(|version| has(field, version) || !has(structure, version))
}

/// What is accepted is at least what the specification has.
pub(crate) fn every_rule_is_in_its_range(table: &Table) {
    for rule in table.fields.iter().flat_map(|rules| rules.iter()) {
        let (accepted, versions) = (rule.accepted, rule.versions);
        assert!(accepted.first <= versions.first && versions.last <= accepted.last, "{}", rule.tag);
    }
}
