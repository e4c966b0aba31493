//! The page of one rollout.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use mainstay_release::{Release, Stage};
use mainstay_report::{Fact, Incident, Monitor, RolloutPage};
use mainstay_rollout::{FleetView, Rollout};
use mainstay_telemetry::summary;

use super::door::Visitor;
use super::fill;
use crate::App;
use crate::jobs::other_classes;
use crate::operator::rollouts::named;
use crate::problem::Refused;

/// The page shows so many devices; the rest is in the device list.
const DEVICES_SHOWN: usize = 100;

/// `GET /rollouts/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &id).await;
    super::answer(&app, page)
}

async fn page(app: &App, visitor: &Visitor, id: &str) -> Result<String, Refused> {
    app.flush_last_seen().await;
    let rollout = named(app, id).await?;
    let fleet = other_classes::look(app, &rollout).await?;
    let release = app
        .store
        .release_by_manifest(&rollout.candidate.release)
        .await?;
    let now = app.now();
    let mut facts = facts(&rollout, release.as_ref());
    facts.extend(unverified(app, &rollout).await?);
    let page = RolloutPage {
        frame: super::frame(app, visitor.viewer()).await?,
        card: fill::rollout_card(&rollout, &fleet, now),
        facts,
        monitors: monitors(&rollout, &fleet, app),
        incidents: incidents(app, &rollout, &fleet).await?,
        timeline: fill::rollout_timeline(&rollout),
        devices: fill::enrolled_devices(&rollout, &fleet, DEVICES_SHOWN),
        devices_total: u32::try_from(fleet.devices.len()).unwrap_or(u32::MAX),
    };
    Ok(page.to_html()?)
}

fn monitors(rollout: &Rollout, fleet: &FleetView, app: &App) -> Vec<Monitor> {
    let health = summary(rollout, fleet, app.now());
    let opened = health.waves.iter().filter(|wave| wave.opened_at.is_some());
    opened
        .map(|wave| Monitor {
            wave: wave.name.clone(),
            sprt: fill::sprt_chart(rollout, wave),
        })
        .collect()
}

async fn incidents(
    app: &App,
    rollout: &Rollout,
    fleet: &FleetView,
) -> Result<Vec<Incident>, Refused> {
    let all = app.store.incidents().await?;
    let own = all.iter().filter(|incident| incident.rollout == rollout.id);
    Ok(own
        .map(|incident| fill::incident(incident, rollout, fleet, app.now()))
        .collect())
}

fn facts(rollout: &Rollout, release: Option<&Release>) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Manifest", rollout.candidate.release.to_string())];
    if let Some(release) = release {
        facts.push(Fact::new("Image", release.facts.image.to_string()));
        facts.push(Fact::new("Track", release.facts.track.to_string()));
        facts.extend(people(&release.stage));
    }
    facts.push(Fact::new("Plan revision", rollout.plan_revision.clone()));
    facts
}

/// How many may run it by their clients' word alone; nothing if nobody does.
async fn unverified(app: &App, rollout: &Rollout) -> Result<Option<Fact>, Refused> {
    let devices = app.store.unverified(rollout.id).await?;
    let told = format!("{devices} by their client's word, unverified; they may run it");
    Ok((devices > 0).then(|| Fact::new("Installed", told)))
}

/// Who did what; three different people.
fn people(stage: &Stage) -> Vec<Fact> {
    let signed = stage
        .signed()
        .map(|signed| Fact::new("Built and signed by", signed.by.as_str()));
    let approved = stage
        .approved()
        .map(|approved| Fact::new("Approved by", approved.by.as_str()));
    let scheduled = stage
        .scheduled()
        .map(|scheduled| Fact::new("Scheduled by", scheduled.by.as_str()));
    [signed, approved, scheduled]
        .into_iter()
        .flatten()
        .collect()
}
