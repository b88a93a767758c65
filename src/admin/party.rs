//! Tenants and services as commands find and change them.

use serde_json::{Value, json};

use super::{Admin, Call, Refusal, Scope};
use crate::keys::active_version;
use crate::keys::events::EventKind;
use crate::keys::rotation::Subject;
use crate::store::{
    Administration, Change, Commit, KeyLevel, ServiceRow, Target, TenantRow, TenantState,
};
use crate::tenant::{Mode, Role, ServiceName, TenantName};

/// A tenant, or a service of it, as a command found it.
#[derive(Debug, Clone)]
pub(super) struct Party {
    pub(super) tenant: TenantRow,
    pub(super) service: Option<ServiceRow>,
}

/// A tenant's name, if it is one.
pub(super) fn tenant_name(name: &str) -> Result<TenantName, Refusal> {
    TenantName::new(name).map_err(|bad| Refusal::new(format!("`{name}`: {bad}")))
}

/// A service's name, if it is one.
pub(super) fn service_name(name: &str) -> Result<ServiceName, Refusal> {
    ServiceName::new(name).map_err(|bad| Refusal::new(format!("`{name}`: {bad}")))
}

impl Party {
    /// Finds them by their names; the call concerns them from now on.
    pub(super) async fn find(
        admin: &Admin,
        call: &Call,
        tenant: &str,
        service: Option<&str>,
    ) -> Result<Self, Refusal> {
        let tenant = tenant_name(tenant)?;
        let service = service.map(service_name).transpose()?;
        call.concerns(Scope { tenant: Some(tenant.clone()), service: service.clone() });
        let store = &admin.parts.store;
        let row = store.tenant(&tenant).await?;
        let row = row.ok_or_else(|| Refusal::new(format!("there is no tenant {tenant}")))?;
        let Some(service) = service else { return Ok(Self { tenant: row, service: None }) };
        let found = store.service(row.id, &service).await?;
        let none = || Refusal::new(format!("tenant {tenant} has no service {service}"));
        Ok(Self { tenant: row, service: Some(found.ok_or_else(none)?) })
    }

    pub(super) fn target(&self) -> Target {
        Target { tenant: self.tenant.id, service: self.service.as_ref().map(|service| service.id) }
    }

    /// Whose key it is that a rotation, suspension or shredding concerns.
    pub(super) fn level(&self) -> KeyLevel {
        match &self.service {
            None => KeyLevel::Tenant(self.tenant.id),
            Some(service) => KeyLevel::Service(service.id),
        }
    }

    pub(super) fn state(&self) -> TenantState {
        self.service.as_ref().map_or(self.tenant.state, |service| service.state)
    }

    /// Refuses what is shredded.
    pub(super) fn alive(self) -> Result<Self, Refusal> {
        let tenant = Self { tenant: self.tenant.clone(), service: None };
        for party in [&tenant, &self] {
            if party.state() == TenantState::Shredded {
                return Err(Refusal::new(format!("{party} is shredded, which is for good")));
            }
        }
        Ok(self)
    }

    fn in_state(&self, state: TenantState) -> Self {
        let mut to = self.clone();
        match &mut to.service {
            None => to.tenant.state = state,
            Some(service) => service.state = state,
        }
        to
    }

    /// The change from this to another form.
    fn change(&self, to: &Self) -> Change {
        let change = match (&self.service, &to.service) {
            (Some(from), Some(to)) => {
                Administration::Service { from: from.clone(), to: to.clone() }
            }
            _ => Administration::Tenant { from: self.tenant.clone(), to: to.tenant.clone() },
        };
        Change::Administer(change)
    }

    /// Makes a change durable together with its record, and has every request held to it from then
    /// on.
    pub(super) async fn become_other(
        &self,
        admin: &Admin,
        call: &Call,
        to: &Self,
        detail: &str,
    ) -> Result<(), Refusal> {
        let audit = vec![call.record(detail)];
        admin.parts.store.commit(Commit { changes: vec![self.change(to)], audit }).await?;
        to.hold(admin);
        Ok(())
    }

    /// Has every request held to this form; forgets the keys of what is not served.
    pub(super) fn hold(&self, admin: &Admin) {
        admin.parts.keyring.hold(&self.subject());
    }

    /// Whose key it is, for the hierarchy.
    fn subject(&self) -> Subject {
        match self.service.clone() {
            None => Subject::Tenant(self.tenant.clone()),
            Some(service) => Subject::Service(self.tenant.clone(), service),
        }
    }

    /// Suspends or resumes.
    pub(super) async fn switch(
        self,
        admin: &Admin,
        call: &Call,
        state: TenantState,
    ) -> Result<Value, Refusal> {
        let party = self.alive()?;
        let (word, kind) = match state {
            TenantState::Suspended => ("suspended", EventKind::Suspension),
            _ => ("active", EventKind::Resumption),
        };
        if party.state() == state {
            return Err(Refusal::new(format!("{party} is {word} already")));
        }
        if call.is_plan() {
            return Ok(json!({ "plan": true, "line": format!("{party} would be {word}") }));
        }
        let to = party.in_state(state);
        let line = format!("{party} is {word}");
        party.become_other(admin, call, &to, &line).await?;
        let keys = admin.parts.store.keys(party.level()).await?;
        party.tell(admin, call, kind, active_version(&keys));
        Ok(json!({ "line": line, "state": state_name(state) }))
    }

    /// Tells those who listen.
    pub(super) fn tell(&self, admin: &Admin, call: &Call, kind: EventKind, version: u32) {
        admin.parts.keyring.tell(&self.subject(), kind, version, call.time());
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.service {
            None => write!(f, "tenant {}", self.tenant.name),
            Some(service) => write!(f, "service {} of tenant {}", service.name, self.tenant.name),
        }
    }
}

pub(super) fn state_name(state: TenantState) -> &'static str {
    match state {
        TenantState::Active => "active",
        TenantState::Suspended => "suspended",
        TenantState::Shredded => "shredded",
    }
}

/// Names of modes, as commands and records say them.
pub(super) const MODES: [(Mode, &str); 3] = [
    (Mode::ReadWrite, "read-write"),
    (Mode::WriteOnly, "write-only"),
    (Mode::ReadOnly, "read-only"),
];

/// Names of roles.
pub(super) const ROLES: [(Role, &str); 2] =
    [(Role::Service, "service"), (Role::TenantAdmin, "tenant-admin")];

/// The value of a name in a list of names.
pub(super) fn named<T: Copy>(
    what: &str,
    name: &str,
    names: &[(T, &'static str)],
) -> Result<T, Refusal> {
    let found = names.iter().find(|(_, known)| *known == name);
    found.map(|(value, _)| *value).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
        Refusal::new(format!("`{name}` is no {what}: {}", known.join(", ")))
    })
}

/// The name of a value in a list of names.
pub(super) fn name_of<T: PartialEq>(value: &T, names: &[(T, &'static str)]) -> &'static str {
    names.iter().find(|(known, _)| known == value).map(|(_, name)| *name).unwrap_or_default()
}
