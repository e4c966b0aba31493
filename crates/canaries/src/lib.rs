//! Thousands of simulated canaries: what the rollout's promises are worth in the field.
//!
//! A plan declares how often a good release may be halted and how often a bad one must be noticed. The
//! sequential test keeps both for devices that are scored one after the other; but devices begin over
//! several nights, fail after a while, lose their network, and share their troubles with their
//! neighbours. Here each canary is lived through by [`mainstay_rollout::step()`] itself, device by
//! device, and what came of thousands is counted. Nothing ships from this crate.
//!
//! | question | file |
//! |---|---|
//! | what happens to devices? | `world.rs` |
//! | what happens to one device? | `fate.rs` |
//! | what does the rollout make of it? | `canary.rs` |
//! | and simpler ways of counting? | `naive.rs` |
//! | what does it make of one beside devices held back? | `compared.rs`, of what `reading.rs` draws |
//! | how often does a canary end how? | `count.rs` |
//! | for which rates? | `study.rs`; for which faults beside devices held back, `soft_study.rs` |
//! | how is it told? | `page.rs` |
//!
//! Read [`study`] first.

pub mod canary;
pub mod compared;
pub mod count;
pub mod dice;
pub mod fate;
pub mod naive;
pub mod page;
pub mod reading;
pub mod soft_study;
pub mod study;
pub mod world;
