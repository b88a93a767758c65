//! Environment variables over the file: `KEYSTRATA_<SECTION>_<KEY>`.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The sections that variables can reach.
const SECTIONS: &[&str] =
    &["listen", "tls", "identity", "root", "store", "audit", "log", "metrics", "limits"];

/// One variable that overrides one key.
#[derive(Debug, Clone)]
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
            keys.insert(key, Spanned::new(span.clone(), value(&over.value, &span)));
        }
    }
}

/// A Boolean, whole number, list or quoted text as TOML writes them; everything else is text.
fn value<'i>(text: &'i str, span: &Range<usize>) -> DeValue<'i> {
    match DeValue::parse(text).map(Spanned::into_inner) {
        Ok(DeValue::Array(list)) => {
            let items = list.into_iter().map(|item| Spanned::new(span.clone(), item.into_inner()));
            DeValue::Array(items.collect())
        }
        Ok(value @ (DeValue::Boolean(_) | DeValue::Integer(_) | DeValue::String(_))) => value,
        _ => DeValue::String(Cow::Borrowed(text)),
    }
}
