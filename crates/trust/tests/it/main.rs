//! The trust crate from outside: codecs, rules, policy, golden bytes.
#![expect(
    clippy::unwrap_used,
    reason = "a test's story helpers stop where the story breaks"
)]

mod admission;
mod algorithms;
mod bit_flips;
mod cbor;
mod counters;
mod documents;
mod ecdsa;
mod epochs;
mod golden;
mod keys;
mod packed;
mod people;
mod reference;
mod refusals;
mod root_rules;
mod roots;
mod sequel;
mod stock_parser;
mod strength;
mod verify;
