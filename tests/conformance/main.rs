//! Replays conformance cases over the real wire: the official ones where they are to be found
//! (`KEYSTRATA_KMIP_CASES`, by default beside the project), and our own in `fixtures/cases`.

mod case;
mod compare;
mod encode;
mod exclude;
mod itself;
mod page;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use case::Case;
use encode::Bindings;
use kmip_ttlv::Tag;
use kmip_ttlv::enums::ResultStatus;
use page::Page;
use support::client::Client;
use support::server::{Plan, Server};
use support::ttlv::{Node, Value, hex};

/// The tenant that the cases run in; every case is a service of its own, so none sees another's.
const TENANT: &str = "conformance";

/// Versions of the official cases that are served.
const VERSIONS: &[&str] = &["v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v2.0", "v2.1"];

/// Cases that build on each other, in order, as one client of the server sees them.
type Chain = Vec<Case>;

/// How often a Poll is repeated that a case repeats. The server answers one that is too early only
/// after a while.
const POLLS_MAX: usize = 64;

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
    let cases = chains(&directories).into_iter().flatten();
    let listed = exclude::listed();
    cases.filter(|case| !listed.contains_key(&case.name)).collect()
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
    let cases = chains(&directories).into_iter().flatten();
    let reasons: BTreeMap<String, Option<String>> =
        cases.map(|case| (case.name.clone(), exclude::reason(&case))).collect();
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
    let chains = chains(directories);
    let services: Vec<String> = (0..chains.len()).map(|number| format!("case-{number}")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let server = Plan::new().tenant(TENANT, &services).start();
    let mut outcomes = Vec::new();
    for (chain, service) in chains.into_iter().zip(services) {
        let mut bindings = Bindings::new(now());
        for case in chain {
            let unplayed = case
                .steps
                .iter()
                .any(|step| step.from_server || (step.repeats && !exclude::polls(step)));
            let outcome = if unplayed {
                Err("is not played: it waits minutes, or the server asks".to_owned())
            } else {
                replay(&case, &server, service, &mut bindings)
            };
            outcomes.push((case, outcome));
        }
    }
    outcomes
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

/// Sends a case's requests and compares the answers.
fn replay(
    case: &Case,
    server: &Server,
    service: &str,
    bindings: &mut Bindings,
) -> Result<(), String> {
    let mut clients: HashMap<&str, Client> = HashMap::new();
    for (number, step) in case.steps.iter().enumerate() {
        let at = |why: String| format!("step {number}: {why}");
        let request = encode::request(&step.request, bindings).map_err(at)?;
        let client = clients.entry(&step.client).or_insert_with(|| server.connect(TENANT, service));
        let request = request.encode();
        let mut exchange = || {
            let bytes = client.exchange(&request).map_err(|e| at(e.to_string()))?;
            Node::parse(&bytes).map_err(|why| at(format!("{why}: {}", hex(&bytes))))
        };
        let mut answer = exchange()?;
        for _ in 0..if step.repeats { POLLS_MAX } else { 0 } {
            if !is_pending(&answer) {
                break;
            }
            answer = exchange()?;
        }
        let differences = compare::response(&step.response, &answer, &step.request, bindings);
        if !differences.is_empty() {
            return Err(at(format!("{}\n{answer:?}", differences.join("\n  "))));
        }
    }
    Ok(())
}

/// Whether an answer says that the client shall ask again.
fn is_pending(answer: &Node) -> bool {
    let pending = Value::Enumeration(ResultStatus::OperationPending.number());
    let items = answer.children().iter().filter(|item| item.tag == Tag::BatchItem);
    let mut statuses = items.filter_map(|item| item.child(Tag::ResultStatus));
    statuses.any(|status| status.value == pending)
}

/// The cases below some directories in order of their names; one that goes on after its first.
fn chains(directories: &[(String, PathBuf)]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for (version, directory) in directories {
        let first = chains.len();
        for path in files(directory) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let case = Case::read(&path, format!("{version}/{stem}"))
                .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let before = exclude::CONTINUATIONS.iter().find(|(next, _)| stem.starts_with(next));
            let chain = before.and_then(|(_, before)| {
                let start = format!("{version}/{before}");
                chains[first..].iter_mut().find(|chain| chain[0].name.starts_with(&start))
            });
            match chain {
                Some(chain) => chain.push(case),
                None => chains.push(vec![case]),
            }
        }
    }
    chains
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
                open.push(path);
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
