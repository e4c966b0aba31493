//! What a rollout is shown besides its own devices: what the classes run that it waits for.
//!
//! Whether that is enough is decided by `mainstay_rollout::needs`. Read [`look`].

use std::collections::BTreeSet;

use mainstay_plan::Prerequisite;
use mainstay_rollout::{ClassVersions, FleetView, Rollout};
use mainstay_store::StoreError;

use crate::App;

/// All that the next step of `rollout` is decided on, but for the withdrawn releases.
///
/// # Errors
/// If the store fails.
pub(crate) async fn look(app: &App, rollout: &Rollout) -> Result<FleetView, StoreError> {
    let mut fleet = devices(app, rollout).await?;
    if !rollout.is_over() {
        fleet.others = Some(counted(app, &rollout.rules.prerequisites).await?);
    }
    Ok(fleet)
}

/// The devices of `rollout`. One that is starting has none: those that are enrolled by now are a part of them, of which nobody is to be told
/// anything, and reading a large fleet each time that somebody asks whether it has begun would be dear.
///
/// # Errors
/// If the store fails.
pub(crate) async fn devices(app: &App, rollout: &Rollout) -> Result<FleetView, StoreError> {
    match rollout.is_starting() {
        true => Ok(FleetView::default()),
        false => app.store.fleet_view(rollout.id).await,
    }
}

/// What the devices of each class run that one of these names.
///
/// # Errors
/// If the store fails.
pub(crate) async fn counted(
    app: &App,
    prerequisites: &[Prerequisite],
) -> Result<Vec<ClassVersions>, StoreError> {
    let classes: BTreeSet<_> = prerequisites.iter().map(|one| one.class.as_str()).collect();
    let mut counted = Vec::with_capacity(classes.len());
    for class in classes {
        counted.push(app.store.class_versions(class).await?);
    }
    Ok(counted)
}
