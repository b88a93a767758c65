//! What versions that are retired have sealed: nothing more, whatever else goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::server::list;

/// Versions that were not active any more when they were last looked at.
#[derive(Default)]
pub(super) struct Retired {
    /// Key and version → how many envelopes it has sealed, ever.
    sealed: BTreeMap<(String, u64), u64>,
    /// What was sealed nevertheless, in words.
    pub(super) wrong: Vec<String>,
}

impl Retired {
    /// Looks at all versions in what `kek status` says.
    pub(super) fn look(&mut self, status: &Value) {
        self.key("the root key", status.get("root").unwrap_or(&Value::Null));
        for tenant in list(status, "tenants") {
            let name = text(tenant, "tenant");
            self.key(&name, tenant);
            for service in list(tenant, "services") {
                self.key(&format!("{name}/{}", text(service, "service")), service);
            }
        }
    }

    fn key(&mut self, name: &str, of: &Value) {
        for version in list(of, "versions") {
            let state = version.get("state").and_then(Value::as_str);
            if !matches!(state, Some("retired" | "destroyed")) {
                continue;
            }
            let number = |member: &str| version.get(member).and_then(Value::as_u64);
            let (Some(number), Some(now)) = (number("version"), number("sealed_ever")) else {
                self.wrong.push(format!("{name}: `kek status` says too little"));
                continue;
            };
            let before = self.sealed.insert((name.to_owned(), number), now).unwrap_or(now);
            if now > before {
                let more = now - before;
                self.wrong.push(format!("{name}: version {number} is retired and sealed {more}"));
            }
        }
    }
}

/// A text of an answer; empty if it has none of this name.
pub(super) fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(state: &str, sealed: u64) -> Value {
        let versions = json!([{ "version": 1, "state": state, "sealed_ever": sealed }]);
        json!({ "root": { "versions": [] }, "tenants": [{ "tenant": "t", "versions": [],
                "services": [{ "service": "s", "versions": versions }] }] })
    }

    #[test]
    fn a_version_that_seals_after_it_was_retired_is_found() {
        let mut retired = Retired::default();
        for (state, sealed) in [("active", 3), ("active", 4), ("retired", 5), ("retired", 5)] {
            retired.look(&status(state, sealed));
        }
        assert_eq!(retired.wrong, Vec::<String>::new());
        retired.look(&status("retired", 7));
        assert_eq!(retired.wrong, ["t/s: version 1 is retired and sealed 2"]);
    }
}
