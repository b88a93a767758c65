//! Reads the fact tables.

use std::collections::HashMap;
use std::path::Path;

use kmip_ttlv::{Version, Versions};

/// A line of a table, by the names of its columns.
pub(crate) type Row = HashMap<String, String>;

/// All lines of `fixtures/kmip/<name>.csv`.
pub(crate) fn rows(name: &str) -> Vec<Row> {
    // Tests of the server's package use this file too.
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut directories = folders.map(|folder| folder.join("fixtures/kmip"));
    let directory = directories.find(|directory| directory.is_dir()).unwrap();
    let text = std::fs::read_to_string(directory.join(name).with_extension("csv")).unwrap();
    let mut lines = text.lines().map(cells);
    let head = lines.next().unwrap();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

/// The cells of one line; a cell may stand in quotation marks and then contain commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

/// A number such as `0x420001`.
pub(crate) fn number(text: &str) -> u32 {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// The versions of a row with the columns `first_version` and `removed_in`; `None` if none is ours.
pub(crate) fn lifetime(row: &Row) -> Option<Versions> {
    let first = version(&row["first_version"])?;
    let removed = row.get("removed_in").and_then(|removed| version(removed));
    let last =
        Version::ALL.into_iter().rfind(|last| removed.is_none_or(|removed| *last < removed))?;
    Some(Versions { first, last })
}

/// The versions of a range such as `1.2-1.4` or `1.3`.
pub(crate) fn range(text: &str) -> Versions {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Versions { first: version(first).unwrap(), last: version(last).unwrap() }
}

fn version(text: &str) -> Option<Version> {
    Version::ALL.into_iter().find(|version| version.to_string() == text)
}
