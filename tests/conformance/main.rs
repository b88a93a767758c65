//! Replays conformance cases over the real wire: the official ones where they are to be found
//! (`KEYSTRATA_KMIP_CASES`, by default beside the project), and our own in `fixtures/cases`.

mod case;
mod compare;
mod encode;
mod exclude;
mod itself;
mod page;
mod play;
mod profiles;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use case::Case;
use page::Page;
use support::server::{Plan, Server};

/// The tenant that the cases run in; every case is a service of its own, so none sees another's.
const TENANT: &str = "conformance";

/// Versions of the official cases that are served.
const VERSIONS: &[&str] = &["v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v2.0", "v2.1"];

/// The directory, in that of our own cases, of what is played before other cases.
const BEFORE: &str = "before";

/// The section of the configuration by which the server can be told apart from others.
const QUERY: &str = include_str!("../../fixtures/cases/query.toml");

/// How many cases ran, by version.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    excluded: usize,
}

/// Every case that must pass.
fn required_cases() -> Vec<Case> {
    let mut directories = vec![own_cases()];
    directories.extend(official_cases().unwrap_or_default());
    let listed = exclude::listed();
    cases(&directories).into_iter().filter(|case| !listed.contains_key(&case.name)).collect()
}

#[test]
fn official_cases_are_answered_as_expected() {
    match official_cases() {
        Some(directories) if is_told("KEYSTRATA_REWRITE_EXCLUSIONS") => {
            rewrite_exclusions(&directories);
        }
        Some(directories) => {
            let page = run(&directories, &exclude::listed());
            if is_told("KEYSTRATA_WRITE_CONFORMANCE") {
                page.write();
            }
        }
        None => println!("no official cases: set KEYSTRATA_KMIP_CASES to their directory"),
    }
}

#[test]
fn the_list_of_exclusions_gives_true_reasons_for_cases_that_there_are() {
    let Some(directories) = official_cases() else { return };
    let reasons: BTreeMap<String, Option<String>> = cases(&directories)
        .into_iter()
        .map(|case| (case.name.clone(), exclude::reason(&case)))
        .collect();
    let listed = exclude::listed();
    let untrue = listed.iter().filter(|(name, reason)| {
        reasons.get(*name).is_none_or(|computed| !exclude::is_true(reason, computed.as_deref()))
    });
    let untrue: Vec<_> = untrue.map(|(name, reason)| format!("{name}: {reason}")).collect();
    assert!(untrue.is_empty(), "exclusions.txt has, but it is not so:\n{}", untrue.join("\n"));
}

#[test]
fn own_cases_are_answered_as_expected() {
    run(&[own_cases()], &BTreeMap::new());
}

/// The name and directory of our own cases.
fn own_cases() -> (String, PathBuf) {
    ("own".into(), Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases"))
}

/// The versions of the official cases and their directories, if the cases are there.
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where cases are")]
fn official_cases() -> Option<Vec<(String, PathBuf)>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/kmip/cases");
    let root = std::env::var_os("KEYSTRATA_KMIP_CASES").map_or_else(beside, PathBuf::from);
    let versions = VERSIONS.iter().map(|version| ((*version).to_owned(), root.join(version)));
    let there: Vec<_> = versions.filter(|(_, directory)| directory.is_dir()).collect();
    (!there.is_empty()).then_some(there)
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment what to do")]
fn is_told(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// Writes the list anew: what fails today, for the reason that the case gives or that was listed.
fn rewrite_exclusions(directories: &[(String, PathBuf)]) {
    let old = exclude::listed();
    let mut text = exclude::HEAD.to_owned();
    for (case, outcome) in outcomes(directories) {
        if outcome.is_ok() {
            continue;
        }
        let reason = exclude::reason(&case).or_else(|| old.get(&case.name).cloned());
        let reason = reason.unwrap_or_else(|| exclude::NOT_YET.to_owned());
        text.extend([case.name.as_str(), ": ", &reason, "\n"]);
    }
    std::fs::write(exclude::FILE, text).expect("the list can be written");
}

/// Every case, and what came of it.
fn outcomes(directories: &[(String, PathBuf)]) -> Vec<(Case, Result<(), String>)> {
    let all = cases(directories);
    let preparations = cases(&[(BEFORE.to_owned(), own_cases().1.join(BEFORE))]);
    let services: Vec<String> = (0..all.len()).map(|number| format!("case-{number}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let more = told(&all, &services) + &leases(&all, &services);
    let server = described(Plan::new().tenant(TENANT, &services), &more);
    let play = |(case, service): (&Case, &str)| {
        play::play(before(case, &all, &preparations), case, &server, service)
    };
    let outcomes: Vec<_> = all.iter().zip(services).map(play).collect();
    all.into_iter().zip(outcomes).collect()
}

/// The section of the configuration by which clients that hear the server are sent requests.
fn told(cases: &[Case], services: &[&str]) -> String {
    let all = cases.iter().zip(services).filter(|(case, _)| case.hears_server());
    let all: Vec<_> = all.map(|(_, service)| format!("\"{TENANT}/{service}\"")).collect();
    format!("\n[notify]\nservices = [{}]\n", all.join(", "))
}

/// The sections of the configuration by which leases last as long as the cases say.
fn leases(cases: &[Case], services: &[&str]) -> String {
    let of = |(case, service): (&Case, &&str)| {
        let lease = case.lease()?;
        let who = format!("tenant = \"{TENANT}\"\nservice = \"{service}\"");
        Some(format!("\n[[lease.for]]\n{who}\ntime = \"{lease} s\"\n"))
    };
    cases.iter().zip(services).filter_map(of).collect()
}

/// A server that tells of itself what its administrator wrote down, with more of the configuration.
fn described(plan: Plan, more: &str) -> Server {
    let mut server = plan.start();
    assert!(server.stop().success(), "{}", server.log());
    let file = server.directory().join("keystrata.toml");
    let text = std::fs::read_to_string(&file).expect("`try` keeps its configuration");
    std::fs::write(&file, text + QUERY + more).expect("the configuration is ours");
    server.start();
    server
}

/// Runs the cases of some directories, each under its name, and holds the list of exclusions. The
/// page of what came of them.
fn run(directories: &[(String, PathBuf)], listed: &BTreeMap<String, String>) -> Page {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut complaints = Vec::new();
    let mut page = Page::default();
    for (case, outcome) in outcomes(directories) {
        let version = case.name.split('/').next().unwrap_or_default();
        let tally = tallies.entry(version.into()).or_default();
        let verdict = judge(&case, listed, outcome);
        page.note(&case.name, &verdict, listed.get(&case.name));
        match verdict {
            Verdict::Passed => tally.passed += 1,
            Verdict::Excluded => tally.excluded += 1,
            Verdict::Failed(why) => {
                tally.failed += 1;
                complaints.push(format!("{}: {why}", case.name));
            }
        }
    }
    for (version, tally) in &tallies {
        let Tally { passed, failed, excluded } = tally;
        let ran = passed + failed;
        println!("{version}: ran {ran}, passed {passed}, failed {failed}, excluded {excluded}");
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    page
}

enum Verdict {
    Passed,
    Excluded,
    Failed(String),
}

/// A case passes, or it is in the list for a reason that is true and does fail.
fn judge(case: &Case, listed: &BTreeMap<String, String>, outcome: Result<(), String>) -> Verdict {
    let reason = exclude::reason(case);
    match (listed.get(&case.name), outcome) {
        (None, Ok(())) => Verdict::Passed,
        (None, Err(why)) => {
            let hint = reason.map(|reason| format!("\n  it {reason}")).unwrap_or_default();
            Verdict::Failed(format!("{why}{hint}"))
        }
        (Some(listed), _) if !exclude::is_true(listed, reason.as_deref()) => {
            Verdict::Failed(format!("the list says '{listed}', the case itself: {reason:?}"))
        }
        (Some(listed), Ok(())) => Verdict::Failed(format!("passes, yet is excluded: {listed}")),
        (Some(_), Err(_)) => Verdict::Excluded,
    }
}

/// The cases below some directories in order of their names.
fn cases(directories: &[(String, PathBuf)]) -> Vec<Case> {
    let of = |(version, directory): &(String, PathBuf)| {
        let read = |path: PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Case::read(&path, format!("{version}/{stem}"))
                .unwrap_or_else(|why| panic!("{}: {why}", path.display()))
        };
        files(directory).into_iter().map(read).collect::<Vec<_>>()
    };
    directories.iter().flat_map(of).collect()
}

/// The case that is played before another, if there is one.
fn before<'c>(case: &Case, cases: &'c [Case], preparations: &'c [Case]) -> Option<&'c Case> {
    let start = play::listed_for(play::BEFORE, case)?;
    let version = case.name.split('/').next().unwrap_or_default();
    let start = if start.contains('/') { start.to_owned() } else { format!("{version}/{start}") };
    let found = cases.iter().chain(preparations).find(|before| before.name.starts_with(&start));
    Some(found.unwrap_or_else(|| panic!("{} needs {start}", case.name)))
}

/// The XML files of a directory and those below it, in order of their names. A case that stands in
/// two directories of a version counts once.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let entries = std::fs::read_dir(&directory)
            .unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
        for path in entries.map(|entry| entry.expect("a directory entry").path()) {
            if path.is_dir() {
                // What is played before other cases is no case of its own.
                open.extend((!path.ends_with(BEFORE)).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "xml") {
                files.insert(path.file_name().unwrap_or_default().to_owned(), path);
            }
        }
    }
    files.into_values().collect()
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}
