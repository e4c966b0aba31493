//! One release on its way through the story: handed in, approved, rolled out, and watched to its end.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::Duty;
use mainstay_api::RolloutView;
use mainstay_rollout::Action;

use super::Audience;
use super::cast::Cast;
use super::error::DemoError;
use super::event::Event;
use super::goods::Release;
use super::scene::Scene;

/// A rollout of the story that hasn't ended by then never will.
const PATIENCE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often the audience hears how a wave does.
const TOLD_EVERY: SignedDuration = SignedDuration::from_mins(30);

/// Hands a release in, approves it and starts its rollout: three people, three tokens.
///
/// # Errors
/// If the server refuses any of it.
pub async fn launch(
    scene: &Scene,
    cast: &Cast,
    built: &Release,
    approved: &Release,
    audience: &mut dyn Audience,
) -> Result<i64, DemoError> {
    let manifest = built.manifest.to_string();
    let mut tell = |stage, duty: usize| {
        audience.hear(&Event::Release {
            version: built.version.clone(),
            stage,
            by: cast.people[duty].1.to_string(),
            manifest: manifest.clone(),
        });
    };
    let submitted = scene
        .operator(Duty::Engineer)
        .submit("maintenance", built.file()?)
        .await?;
    tell("signed", 0);
    let id = &submitted.id;
    let envelope = approved.envelope.clone();
    scene
        .operator(Duty::ReleaseManager)
        .approve(id, envelope)
        .await?;
    tell("approved", 1);
    let rollout = scene.operator(Duty::Operations).roll_out(id).await?;
    tell("scheduled", 2);
    Ok(rollout.id)
}

/// Watches a rollout until `done` says so, and tells the audience what happens.
///
/// # Errors
/// If the server fails, or the rollout doesn't come to its end.
pub async fn watch(
    scene: &mut Scene,
    rollout: i64,
    audience: &mut dyn Audience,
    mut done: impl FnMut(&Scene, &RolloutView) -> bool,
) -> Result<RolloutView, DemoError> {
    let began = scene.now();
    let mut told = Told::default();
    loop {
        let Some(turn) = scene.tick().await? else {
            continue;
        };
        let halts = turn
            .actions
            .iter()
            .any(|(_, action)| matches!(action, Action::Halt { .. }));
        if !turn.actions.is_empty() || scene.now() >= told.next_at {
            told.next_at = scene
                .now()
                .saturating_add(TOLD_EVERY)
                .unwrap_or(Timestamp::MAX);
            let view = scene.operator(Duty::Operations).rollout(rollout).await?;
            told.waves(&view, scene.now(), audience);
            if halts {
                tell_halt(&view, scene.now(), audience);
            }
            if done(scene, &view) {
                return Ok(view);
            }
        }
        if scene.now().duration_since(began) > PATIENCE {
            let days = PATIENCE.as_hours() / 24;
            let what = format!("rollout {rollout} hasn't come to its end");
            return Err(DemoError::Stuck { days, what });
        }
    }
}

fn tell_halt(view: &RolloutView, at: Timestamp, audience: &mut dyn Audience) {
    let wave = view.waves.get(view.wave);
    audience.hear(&Event::Halted {
        version: view.version.clone(),
        reason: view.halted_because.clone().unwrap_or_default(),
        installed: wave.map_or(0, |wave| wave.began),
        members: wave.map_or(0, |wave| wave.members),
        at,
    });
}

/// What the audience has heard already.
#[derive(Default)]
struct Told {
    next_at: Timestamp,
    waves: Vec<(usize, usize, usize)>,
}

impl Told {
    /// Tells the numbers of every open wave that have changed.
    fn waves(&mut self, view: &RolloutView, at: Timestamp, audience: &mut dyn Audience) {
        self.waves.resize(view.waves.len(), (0, 0, 0));
        for (wave, told) in view.waves.iter().zip(&mut self.waves) {
            let numbers = (wave.updated, wave.failed, wave.under_way);
            if wave.opened_at.is_none() || *told == numbers {
                continue;
            }
            *told = numbers;
            audience.hear(&Event::Wave {
                version: view.version.clone(),
                wave: wave.name.clone(),
                members: wave.members,
                updated: wave.updated,
                failed: wave.failed,
                under_way: wave.under_way,
                at,
            });
        }
    }
}
