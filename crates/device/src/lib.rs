//! The update machine and the boot decision of a device.
//!
//! | question | file |
//! |---|---|
//! | where does what lie in flash? | `layout.rs` |
//! | what must flash be able to do? | `flash.rs` (and its fake, `fake.rs`) |
//! | what does a device keep, and in what? | `storage.rs`; in flash, `on_flash.rs` |
//! | what survives a power cut? | `journal.rs`, `record.rs` (its bytes: `record_wire.rs`) |
//! | is this slot what the device accepted? | `slot.rs` |
//! | which root and revocations count? | `papers.rs` |
//! | which slot boots, and why? | `boot.rs`; where another boot loader decides, `observe.rs` |
//! | how does its image get to where it runs? | `swap.rs`, `swap_log.rs` |
//! | what happens next? | `machine.rs`: [`step`], in the words of `state.rs` |
//! | what does it need for that? | `want.rs` |
//! | may this root or bundle be taken? | `take_papers.rs` |
//! | may this offer be installed, and how is it? | `take_offer.rs`, `offer.rs`, `install.rs` |
//! | what if something stands in the way of it? | `hinder.rs` |
//! | is the new image good enough to keep? | `trial.rs` |
//! | who does it all? | `device.rs`: [`Device`]; what it stores, in `effects.rs` |
//!
//! Nothing here allocates, reads a clock, draws chance, or knows a network: the owner asks
//! [`Device::wants`], does it, and hands the result back. Read [`Device`] first, then [`step`].
#![cfg_attr(not(any(test, feature = "fake")), no_std)]

pub mod boot;
pub mod config;
pub mod device;
mod effects;
pub mod error;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
pub mod flash;
mod hinder;
mod install;
pub mod journal;
pub mod layout;
pub mod machine;
pub mod observe;
pub mod offer;
mod on_flash;
pub mod papers;
pub mod provision;
pub mod record;
pub mod record_wire;
pub mod slot;
pub mod state;
mod storage;
mod swap;
mod swap_log;
mod take_offer;
mod take_papers;
pub mod trial;
pub mod want;

pub use boot::Booted;
pub use config::Config;
pub use device::Device;
pub use error::DeviceError;
#[cfg(any(test, feature = "fake"))]
pub use fake::{Cut, SimulatedNor};
pub use flash::{Flash, FlashError};
pub use layout::{Layout, Place, Strategy};
pub use machine::step;
pub use on_flash::OnFlash;
pub use papers::{Paper, Papers};
pub use provision::{ProvisionError, provision};
pub use record::Record;
pub use slot::Slot;
pub use state::{Effect, Input, State};
pub use storage::{Grain, Storage};
pub use take_papers::BundleParts;
pub use want::{Want, wants};
