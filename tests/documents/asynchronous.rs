//! `docs/asynchronous.md` against the server: each operation that is served is named once, and is done
//! later if the page says so.

use keystrata::operation::{SERVED, may_wait};
use kmip_ttlv::enums::Operation;

use super::rows;

const PAGE: &str = include_str!("../../docs/asynchronous.md");

/// A name without what separates its words.
fn bare(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[test]
fn the_page_names_every_operation_and_why_it_cannot_be_done_later() {
    let table = PAGE.split_once("## What can be done later").unwrap().1;
    let table = table.split("\n## ").next().unwrap();
    let mut named = Vec::new();
    for row in rows(table) {
        let [operations, later, why] = row[..] else { panic!("{row:?}") };
        assert_eq!(later == "no", !why.is_empty(), "{operations}");
        named.extend(operations.split(", ").map(|name| (bare(name), later == "yes")));
    }
    let word = |operation: &Operation| bare(operation.xml_name());
    let mut served: Vec<_> = SERVED.iter().map(|it| (word(it), may_wait(*it))).collect();
    named.sort();
    served.sort();
    assert_eq!(named, served);
}
