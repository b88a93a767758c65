//! The pages that say what works, against what works: `docs/conformance.md`, `docs/clients.md`,
//! `docs/post-quantum.md`, `docs/asynchronous.md` and `docs/not-served.md` agree with the lists of the tests, with each other and with what Query and Discover Versions tell.

#[path = "operations/ask.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod ask;
#[path = "documents/asynchronous.rs"]
mod asynchronous;
#[path = "documents/not_served.rs"]
mod not_served;
#[path = "operations/pair.rs"]
#[allow(dead_code, reason = "shared with the tests of operations")]
mod pair;
#[path = "documents/post_quantum.rs"]
mod post_quantum;
#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use keystrata::crypto::policy::Policy;
use keystrata::operation::SERVED;
use kmip_ttlv::Version;
use kmip_ttlv::enums::{ObjectType, Operation, QueryFunction};
use kmip_ttlv::payload::{ResponsePayload, discover_versions, query};
use world::World;

const CONFORMANCE: &str = include_str!("../docs/conformance.md");
const CLIENTS: &str = include_str!("../docs/clients.md");
const EXCLUSIONS: &str = include_str!("../fixtures/cases/exclusions.txt");
const REQUIREMENTS: &str = include_str!("clients/requirements.txt");

/// The rows of the tables of a page, without their heads, as cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let is_rule = |line: &&str| line.chars().all(|c| "|- ".contains(c));
    let lines: Vec<_> = page.lines().filter(|line| line.starts_with('|')).collect();
    let heads: BTreeSet<usize> = (1..lines.len())
        .filter(|number| is_rule(&lines[*number]))
        .flat_map(|number| [number - 1, number])
        .collect();
    let rows = lines.iter().enumerate().filter(|(number, _)| !heads.contains(number));
    rows.map(|(_, line)| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What Query tells a client of this version: operations and object types.
async fn told(version: Version) -> (Vec<Operation>, Vec<ObjectType>) {
    let world = World::new().await;
    let functions = vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects];
    let request = query::Request { functions, object_groups: None };
    match world.client("orders", version).await.ask(request).await {
        Ok(ResponsePayload::Query(response)) => (response.operations, response.object_types),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_page_of_conformance_excludes_what_the_list_excludes() {
    let listed: Vec<_> =
        EXCLUSIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let section = CONFORMANCE.split_once("## Excluded").expect("a section").1;
    let shown: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("* ")).collect();
    assert_eq!(shown, listed, "`make conformance` writes the page anew");
    let all = rows(CONFORMANCE).into_iter().find(|row| row[0] == "**all**").expect("a row of sums");
    let excluded: usize = all[1..]
        .iter()
        .map(|cell| {
            let (passed, of) = cell.split_once('/').expect("passed/all");
            of.parse::<usize>().unwrap() - passed.parse::<usize>().unwrap()
        })
        .sum();
    assert_eq!(excluded, listed.len());
}

/// The reasons are those of the specification, or of a case that contradicts itself.
#[test]
fn no_case_is_excluded_because_something_is_missing() {
    for line in EXCLUSIONS.lines().filter(|line| !line.starts_with('#')) {
        for excuse in ["not served", "not supported", "not implemented", "missing", " yet"] {
            assert!(!line.contains(excuse), "{line}");
        }
    }
}

#[tokio::test]
async fn the_versions_of_the_pages_are_those_that_discover_versions_tells() {
    let world = World::new().await;
    let client = world.client("orders", Version::V1_4).await;
    let request = discover_versions::Request { versions: Vec::new() };
    let told = match client.ask(request).await {
        Ok(ResponsePayload::DiscoverVersions(response)) => response.versions,
        other => panic!("{other:?}"),
    };
    let told: Vec<_> = told.iter().rev().filter_map(|it| it.version()).collect();
    assert_eq!(told, Version::ALL);
    let head = CONFORMANCE.lines().find(|line| line.starts_with("| profile")).expect("a head");
    let shown: Vec<_> = head.split('|').filter_map(|cell| cell.trim().strip_prefix('v')).collect();
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(shown, told);
    for row in rows(CLIENTS) {
        let versions = row[row.len() - 2].split(|c: char| !c.is_ascii_digit() && c != '.');
        for version in versions.filter(|word| word.contains('.')) {
            assert!(told.iter().any(|known| known == version), "{row:?}: no KMIP {version}");
        }
    }
}

#[tokio::test]
async fn query_tells_every_version_of_what_it_has() {
    for version in Version::ALL {
        let (operations, _) = told(version).await;
        // These two the server sends.
        let sent = [Operation::Notify, Operation::Put];
        // The server of the tests has no authority that could renew certificates.
        let has = |it: &&Operation| it.is_in(version) && **it != Operation::ReProvision;
        let expected: Vec<_> = SERVED.iter().chain(&sent).filter(has).copied().collect();
        assert_eq!(operations, expected, "{version}");
    }
}

/// The names in the section on profiles of the page of conformance: all, and those that want what only
/// tenants with `legacy` may do.
fn profiles_of_the_page() -> (BTreeSet<String>, BTreeSet<String>) {
    let section = CONFORMANCE.split_once("## Profiles that Query tells").expect("a section").1;
    let section = section.split("\n## ").next().unwrap_or_default();
    let told = rows(section).into_iter().filter(|row| row[1] != "–").collect::<Vec<_>>();
    let name = |row: &Vec<&str>| row[1].trim_matches('`').to_owned();
    let old = told.iter().filter(|row| row[2].contains("DES3"));
    (told.iter().map(name).collect(), old.map(name).collect())
}

#[tokio::test]
async fn the_profiles_of_the_page_are_those_that_query_tells() {
    let (all, old) = profiles_of_the_page();
    let usual: BTreeSet<_> = all.difference(&old).cloned().collect();
    let allowed = Policy { legacy: true, ..Policy::default() };
    for (policy, expected) in [(allowed, &all), (Policy::default(), &usual)] {
        let world = World::with_policy(policy).await;
        for version in Version::ALL {
            let request = query::Request {
                functions: vec![QueryFunction::QueryProfiles],
                object_groups: None,
            };
            let told = match world.client("orders", version).await.ask(request).await {
                Ok(ResponsePayload::Query(response)) => response.profiles,
                other => panic!("{other:?}"),
            };
            let names: BTreeSet<_> = told.iter().map(|it| it.name.xml_name().to_owned()).collect();
            let nothing = BTreeSet::new();
            assert_eq!(&names, if version.is_2x() { expected } else { &nothing }, "{version}");
        }
    }
}

#[test]
fn the_page_of_clients_names_what_is_installed_and_every_conversation() {
    for package in ["PyKMIP", "pymongo", "pymongocrypt"] {
        let pinned =
            REQUIREMENTS.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix("=="));
        let version = pinned.unwrap_or_else(|| panic!("{package} is pinned"));
        assert!(CLIENTS.contains(version), "docs/clients.md: {package} is {version}");
    }
    let played = played();
    let named: BTreeSet<_> = quoted(CLIENTS).map(str::to_owned).collect();
    let missing: Vec<_> = played.difference(&named).collect();
    assert!(missing.is_empty(), "docs/clients.md does not name {missing:?}");
}

#[test]
fn every_conversation_that_the_page_of_clients_names_is_there() {
    let played = played();
    let section = CLIENTS.split_once("## Played from what they send").expect("a section").1;
    for row in rows(section) {
        let (client, place) = (row[0], row[row.len() - 1]);
        let like_a_file = |word: &&str| word.contains('-') && !word.starts_with("x-");
        let names: Vec<_> = quoted(place).filter(like_a_file).collect();
        assert!(!names.is_empty(), "docs/clients.md does not say where {client} is played");
        for name in names {
            assert!(played.contains(name), "docs/clients.md names {name}, which is not there");
        }
    }
}

/// What stands in a text as code.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The conversations with clients, and the messages that were captured from them.
fn played() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = |directory: &str, keep: fn(&str, &Path) -> bool| {
        let entries = std::fs::read_dir(root.join(directory)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let named = paths.map(|path| (stem(&path), path));
        named.filter(|(stem, path)| keep(stem, path)).map(|(stem, _)| stem).collect::<Vec<_>>()
    };
    let is_conversation = |stem: &str, _: &Path| stem.starts_with("client-");
    // The other traces are what no client should send.
    let is_of_client =
        |_: &str, path: &Path| std::fs::read_to_string(path).unwrap().contains("\nclient: ");
    let conversations = files("cases", is_conversation);
    let all = [conversations, files("flows", |_, _| true), files("traces", is_of_client)];
    all.into_iter().flatten().collect()
}
