//! The root of a soak rotates where it is, and moves from its token to the environment and back.

use std::fs;

use keystrata::crypto::random::OsRandom;
use keystrata::keys::env_root::create_key_file;
use serde_json::Value;

use super::super::{About as _, Failure};
use super::sealed::text;
use super::server::Server;

/// What begins and ends what is written into the configuration.
const MARKS: [&str; 2] = ["# soak: from here\n", "# soak: to here\n"];

impl Server {
    /// What can be done with the root at this turn. In the environment it rotates, to a version that is
    /// made first; so it does in the token, where it also moves, if it `moves`, at two of three turns: to
    /// the environment, and from there back.
    pub(super) fn next_of_root(
        &self,
        turn: u64,
        moves: bool,
    ) -> Result<[&'static str; 4], Failure> {
        let status = self.command(&["kek", "status"])?;
        let root = status.get("root").unwrap_or(&Value::Null);
        let is_at_home = self.root == "env";
        let versions = root.get("versions").and_then(Value::as_array);
        let versions = || versions.into_iter().flatten();
        // A move of which the server was killed before it began: its version waits, and nothing else can
        // be done with the root.
        let waits = |it: &Value| text(it, "state") == "pending" && text(it, "provider") == "env";
        if !is_at_home && versions().any(waits) {
            return Ok(["kek", "migrate", "--to", "env"]);
        }
        if !is_at_home && text(root, "provider") == "env" {
            return Ok(["kek", "migrate", "--to", "pkcs11"]);
        }
        if !is_at_home && (!moves || turn.is_multiple_of(3)) {
            return Ok(super::ROTATE_ROOT);
        }
        let numbers = versions().filter_map(|it| it.get("version")?.as_u64());
        let next = numbers.max().unwrap_or(1) + 1;
        let file = self.dir.join(format!("root-{next}.key"));
        if !file.exists() {
            create_key_file(&file, &OsRandom).map_err(|error| Failure::new(error.to_string()))?;
        }
        self.configure(next, is_at_home)?;
        Ok(if is_at_home { super::ROTATE_ROOT } else { ["kek", "migrate", "--to", "env"] })
    }

    /// Writes into the configuration every version up to this one that there is a file for: of the root
    /// as it is, or of the one that it moves to.
    fn configure(&self, last: u64, is_at_home: bool) -> Result<(), Failure> {
        let known = (1..=last).filter(|it| self.dir.join(format!("root-{it}.key")).exists());
        let versions: Vec<String> =
            known.map(|it| format!("{{ version = {it}, file = \"root-{it}.key\" }}")).collect();
        let versions = format!("versions = [{}]\n", versions.join(", "));
        let file = self.dir.join("keystrata.toml");
        let mut text = fs::read_to_string(&file).about(&file)?;
        if is_at_home {
            let line = text.lines().find(|line| line.starts_with("versions = ")).map(str::to_owned);
            let line = line.ok_or_else(|| Failure::new("the configuration names no versions"))?;
            return fs::write(&file, text.replacen(&format!("{line}\n"), &versions, 1))
                .about(&file);
        }
        let [begin, end] = MARKS;
        let next = format!("{begin}[root.next]\nprovider = \"env\"\n{versions}{end}\n[store]");
        if let (Some(from), Some(to)) = (text.find(begin), text.find(end)) {
            text.replace_range(from..to + end.len(), "");
        }
        fs::write(&file, text.replacen("[store]", &next, 1)).about(&file)
    }
}
