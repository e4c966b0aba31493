//! The devices of a rollout, a page at a time.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use mainstay_fleet::DeviceId;
use mainstay_report::{DEVICE_ROWS_MAX, RolloutDevicesPage};
use serde::Deserialize;

use super::door::Visitor;
use super::{fill, live};
use crate::App;
use crate::operator::rollouts::named;
use crate::problem::Refused;

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    /// The device that it follows; the first page if there is none of that name.
    after: Option<String>,
}

/// `GET /rollouts/{id}/devices?after=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let after = which.ok().and_then(|Query(which)| which.after);
    let after = after.and_then(|after| DeviceId::new(after).ok());
    let page = page(&app, &visitor, &id, after).await;
    super::answer(&app, page)
}

async fn page(
    app: &App,
    visitor: &Visitor,
    id: &str,
    after: Option<DeviceId>,
) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let rollout = named(app, id).await?;
    let live = live::of_rollout(rollout.id, live);
    let total = rollout.waves.iter().map(|wave| wave.members).sum();
    let rows_max = u32::try_from(DEVICE_ROWS_MAX).unwrap_or(u32::MAX);
    let devices = match rollout.is_starting() {
        true => Vec::new(),
        // One more shows whether there is a next page.
        false => {
            let following = app
                .store
                .rollout_devices(rollout.id, after.as_ref(), rows_max + 1);
            following.await?
        }
    };
    let is_last = devices.len() <= DEVICE_ROWS_MAX;
    let shown = &devices[..devices.len().min(DEVICE_ROWS_MAX)];
    let last = shown.last().map(|device| device.id.to_string());
    let page = RolloutDevicesPage {
        frame: super::live_frame(app, visitor, live).await?,
        rollout: rollout.id.0,
        version: rollout.candidate.version.clone(),
        class: rollout.candidate.class.clone(),
        rows: shown
            .iter()
            .map(|device| fill::enrolled(&rollout, device))
            .collect(),
        total,
        after: after.map(|after| after.to_string()),
        next: last.filter(|_| !is_last),
    };
    Ok(page.to_html()?)
}
