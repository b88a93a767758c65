//! What administrators do to a running server: one file per family of commands, one line per
//! command in [`COMMANDS`].
//!
//! A command takes JSON (its arguments) and answers JSON, or a refusal in one line; long work tells
//! its progress meanwhile. Each leaves a record in the audit trail: those that change something
//! commit it with the change ([`Call::record`]); for the others, and for refusals, it is written when
//! the command ends. A `plan` changes nothing and leaves none.

mod backup;
mod call;
mod kek;
mod kek_remove;
mod kek_status;
mod migrate;
mod object;
mod object_statement;
mod party;
mod remains;
mod service;
mod shred;
mod tenant;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

pub use self::call::{Answer, Call, Progress, Refusal, Scope};
use crate::audit::{Outcome, record::REFUSED};
use crate::clock::Clock;
pub use crate::keys::events::Told;
use crate::keys::rotation::Rotator;
use crate::keys::{Keyring, Provider, Random, RootKey};
use crate::store::{BoxFuture, Store};
use crate::tenant::TenantName;

/// What a command does. The call is its arguments and its way to be recorded.
type Handler = for<'a> fn(&'a Admin, &'a Call) -> BoxFuture<'a, Answer>;

/// A command.
struct Command {
    /// Its name, as in `kek rotate`; its path in HTTP has a `/` in place of the space.
    name: &'static str,
    /// Whether it may change something. What only looks is not recorded.
    changes: bool,
    run: Handler,
}

/// Every command.
const COMMANDS: &[Command] = &[
    Command { name: "kek status", changes: false, run: |it, call| kek_status::status(it, call) },
    Command { name: "kek add", changes: true, run: |it, call| kek::add(it, call) },
    Command { name: "kek verify", changes: false, run: |it, call| kek::verify(it, call) },
    Command { name: "kek rotate", changes: true, run: |it, call| kek::rotate(it, call) },
    Command { name: "kek rewrap", changes: true, run: |it, call| kek::rewrap(it, call) },
    Command { name: "kek remove", changes: true, run: |it, call| kek_remove::remove(it, call) },
    Command { name: "kek migrate", changes: true, run: |it, call| migrate::migrate(it, call) },
    Command { name: "kek abort", changes: true, run: |it, call| kek::abort(it, call) },
    Command { name: "tenant list", changes: false, run: |admin, call| tenant::list(admin, call) },
    Command { name: "tenant show", changes: false, run: |admin, call| tenant::show(admin, call) },
    Command {
        name: "tenant create",
        changes: true,
        run: |admin, call| tenant::create(admin, call),
    },
    Command {
        name: "tenant suspend",
        changes: true,
        run: |admin, call| tenant::suspend(admin, call),
    },
    Command {
        name: "tenant resume",
        changes: true,
        run: |admin, call| tenant::resume(admin, call),
    },
    Command { name: "tenant set", changes: true, run: |admin, call| tenant::set(admin, call) },
    Command { name: "tenant shred", changes: true, run: |admin, call| shred::shred(admin, call) },
    Command {
        name: "tenant statements",
        changes: false,
        run: |admin, call| shred::statements(admin, call),
    },
    Command {
        name: "backup create",
        changes: true,
        run: |admin, call| backup::create(admin, call),
    },
    Command { name: "backup list", changes: false, run: |admin, call| backup::list(admin, call) },
    Command {
        name: "backup forget",
        changes: true,
        run: |admin, call| backup::forget(admin, call),
    },
    Command {
        name: "object restore",
        changes: true,
        run: |admin, call| object::restore(admin, call),
    },
    Command {
        name: "object statement",
        changes: false,
        run: |admin, call| object_statement::statement(admin, call),
    },
    Command { name: "service list", changes: false, run: |admin, call| service::list(admin, call) },
    Command { name: "service show", changes: false, run: |admin, call| service::show(admin, call) },
    Command {
        name: "service create",
        changes: true,
        run: |admin, call| service::create(admin, call),
    },
    Command {
        name: "service suspend",
        changes: true,
        run: |admin, call| service::suspend(admin, call),
    },
    Command {
        name: "service resume",
        changes: true,
        run: |admin, call| service::resume(admin, call),
    },
    Command { name: "service shred", changes: true, run: |admin, call| shred::shred(admin, call) },
    Command {
        name: "service set-mode",
        changes: true,
        run: |admin, call| service::set(admin, call),
    },
    Command {
        name: "service set-role",
        changes: true,
        run: |admin, call| service::set(admin, call),
    },
    Command {
        name: "service set-operations",
        changes: true,
        run: |admin, call| service::set(admin, call),
    },
];

/// Opens the provider of the root key that is not in use. If it is a token that has no version
/// as high as this one, if one is given, makes it first. Blocks.
pub type OpenRoot =
    Arc<dyn Fn(Provider, Option<u32>) -> Result<Arc<dyn RootKey>, String> + Send + Sync>;

/// Reads again where the versions of the shared root key come from, and where tenants' own are.
pub type Reload = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What commands work on.
pub struct Parts {
    /// The keys that are open.
    pub keyring: Arc<Keyring>,
    /// What rotates them.
    pub rotator: Arc<Rotator>,
    /// Opens another provider of the root key, for it to move to.
    pub open_root: OpenRoot,
    /// Reads the configuration of root keys again, and those versions that do not come from a token.
    pub reload_root: Reload,
    /// The store.
    pub store: Arc<Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// This server's name.
    pub node: String,
    /// The store's directory, which also has the key that signs statements.
    pub directory: PathBuf,
    /// The directory of the audit trail.
    pub audit: PathBuf,
    /// For the key that signs.
    pub random: Arc<dyn Random>,
}

/// The administrative side of a server.
pub struct Admin {
    parts: Parts,
}

impl Admin {
    /// Commands over these pieces.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Runs a command; `None` if there is none of this name. What is told meanwhile goes to
    /// `progress`. The command goes on to its end even if nobody waits for it any more, as long as
    /// this future is polled.
    pub async fn run(&self, name: &str, arguments: Value, progress: Progress) -> Option<Answer> {
        let command = COMMANDS.iter().find(|command| command.name == name)?;
        let (now, started) = (self.parts.clock.now(), self.parts.clock.elapsed());
        let call = Call::new(command.name, arguments, progress, now);
        let answer = (command.run)(self, &call).await;
        let took = self.parts.clock.elapsed().saturating_sub(started);
        Some(self.noted(command, &call, answer, took).await)
    }

    /// Reads the configuration of root keys again.
    fn reload_root(&self) -> Result<(), Refusal> {
        (self.parts.reload_root)().map_err(Refusal::new)
    }

    /// The events of a tenant from now on.
    ///
    /// # Errors
    /// [`Refusal`] if too many listen already.
    pub fn listen(&self, tenant: &TenantName) -> Result<mpsc::Receiver<Told>, Refusal> {
        Ok(self.parts.keyring.events().subscribe(tenant)?)
    }

    /// Sees to it that a command is recorded that has not recorded itself.
    async fn noted(
        &self,
        command: &Command,
        call: &Call,
        answer: Answer,
        took: Duration,
    ) -> Answer {
        match &answer {
            Ok(_) => tracing::info!(command = command.name, "done"),
            Err(refusal) => tracing::warn!(command = command.name, why = %refusal, "refused"),
        }
        if !command.changes || call.is_plan() || (answer.is_ok() && call.is_recorded()) {
            return answer;
        }
        let (outcome, detail) = match &answer {
            Ok(_) => (Outcome::Success, String::new()),
            Err(refusal) => (Outcome::Failure(REFUSED), refusal.to_string()),
        };
        let record = call.record_of(outcome, detail, took);
        match self.parts.store.audit().read(record).await {
            Ok(()) => answer,
            Err(error) => Err(Refusal::new(error.to_string())),
        }
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("node", &self.parts.node).finish_non_exhaustive()
    }
}
