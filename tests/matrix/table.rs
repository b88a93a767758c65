//! A table of outcomes in a file, one block for each run of versions that answer alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use kmip_ttlv::Version;
use kmip_ttlv::enums::ResultReason;

/// What comes of a request, in a word: `ok`, or the Result Reason.
pub(crate) fn word(outcome: Option<ResultReason>) -> String {
    outcome.map_or_else(|| "ok".to_owned(), |reason| reason.xml_name().to_owned())
}

/// Outcomes by version, row and column.
#[derive(Default)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<String>,
    cells: BTreeMap<(Version, String, String), String>,
}

impl Table {
    pub(crate) fn put(&mut self, version: Version, row: &str, column: &str, word: String) {
        for (list, name) in [(&mut self.rows, row), (&mut self.columns, column)] {
            if !list.iter().any(|known| known == name) {
                list.push(name.to_owned());
            }
        }
        let cell = (version, row.to_owned(), column.to_owned());
        let before = self.cells.get(&cell);
        assert!(before.is_none_or(|before| *before == word), "{version} {row} {column}: {word}");
        self.cells.insert(cell, word);
    }

    /// Every cell: version, row, column, word.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (Version, &str, &str, &str)> {
        self.cells.iter().map(|((version, row, column), word)| {
            (*version, row.as_str(), column.as_str(), word.as_str())
        })
    }

    /// Compares with `fixtures/matrix/<name>.txt`, whose head says what the table is about.
    pub(crate) fn check(&self, name: &str, head: &str) {
        let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/matrix");
        let path = directory.join(name).with_extension("txt");
        let text = self.text(head);
        if is_told_to_write() {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let new: Vec<_> = text.lines().filter(|line| !expected.contains(line)).collect();
        assert!(
            text == expected,
            "{} says otherwise; the server answers now:\n{}",
            path.display(),
            new.join("\n")
        );
    }

    fn text(&self, head: &str) -> String {
        let mut text = String::new();
        for line in head.lines() {
            writeln!(text, "# {}", line.trim()).unwrap();
        }
        let mut blocks: Vec<(Vec<Version>, String)> = Vec::new();
        for version in Version::ALL {
            let block = self.block(version);
            match blocks.last_mut() {
                Some((versions, last)) if *last == block => versions.push(version),
                _ => blocks.push((vec![version], block)),
            }
        }
        for (versions, block) in blocks.into_iter().filter(|(_, block)| !block.is_empty()) {
            let (first, last) = (versions[0], versions[versions.len() - 1]);
            let range =
                if first == last { first.to_string() } else { format!("{first} to {last}") };
            write!(text, "\nKMIP {range}\n\n{block}").unwrap();
        }
        text
    }

    /// The rows of one version, its columns as wide as they need to be.
    fn block(&self, version: Version) -> String {
        let cell = |row: &String, column: &String| {
            let key = (version, row.clone(), column.clone());
            self.cells.get(&key).map_or("-", String::as_str).to_owned()
        };
        let mut lines: Vec<Vec<String>> = Vec::new();
        for row in &self.rows {
            let cells: Vec<_> = self.columns.iter().map(|column| cell(row, column)).collect();
            if cells.iter().any(|cell| cell != "-") {
                lines.push([vec![row.clone()], cells].concat());
            }
        }
        if lines.is_empty() {
            return String::new();
        }
        lines.insert(0, [vec![String::new()], self.columns.clone()].concat());
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let widths: Vec<_> = (0..=self.columns.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            text.extend([line.trim_end(), "\n"]);
        }
        text
    }
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment what to do")]
fn is_told_to_write() -> bool {
    std::env::var_os("KEYSTRATA_REWRITE_MATRIX").is_some()
}
