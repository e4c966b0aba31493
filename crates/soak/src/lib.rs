//! The whole of Mainstay in virtual time, by seeds: whatever happens, some things never do.
//!
//! A seed draws a plan, a fleet, a release with or without a fault, people who act, and what goes wrong: lost
//! messages, outages, power cuts, clocks that are wrong, servers that are killed. The real server (its own router,
//! its own jobs, its own store) and the real device core live through it in one thread, one event after the other,
//! so that the same seed tells the same story to the letter. After each event the watch looks whether a promise of
//! Mainstay is broken.
//!
//! | question | file |
//! |---|---|
//! | what does a seed draw? | `world.rs`, with its plan in `plan_text.rs` a second class in `gateways.rs`, and pauses in `pauses.rs`; worlds that are written down: `scenario.rs` |
//! | who speaks to the server? | `house.rs` (the servers), `fleet.rs` (the devices), `people.rs` |
//! | what happens next? | `agenda.rs`, carried out by `life.rs`; what people do, by `course.rs` |
//! | what must never happen? | `watch.rs`, by the rules of `rules.rs` |
//! | what is left to read? | `story.rs` |
//!
//! Read [`life::live`] first.

mod agenda;
mod campaign;
mod canary_places;
mod course;
mod fleet;
mod gateways;
mod goods;
mod house;
pub mod kind;
pub mod life;
mod pauses;
mod people;
mod plan_text;
mod processor;
mod rules;
pub mod scenario;
pub mod story;
mod watch;
pub mod world;

pub use campaign::{Campaign, Found, run};
