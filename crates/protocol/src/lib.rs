//! The messages between a device and its server: deterministic CBOR over HTTP.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /device/v1/check-in` | [`CheckIn`] | [`Directive`] |
//! | `POST /device/v1/reports` | [`Reports`] | [`Acknowledged`] |
//! | `GET /device/v1/payloads/{image digest}` | none, `Range` allowed | the image's bytes; or 307, to where they are ([`ELSEWHERE_HEADER`]) |
//! | `POST /device/v1/join` | [`Join`] | [`Joined`] |
//!
//! Every request but the last carries `Authorization: Bearer <the device's token>`, or comes over a connection on which the device showed its certificate. A gateway
//! asks so as itself, and says by [`FOR_HEADER`] in the name of which of its children. A message is a map with small
//! integer keys; [`read`] bounds it and checks that it is deterministic (RFC 8949, section 4.2.1)
//! before a field is looked at. Nothing here allocates, knows HTTP, or decides.
//!
//! Read [`CheckIn`] first, then [`Directive`].
#![no_std]

pub mod check_in;
pub mod directive;
pub mod event;
pub mod join;
pub mod message;
pub mod report;
mod wire;

pub use check_in::{BootReason, CheckIn, Health, HeldRevocations, Measures, Running, SelfTest};
pub use directive::{Acknowledged, Directive, Todo};
pub use event::{Event, InstallFailure, RevertCause};
pub use join::{JOIN_SECRET_BYTES, Join, Joined};
pub use message::{MESSAGE_BYTES_MAX, MessageError, read, write};
pub use report::{REPORTS_MAX, Report, ReportList, Reports};

/// Path of the check-in.
pub const CHECK_IN_PATH: &str = "/device/v1/check-in";
/// Path of reports between check-ins.
pub const REPORTS_PATH: &str = "/device/v1/reports";
/// Path of payloads; the image digest in hexadecimal follows.
pub const PAYLOADS_PATH: &str = "/device/v1/payloads/";
/// The header by which a device says that it fetches this piece elsewhere if it is sent there, and compares it with the digest that it is told. Who doesn't
/// send it is never sent elsewhere.
pub const ELSEWHERE_HEADER: &str = "mainstay-elsewhere";
/// Its value: the hash that the device compares by.
pub const ELSEWHERE_VALUE: &str = "sha-256";
/// The header beside `Location` with the digest of the piece that was asked for, in hexadecimal.
pub const PIECE_DIGEST_HEADER: &str = "mainstay-piece-digest";
/// The header by which a gateway says in the name of which device it asks: that device's name, once. It must stand behind the gateway, by the word of
/// people. What is answered in its name bears the header, too: an answer without it is the gateway's own, and none for the child.
pub const FOR_HEADER: &str = "mainstay-for";
/// Path at which a device without a token shows a code.
pub const JOIN_PATH: &str = "/device/v1/join";
