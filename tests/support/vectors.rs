//! Vectors in `fixtures/crypto/`: paragraphs of `key: value` lines; a line that is indented goes on
//! with the value above. A new case is a new paragraph, not new code.
#![allow(dead_code, reason = "each test target uses its part")]

use std::collections::BTreeMap;
use std::path::Path;

/// A paragraph of a file.
pub(crate) struct Case(BTreeMap<String, String>);

impl Case {
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(crate) fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let digits = self.text(key)?.as_bytes();
        assert_eq!(digits.len() % 2, 0, "{key} in {}", self.name());
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        Some(digits.chunks(2).map(|pair| byte(pair).unwrap()).collect())
    }

    pub(crate) fn required(&self, key: &str) -> Vec<u8> {
        self.bytes(key).unwrap_or_else(|| panic!("no {key} in {}", self.name()))
    }

    pub(crate) fn number(&self, key: &str) -> Option<i32> {
        self.text(key).map(|text| text.parse().unwrap())
    }

    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.0["source"], self.0["expect"])
    }

    /// The error that is to come, as its `Debug` prints it, or `None` if all goes well.
    pub(crate) fn error(&self) -> Option<&str> {
        match self.0["expect"].as_str() {
            "ok" => None,
            other => Some(other.strip_prefix("error ").unwrap()),
        }
    }
}

/// The cases of a file.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crypto").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut cases = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut case = BTreeMap::new();
        let mut key = "";
        for line in paragraph.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = match line.strip_prefix("  ") {
                Some(more) => (key, more),
                None => line.split_once(':').unwrap(),
            };
            key = name;
            case.entry(key.to_owned()).or_insert_with(String::new).push_str(value.trim());
        }
        if !case.is_empty() {
            cases.push(Case(case));
        }
    }
    assert!(cases.len() > 10, "{file} has lost its cases");
    cases
}

/// What has the name that a case gives.
pub(crate) fn named<T>(case: &Case, key: &str, from: impl Fn(&str) -> Option<T>) -> Option<T> {
    let name = case.text(key)?;
    Some(from(name).unwrap_or_else(|| panic!("no {key} is called {name}")))
}
