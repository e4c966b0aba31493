//! SMP, the simple management protocol (MCUmgr), from the device's side: echo, restart, images.
//!
//! It is how microcontrollers are updated over a serial line or UDP, and clients for it are many. What is spoken
//! here was fixed against one of them, `smpclient`; the protocol's own pages are those of Zephyr ("SMP
//! Protocol Specification", "SMP Transport Specification").
//!
//! | question | file |
//! |---|---|
//! | how does a frame start? | `header.rs` |
//! | how does a frame become lines of text, and back? | `lines.rs`, `reassembler.rs` |
//! | what may a client ask? | `request.rs` |
//! | what does a device answer? | `answer.rs` |
//! | how does it say no? | `failure.rs` |
//!
//! Bytes from the line go to [`Reassembler::push`], which gives a whole frame back in memory that the caller
//! lent; [`Request::read`] reads it; [`Answer::write`] writes the answer's frame, and [`Lines`] its
//! lines. Nothing here allocates, waits, or decides: which image may be installed is no question of the
//! protocol. Read [`Request`] first.
#![no_std]

mod answer;
mod failure;
mod header;
mod lines;
mod reassembler;
mod request;

pub use answer::{Answer, ImageState};
pub use failure::{Code, Failure, ImageFailure};
pub use header::{HEADER_BYTES, Header, Operation, Version};
pub use lines::{LINE_BYTES_MAX, Line, Lines};
pub use reassembler::{FRAMING_BYTES, LineError, Reassembler};
pub use request::{Request, Unread, Upload};

/// Group of the commands about the system.
pub const GROUP_OS: u16 = 0;
/// Group of the commands about images.
pub const GROUP_IMAGE: u16 = 1;
