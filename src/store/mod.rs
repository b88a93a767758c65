//! The store: sealed rows, their changes, and the engines that make them durable.

pub mod change;
pub mod engine;
pub mod row;

pub use change::{Change, Commit, NewKey};
pub use engine::{BoxFuture, Engine, Error, Position, Selector, View};
pub use row::{KeyLevel, KeyRow, KeyState, Sealed, ServiceRow, Stored, TenantRow, TenantState};
