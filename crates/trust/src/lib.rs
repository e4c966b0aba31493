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
//! | policy | [`verify`], [`admission`], [`root_rules`] | who must have signed; what this device may run |
//! | documents | [`root`], [`manifest`], [`status`] | one type each, with `parse` and `encode` as exact inverses |
//! | containers | [`envelope`], [`signed`], [`cose`] | where a document and its signatures lie in the bytes |
//! | alphabet | [`cbor`], [`digest`], [`key`], [`lms`], [`primitives`], [`refusal`] | deterministic CBOR and the small values |
#![no_std]

pub mod admission;
pub mod cbor;
pub mod cose;
pub mod digest;
pub mod envelope;
mod fields;
pub mod key;
pub mod lms;
pub mod manifest;
mod manifest_wire;
pub mod primitives;
pub mod refusal;
pub mod root;
pub mod root_rules;
mod root_wire;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
pub mod signed;
pub mod status;
pub mod verify;

pub use admission::{Admitted, DeviceFacts, admit, check_payload};
pub use cbor::EncodeError;
pub use digest::Digest;
pub use envelope::Envelope;
pub use key::{Algorithm, KeyId, PublicKey};
pub use manifest::{BootloaderVersion, Manifest};
pub use primitives::{BadSignature, Hasher, Primitives};
pub use refusal::Refusal;
pub use root::{Key, KeyState, Role, RoleRule, Root};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::RustCrypto;
pub use status::Status;
pub use verify::Verified;
