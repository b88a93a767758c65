//! `docs/conformance.md`: what came of the official cases, by profile and version.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::profiles::{self, FAMILIES};
use crate::{Tally, Verdict};

/// The page.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/conformance.md");

/// What stands above the tables.
const HEAD: &str = "\
# Conformance

What came of the official test cases of KMIP 1.0 to 2.1, played over TLS against the real server and
compared strictly: types, presence, order, status, reason, and everything that the client sent. The
cases are not part of this project; `KEYSTRATA_KMIP_CASES` names their directory. `make conformance`
writes this page anew; it fails instead if a case fails that is not excluded, or passes although it is.
";

/// Verdicts as they come in.
#[derive(Default)]
pub(crate) struct Page {
    tallies: BTreeMap<(String, String), Tally>,
    excluded: Vec<(String, String)>,
}

impl Page {
    /// Takes note of what came of a case, whose exclusion has a reason.
    pub(crate) fn note(&mut self, case: &str, verdict: &Verdict, reason: Option<&String>) {
        let (version, name) = case.split_once('/').unwrap_or_default();
        let tally = self.tallies.entry((family(name), version.to_owned())).or_default();
        match verdict {
            Verdict::Passed => tally.passed += 1,
            // The run then ends without a page.
            Verdict::Failed(_) => tally.failed += 1,
            Verdict::Excluded => {
                tally.excluded += 1;
                self.excluded.push((case.to_owned(), reason.cloned().unwrap_or_default()));
            }
        }
    }

    /// Writes the page.
    pub(crate) fn write(&self) {
        std::fs::write(FILE, self.text()).expect("the page can be written");
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        let versions: BTreeSet<&str> = self.tallies.keys().map(|(_, v)| v.as_str()).collect();
        let families: BTreeSet<&str> = self.tallies.keys().map(|(f, _)| f.as_str()).collect();
        let line = |text: &mut String, name: &str, of: &dyn Fn(&str) -> String| {
            let cells: Vec<String> = versions.iter().map(|version| of(version)).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        };
        text.push_str(
            "\n## By profile and version\n\nPassed of all; a dash where there is no case.\n\n",
        );
        line(&mut text, "profile", &str::to_owned);
        line(&mut text, "---", &|_| "---".to_owned());
        for family in families {
            line(&mut text, family, &|version| {
                let key = (family.to_owned(), version.to_owned());
                self.tallies.get(&key).map_or_else(|| "–".to_owned(), Tally::share)
            });
        }
        line(&mut text, "**all**", &|version| {
            let of_version = self.tallies.iter().filter(|((_, v), _)| v == version);
            let all = of_version.fold(Tally::default(), |sum, (_, tally)| Tally {
                passed: sum.passed + tally.passed,
                failed: sum.failed + tally.failed,
                excluded: sum.excluded + tally.excluded,
            });
            all.share()
        });
        text.push_str(&profiles::section());
        let _ = writeln!(text, "\n## Excluded, and why\n");
        list(&mut text, self.excluded.iter().map(|(case, why)| format!("* {case}: {why}")));
        text
    }
}

impl Tally {
    /// How many passed, of how many.
    fn share(&self) -> String {
        format!("{}/{}", self.passed, self.passed + self.failed + self.excluded)
    }
}

fn list(text: &mut String, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    let _ =
        writeln!(text, "{}", if lines.is_empty() { "None.".to_owned() } else { lines.join("\n") });
}

/// The family of a case, in words.
fn family(name: &str) -> String {
    let found = FAMILIES.iter().find(|family| name.starts_with(family.start));
    found.map_or_else(|| name.split('-').next().unwrap_or(name).to_owned(), ToString::to_string)
}
