//! Tests of the whole crate: the form on the wire, foreign eyes, and every single bit.

mod bit_flips;
mod bundle_check;
mod bundle_file;
mod check;
mod companions;
mod container;
pub mod fixture;
mod golden;
mod mcuboot;
mod pack;
mod pack_file;
mod provenance;
mod revocations_file;
mod root_change;
mod suit_validator;
