//! Demonstration firmware: a temperature station that samples once a second and tests itself once a
//! minute.
//!
//! Mainstay needs something real to update. This is it: a whole Cortex-M0 application without
//! dependencies, in three versions built from this one library. 1.0.0 and 1.1.0 are good; 1.2.0
//! carries a real fault that takes about four minutes to show. Read [`station::run`] first, then
//! [`sampler`], where the versions differ.
//!
//! It never updates itself, never writes flash, never allocates from a heap and never keeps state
//! in mutable statics; so there is no start-up code that copies or clears memory, and the linker
//! script refuses images that would need it.

#![cfg_attr(not(test), no_std)]

#[cfg(target_os = "none")]
pub mod board;
pub mod calibration;
pub mod crc;
pub mod pool;
pub mod sampler;
pub mod self_test;
pub mod sensor;
pub mod station;
