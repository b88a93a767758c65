//! Many records, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use super::Fields;
use crate::audit::record::Record;
use crate::tenant::Caller;

/// How many connections a [`Renderer`] remembers.
const CLIENTS_MAX: usize = 1024;

/// Makes the fields of one record after another. What the records of a connection have in common is
/// more than half of each; it is made once.
#[derive(Debug)]
pub struct Renderer {
    node: Arc<str>,
    /// By the caller's place in memory, and the version that it speaks.
    clients: HashMap<(usize, &'static str), Client>,
    fields: Fields,
}

#[derive(Debug)]
struct Client {
    text: String,
    /// Kept, so that no other caller comes to lie in its place.
    _caller: Arc<Caller>,
}

impl Renderer {
    /// For the records of this server.
    #[must_use]
    pub fn new(node: Arc<str>) -> Self {
        Self { node, clients: HashMap::new(), fields: Fields { out: String::new() } }
    }

    /// The same as [`fields`](super::fields).
    pub fn fields(&mut self, record: &Record) -> &str {
        let Self { node, clients, fields } = self;
        fields.out.clear();
        fields.record(node, record, |fields, caller, version| {
            if clients.len() >= CLIENTS_MAX {
                clients.clear();
            }
            let place = (Arc::as_ptr(caller).addr(), version);
            let client = clients.entry(place).or_insert_with(|| Client::new(caller, version));
            fields.out.push(',');
            fields.out.push_str(&client.text);
        });
        &fields.out
    }
}

impl Client {
    fn new(caller: &Arc<Caller>, kmip_version: &str) -> Self {
        let mut fields = Fields { out: String::new() };
        fields.client(caller, kmip_version);
        Self { text: fields.out, _caller: Arc::clone(caller) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields;
    use super::super::tests::record;
    use super::*;
    use crate::audit::record::Actor;

    #[test]
    fn a_renderer_tells_callers_and_versions_apart_and_remembers_a_bounded_number() {
        let mut renderer = Renderer::new("n".into());
        for number in 0..2 * CLIENTS_MAX {
            let mut record = record();
            let kmip_version = if number % 2 == 0 { "1.0" } else { "2.1" };
            if let Actor::Client { caller, kmip_version: version } = &mut record.actor {
                Arc::make_mut(caller).identity.peer.serial = number.to_string();
                *version = kmip_version;
            }
            assert_eq!(renderer.fields(&record), fields("n", &record));
        }
        assert!(renderer.clients.len() <= CLIENTS_MAX);
    }
}
