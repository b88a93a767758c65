//! Environment variables over the file: `KEYSTRATA_<SECTION>_<KEY>`.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::tenant::TenantName;

/// The sections that variables can reach.
const SECTIONS: &[&str] = &[
    "listen",
    "tls",
    "provision",
    "identity",
    "root",
    "notify",
    "rotation",
    "store",
    "audit",
    "cryptography",
    "compatibility",
    "lease",
    "log",
    "metrics",
    "limits",
    "query",
];

/// The keys that are not text: their variables are read as TOML reads such values. Those of all
/// other keys are taken as they stand, also where they look like a number.
const VALUES: &[(&str, &[&str])] = &[
    ("listen", &["connections_max", "connections_per_tenant_max"]),
    ("tls", &["tls12", "client_ca"]),
    ("identity", &["rules"]),
    ("root", &["environment", "versions", "next", "tenants"]),
    ("notify", &["services"]),
    ("rotation", &["rewrap_rate", "scrub_rate", "root", "tenant", "service"]),
    ("audit", &["accept_loss"]),
    ("cryptography", &["legacy", "algorithms", "modes", "bits_min", "for"]),
    ("compatibility", &["pykmip", "interop"]),
    ("metrics", &["tenant_labels_max"]),
    ("limits", &["batch_items_max", "locate_results_max"]),
    ("query", &["client_registration", "generators", "profiles", "validations", "extensions"]),
];

/// The variables that hold versions of root keys.
#[derive(Debug, Default)]
pub(super) struct RootVariables {
    /// Versions of the root key that tenants share.
    pub(super) shared: Vec<u32>,
    /// Versions of tenants' own: tenant, version, the variable's name.
    pub(super) own: Vec<(TenantName, u32, String)>,
}

/// The versions of root keys that variables hold, and the other variables.
pub(super) fn without_root_versions(
    variables: impl IntoIterator<Item = (String, String)>,
) -> (RootVariables, Vec<(String, String)>) {
    let (mut versions, mut others) = (RootVariables::default(), Vec::new());
    for (name, value) in variables {
        let shared = name.strip_prefix(super::VERSION_VARIABLE);
        if let Some(version) = shared.and_then(|number| number.parse().ok()) {
            versions.shared.push(version);
        } else if let Some((tenant, version)) = own_version(&name) {
            versions.own.push((tenant, version, name));
        } else {
            others.push((name, value));
        }
    }
    (versions, others)
}

/// Tenant and version in the name of a variable. Names of tenants have no `_`, so that each variable is
/// of one tenant.
fn own_version(name: &str) -> Option<(TenantName, u32)> {
    let rest = name.strip_prefix(super::TENANT_VERSION_VARIABLE)?;
    let (tenant, version) = rest.rsplit_once("_V")?;
    let is_upper = tenant.bytes().all(|byte| !byte.is_ascii_lowercase() && byte != b'-');
    let tenant = tenant.to_ascii_lowercase().replace('_', "-");
    let tenant = TenantName::new(&tenant).ok().filter(|_| is_upper)?;
    Some((tenant, version.parse().ok()?))
}

/// One variable that overrides one key. Has no `Debug`: the value may be a secret that was meant
/// for another variable.
pub(super) struct Override {
    /// The variable's name.
    pub(super) name: String,
    section: &'static str,
    key: String,
    value: String,
}

impl Override {
    /// The key that it overrides.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// What an error in it says, without the value. Messages of serde quote what they found, and
    /// then say what they expected; our own never quote.
    pub(super) fn without_value(&self, message: &str) -> String {
        match message.rsplit_once(", expected ") {
            Some((found, _)) if found == format!("unknown field `{}`", self.key) => message.into(),
            Some((_, expected)) => format!("cannot be used, expected {expected}"),
            None => message.into(),
        }
    }

    fn value<'i>(&'i self, span: &Range<usize>) -> DeValue<'i> {
        let is_text = !VALUES
            .iter()
            .any(|(section, keys)| *section == self.section && keys.contains(&self.key.as_str()));
        let parsed = if is_text { None } else { DeValue::parse(&self.value).ok() };
        parsed.map_or_else(
            || DeValue::String(Cow::Borrowed(&self.value)),
            |value| moved(value.into_inner(), span),
        )
    }
}

/// The variables that name a section and a key, by name. Others are none of ours.
pub(super) fn overrides(variables: impl IntoIterator<Item = (String, String)>) -> Vec<Override> {
    let mut found: Vec<Override> = variables.into_iter().filter_map(parse).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn parse((name, value): (String, String)) -> Option<Override> {
    let rest = name.strip_prefix("KEYSTRATA_")?.to_ascii_lowercase();
    let (section, key) = SECTIONS.iter().find_map(|section| {
        rest.strip_prefix(section)?.strip_prefix('_').map(|key| (*section, key.to_owned()))
    })?;
    Some(Override { name, section, key, value })
}

/// Puts the overrides into the file's table. The n-th gets the n-th place behind the file's
/// `text_bytes` as its span, so that an error in it can be told from one in the file.
pub(super) fn apply<'i>(overrides: &'i [Override], text_bytes: usize, table: &mut DeTable<'i>) {
    for (n, over) in overrides.iter().enumerate() {
        let place = text_bytes + 1 + n;
        let span = place..place;
        let section = table
            .entry(Spanned::new(span.clone(), Cow::Borrowed(over.section)))
            .or_insert_with(|| Spanned::new(span.clone(), DeValue::Table(DeTable::new())));
        if let DeValue::Table(keys) = section.get_mut() {
            let key = Spanned::new(span.clone(), Cow::Borrowed(over.key.as_str()));
            keys.remove(over.key.as_str());
            keys.insert(key, Spanned::new(span.clone(), over.value(&span)));
        }
    }
}

/// A value and all in it with another span.
fn moved<'i>(value: DeValue<'i>, span: &Range<usize>) -> DeValue<'i> {
    let spanned =
        |value: Spanned<DeValue<'i>>| Spanned::new(span.clone(), moved(value.into_inner(), span));
    match value {
        DeValue::Array(list) => DeValue::Array(list.into_iter().map(spanned).collect()),
        DeValue::Table(keys) => DeValue::Table(
            keys.into_iter()
                .map(|(key, value)| (Spanned::new(span.clone(), key.into_inner()), spanned(value)))
                .collect(),
        ),
        value => value,
    }
}
