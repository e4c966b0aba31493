//! What is told of a rollout's devices, counted a page at a time. Read [`of`].

use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mainstay_rollout::{Phase, Rollout};
use mainstay_store::walks::PAGE_MAX;

use super::{COUNTED_ANEW, Figure, Walk, if_many};
use crate::App;
use crate::jobs::other_classes;
use crate::pages::fill::{Drawing, Picture};
use crate::problem::Refused;

/// How a rollout stood when its devices were counted: what was counted of one that was still rolling isn't kept once it is halted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    phase: Discriminant<Phase>,
    waves_opened: usize,
}

impl Standing {
    fn of(rollout: &Rollout) -> Self {
        let waves = rollout.waves.iter();
        Self {
            phase: discriminant(&rollout.phase),
            waves_opened: waves.filter(|wave| wave.opened_at.is_some()).count(),
        }
    }
}

impl Figure for Picture {
    const PATIENCE: Duration = Duration::from_secs(1);
    // Nobody waits for a walk to hear that it is halted.
    const IS_TOLD_FOR_ANY: bool = true;

    fn told_for(&self, took: SignedDuration) -> SignedDuration {
        if_many(self.devices(), took)
    }
}

/// What is told of the devices of `rollout`: as they are now, or of a large one as they were some minutes ago at most. Of one that is starting nobody is
/// told anything: those that are enrolled by now are a part of them.
///
/// # Errors
/// If the store fails.
pub(crate) async fn of(app: &Arc<App>, rollout: &Rollout) -> Result<Arc<Picture>, Refused> {
    let recent = app.figures.of_rollout(rollout.id);
    let counting = {
        let (app, rollout) = (app.clone(), rollout.clone());
        async move { drawn(&app, &rollout).await }
    };
    match rollout.is_starting() {
        true => counting.await.map(Arc::new),
        false => {
            let walk = match has_few(rollout) {
                true => Walk::Short,
                false => Walk::Long,
            };
            recent.of(app, Standing::of(rollout), walk, counting).await
        }
    }
}

/// What may be told of them without counting; none if nothing may.
pub(crate) fn told(app: &App, rollout: &Rollout) -> Option<Arc<Picture>> {
    let recent = app.figures.of_rollout(rollout.id);
    recent.told(&Standing::of(rollout), app.now())
}

/// Whether its devices are so few that they are counted whenever somebody looks; of one that is starting none are.
pub(crate) fn has_few(rollout: &Rollout) -> bool {
    let members = rollout.waves.iter().map(|wave| wave.members);
    rollout.is_starting() || members.sum::<u32>() <= COUNTED_ANEW
}

/// Walks over the devices, as often as the tests of the waves ask for it: once, but for a test that hears thousands.
async fn drawn(app: &App, rollout: &Rollout) -> Result<Picture, Refused> {
    let others = match rollout.is_over() {
        true => None,
        false => Some(other_classes::counted(app, &rollout.rules.prerequisites).await?),
    };
    let readings = app.store.readings(rollout.id).await?;
    let mut drawing = Drawing::new(rollout, readings, app.now());
    if rollout.is_starting() {
        return Ok(drawing.done(others));
    }
    loop {
        walk(app, rollout, &mut drawing).await?;
        if !drawing.ends_walk() {
            return Ok(drawing.done(others));
        }
    }
}

async fn walk(app: &App, rollout: &Rollout, drawing: &mut Drawing) -> Result<(), Refused> {
    let mut after = None;
    loop {
        let following = app
            .store
            .rollout_devices(rollout.id, after.as_ref(), PAGE_MAX);
        let mut devices = following.await?;
        app.contacts.freshen(&mut devices);
        devices
            .iter()
            .for_each(|device| drawing.add(rollout, device));
        if devices.len() < PAGE_MAX as usize {
            return Ok(());
        }
        after = devices.into_iter().next_back().map(|device| device.id);
    }
}
