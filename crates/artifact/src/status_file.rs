//! The signed status: the server's short-lived word, as its online key signs it for each check-in.
//!
//! What stands in it is decided by the caller; see [`mainstay_trust::status`] for what devices make
//! of it.

use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::status::{STATUS_BYTES_MAX, STATUS_CONTENT_TYPE};
use mainstay_trust::{Primitives, Status};

use crate::blocks::{self, BlockError};
use crate::signer::Signer;

/// The signed document of a status, by the one key that role status needs.
pub fn sign_status(
    status: &Status<'_>,
    signer: &dyn Signer,
    primitives: &impl Primitives,
) -> Result<Vec<u8>, BlockError> {
    let payload = blocks::written(STATUS_BYTES_MAX, |buf| status.encode(buf))?;
    let block = blocks::make(
        signer,
        Some(STATUS_CONTENT_TYPE),
        None,
        &payload,
        primitives,
    )?;
    let signed = Signed {
        payload: &payload,
        blocks: blocks::heapless_blocks(&[&block])?,
    };
    Ok(blocks::written(SIGNED_BYTES_MAX, |buf| signed.encode(buf))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;
    use mainstay_trust::{RustCrypto, verify};

    #[test]
    fn a_device_believes_the_status_key_only() {
        let document = fixture::root();
        let root = verify::pinned_root(&document, &RustCrypto).unwrap();
        let status = Status {
            seq: 7,
            issued: 1_000,
            expires: 2_000,
            root_version: 1,
            revocations: None,
            held: [mainstay_trust::Digest([5; 32])].into_iter().collect(),
            nonce: Some(&[9; 16]),
        };
        let signed = sign_status(&status, &fixture::server(), &RustCrypto).unwrap();
        let read = verify::status(&signed, &root, &RustCrypto)
            .unwrap()
            .into_inner();
        assert_eq!(read, status);
        let by_builder = sign_status(&status, &fixture::ana(), &RustCrypto).unwrap();
        let refused = verify::status(&by_builder, &root, &RustCrypto).unwrap_err();
        assert_eq!(refused.id(), "trust.role-missing");
    }
}
