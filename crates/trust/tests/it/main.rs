//! The trust crate from outside: codecs, rules, policy, golden bytes.

mod admission;
mod bit_flips;
mod cbor;
mod documents;
mod golden;
mod keys;
mod people;
mod refusals;
mod root_rules;
mod stock_parser;
mod verify;
