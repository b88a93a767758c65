//! Verifying a trail: reads the files in order and says what is wrong, and where.

use std::fmt;
use std::io::{self, BufRead, Read};

use super::chain::{Anchor, Hex, LINE_BYTES_MAX, Line};

/// The most findings that are kept; what comes after is only counted.
const FINDINGS_MAX: usize = 100;

/// What is wrong with a trail at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The line does not have the form of a record.
    NotARecord,
    /// The record's bytes do not have the record's hash.
    Changed,
    /// Before this record, those from `from` to `to` are missing.
    Missing {
        /// The first that is missing.
        from: u64,
        /// The last that is missing.
        to: u64,
    },
    /// The record comes after a later one: it was moved, or is there twice.
    OutOfOrder {
        /// The number that was due.
        expected: u64,
    },
    /// The record does not name the hash of the one before it: that one was written anew.
    NotLinked,
    /// The last line does not end: the file was cut, or the server stopped in the middle of it.
    TornEnd,
    /// The trail ends before the record that the store remembers as written.
    CutOff {
        /// The number of the record that the store remembers.
        remembered: u64,
    },
    /// There is no file, though the store does not say that nothing was written.
    NoFiles,
    /// The record has another hash than the store remembers: the trail was written anew.
    Rewritten,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecord => f.write_str("this line is not an audit record"),
            Self::Changed => f.write_str("the record was changed"),
            Self::Missing { from, to } if from == to => write!(f, "record {from} is missing"),
            Self::Missing { from, to } => write!(f, "records {from} to {to} are missing"),
            Self::OutOfOrder { expected } => {
                write!(f, "the record is repeated or out of order; {expected} was due")
            }
            Self::NotLinked => f.write_str("the record before this one was replaced"),
            Self::TornEnd => f.write_str("the last line is cut off"),
            Self::CutOff { remembered } => {
                write!(f, "the trail ends here, but the store remembers record {remembered}")
            }
            Self::NoFiles => f.write_str("there is no file of an audit trail"),
            Self::Rewritten => f.write_str("the store remembers another record of this number"),
        }
    }
}

/// One finding and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, by the name that the caller gave it, or the directory.
    pub file: String,
    /// The line in the file, from 1; 0 for what concerns no line.
    pub line: u64,
    /// The number that the record says it has.
    pub seq: Option<u64>,
    /// What is wrong.
    pub damage: Damage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(seq) = self.seq {
            write!(f, " (record {seq})")?;
        }
        write!(f, ": {}", self.damage)
    }
}

/// What a trail was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many records were read.
    pub records: u64,
    /// The number of the first record; more than 1 if older files were moved away.
    pub first: Option<u64>,
    /// The last record. Note it elsewhere to prove later that nothing before it was changed.
    pub last: Option<Anchor>,
    /// What is wrong, in the order of the trail; at most 100.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if self.more > 0 {
            writeln!(f, "and {} more findings", self.more)?;
        }
        write!(f, "{} records", self.records)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, ", {first} to {}, last hash {}", last.seq, Hex(last.hash))?;
        }
        Ok(())
    }
}

/// Reads a trail, file by file, in order.
#[derive(Debug, Default)]
pub struct Verifier {
    report: Report,
    remembered: Option<Anchor>,
    /// Where the trail stands: the record with the highest number so far.
    head: Option<Anchor>,
    place: (String, u64),
}

impl Verifier {
    /// A verifier; `remembered` is the place that the store remembers, if it is known.
    #[must_use]
    pub fn new(remembered: Option<Anchor>) -> Self {
        Self { remembered, ..Self::default() }
    }

    /// Reads the next file. `name` is what findings call it.
    ///
    /// # Errors
    /// What `file` fails with.
    pub fn file(&mut self, name: &str, mut file: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            let limit = LINE_BYTES_MAX as u64;
            if file.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            number += 1;
            self.place = (name.to_owned(), number);
            let ended = line.pop_if(|byte| *byte == b'\n').is_some();
            match Line::parse(&line) {
                Some(record) if ended => self.record(&record),
                _ if ended => self.found(None, Damage::NotARecord),
                _ => self.found(None, Damage::TornEnd),
            }
        }
    }

    fn record(&mut self, line: &Line) {
        self.report.records += 1;
        self.report.first.get_or_insert(line.seq);
        if !line.intact {
            self.found(Some(line.seq), Damage::Changed);
        }
        let head = self.head.unwrap_or_else(|| start(line));
        let expected = head.seq.saturating_add(1);
        if line.seq < expected {
            self.found(Some(line.seq), Damage::OutOfOrder { expected });
            return;
        }
        if line.seq > expected {
            let missing = Damage::Missing { from: expected, to: line.seq - 1 };
            self.found(Some(line.seq), missing);
        } else if line.prev != head.hash {
            self.found(Some(line.seq), Damage::NotLinked);
        }
        self.head = Some(line.anchor());
        if self.remembered.is_some_and(|it| it.seq == line.seq && it.hash != line.hash) {
            self.found(Some(line.seq), Damage::Rewritten);
        }
    }

    fn found(&mut self, seq: Option<u64>, damage: Damage) {
        if self.report.findings.len() == FINDINGS_MAX {
            self.report.more += 1;
            return;
        }
        let (file, line) = self.place.clone();
        self.report.findings.push(Finding { file, line, seq, damage });
    }

    /// Ends the trail and tells what was found.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let last = self.head.map_or(0, |head| head.seq);
        if let Some(remembered) = self.remembered.map(|it| it.seq).filter(|seq| *seq > last) {
            self.found(self.head.map(|head| head.seq), Damage::CutOff { remembered });
        }
        self.report.last = self.head;
        self.report
    }
}

/// What a trail that starts with `line` follows from: nothing, or files that were moved away.
fn start(line: &Line) -> Anchor {
    match line.seq {
        0 | 1 => Anchor::default(),
        later => Anchor { seq: later - 1, hash: line.prev },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::chain::{Head, Mark};
    use super::*;

    /// A trail of `records` lines, each with its line feed.
    fn trail(records: u64) -> Vec<Vec<u8>> {
        let mut head = Head::default();
        let line = |n| {
            let mut line = Vec::new();
            head.append(&mut line, &format!("\"n\":{n}"), Mark { commit: n, records: 1 });
            line
        };
        (1..=records).map(line).collect()
    }

    /// Verifies files made of these lines.
    fn verify(files: &[&[Vec<u8>]], remembered: Option<Anchor>) -> Report {
        let mut verifier = Verifier::new(remembered);
        for (number, lines) in files.iter().enumerate() {
            let name = format!("file-{number}");
            verifier.file(&name, lines.concat().as_slice()).expect("reads from memory");
        }
        verifier.finish()
    }

    fn damages(lines: &[Vec<u8>]) -> Vec<(u64, Damage)> {
        let report = verify(&[lines], None);
        report.findings.into_iter().map(|found| (found.line, found.damage)).collect()
    }

    #[test]
    fn a_whole_trail_is_sound_however_it_is_cut_into_files() {
        let lines = trail(9);
        for cut in 0..=9 {
            let (one, two) = lines.split_at(cut);
            let report = verify(&[one, &[], two], None);
            assert!(report.is_sound(), "{report}");
            assert_eq!((report.records, report.first), (9, Some(1)));
        }
    }

    #[test]
    fn older_files_may_have_been_moved_away() {
        let report = verify(&[&trail(9)[4..]], None);
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.first, Some(5));
    }

    #[test]
    fn a_changed_record_is_found_and_named() {
        let mut lines = trail(5);
        let at = lines[2].len() - 80;
        lines[2][at] ^= 1;
        assert_eq!(damages(&lines), [(3, Damage::Changed)]);
    }

    #[test]
    fn a_record_written_anew_with_its_hash_is_found_by_the_next_one() {
        let mut lines = trail(5);
        let mut head = Head::default();
        let mut forged = Vec::new();
        for n in 1..=3 {
            forged.clear();
            head.append(&mut forged, &format!("\"n\":{n}"), Mark { commit: n, records: 1 });
        }
        let mut head = Head {
            last: Line::parse(lines[1].trim_ascii_end()).expect("a line").anchor(),
            mark: Mark::default(),
        };
        forged.clear();
        head.append(&mut forged, "\"n\":33", Mark { commit: 3, records: 1 });
        lines[2] = forged;
        assert_eq!(damages(&lines), [(4, Damage::NotLinked)]);
    }

    #[test]
    fn a_missing_record_is_found() {
        let mut lines = trail(6);
        lines.drain(2..4);
        assert_eq!(damages(&lines), [(3, Damage::Missing { from: 3, to: 4 })]);
    }

    #[test]
    fn a_repeated_record_is_found() {
        let mut lines = trail(4);
        lines.insert(2, lines[1].clone());
        assert_eq!(damages(&lines), [(3, Damage::OutOfOrder { expected: 3 })]);
    }

    #[test]
    fn records_in_another_order_are_found() {
        let mut lines = trail(5);
        lines.swap(2, 3);
        let expected =
            [(3, Damage::Missing { from: 3, to: 3 }), (4, Damage::OutOfOrder { expected: 5 })];
        assert_eq!(damages(&lines), expected);
    }

    #[test]
    fn a_line_that_is_no_record_is_found() {
        let mut lines = trail(3);
        lines.insert(1, b"{\"seq\":2}\n".to_vec());
        assert_eq!(damages(&lines), [(2, Damage::NotARecord)]);
    }

    #[test]
    fn a_torn_end_is_found() {
        let mut lines = trail(3);
        lines[2].pop();
        assert_eq!(damages(&lines), [(3, Damage::TornEnd)]);
    }

    #[test]
    fn a_trail_that_lost_its_end_is_found_by_what_the_store_remembers() {
        let lines = trail(5);
        let remembered = verify(&[&lines], None).last;
        assert!(verify(&[&lines], remembered).is_sound());
        let report = verify(&[&lines[..3]], remembered);
        let [finding] = report.findings.as_slice() else { panic!("one finding, not {report}") };
        assert_eq!(finding.damage, Damage::CutOff { remembered: 5 });
        assert_eq!(
            finding.to_string(),
            "file-0:3 (record 3): the trail ends here, but the store remembers record 5"
        );
    }

    #[test]
    fn a_trail_written_anew_is_found_by_what_the_store_remembers() {
        let remembered = Some(Anchor { seq: 3, hash: [1; 32] });
        let report = verify(&[&trail(5)], remembered);
        assert_eq!(report.findings[0].damage, Damage::Rewritten);
    }

    proptest! {
        /// A change of any one byte is found. (In the number or the text of a line's own hash it
        /// shows in more than one way, but it shows.)
        #[test]
        fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let mut bytes = trail(6).concat();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(!verify(&[&[bytes]], None).is_sound());
        }

        /// So is any line taken out, except at the ends, which only the store can know.
        #[test]
        fn any_missing_line_is_found(at in 1..5_usize) {
            let mut lines = trail(6);
            lines.remove(at);
            prop_assert!(!verify(&[&lines], None).is_sound());
        }

        /// No input makes the verifier panic.
        #[test]
        fn anything_can_be_verified(bytes in any::<Vec<u8>>(), seq in any::<u64>()) {
            let zeros = "0".repeat(64);
            let line = format!("{{\"seq\":{seq},\"prev\":\"{zeros}\",\"commit\":[0,0],\"hash\":\"{zeros}\"}}\n");
            prop_assert!(!verify(&[&[line.clone().into_bytes(), bytes, line.into_bytes()]], None).is_sound());
        }
    }
}
