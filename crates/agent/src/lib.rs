//! The Linux agent: performs, with files, processes and HTTPS, what the device's update machine decides.
//!
//! | question | file |
//! |---|---|
//! | what may stand in `agent.toml`? | `config/file.rs`; checked in `config/check.rs` |
//! | where does what lie on disk? | `on_disk.rs`, over `record_file.rs`, `durable.rs` and `image_file.rs` |
//! | what is started at a start, and what if a disk fails? | `decision.rs`, `boot_again.rs` |
//! | who starts a slot? | `slots/mod.rs`: [`slots::Switch`], with a file for each kind |
//! | what of an archive? | `archive.rs`, then `unpack.rs` |
//! | how is a boot loader told? | `boot_env/mod.rs`: [`boot_env::Environment`] |
//! | how does it speak to the server? | `link.rs`, over `tls.rs`; to a mirror that the server names, `elsewhere.rs` |
//! | how does it come by a token? | `join.rs` |
//! | by a certificate of its own? | `identity.rs`; when, and what if it isn't taken, `tend.rs` |
//! | what runs beside it, for how long? | `command.rs` |
//! | is the new image good? | `health.rs` |
//! | may it restart now? | `window.rs`, `deferral.rs` |
//! | may it ask the server now? | `quiet.rs` |
//! | what of a bundle on a stick? | `stick.rs` |
//! | what does it say of itself? | `status.rs`, `log.rs`, `notify.rs` |
//! | who does it all? | `agent.rs`: [`agent::Agent`]; at start, `come_up.rs` over `decision.rs`; for ever, `daemon.rs` |
//!
//! Nothing here decides whether an image may be installed, kept or given up: that is
//! `mainstay_device`. Read [`agent::Agent`] first.

pub mod agent;
pub mod archive;
mod boot_again;
pub mod boot_env;
pub mod bundles;
pub mod check;
pub mod clock;
pub mod come_up;
pub mod command;
pub mod config;
pub mod daemon;
pub mod decision;
pub mod deferral;
pub mod durable;
mod elsewhere;
mod exchange;
pub mod factory;
pub mod fault;
pub mod head_file;
pub mod health;
mod identity;
pub mod image_file;
pub mod install;
mod join;
pub mod link;
mod link_error;
pub mod lock;
pub mod log;
pub mod notify;
pub mod on_disk;
pub mod outlives;
pub mod quiet;
pub mod record_file;
#[cfg(test)]
mod slot_bench;
pub mod slots;
pub mod status;
pub mod stick;
mod tell;
mod tend;
pub mod tls;
pub mod unpack;
pub mod window;
