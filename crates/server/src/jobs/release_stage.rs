//! Lets a release's stage follow its rollout: rolling, complete, halted, rolled back, superseded; approved again if it is withdrawn.
//!
//! It looks at where the rollout stands, not at what was just done, so whatever was missed is caught
//! up with. Read [`follow`] first.

use jiff::Timestamp;
use mainstay_release::{Refusal, Release, StageName};
use mainstay_rollout::order::waited_for_since;
use mainstay_rollout::{Phase, Rollout, why};
use mainstay_store::{StageChange, StoreError};

use crate::App;
use crate::release_walk::ReleaseWalk;

/// A release that has moved.
pub(super) struct Move {
    release: Release,
    /// The stage that it came from.
    expected: StageName,
}

impl Move {
    /// As the store takes it.
    pub(super) fn change(&self) -> StageChange<'_> {
        StageChange {
            release: &self.release,
            expected: self.expected,
        }
    }

    /// Says that it moved; a complete release takes the place of the complete ones before it.
    pub(super) async fn tell_and_supersede(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let stage = self.release.stage.name();
        tracing::info!(release = %self.release.id, stage = stage.id(), "release moved");
        if stage == StageName::Complete {
            supersede_older(app, &self.release, now).await?;
        }
        Ok(())
    }
}

/// The rollout's release as far as the rollout has come, with so many of its devices `out` on a halted one; none if it is there already.
pub(super) async fn follow(
    app: &App,
    rollout: &Rollout,
    out: u32,
    now: Timestamp,
) -> Result<Option<Move>, StoreError> {
    let found = app
        .store
        .release_by_manifest(&rollout.candidate.release)
        .await?;
    let Some(mut release) = found else {
        return Ok(None);
    };
    let expected = release.stage.name();
    // Each stage has at most one that follows, and the last has none; what is approved again goes no further with this rollout.
    let is_out = is_out(app, &release, rollout, out, now).await?;
    while let Some(next) = further(&release, rollout, is_out, now) {
        match next {
            Ok(next) => release = next,
            Err(refusal) => {
                tracing::error!(id = refusal.id(), %refusal, "release doesn't follow its rollout");
                return Ok(None);
            }
        }
    }
    Ok((release.stage.name() != expected).then_some(Move { release, expected }))
}

/// The release one stage further, if the rollout is further than it is.
fn further(
    release: &Release,
    rollout: &Rollout,
    is_out: bool,
    now: Timestamp,
) -> Option<Result<Release, Refusal>> {
    let release = release.clone();
    match (release.stage.name(), &rollout.phase) {
        (StageName::Scheduled | StageName::Rolling, Phase::Withdrawn { .. }) => {
            Some(release.unschedule())
        }
        (StageName::Scheduled, _) => Some(release.start(now)),
        (StageName::Rolling, Phase::Complete { at }) => Some(release.complete(*at)),
        (StageName::Rolling, Phase::Halted { at, reason, .. }) => {
            Some(release.halt(&why::halted(rollout, reason), *at))
        }
        (StageName::Halted, Phase::Halted { .. }) if !is_out => Some(release.roll_back(now)),
        _ => None,
    }
}

/// Whether devices run a halted release, or may run it, or are on the way back from it; but for those that can't go back. A device with another update
/// client may run what it was handed, as long as nobody knows how that ended; where it left it, or was given up, it is waited for as long as an installation
/// may take.
async fn is_out(
    app: &App,
    release: &Release,
    rollout: &Rollout,
    out: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let is_halted = matches!(rollout.phase, Phase::Halted { .. });
    if !is_halted || release.stage.name() == StageName::RolledBack {
        return Ok(false);
    }
    let since = waited_for_since(rollout, now);
    Ok(out > 0 || app.store.in_hand(rollout.id, since).await? > 0)
}

async fn supersede_older(app: &App, newer: &Release, now: Timestamp) -> Result<(), StoreError> {
    let mut walk = ReleaseWalk::over(app.store());
    while let Some(page) = walk.page().await? {
        for release in page {
            let expected = release.stage.name();
            // Refused for all but the older complete ones of the class.
            if let Ok(superseded) = release.supersede(newer, now) {
                let change = StageChange {
                    release: &superseded,
                    expected,
                };
                app.store.save_release(change, None).await?;
            }
        }
    }
    Ok(())
}
