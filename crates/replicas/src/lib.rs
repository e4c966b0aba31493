//! Several real servers on one PostgreSQL, killed again and again under thousands of devices, and a watch over what must never happen.
//!
//! Real are: the servers (the binary `mainstay`, started three times), PostgreSQL, the folder of payloads that they share, HTTP over loopback, and time.
//! Most devices are scripted: they speak the device protocol and keep their reports as the real core does, and verify nothing but the payload's digest, because
//! twenty thousand real cores would take the processors from the servers. Some tens of real cores live beside them.
//!
//! | part | files |
//! |---|---|
//! | what was seen, and what must hold of it: pure, tried by tables | `seen.rs`, `truth.rs`, `invariants.rs`, `budgets.rs`, `tried.rs`, `figures.rs` |
//! | devices | `script.rs` (pure), `wire.rs`, `asks.rs`, `crowd.rs`, `real.rs` |
//! | the house | `plan_text.rs`, `database.rs`, `frozen.rs`, `replica.rs`, `house.rs`, `people.rs`, `killer.rs` |
//! | the story | `campaign.rs`, `acts.rs`, `last_look.rs` |
//!
//! Read [`invariants::judge`] for what is promised, then [`campaign::run`].

mod acts;
mod asks;
pub mod budgets;
pub mod campaign;
mod crowd;
mod database;
pub mod figures;
pub mod frozen;
mod house;
pub mod invariants;
mod killer;
mod last_look;
mod people;
mod plan_text;
mod real;
mod replica;
mod script;
pub mod seen;
pub mod tried;
pub mod truth;
mod wire;

pub use campaign::{Campaign, run};
