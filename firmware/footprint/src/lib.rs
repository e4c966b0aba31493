//! The harness around what is measured: start-up, a painted stack, and a way to say the result.
//!
//! Three programs share it: `empty` does nothing, `p256` checks one signature, `verifier` does all
//! that a device does before its first erase. What a program adds to `empty` is its flash; how far the
//! paint is gone is its stack. Nothing here formats text by `core::fmt`, so that the difference of two
//! images is the verifier's alone. Read [`stack::depth_of`] first.

#![no_std]

#[cfg(target_os = "none")]
pub mod board;
pub mod documents;
#[cfg(target_os = "none")]
pub mod stack;
