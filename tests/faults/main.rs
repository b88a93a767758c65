//! What may go wrong, over the real wire and through the real binary: broken messages, rude
//! connections, a start over something damaged, and death in the middle of work.

mod background;
mod connections;
mod crash;
mod damage;
mod events;
mod events_bound;
mod kill_switches;
mod legacy;
mod log;
mod messages;
mod object_statements;
mod own_token;
mod plans;
mod secrets;
mod start;
#[path = "../support/mod.rs"]
mod support;
mod token;
