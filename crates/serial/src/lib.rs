//! Updates a device over a serial line: what a client of SMP asks, done to a [`Device`](mainstay_device::Device).
//!
//! What a client uploads is a bundle (`docs/offline-bundle.md`). Its documents are put aside in flash, in pages of
//! their own, and verified where they lie; the first byte of a slot is erased after that, and what follows, the image,
//! goes straight there.
//!
//! | question | file |
//! |---|---|
//! | what happens on each request? | `service.rs`: [`Service`] |
//! | where does the next part of an upload go? | `upload.rs` |
//! | where do documents wait? | `staging.rs`: [`Staging`] |
//! | where in a bundle is what? | `bundle_start.rs` |
//! | what is in the slots? | `images.rs` |
//!
//! The application has a service, and so has the boot loader, for a device with nothing to boot. Nothing here
//! allocates, waits, or reads a clock; nothing here decides what may be installed. Read [`Service`] first.
#![no_std]

mod bundle_start;
mod images;
mod service;
mod staging;
mod upload;

pub use bundle_start::{BundleStart, BundleStartError};
pub use service::Service;
pub use staging::Staging;
