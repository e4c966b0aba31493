//! A real Cortex-M0 in QEMU: put together as in a factory, stopped at any moment, and started again with the flash
//! that it had.
//!
//! | question | file |
//! |---|---|
//! | who makes and signs its images? | `house.rs`: [`House`] |
//! | how do its programs get built? | `programs.rs` |
//! | what is in its flash when it leaves the factory? | `flash.rs` |
//! | how is it started, stopped, and looked into? | `machine.rs`: [`Machine`]; over `monitor.rs` |
//! | who talks to it? | `client.rs`: [`Client`], the real `smpclient` |
//!
//! It is for tests and measurements, and a crate of its own because it needs the device's core, a house's signers and
//! other programs at once, which nothing that ships does. QEMU's `microbit` machine (7.2) has flash with a working
//! controller, but forgets it: what stands in for power that goes away is described in `machine.rs`. It has no
//! watchdog either: an image that hangs is one that the rig stops. Read [`Machine`] first.

mod client;
mod flash;
mod house;
mod machine;
mod monitor;
mod programs;

pub use client::Client;
pub use flash::{Release, from_factory};
pub use house::House;
pub use machine::{Machine, Stopped};
pub use programs::{Programs, image_of};
