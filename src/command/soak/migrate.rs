//! The root of a soak rotates in its token, and moves to the environment and back.

use std::fs;

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::create_key_file;
use serde_json::Value;

use super::super::{About as _, Failure};
use super::server::Server;

/// What begins and ends what is written into the configuration.
const MARKS: [&str; 2] = ["# soak: from here\n", "# soak: to here\n"];

impl Server {
    /// What can be done with the root at this turn: in the token it rotates at every third, and else
    /// moves to the environment, for which a version is made first; from there it moves back.
    pub(super) fn next_of_root(&self, turn: u64) -> Result<[&'static str; 4], Failure> {
        let status = self.command(&["kek", "status"])?;
        let root = status.get("root").unwrap_or(&Value::Null);
        if root.get("provider").and_then(Value::as_str) == Some("env") {
            return Ok(["kek", "migrate", "--to", "pkcs11"]);
        }
        if turn.is_multiple_of(3) {
            return Ok(super::ROTATE_ROOT);
        }
        let versions = root.get("versions").and_then(Value::as_array);
        let numbers = versions.into_iter().flatten().filter_map(|it| it.get("version")?.as_u64());
        let next = numbers.max().unwrap_or(1) + 1;
        let file = self.dir.join(format!("root-{next}.key"));
        if !file.exists() {
            create_key_file(&file, &OsRandom).map_err(|error| Failure::new(error.to_string()))?;
        }
        self.configure(next)?;
        Ok(["kek", "migrate", "--to", "env"])
    }

    /// Writes into the configuration every version up to this one that there is a file for.
    fn configure(&self, last: u64) -> Result<(), Failure> {
        let known = (1..=last).filter(|it| self.dir.join(format!("root-{it}.key")).exists());
        let versions: Vec<String> =
            known.map(|it| format!("{{ version = {it}, file = \"root-{it}.key\" }}")).collect();
        let versions = versions.join(", ");
        let [begin, end] = MARKS;
        let next = format!(
            "{begin}[root.next]\nprovider = \"env\"\nversions = [{versions}]\n{end}\n[store]"
        );
        let file = self.dir.join("keystrata.toml");
        let mut text = fs::read_to_string(&file).about(&file)?;
        if let (Some(from), Some(to)) = (text.find(begin), text.find(end)) {
            text.replace_range(from..to + end.len(), "");
        }
        fs::write(&file, text.replacen("[store]", &next, 1)).about(&file)
    }
}
