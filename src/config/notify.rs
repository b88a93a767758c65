//! `[notify]`: services that are told what happens to their objects (KMIP 1.4 §5).

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::tenant::{ServiceName, TenantName};

/// Who is told on every connection, without asking: KMIP 1.x has no operation by which a client asks,
/// and leaves it to the configuration. Clients of 2.x ask with Set Endpoint Role.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// The services, as `tenant/service`.
    #[serde(deserialize_with = "services")]
    pub services: Vec<(TenantName, ServiceName)>,
}

fn services<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(TenantName, ServiceName)>, D::Error> {
    let parse = |text: &String| {
        let (tenant, service) = text
            .split_once('/')
            .ok_or_else(|| D::Error::custom("a service is written `tenant/service`"))?;
        let tenant = TenantName::new(tenant).map_err(D::Error::custom)?;
        Ok((tenant, ServiceName::new(service).map_err(D::Error::custom)?))
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(parse).collect()
}
