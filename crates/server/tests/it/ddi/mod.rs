//! Devices with other update clients, over hawkBit's device protocol.
//!
//! The client in these stories is the `hawkbit` crate, which others wrote against hawkBit itself; what no honest client sends, goes over plain HTTP.

mod anew;
mod broken;
mod conditional;
mod confirmation;
mod downloads;
mod fetches;
pub mod gateway;
mod halt;
mod history;
mod hostile;
mod login;
mod orders;
mod profiles;
mod quiet;
mod story;
mod words;
