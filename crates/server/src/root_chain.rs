//! The roots as a chain: the first is pinned by the folder, each later one follows the one before.
//!
//! Beside that the server asks one thing for itself: whether devices that hold the newest root will
//! believe what its online key signs. Read [`check`].

use mainstay_artifact::{Signer, document_file};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{List, Refusal, Root, Status, Verified, verify};

use crate::app::AppError;

/// Verifies every root of `chain`, oldest first, and that `signer` may sign statuses under the
/// newest.
///
/// # Errors
/// [`AppError::Root`] with the first refusal, or [`AppError::StatusKey`].
pub(crate) fn check(chain: &[Vec<u8>], signer: &dyn Signer) -> Result<(), AppError> {
    let (first, later) = chain
        .split_first()
        .ok_or(AppError::Root(Refusal::RootVersion))?;
    let mut newest = verify::pinned_root(first, &HostPrimitives).map_err(AppError::Root)?;
    for signed in later {
        newest = verify::next_root(signed, &newest, &HostPrimitives).map_err(AppError::Root)?;
    }
    check_status_key(&newest, signer)
}

/// Whether a status that `signer` signs is believed under `root`. It is tried: that one key is named
/// isn't enough where the role takes two, or a second algorithm. The trial has the highest number, so
/// that a retired key isn't taken for a good one.
pub(crate) fn check_status_key(
    root: &Verified<Root<'_>>,
    signer: &dyn Signer,
) -> Result<(), AppError> {
    let trial = Status {
        seq: u64::MAX,
        issued: 0,
        expires: 1,
        root_version: root.get().version,
        revocations: None,
        held: List::default(),
        nonce: None,
    };
    let signed = document_file::sign(&trial, &[signer], &HostPrimitives)
        .map_err(|_unsigned| AppError::StatusKey)?;
    match verify::status(&signed, root, &HostPrimitives) {
        Ok(_) => Ok(()),
        Err(_) => Err(AppError::StatusKey),
    }
}
