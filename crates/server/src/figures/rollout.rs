//! What is told of a rollout's devices, counted a page at a time. Read [`of`].

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mainstay_rollout::Rollout;
use mainstay_store::walks::PAGE_MAX;

use super::{Figure, if_many};
use crate::App;
use crate::jobs::other_classes;
use crate::pages::fill::{Drawing, Picture};
use crate::problem::Refused;

impl Figure for Picture {
    const PATIENCE: Duration = Duration::from_secs(1);

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
        false => recent.of(app, (), counting).await,
    }
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
        let devices = following.await?;
        devices
            .iter()
            .for_each(|device| drawing.add(rollout, device));
        if devices.len() < PAGE_MAX as usize {
            return Ok(());
        }
        after = devices.into_iter().next_back().map(|device| device.id);
    }
}
