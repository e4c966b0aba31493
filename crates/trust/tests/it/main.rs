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
mod golden;
mod keys;
mod people;
mod refusals;
mod root_rules;
mod roots;
mod stock_parser;
mod verify;
