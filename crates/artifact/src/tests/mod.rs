//! Tests of the whole crate: the form on the wire, foreign eyes, and every single bit.

mod bit_flips;
mod check;
mod container;
pub mod fixture;
mod golden;
mod mcuboot;
mod pack;
mod suit_validator;
