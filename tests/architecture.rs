//! The rules of the house, as tests over its source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use. `kmip-ttlv` is under all of them; `main` and `command` use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("net", &["admin", "service", "config", "metrics", "tenant", "clock"]),
    ("admin", &["keys", "store", "audit", "metrics", "clock", "tenant"]),
    (
        "service",
        &[
            "operation",
            "store",
            "keys",
            "audit",
            "access",
            "object",
            "crypto",
            "metrics",
            "clock",
            "tenant",
        ],
    ),
    ("client", &[]),
    ("operation", &["access", "keys", "store", "object", "crypto", "clock", "tenant"]),
    ("hsm", &["keys", "crypto", "metrics", "clock"]),
    ("keys", &["store", "audit", "crypto", "metrics", "clock", "tenant"]),
    ("store", &["object", "audit", "metrics", "clock", "tenant"]),
    ("audit", &["tenant", "clock"]),
    ("access", &["object", "tenant"]),
    ("object", &[]),
    ("crypto", &[]),
    ("config", &["tenant"]),
    ("metrics", &["tenant"]),
    ("clock", &[]),
    ("tenant", &[]),
];

/// The most lines of a source file.
const LINES_MAX: usize = 400;

/// A source file: its path from the root of the workspace, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room that the file belongs to: the first part of its path under `src`.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or_default();
        inside.split(['/', '.']).next().unwrap_or_default()
    }

    /// Whether `super` is the root of the crate here.
    fn is_head_of_room(&self) -> bool {
        let room = self.room();
        self.path == format!("src/{room}.rs") || self.path == format!("src/{room}/mod.rs")
    }

    /// The lines of code: no comments, and nothing after the tests begin.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        let lines = lines.enumerate().map(|(number, line)| (number + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// What a line names directly under the root of the crate: `crate::a` or `crate::{a::B, c}`.
fn rooms_named(line: &str, super_is_crate: bool) -> Vec<&str> {
    let roots: &[&str] = if super_is_crate { &["crate::", "super::"] } else { &["crate::"] };
    let named = roots.iter().flat_map(|root| line.split(root).skip(1));
    let lists = named.flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split(',').collect::<Vec<_>>(),
        None => vec![rest],
    });
    lists
        .filter_map(|path| path.trim().split(|c: char| c != '_' && !c.is_alphanumeric()).next())
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files with one of these endings under some folders of the workspace.
fn files(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("the folder can be read").path();
            let inside = path.strip_prefix(root()).expect("it is in the workspace");
            let inside = inside.to_str().expect("our names are UTF-8").to_owned();
            if path.is_dir() && !inside.ends_with("target") {
                folders.push(path);
            } else if endings.iter().any(|ending| inside.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("our files are UTF-8");
                found.push(Source { path: inside, text });
            }
        }
    }
    assert!(!found.is_empty(), "nothing was found");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn sources() -> Vec<Source> {
    files(&["src", "kmip-ttlv/src"], &[".rs"])
}

/// Fails with all of `found`, a line each.
fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_that_their_arrows_name() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("src/")) {
        let room = source.room();
        if matches!(room, "main" | "lib" | "command") {
            continue;
        }
        let allowed = arrows.get(room).unwrap_or_else(|| panic!("room {room} has no arrows"));
        for (number, line) in source.code() {
            for other in rooms_named(line, source.is_head_of_room()) {
                if arrows.contains_key(other) && other != room && !allowed.contains(&other) {
                    wrong.push(format!("{}:{number}: {room} → {other}", source.path));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn a_line_is_read_for_the_rooms_that_it_names() {
    assert_eq!(rooms_named("use crate::store::Engine;", false), ["store"]);
    assert_eq!(rooms_named("use crate::{keys::Root, net};", false), ["keys", "net"]);
    assert_eq!(rooms_named("use super::net::Tls;", true), ["net"]);
    assert!(rooms_named("use super::net::Tls;", false).is_empty());
}

#[test]
fn every_room_is_in_the_table() {
    let declared = read("src/lib.rs");
    let declared = declared.lines().filter_map(|line| line.strip_prefix("pub mod "));
    for room in declared.map(|rest| rest.trim_end_matches(';')) {
        assert!(ARROWS.iter().any(|(name, _)| *name == room), "{room}");
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let sources = files(&["src", "kmip-ttlv/src", "tests", "benches"], &[".rs"]);
    let long = sources.iter().filter(|source| source.text.lines().count() > LINES_MAX);
    let long: Vec<_> =
        long.map(|source| format!("{}: over {LINES_MAX} lines", source.path)).collect();
    none(&long);
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let folders = ["src", "kmip-ttlv", "tests", "benches", "deploy", "scripts", "fixtures"];
    let endings = [".rs", ".toml", ".md", ".py", ".yaml", ".csv", ".xml", ".txt", ".json"];
    let mut wrong = Vec::new();
    for source in files(&folders, &endings) {
        if source.path == "tests/architecture.rs" {
            continue;
        }
        for place in ["/home/", "/Users/", "/root/", "/work/"] {
            if source.text.contains(place) {
                wrong.push(format!("{}: names {place}", source.path));
            }
        }
    }
    none(&wrong);
}

/// Where the listed words may stand in code; elsewhere they are refused.
#[test]
fn some_words_belong_to_one_room() {
    let words: &[(&str, &[&str])] = &[
        ("Sealed::from_envelope(", &["src/keys/", "src/store/"]),
        // The log's lines are stamped by the library that writes them, whose type has this name.
        ("SystemTime", &["src/clock.rs", "src/command/log_line.rs"]),
        ("std::time::Instant", &["src/clock.rs"]),
        ("std::time::{Duration, Instant", &["src/clock.rs"]),
        ("cryptoki::", &["src/hsm"]),
        ("rusqlite::", &["src/store/"]),
        ("rustls::", &["src/net/", "src/client/"]),
        ("env::var", &["src/main.rs"]),
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            for (word, places) in words {
                if line.contains(word) && !places.iter().any(|place| source.path.starts_with(place))
                {
                    wrong.push(format!("{}:{number}: {word}", source.path));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_readme_quotes_the_configuration_as_it_is() {
    let (readme, example) = (read("README.md"), read("deploy/keystrata.toml"));
    let quotes = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let quotes: Vec<_> = quotes.map(|(quote, _)| quote).collect();
    assert!(!quotes.is_empty(), "the README quotes no configuration");
    for quote in quotes {
        assert!(example.contains(quote), "not in deploy/keystrata.toml:\n{quote}");
    }
}
