//! The server's short-lived word to one device: what is fresh, and what is on hold.
//!
//! It only ever takes permission away; a device believes it because the root names the key. Read
//! [`signed_status`].

use jiff::{SignedDuration, Timestamp};
use mainstay_artifact::{BlockError, document_file};
use mainstay_fleet::ReleaseDigest;
use mainstay_keys::HostPrimitives;
use mainstay_trust::status::{HELD_MAX, NONCE_BYTES};
use mainstay_trust::{Digest, List, Status};

use crate::App;
use crate::app::ActivePlan;
use crate::standing::Standing;

/// How long a status lasts while no plan is active: long enough for one answer to be used.
const LIFETIME_WITHOUT_PLAN: SignedDuration = SignedDuration::from_mins(15);

/// Signs a status made at `now` that echoes `nonce`.
///
/// Its sequence number is the instant in microseconds: it rises without a counter that replicas
/// would have to share or a restart could lose. A clock set back shows as `trust.status-replayed`.
///
/// # Errors
/// If the online key doesn't sign.
pub(crate) fn signed_status(
    app: &App,
    standing: &Standing,
    plan: Option<&ActivePlan>,
    nonce: &[u8; NONCE_BYTES],
    now: Timestamp,
) -> Result<Vec<u8>, BlockError> {
    let lifetime = plan.map_or(LIFETIME_WITHOUT_PLAN, |active| {
        active.plan.trust.status_lifetime
    });
    let issued = unix_seconds(now);
    let held = held(standing, &app.memory.held());
    let status = Status {
        seq: u64::try_from(now.as_microsecond()).unwrap_or(0),
        issued,
        expires: issued.saturating_add(u64::try_from(lifetime.as_secs()).unwrap_or(0).max(1)),
        root_version: standing.root_version(),
        revocations: standing.revocations_digest(),
        held: List::from(&held[..]),
        nonce: Some(nonce),
    };
    document_file::sign(&status, &[&*app.status_signer], &HostPrimitives)
}

/// What people hold, then what was halted, newest first: as much as a status can name. People come
/// first because a halted rollout offers nothing any more, and what they hold may lie anywhere.
fn held(standing: &Standing, halted: &[Digest]) -> Vec<Digest> {
    let mut held: Vec<Digest> = standing.holds().iter().map(|hold| hold.manifest).collect();
    let others = halted
        .iter()
        .filter(|digest| standing.hold_on(&as_release(digest)).is_none());
    held.extend(others);
    held.truncate(HELD_MAX as usize);
    held
}

fn as_release(digest: &Digest) -> ReleaseDigest {
    ReleaseDigest(digest.0)
}

fn unix_seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}
