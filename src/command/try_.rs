//! `keystrata try`: everything that a first look needs, made in one directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use keystrata::clock::{Clock as _, SystemClock};
use keystrata::keys::memory::Protection;
use keystrata::tenant::{ServiceName, TenantName};

use super::pki::{self, Authority};
use super::serve::{self, Addresses};
use super::{About as _, Environment, Failure, guide, private, tell, try_root};

/// The configuration's file in the directory.
pub(super) const CONFIG: &str = "keystrata.toml";

/// The arguments of `keystrata try`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keystrata try
  keystrata try --dir /tmp/k --listen 127.0.0.1:0 --tenant acme=mongodb,billing

What it makes is kept: the next start with the same directory serves the same keys. Its
configuration is DIR/keystrata.toml, its certificates are in DIR/clients. When it serves, one line
goes to standard output:  ready kmip=127.0.0.1:5696 admin=127.0.0.1:9696")]
pub(crate) struct Arguments {
    /// Where everything is made and kept
    #[arg(long, value_name = "DIR", default_value = "keystrata-try")]
    dir: PathBuf,
    /// Where KMIP clients connect; port 0 picks one [default: as in DIR/keystrata.toml,
    /// 127.0.0.1:5696 at first]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where /metrics, /live and /ready are; port 0 picks one [default: as in
    /// DIR/keystrata.toml, 127.0.0.1:9696 at first]
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Where the root key is [default: softhsm if it is installed]
    #[arg(long, value_name = "KIND")]
    root: Option<RootKind>,
    /// A tenant and its services; again for more [default: tenant-a=mongodb,orders and
    /// tenant-b=mongodb]
    #[arg(long, value_name = "NAME=SERVICE[,SERVICE]")]
    tenant: Vec<TenantServices>,
}

/// Where `try` puts the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RootKind {
    /// In a file
    Env,
    /// In a SoftHSM token
    Softhsm,
}

/// A tenant and its services.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TenantServices {
    tenant: TenantName,
    services: Vec<ServiceName>,
}

impl FromStr for TenantServices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tenant, services) = text.split_once('=').ok_or("write NAME=SERVICE[,SERVICE]")?;
        let said = |name: &str, bad| format!("\"{name}\": {bad}");
        let services = services.split(',');
        Ok(Self {
            tenant: TenantName::new(tenant).map_err(|bad| said(tenant, bad))?,
            services: services
                .map(|name| ServiceName::new(name).map_err(|bad| said(name, bad)))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Runs `keystrata try`.
pub(crate) fn run(
    arguments: &Arguments,
    environment: &Environment,
    protected: Protection,
) -> Result<(), Failure> {
    let directory = std::path::absolute(&arguments.dir).about(&arguments.dir)?;
    let file = directory.join(CONFIG);
    let kept = private::text(&file)?;
    let text = match &kept {
        Some(text) => text.clone(),
        None => config_text(&try_root::section(&directory, try_root::kind(arguments.root))?),
    };
    let mut config = environment.parse(&text, &file)?;
    config.listen.kmip = arguments.listen.unwrap_or(config.listen.kmip);
    config.listen.admin = arguments.admin.unwrap_or(config.listen.admin);
    // What can be refused without a file is refused before there is one.
    try_root::check(&config, arguments.root, &directory)?;
    serve::check_addresses(&config)?;
    private::directory(&directory)?;
    let clients = certificates(&directory, &arguments.tenant)?;
    if kept.is_none() {
        private::public_file(&file, text.as_bytes())?;
    }
    try_root::ready(&mut config, &directory, environment)?;
    serve::serve(&config, &file, environment, protected, |addresses| {
        announce(&directory, &clients, addresses)
    })
}

/// Makes what certificates are missing; the directories of the clients.
fn certificates(directory: &Path, asked: &[TenantServices]) -> Result<Vec<PathBuf>, Failure> {
    let authority = Authority::open(directory, SystemClock::new().now())?;
    authority.server()?;
    let defaults = ["tenant-a=mongodb,orders", "tenant-b=mongodb"];
    let defaults = defaults.map(TenantServices::from_str).into_iter();
    let tenants = if asked.is_empty() {
        defaults.collect::<Result<Vec<_>, _>>().map_err(Failure::new)?
    } else {
        asked.to_vec()
    };
    let mut clients = Vec::new();
    for TenantServices { tenant, services } in &tenants {
        for service in services {
            authority.client(tenant, service)?;
            clients.push(pki::client_directory(directory, tenant, service));
        }
    }
    Ok(clients)
}

/// Writes the clients' files, now that the address is known, and tells the user.
fn announce(directory: &Path, clients: &[PathBuf], addresses: &Addresses) -> Result<(), Failure> {
    let ca = directory.join("ca.pem");
    for client in clients {
        let conf = guide::pykmip_conf(addresses.kmip, client, &ca);
        private::public_file(&client.join("pykmip.conf"), conf.as_bytes())?;
    }
    if let Some(client) = clients.first() {
        tell(format_args!("{}", guide::examples(addresses.kmip, client, &ca)));
    }
    Ok(())
}

/// The configuration; `root` is its section.
fn config_text(root: &str) -> String {
    let domain = pki::DOMAIN;
    format!(
        r#"# Made by `keystrata try`, and kept: change what you like.
# All keys: deploy/keystrata.toml in the source.

[listen]
kmip = "127.0.0.1:5696"
admin = "127.0.0.1:9696"

[tls]
certificate = "server.pem"
key = "server-key.pem"

[[tls.client_ca]]
file = "ca.pem"

[provision]                     # clients renew their certificates with Re-Provision
certificate = "ca.pem"
key = "ca-key.pem"
validity = "397 d"

[identity]
trust_domain = "{domain}"
suffix = "{domain}"
auto_register = "tenants"

{root}
[store]
directory = "data/store"

[audit]
directory = "data/audit"

[cryptography]
legacy = true                   # so that old clients can be tried; the default is false

[lease]
time = "1 h"                    # as in the official test cases; the default is 5 min
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_one_service_or_more() {
        let two = TenantServices::from_str("acme=mongodb,billing").expect("good");
        assert_eq!((two.tenant.as_str(), two.services.len()), ("acme", 2));
        for bad in ["acme", "acme=", "=mongodb", "acme=a,,b", "Acme=a"] {
            TenantServices::from_str(bad).expect_err(bad);
        }
    }
}
