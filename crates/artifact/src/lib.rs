//! The release artifact: a firmware image, what a device must know of it, and who vouches for it.
//!
//! This crate packs, signs, approves, inspects and checks. It decides nothing about trust (the
//! `trust` crate does, with the same code on host and device), holds no key (a [`Signer`] is handed
//! in), and touches nothing but the streams it is given: no files, no clock, no randomness.
//!
//! Read [`mod@pack`] first: it turns a [`PackRequest`] and a payload into an unsigned envelope, and
//! [`pack_file`] into a whole artifact file, reading the payload once. [`sign`] and [`approve`] add blocks without ever changing the manifest, [`container`] joins envelope and
//! payload in the one artifact file, and [`mod@check`] says of each demand whether a file meets it.
//! [`checksums`] and [`mod@file_name`] are for the update clients of others. [`mcuboot`] makes and judges payloads for devices whose boot loader is MCUboot.

pub mod approve;
pub mod blocks;
pub mod bundle_check;
mod bundle_error;
pub mod bundle_file;
pub mod check;
pub mod checksums;
pub mod container;
mod container_error;
pub mod der_signature;
pub mod document_file;
pub mod environments;
pub mod file_name;
pub mod identity;
pub mod inspect;
pub mod mcuboot;
pub mod pack;
pub mod pack_file;
pub mod payload;
pub mod provenance;
mod public_key;
pub mod quorum;
pub mod revocations_file;
pub mod root_change;
pub mod root_diff;
pub mod root_file;
pub mod sbom;
pub mod sign;
pub mod signer;
#[cfg(test)]
mod tests;

pub use approve::{Approval, add_approval};
pub use blocks::{BlockError, SeenBlock};
pub use bundle_file::BundleFile;
pub use check::{Check, Outcome, Step, check};
pub use checksums::{Checksums, Summed, Summing};
pub use container::ArtifactFile;
pub use environments::two_roots_share_a_key;
pub use file_name::{Ending, file_name};
pub use identity::ClassName;
pub use inspect::{Report, inspect};
pub use pack::{PackRequest, Packed, pack};
pub use pack_file::Builder;
pub use payload::{MeasuringPayload, Payload};
pub use provenance::Provenance;
pub use public_key::PublicKeyBuf;
pub use quorum::{Quorum, quorums};
pub use revocations_file::RevocationsDraft;
pub use root_change::ChangeError;
pub use root_file::{Listed, Member, RootDraft, add_root_signature};
pub use sbom::Sbom;
pub use sign::add_build_signature;
pub use signer::{SignError, Signer};
