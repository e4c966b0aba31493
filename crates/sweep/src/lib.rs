//! Power-cut campaigns over the device core.
//!
//! | question | file |
//! |---|---|
//! | what happens to a unit? | `scenario.rs`; on which parts, `geometry.rs` |
//! | what goes wrong meanwhile? | `faults.rs`; which of it is tried, `plan.rs` |
//! | what must hold? | `invariants.rs`; against what is known, `history.rs` |
//! | what is done with the device core? | `unit.rs`, and nowhere else |
//! | who answers the unit, who cuts its power? | `server.rs`, `world.rs`; when is an act over? `ending.rs` |
//! | who signs, and why is it cheap? | `vendor.rs`, `seal.rs` |
//! | how does one run go, and how all of them? | `run.rs`, `campaign.rs` |
//! | what does a failure look like? | `report.rs` |
//!
//! Everything follows from seeds: a failure names the options that bring it about again. Read
//! [`invariants`] first.

pub mod campaign;
pub mod dice;
pub mod ending;
pub mod faults;
pub mod geometry;
pub mod history;
pub mod invariants;
pub mod plan;
pub mod report;
pub mod run;
pub mod scenario;
pub mod seal;
pub mod server;
pub mod set;
pub mod unit;
pub mod vendor;
pub mod world;
