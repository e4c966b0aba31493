//! Tests of the whole crate: the form on the wire, foreign eyes, and every single bit.

mod bit_flips;
mod bundle_check;
mod bundle_file;
mod check;
mod container;
pub mod fixture;
mod golden;
mod pack;
mod revocations_file;
mod root_change;
mod suit_validator;
