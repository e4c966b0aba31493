//! Tests of the whole crate: the form on the wire, foreign eyes, and every single bit.

mod bit_flips;
mod check;
mod companions;
mod container;
pub mod fixture;
mod golden;
mod mcuboot;
mod pack;
mod pack_file;
mod provenance;
mod suit_validator;
