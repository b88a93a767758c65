//! Compares a structure's table with the rows of the facts, in every version and in both ways.

use kmip_ttlv::{FieldRule, Occurs, Tag, Version};

use crate::csv::{Row, number, range};

/// A structure's table.
pub(crate) type Table = &'static [&'static [FieldRule]];

/// A structure and a field in which the source differs from the facts on purpose.
pub(crate) type Difference = (&'static str, Tag);

/// The rows that hold in one version, in the order of the wire; a row that only says that there are
/// no fields is left out.
fn rows_in<'r>(facts: &[&'r Row], version: Version) -> Vec<&'r Row> {
    let mut rows: Vec<&Row> = facts
        .iter()
        .filter(|row| row["position"] != "0" && range(&row["versions"]).contains(version))
        .copied()
        .collect();
    rows.sort_by_key(|row| row["position"].parse::<u32>().unwrap());
    rows
}

/// The tag of a row: `column` names the field's. Managed objects stand under [`Tag::Objects`], items
/// of any tag under [`Tag::VENDOR_SPECIFIC`].
fn tag_of(row: &Row, column: &str) -> Tag {
    match (row[column].as_str(), row["field"].as_str()) {
        ("", "ManagedObject") => Tag::Objects,
        ("", _) => Tag::VENDOR_SPECIFIC,
        (tag, _) => Tag::from_number(number(tag)),
    }
}

/// Compares the table of the structure `name` with its rows: the fields of each version, their order,
/// and how often they occur. `freer` lists fields that the specification requires and that may be
/// absent here, or that occur more often here.
pub(crate) fn compare(
    name: &str,
    table: Table,
    facts: &[&Row],
    column: &str,
    freer: &[Difference],
) {
    assert!(!facts.is_empty(), "{name} is not in the facts");
    let known: Vec<Version> = Version::ALL
        .into_iter()
        .filter(|version| facts.iter().any(|row| range(&row["versions"]).contains(*version)))
        .collect();
    for version in &known {
        let rows = rows_in(facts, *version);
        let expected: Vec<Tag> = rows.iter().map(|row| tag_of(row, column)).collect();
        let rules: Vec<&FieldRule> = table
            .iter()
            .filter_map(|rules| rules.iter().find(|rule| rule.versions.contains(*version)))
            .collect();
        let tags: Vec<Tag> = rules.iter().map(|rule| rule.tag).collect();
        assert_eq!(tags, expected, "{name} in {version}");
    }
    for rules in table {
        check_occurrence(name, rules, facts, column, &known, freer);
    }
}

/// A field occurs once if it is required in every version of the structure, any number of times if it
/// is so in any version, and at most once otherwise.
fn check_occurrence(
    name: &str,
    rules: &[FieldRule],
    facts: &[&Row],
    column: &str,
    known: &[Version],
    freer: &[Difference],
) {
    let rows: Vec<Vec<&Row>> = known
        .iter()
        .map(|version| {
            let tag = rules.iter().find(|rule| rule.versions.contains(*version)).map(|r| r.tag);
            let mut rows = rows_in(facts, *version);
            rows.retain(|row| Some(tag_of(row, column)) == tag);
            rows
        })
        .collect();
    let required = |row: &&Row| matches!(row["required"].as_str(), "yes" | "");
    let expected = if rows.iter().flatten().any(|row| row["repeatable"] == "yes") {
        Occurs::Repeated
    } else if rows.iter().all(|rows| rows.first().is_some_and(required)) {
        Occurs::Once
    } else {
        Occurs::Optional
    };
    for rule in rules {
        if freer.contains(&(name, rule.tag)) {
            assert_ne!(rule.occurs, expected, "{} in {name} is no difference", rule.tag);
        } else {
            assert_eq!(rule.occurs, expected, "{} in {name}", rule.tag);
        }
        assert!(rule.accepted.first <= rule.versions.first, "{} in {name}", rule.tag);
        assert!(rule.accepted.last >= rule.versions.last, "{} in {name}", rule.tag);
    }
}
