//! Which payloads may lie elsewhere: those of releases that devices are offered, or were until a newer one came. Read [`deliverable`].
//!
//! A release that nobody has begun to roll out is nobody's yet, and one that was halted or revoked leaves every mirror. A release on hold stays: nobody is
//! offered it, and the hold may be over in an hour.

use std::collections::BTreeMap;

use mainstay_release::{Release, StageName};
use mainstay_rollout::{Phase, RolloutId};
use mainstay_store::{ReleasePayload, StoreError};
use mainstay_trust::Digest;

use crate::App;
use crate::soundness;

/// A payload, and of which releases it is.
#[derive(Debug, Clone)]
pub(crate) struct Deliverable {
    /// The payload.
    pub payload: ReleasePayload,
    /// The releases, the newest first; at least one.
    pub releases: Vec<Release>,
}

/// All of them, by their digests.
///
/// # Errors
/// If the store fails.
pub(crate) async fn deliverable(app: &App) -> Result<BTreeMap<Digest, Deliverable>, StoreError> {
    let mut all: BTreeMap<Digest, Deliverable> = BTreeMap::new();
    for release in app.store.releases().await? {
        if !may_lie_elsewhere(app, &release).await? {
            continue;
        }
        let payload = soundness::payload(&release.facts);
        let entry = all.entry(payload.image).or_insert_with(|| Deliverable {
            payload,
            releases: Vec::new(),
        });
        entry.releases.push(release);
    }
    Ok(all)
}

/// This payload, if it may lie elsewhere. Rollouts are asked of its own releases only: anybody who has a link may ask as often as they like.
///
/// # Errors
/// If the store fails.
pub(crate) async fn one_deliverable(
    app: &App,
    image: &Digest,
) -> Result<Option<ReleasePayload>, StoreError> {
    for release in app.store.releases().await? {
        let payload = soundness::payload(&release.facts);
        if payload.image == *image && may_lie_elsewhere(app, &release).await? {
            return Ok(Some(payload));
        }
    }
    Ok(None)
}

/// Of a release under way the rollout is asked, whose stage follows it with the next turn of the jobs only.
async fn may_lie_elsewhere(app: &App, release: &Release) -> Result<bool, StoreError> {
    match release.stage.name() {
        StageName::Complete | StageName::Superseded => Ok(true),
        StageName::Scheduled | StageName::Rolling => {
            let Some(scheduled) = release.stage.scheduled() else {
                return Ok(false);
            };
            let rollout = app.store.rollout(RolloutId(scheduled.rollout)).await?;
            let is_stopped =
                |phase: &Phase| matches!(phase, Phase::Halted { .. } | Phase::Withdrawn { .. });
            Ok(rollout.is_some_and(|rollout| !is_stopped(&rollout.phase)))
        }
        StageName::Draft
        | StageName::Signed
        | StageName::Gated
        | StageName::Approved
        | StageName::Halted
        | StageName::RolledBack
        | StageName::Revoked => Ok(false),
    }
}
