//! Lets releases follow the revocations and the root: what no device installs any more becomes
//! `Revoked`, and its rollout is halted.
//!
//! Offers ask the newest papers themselves, so nothing is promised in the moment before. It looks at
//! where the releases stand, so whatever was missed is caught up with. Read [`catch_up`].

use jiff::Timestamp;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Release, StageName};
use mainstay_rollout::{Rollout, halt};
use mainstay_store::{StageChange, StoreError};
use mainstay_trust::Refusal;

use super::{Decided, advance_rollouts, at_fleet};
use crate::App;
use crate::release_walk::ReleaseWalk;
use crate::standing::Standing;

/// Brings every release and rollout in line with the newest papers, once for each of them.
///
/// # Errors
/// If the store fails; what was saved before stays saved, and the next turn goes on from there.
pub(super) async fn catch_up(app: &App, now: Timestamp) -> Result<(), StoreError> {
    let standing = app.standing().await?;
    let papers = (standing.root_version(), standing.revocations_digest());
    if app.memory.is_caught_up_with(&papers) {
        return Ok(());
    }
    let refused = refused(app, &standing).await?;
    let mut withdrawn = advance_rollouts::withdrawn_now(app).await;
    withdrawn.extend(refused.iter().map(|(release, _)| manifest(release)));
    let (mut done, mut failed) = (true, None);
    for (release, refusal) in refused {
        let because = because(&standing, refusal);
        match withdraw(app, &release, &because, &withdrawn, now).await {
            // Somebody else has changed it meanwhile; the next turn looks again.
            Err(StoreError::Conflict { .. }) => done = false,
            Err(error) => {
                tracing::error!(release = %release.id, id = error.id(), %error, "release not withdrawn");
                failed = failed.or(Some(error));
            }
            Ok(()) => {}
        }
    }
    if done && failed.is_none() {
        app.memory.caught_up_with(papers);
    }
    failed.map_or(Ok(()), Err)
}

/// The releases that no device installs by these papers, and that aren't revoked yet, each with the refusal.
async fn refused(app: &App, standing: &Standing) -> Result<Vec<(Release, Refusal)>, StoreError> {
    let mut refused = Vec::new();
    let mut walk = ReleaseWalk::over(app.store());
    while let Some(page) = walk.page().await? {
        for release in page {
            if let Some(refusal) = refusal(app, standing, &release).await? {
                refused.push((release, refusal));
            }
        }
    }
    Ok(refused)
}

/// Why no device installs it by these papers, if that is so and it isn't revoked yet.
async fn refusal(
    app: &App,
    standing: &Standing,
    release: &Release,
) -> Result<Option<Refusal>, StoreError> {
    if release.stage.name() == StageName::Revoked {
        return Ok(None);
    }
    let envelope = app.store.envelope(&manifest(release)).await?;
    Ok(envelope.and_then(|envelope| standing.judge(&envelope).withdrawn()))
}

fn manifest(release: &Release) -> ReleaseDigest {
    ReleaseDigest(release.facts.manifest.0)
}

/// `withdrawn` are all releases to which no device goes back: the incident lists whom that leaves where they are.
async fn withdraw(
    app: &App,
    release: &Release,
    because: &str,
    withdrawn: &[ReleaseDigest],
    now: Timestamp,
) -> Result<(), StoreError> {
    let class = release.facts.class.as_str();
    for rollout in app.store.active_rollouts(Some(class)).await? {
        if rollout.candidate.release == manifest(release) {
            halt_one(app, &rollout, because, withdrawn, now).await?;
        }
    }
    revoke(app, release, because, now).await
}

/// By which paper, and with which refusal, as a clause.
fn because(standing: &Standing, refusal: Refusal) -> String {
    let by = match (refusal, standing.held_revocations()) {
        (Refusal::RetiredKey, _) | (_, None) => format!("root {}", standing.root_version()),
        (_, Some(held)) => format!("revocations {}.{}", held.epoch, held.seq),
    };
    format!("devices refuse it with {} by {by}", refusal.id())
}

async fn halt_one(
    app: &App,
    rollout: &Rollout,
    because: &str,
    withdrawn: &[ReleaseDigest],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut fleet = app.store.fleet_view(rollout.id).await?;
    fleet.withdrawn = withdrawn.to_vec();
    let (before, because) = (rollout.clone(), because.to_owned());
    let decided = at_fleet(app, fleet, move |fleet| {
        let step = halt::by_revocation(&before, fleet, &because, now);
        step.map(|step| Decided::of(step, fleet))
    });
    match decided.await? {
        Ok(decided) => advance_rollouts::save(app, rollout, decided, now)
            .await
            .map(|_actions| ()),
        // It ended by itself.
        Err(_over) => Ok(()),
    }
}

/// The halt has moved the release, so it is read again.
async fn revoke(
    app: &App,
    release: &Release,
    because: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(release) = app.store.release(&release.id).await? else {
        return Ok(());
    };
    let expected = release.stage.name();
    let Ok(revoked) = release.revoke(because, now) else {
        return Ok(());
    };
    let change = StageChange {
        release: &revoked,
        expected,
    };
    app.store.save_release(change, None).await?;
    tracing::warn!(release = %revoked.id, because, "release revoked");
    Ok(())
}
