//! MCUboot images: made, read back, damaged, and shown to MCUboot's own tool.

mod damage;
pub mod fixture;
mod imgtool;
mod read;
mod wrap;
