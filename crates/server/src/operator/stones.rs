//! How a device gets over a stepping stone: which release would do, and how far that is.
//!
//! Read [`way`], and [`passed_over`] for a device that no rollout is under way for.

use mainstay_fleet::{Device, Ineligible, stone_ahead};
use mainstay_plan::Plan;
use mainstay_release::{Release, StageName};
use mainstay_rollout::{Candidate, Phase, Rollout, needs};
use semver::Version;

use super::rollouts;
use crate::App;
use crate::problem::Refused;
use crate::release_walk::ReleaseWalk;

/// What to do for a device that must run `stone` or later before it gets what `rollout` carries, as the end of
/// "Next: ...".
///
/// # Errors
/// If the store fails.
pub(super) async fn way(
    app: &App,
    device: &Device,
    stone: &str,
    rollout: &Rollout,
) -> Result<String, Refused> {
    let plan = app.active_plan().await?;
    // By a newer plan the release itself may need no stone any more; its rollout goes by the plan that it started with.
    let is_another = |release: &Release| release.facts.manifest.0 != rollout.candidate.release.0;
    let would_do =
        |release: &Release| is_another(release) && leads_to(&plan.plan, device, stone, release);
    let mut best = None;
    let mut walk = ReleaseWalk::over(app.store());
    while let Some(page) = walk.page().await? {
        let would_do = page.into_iter().filter(would_do);
        best = best.into_iter().chain(would_do).min_by_key(rank);
    }
    Ok(best.map_or_else(
        || nothing_there(device, stone),
        |release| on_the_way(&release, rollout),
    ))
}

/// Whether the device could install `release`, and would have reached the stone by that.
fn leads_to(plan: &Plan, device: &Device, stone: &str, release: &Release) -> bool {
    let facts = &release.facts;
    let Ok(stone) = stone.parse::<Version>() else {
        return false;
    };
    let Some(running) = &device.running else {
        return false;
    };
    let is_there = facts.version.cmp_precedence(&stone).is_ge();
    let is_its_own = facts.class.as_str() == device.class && facts.sequence > running.sequence;
    if !is_there || !is_its_own || release.is_withdrawn() {
        return false;
    }
    let before = stones(plan, &rollouts::candidate(release));
    stone_ahead(&running.version, &before).is_none()
}

/// The stones before a release, by the plan in force.
fn stones(plan: &Plan, candidate: &Candidate) -> Vec<Version> {
    let class = plan.class_named(&candidate.class);
    class.map_or_else(Vec::new, |class| needs::stones(class, candidate))
}

/// What is nearest to the device comes first; of those, the newest, as the store lists them.
fn rank(release: &Release) -> u8 {
    match release.stage.name() {
        StageName::Scheduled | StageName::Rolling => 0,
        StageName::Approved => 1,
        StageName::Draft | StageName::Signed | StageName::Gated => 2,
        _ => 3,
    }
}

fn on_the_way(release: &Release, rollout: &Rollout) -> String {
    let (id, stage) = (&release.id, release.stage.name());
    let later = match rollout.is_over() {
        true => String::new(),
        false => format!(" once the rollout of {} is over", rollout.candidate.version),
    };
    match stage {
        StageName::Scheduled | StageName::Rolling => {
            format!("{id} leads there, and its rollout is under way")
        }
        StageName::Approved => format!("{id} leads there: roll it out{later}"),
        StageName::Draft | StageName::Signed | StageName::Gated => {
            format!("{id} leads there, and is {stage}: have it approved, and roll it out{later}")
        }
        _ => format!(
            "{id} led there, and its rollout is over: hand in another release like it, and roll that out{later}"
        ),
    }
}

fn nothing_there(device: &Device, stone: &str) -> String {
    let above = device
        .running
        .as_ref()
        .map_or(0, |running| running.sequence);
    format!(
        "no release leads there yet: hand one in from {stone} on that it can take, with a sequence above {above}"
    )
}

/// The newest rollout that was completed without a device, because a stepping stone lies between; with the reason. One that
/// the device has been enrolled in since is no such.
///
/// # Errors
/// If the store fails.
pub(super) async fn passed_over(
    app: &App,
    device: &Device,
    last: Option<&Rollout>,
) -> Result<Option<(Rollout, Ineligible)>, Refused> {
    let Some(running) = &device.running else {
        return Ok(None);
    };
    let rollouts = app.store.rollouts().await?;
    let newest = rollouts.into_iter().find(|rollout| {
        let is_complete = matches!(rollout.phase, Phase::Complete { .. });
        is_complete && rollout.candidate.class == device.class
    });
    let after_last = |rollout: &Rollout| last.is_none_or(|last| last.id < rollout.id);
    let is_ahead = |rollout: &Rollout| rollout.candidate.sequence > running.sequence;
    Ok(newest
        .filter(|rollout| after_last(rollout) && is_ahead(rollout))
        .and_then(|rollout| {
            let stone = stone_ahead(&running.version, &rollout.rules.stones)?.to_string();
            Some((rollout, Ineligible::BehindStone { stone }))
        }))
}
