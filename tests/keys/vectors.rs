//! The vectors in `fixtures/envelope`, which another implementation made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use keystrata::crypto::aead::Key;
use keystrata::crypto::random::{OsRandom, Random, RandomError};
use keystrata::keys::env_root::KeySource;
use keystrata::keys::envelope::{self, EnvelopeError, Level, Place, Purpose};
use keystrata::keys::{EnvRoot, secret_file};
use keystrata::store::Sealed;
use zeroize::Zeroizing;

use super::support::{hex, wait};

/// Gives out the bytes that it was given.
#[derive(Debug)]
struct Given(Mutex<Vec<u8>>);

impl Random for Given {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        let mut bytes = self.0.lock().unwrap();
        out.copy_from_slice(&bytes[..out.len()]);
        bytes.drain(..out.len());
        Ok(())
    }

    fn mix(&self, _: &[u8]) -> Result<(), RandomError> {
        Ok(())
    }
}

struct Vector {
    heads: BTreeMap<String, String>,
    envelope: Sealed,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (heads, body) = text.split_once("\n\n").unwrap();
        let split = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        };
        let heads = heads.lines().map(split).collect();
        Self { heads, envelope: Sealed::from_envelope(&hex(body)) }
    }

    fn text(&self, name: &str) -> &str {
        &self.heads[name]
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex(self.text(name))
    }

    fn number(&self, name: &str) -> u32 {
        self.text(name).parse().unwrap()
    }

    fn place(&self) -> Place<'_> {
        let levels = [Level::Check, Level::Tenant, Level::Service, Level::Data];
        let purposes = [Purpose::Check, Purpose::Key, Purpose::Value];
        let named = |value: &dyn std::fmt::Debug, name: &str| {
            format!("{value:?}").to_lowercase() == self.text(name)
        };
        Place {
            level: levels.into_iter().find(|level| named(level, "level")).unwrap(),
            tenant: self.text("tenant"),
            service: self.text("service"),
            object: self.text("object"),
            version: self.number("version"),
            purpose: purposes.into_iter().find(|purpose| named(purpose, "purpose")).unwrap(),
        }
    }

    fn is_sealed_by_root(&self) -> bool {
        ["check", "tenant"].contains(&self.text("level"))
    }

    fn root(&self, random: Arc<dyn Random>) -> EnvRoot {
        let value = secret_file::hexadecimal(&self.bytes("parent-key"));
        let source = KeySource::Variable { name: "ROOT".into(), value };
        EnvRoot::new([(self.number("parent-version"), source)], random).unwrap()
    }

    fn open(&self) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let place = self.place();
        if self.is_sealed_by_root() {
            let root = self.root(Arc::new(OsRandom));
            return wait(envelope::open_with_root(&root, &place, &self.envelope));
        }
        let parent = Key::from_slice(&self.bytes("parent-key")).unwrap();
        envelope::open(&parent, self.number("parent-version"), &place, &self.envelope)
    }

    fn seal(&self) -> Sealed {
        let random = Given(Mutex::new([self.bytes("salt"), self.bytes("nonce")].concat()));
        let (place, plain) = (self.place(), self.bytes("plain"));
        let version = self.number("parent-version");
        if self.is_sealed_by_root() {
            let root = self.root(Arc::new(random));
            return wait(envelope::seal_with_root(&root, version, &place, &plain)).unwrap();
        }
        let parent = Key::from_slice(&self.bytes("parent-key")).unwrap();
        envelope::seal(&parent, version, &place, &random, &plain).unwrap()
    }
}

#[test]
fn envelopes_are_what_another_implementation_makes_of_the_layout() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/envelope");
    let mut ran = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.display();
        let vector = Vector::read(&path);
        match vector.text("expect") {
            "opens" => {
                assert_eq!(*vector.open().unwrap(), vector.bytes("plain"), "{name}");
                assert_eq!(vector.seal(), vector.envelope, "{name}");
            }
            refused => {
                let said = format!("error {}", vector.open().unwrap_err());
                assert_eq!(said, refused, "{name}");
            }
        }
        ran += 1;
    }
    assert!(ran >= 30, "only {ran} vectors were found");
}
