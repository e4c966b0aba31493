//! What a device believes: the signed CBOR documents, and the policy that decides which of them
//! gates an installation.
//!
//! Read [`verify`] first: it turns untrusted bytes into [`Verified`] documents. [`admission`] then
//! answers whether *this* device may install what was verified. Nothing here reads a clock, draws
//! a random number, allocates, or knows where the bytes came from. Hashes and signature checks come
//! through the one trait [`Primitives`]: RustCrypto on microcontrollers, aws-lc-rs on hosts.
//!
//! | layer | modules | what it knows |
//! |---|---|---|
//! | policy | [`verify`], [`strength`], [`admission`], [`root_rules`], [`counters`] | who must have signed; what this device may install; what it remembers |
//! | documents | [`root`], [`manifest`], [`revocations`], [`status`], [`schedule`], [`bundle`] | one type each, with `parse` and `encode` as exact inverses |
//! | containers | [`envelope`], [`signed`], [`cose`] | where a document and its signatures lie in the bytes |
//! | alphabet | [`banks`], [`cbor`], [`decoder`], [`encoder`], [`list`], [`digest`], [`digest384`], [`image`], [`key`], [`lms`], [`mark`], [`primitives`], [`refusal`] | deterministic CBOR and the small values |
//!
//! Small devices run this with 7 KiB of stack (`docs/reference/footprint.md`). Functions marked
//! `#[inline(never)]` are so for that reason: what they need beside their result is gone when they
//! return, and doesn't lie below the signature check.
#![no_std]

pub mod admission;
pub mod banks;
pub mod bundle;
pub mod cbor;
pub mod cose;
pub mod counters;
pub mod decoder;
pub mod digest;
pub mod digest384;
pub mod document;
pub mod encoder;
pub mod envelope;
mod fields;
mod freshness;
pub mod image;
pub mod key;
mod key_set;
pub mod list;
pub mod lms;
pub mod manifest;
mod manifest_wire;
pub mod mark;
pub mod primitives;
pub mod refusal;
pub mod revocations;
pub mod root;
pub mod root_rules;
mod root_wire;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
pub mod schedule;
pub mod signed;
pub mod status;
pub mod strength;
mod suit_digest;
pub mod verify;

pub use admission::{Admitted, DeviceFacts, Freshness, Offer, admit, check_payload};
pub use banks::{Bank, Banks, Part};
pub use bundle::BundleStatement;
pub use cbor::EncodeError;
pub use counters::Counters;
pub use digest::Digest;
pub use digest384::Digest384;
pub use document::Document;
pub use envelope::{DigestAlgorithm, Envelope, SuitDigest};
pub use image::{Image, Measuring};
pub use key::{Algorithm, KeyId, PublicKey};
pub use list::List;
pub use manifest::{BootloaderVersion, Manifest};
pub use mark::Mark;
pub use primitives::{BadSignature, Hasher, Primitives};
pub use refusal::Refusal;
pub use revocations::{Minimum, Revocations};
pub use root::{Key, KeyState, Role, RoleRule, Root};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::RustCrypto;
pub use schedule::Schedule;
pub use status::Status;
pub use verify::{Authority, Verified};
