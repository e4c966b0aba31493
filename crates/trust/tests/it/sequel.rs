//! The cast a year on: the root that follows the ordinary one, and what is said under it.
//!
//! A guardian may revoke now, and the ordinary class waits for the word of operations.

use crate::people::{Draft, manifest, payload, revocations, root, status};
use mainstay_trust::{Digest, Primitives, Revocations, Role, RustCrypto, Status};

/// The root after the ordinary one.
pub fn second_root() -> Draft {
    let mut next = root().with_guardian();
    next.version = 2;
    next.issued = 1_745_000_000;
    next.policy = vec![(
        manifest().class_id,
        vec![Role::Build, Role::Release, Role::Operations],
    )];
    next
}

/// The digest by which a status names revocations.
pub fn named(revocations: &Revocations<'_>) -> Digest {
    RustCrypto.digest(&payload(revocations))
}

/// The status under the second root, naming the ordinary revocations.
pub fn second_status() -> Status<'static> {
    Status {
        root_version: 2,
        revocations: Some(named(&revocations())),
        ..status()
    }
}
