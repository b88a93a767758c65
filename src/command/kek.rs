//! `keystrata kek`: the keys of the hierarchy.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::ask::Common;
use super::{Environment, Failure};

/// The sub-commands of `keystrata kek`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show every level and version, how many envelopes name it, who has it loaded, and what is under way
    #[command(after_help = "Examples:
  keystrata kek status --dir keystrata-try
  keystrata kek status --config keystrata.toml --tenant acme --json
  keystrata kek status --config keystrata.toml --tenant acme --service orders

`loaded` names the nodes that have a version in memory, as far as it is known: the node that answers looks;
others say it of the root key, and of keys that are being rotated.")]
    Status(Status),
    /// Add a version to a key, pending; a root key is made in its token
    #[command(after_help = "Examples:
  keystrata kek add --dir keystrata-try --level root --plan
  keystrata kek add --config keystrata.toml --level root --tenant acme
  keystrata kek add --config keystrata.toml --level tenant --tenant acme

With root provider `env` the new version has to be there already: in the configuration's `versions`,
whose files are read again.")]
    Add(Keys),
    /// See whether every node has a version, and whether it opens
    #[command(after_help = "Example:
  keystrata kek verify --dir keystrata-try --level root --target 2")]
    Verify(Verify),
    /// Make another version the active one, and seal anew what the old one sealed
    #[command(after_help = "Examples:
  keystrata kek rotate --dir keystrata-try --level root
  keystrata kek rotate --dir keystrata-try --level tenant --tenant acme --plan
  keystrata kek rotate --dir keystrata-try --level service --tenant acme --service orders --active
  keystrata kek rotate --dir keystrata-try --level tenant --compromised
  keystrata kek rotate --dir keystrata-try --level tenant --at 2030-01-31T03:00:00Z

Without --tenant the keys of all tenants are rotated, without --service those of all services of the
tenant. Clients notice nothing. If this command is interrupted, the server goes on.")]
    Rotate(Rotate),
    /// Seal under the active version what retired ones sealed
    #[command(after_help = "Example:
  keystrata kek rewrap --dir keystrata-try --level service --tenant acme")]
    Rewrap(Keys),
    /// Destroy a version that no envelope names, and a root key in its token, too
    #[command(after_help = "Examples:
  keystrata kek remove --dir keystrata-try --level root --version 1 --plan
  keystrata kek remove --dir keystrata-try --level root --version 1 --keep-in-token

What a token does not destroy at once is tried again by the server, and by this command. Of a version
that is destroyed already, --keep-in-token ends that.")]
    Remove(Remove),
    /// Move the root key to another provider, or a tenant to a root key of its own, while clients are
    /// served
    #[command(after_help = "Examples:
  keystrata kek migrate --config keystrata.toml --to pkcs11 --plan
  keystrata kek migrate --config keystrata.toml --tenant acme --to own
  keystrata kek migrate --config keystrata.toml --tenant acme --to shared

The provider to move to is described in [root.next] of the configuration, the root key of a tenant's
own in [root.tenants.<tenant>]. What was added there is read by this command.")]
    Migrate(Migrate),
    /// Take back a rotation or migration that is under way
    #[command(after_help = "Example:
  keystrata kek abort --dir keystrata-try --level root")]
    Abort(Keys),
}

/// The arguments of `keystrata kek status`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Status {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// Show this tenant alone
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    /// Show this service of it alone
    #[arg(long, value_name = "S", requires = "tenant")]
    service: Option<String>,
}

/// Which keys.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Which {
    /// Which level of the hierarchy
    #[arg(long, value_name = "LEVEL", value_parser = ["root", "tenant", "service"])]
    level: String,
    /// Whose key; with --level root, the root key of the tenant's own
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    /// Whose key
    #[arg(long, value_name = "S", requires = "tenant")]
    service: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// The arguments of several sub-commands.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Keys {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    which: Which,
}

/// The arguments of `keystrata kek verify`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Verify {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    which: Which,
    /// The version
    #[arg(long, value_name = "N")]
    #[serde(rename = "version")]
    target: u32,
}

/// The arguments of `keystrata kek rotate`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Rotate {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    which: Which,
    /// Refuse if another version is active
    #[arg(long, value_name = "M")]
    from_version: Option<u32>,
    /// The pending version to go to [default: the one that there is, or a new one]
    #[arg(long, value_name = "N")]
    to_version: Option<u32>,
    /// The old version is compromised: seal everything anew at full speed, then destroy it
    #[arg(long)]
    compromised: bool,
    /// Seal the objects of services anew at once, and not when they are used
    #[arg(long)]
    active: bool,
    /// Announce it now, and begin at this time, in RFC 3339
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// The arguments of `keystrata kek remove`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Remove {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    #[command(flatten)]
    #[serde(flatten)]
    which: Which,
    /// The version
    #[arg(long, value_name = "M")]
    version: u32,
    /// Also if the service has encrypted with it over KMIP: what it keeps can then not be decrypted
    #[arg(long)]
    discard_encrypted: bool,
    /// Of a root key: leave it in its token, because others use it there
    #[arg(long)]
    keep_in_token: bool,
}

/// The arguments of `keystrata kek migrate`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Migrate {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// Move this tenant alone
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    /// Where the root key shall be; own or shared with --tenant, a provider without
    #[arg(long, value_name = "WHERE", value_parser = ["pkcs11", "env", "own", "shared"])]
    to: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// Runs `keystrata kek`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Status(it) => it.common.run(environment, "kek status", it, status),
        Command::Add(it) => it.common.run(environment, "kek add", it, lines),
        Command::Verify(it) => it.common.run(environment, "kek verify", it, lines),
        Command::Rotate(it) => it.common.run(environment, "kek rotate", it, lines),
        Command::Rewrap(it) => it.common.run(environment, "kek rewrap", it, lines),
        Command::Remove(it) => it.common.run(environment, "kek remove", it, lines),
        Command::Migrate(it) => it.common.run(environment, "kek migrate", it, lines),
        Command::Abort(it) => it.common.run(environment, "kek abort", it, lines),
    }
}

/// One line per key that a command was about.
fn lines(done: &Value) -> String {
    let planned = done.get("planned").and_then(Value::as_bool).unwrap_or_default();
    let head = if planned { "would be: " } else { "" };
    let many = ["rotations", "keys"].iter().find_map(|name| done.get(name)?.as_array());
    let one = std::slice::from_ref(done);
    let mut out = String::new();
    for one in many.map_or(one, Vec::as_slice) {
        let _ = writeln!(out, "{head}{}", members(one));
    }
    let keys = done.get("root_keys").and_then(Value::as_array).into_iter().flatten();
    for key in keys.chain(done.get("root_key")) {
        if let Some(line) = key.get("line").and_then(Value::as_str) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// `key, name value, name value`.
fn members(of: &Value) -> String {
    let key = of.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let rest = of.as_object().into_iter().flatten();
    let is_shown = |(name, value): &(&String, &Value)| {
        !["key", "planned", "root_key"].contains(&name.as_str()) && !value.is_null()
    };
    let rest = rest.filter(is_shown);
    rest.fold(key, |line, (name, value)| {
        format!("{line}, {} {}", name.replace('_', " "), plain(value))
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Root keys that are destroyed here, and that their tokens may have still.
fn remains(status: &Value) -> String {
    let tenants = status.get("tenants").and_then(Value::as_array).into_iter().flatten();
    let roots = tenants.filter_map(|tenant| tenant.get("root")).chain(status.get("root"));
    let versions = roots.filter_map(|root| root.get("versions")?.as_array()).flatten();
    versions.filter_map(|version| version.get("remains")).fold(String::new(), |mut out, key| {
        let text = |name| key.get(name).and_then(Value::as_str);
        if let Some(place) = text("place") {
            let why = text("why").unwrap_or("it was not tried yet");
            let _ = writeln!(out, "is still to be destroyed: {place}: {why}");
        }
        out
    })
}

/// A table of all keys.
fn status(status: &Value) -> String {
    let text = |value: &Value, name: &str| plain(value.get(name).unwrap_or(&Value::Null));
    let list = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut out = format!(
        "{:<36}{:>8}  {:<10}{:>12}  {:<21} loaded\n",
        "key", "version", "state", "envelopes", "created"
    );
    let mut add = |name: &str, of: &Value| {
        for version in list(of, "versions") {
            let compromised = version.get("compromised").and_then(Value::as_bool) == Some(true);
            let loaded: Vec<String> = list(&version, "loaded_by").iter().map(plain).collect();
            // Of a root key, which may have moved from one provider to another.
            let name = match version.get("provider").and_then(Value::as_str) {
                Some(provider) => format!("{name} ({provider})"),
                None => name.to_owned(),
            };
            let line = format!(
                "{name:<36}{:>8}  {:<10}{:>12}  {:<21} {}{}\n",
                text(&version, "version"),
                text(&version, "state"),
                text(&version, "envelopes"),
                text(&version, "created"),
                if loaded.is_empty() { "-".to_owned() } else { loaded.join(",") },
                if compromised { "  compromised" } else { "" },
            );
            out.push_str(&line);
        }
    };
    if let Some(root) = status.get("root") {
        add("root", root);
    }
    for tenant in list(status, "tenants") {
        let name = text(&tenant, "tenant");
        if let Some(root) = tenant.get("root") {
            add(&format!("{name}: own root"), root);
        }
        add(&name, &tenant);
        for service in list(&tenant, "services") {
            add(&format!("{name}/{}", text(&service, "service")), &service);
        }
    }
    for tenant in list(status, "tenants") {
        let trouble = tenant.get("root").and_then(|root| root.get("trouble"));
        if let Some(trouble) = trouble.and_then(Value::as_str) {
            let _ = writeln!(out, "refused: {trouble}");
        }
    }
    out.push_str(&remains(status));
    for node in list(status, "nodes") {
        let said = ["node", "heard", "root_versions", "tenant_keys", "service_keys"];
        let [name, heard, roots, tenants, services] = said.map(|it| text(&node, it));
        let _ = writeln!(
            out,
            "node {name}: heard {heard}, has root versions {roots}, and open {tenants} of tenants' \
             keys and {services} of services'",
        );
    }
    for rotation in list(status, "rotations") {
        let _ = writeln!(out, "under way: {}", members(&rotation));
    }
    if status.get("more_tenants").and_then(Value::as_bool) == Some(true) {
        out.push_str("and more tenants: name one with --tenant\n");
    }
    out
}
