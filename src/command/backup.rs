//! `keystrata backup`: copies of the store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use keystrata::store::Manifest;
use keystrata::store::embedded::{self, Verified};
use keystrata::tenant::TenantName;
use serde::Serialize;
use serde_json::{Value, json};

use super::ask::Common;
use super::serve::{Proof, prove};
use super::tenant::line;
use super::{Environment, Failure, Place, print};

/// The sub-commands of `keystrata backup`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Copy the store of a running server, as it is at one moment, while it serves
    #[command(after_help = "Examples:
  keystrata backup create --to /srv/backups/monday.db --dir keystrata-try
  keystrata backup create --to monday.db --plan --dir keystrata-try

The server writes the copy, and monday.db.manifest.json beside it. Both hold sealed rows and no plain
key; to open them needs the root key. See docs/operations/backup.md.")]
    Create(Create),
    /// List the backups that the store knows, or those that still have something
    #[command(after_help = "Examples:
  keystrata backup list --dir keystrata-try
  keystrata backup list --tenant tenant-a --service orders --json --dir keystrata-try")]
    List(List),
    /// Find out whether a backup is whole, and whether the root key opens it
    #[command(after_help = "Examples:
  keystrata backup verify --from /srv/backups/monday.db
  keystrata backup verify --from /srv/backups/monday.db --config /etc/keystrata/keystrata.toml

With --config or --dir, the root key that is described there has to open what is in it.")]
    Verify(Verify),
    /// Say that a backup's copies are destroyed: it holds nothing up any more
    #[command(after_help = "Example:
  keystrata backup forget --id 8f3c51d2a0b7e946 --dir keystrata-try")]
    Forget(Forget),
}

/// The arguments of `keystrata backup create`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Create {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The file to be made, on the server's machine
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// The arguments of `keystrata backup list`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct List {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// Those that still have keys of this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Those that still have keys of this service of the tenant
    #[arg(long, value_name = "NAME", requires = "tenant")]
    service: Option<String>,
    /// Those that may still have this object of the tenant: all that were made after it
    #[arg(long, requires = "tenant", conflicts_with = "service")]
    uid: Option<String>,
}

/// The arguments of `keystrata backup verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The copy; its manifest is beside it
    #[arg(long, value_name = "PATH")]
    from: PathBuf,
    /// The configuration file of a server with the root key
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// The directory of `keystrata try`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The arguments of `keystrata backup forget`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Forget {
    #[command(flatten)]
    #[serde(skip)]
    common: Common,
    /// The backup, as `backup list` names it
    #[arg(long)]
    id: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    plan: bool,
}

/// Runs `keystrata backup`.
pub(crate) fn run(command: &Command, environment: &Environment) -> Result<(), Failure> {
    match command {
        Command::Create(it) => {
            // The server has another working directory.
            let to = absolute(&it.to)?;
            let arguments = json!({ "to": to, "plan": it.plan });
            it.common.run(environment, "backup create", &arguments, line)
        }
        Command::List(it) => it.common.run(environment, "backup list", it, table),
        Command::Verify(it) => verify(it, environment),
        Command::Forget(it) => it.common.run(environment, "backup forget", it, line),
    }
}

/// A path that means the same in every process.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// A heading, and a line per backup.
fn table(done: &Value) -> String {
    let mut lines = String::new();
    let mut add = |[id, made, roots, bytes, path]: [&str; 5]| {
        let _ = writeln!(lines, "{id:<16}  {made:<27}  {roots:<10} {bytes:>12}  {path}");
    };
    for (number, row) in
        done.get("backups").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        if number == 0 {
            add(["id", "made", "roots", "bytes", "path"]);
        }
        let text = |name| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_exact = row.get("exact").and_then(Value::as_bool).unwrap_or_default();
        let roots = row.get("root_versions").map(Value::to_string).unwrap_or_default();
        let bytes = row.get("bytes").map(Value::to_string).unwrap_or_default();
        let [roots, bytes] = if is_exact { [roots.as_str(), &bytes] } else { ["not known", "-"] };
        add([text("id"), text("made"), roots, bytes, text("path")]);
    }
    lines
}

fn verify(arguments: &Verify, environment: &Environment) -> Result<(), Failure> {
    let Verify { from, config, dir, json } = arguments;
    let verified = embedded::verify(from).map_err(|error| Failure::new(error.to_string()))?;
    let (mut root, mut own) = ("not asked".to_owned(), BTreeMap::new());
    if config.is_some() || dir.is_some() {
        let place = Place { config: config.clone(), dir: dir.clone() };
        let samples = &verified.contents.samples;
        let proofs = prove(&place.config(environment)?, environment, samples)?;
        if let Proof::Wrong(why) = proofs.shared {
            return Err(Failure::new(why));
        }
        (root, own) = (proofs.shared.to_string(), proofs.own);
    }
    let Verified { manifest, .. } = &verified;
    if *json {
        let own = own_roots(&own);
        let said =
            json!({ "verified": true, "root": root, "own_roots": own, "manifest": manifest });
        print(format_args!("{said:#}\n"));
    } else {
        print(format_args!("{}\nroot key: {root}\n", described(manifest)));
        for (tenant, proof) in &own {
            print(format_args!("own root key of tenant {tenant}: {proof}\n"));
        }
    }
    match own.iter().find(|(_, proof)| matches!(proof, Proof::Wrong(_))) {
        Some((tenant, proof)) => {
            Err(Failure::new(format!("the own root key of tenant {tenant} {proof}")))
        }
        None => Ok(()),
    }
}

/// What tenants' own root keys say of a copy, a line each.
pub(super) fn own_roots(own: &BTreeMap<TenantName, Proof>) -> Value {
    own.iter().map(|(tenant, proof)| format!("{tenant}: {proof}")).collect()
}

/// A backup in a line.
pub(super) fn described(manifest: &Manifest) -> String {
    let Manifest { id, made, bytes, schema, provider, audit, .. } = manifest;
    let roots: Vec<_> = manifest.root_versions.iter().map(u32::to_string).collect();
    format!(
        "backup {id} of {made}: {bytes} bytes, schema {schema}, record {} of the audit trail, \
         needs root key {provider} version {}",
        audit.seq,
        roots.join(", ")
    )
}
