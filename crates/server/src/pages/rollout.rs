//! The page of one rollout.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use mainstay_release::{Release, Stage};
use mainstay_report::{Fact, Incident, Monitor, RolloutPage};
use mainstay_rollout::Rollout;
use mainstay_store::LIST_MAX;
use mainstay_telemetry::Summary;

use super::door::Visitor;
use super::fill::{self, Picture};
use super::incident::failed_first;
use super::live;
use crate::operator::rollouts::named;
use crate::problem::Refused;
use crate::{App, figures};

/// `GET /rollouts/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &id).await;
    super::answer(&app, page)
}

async fn page(app: &Arc<App>, visitor: &Visitor, id: &str) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let rollout = named(app, id).await?;
    let live = live::of_rollout(rollout.id, live);
    let picture = figures::rollout::of(app, &rollout).await?;
    let release = app
        .store
        .release_by_manifest(&rollout.candidate.release)
        .await?;
    let now = app.now();
    let health = picture.summary(&rollout);
    let mut facts = facts(&rollout, release.as_ref());
    facts.extend(unverified(app, &rollout).await?);
    facts.extend(counted(&picture, now));
    let page = RolloutPage {
        frame: super::live_frame(app, visitor, live).await?,
        card: fill::rollout_card(&rollout, &picture, now),
        facts,
        monitors: monitors(&rollout, &health),
        incidents: incidents(app, &rollout, &health).await?,
        timeline: fill::rollout_timeline(&rollout),
        devices: picture.shown().to_vec(),
        devices_total: picture.devices(),
    };
    Ok(page.to_html()?)
}

fn monitors(rollout: &Rollout, health: &Summary) -> Vec<Monitor> {
    let opened = health.waves.iter().filter(|wave| wave.opened_at.is_some());
    opened
        .map(|wave| Monitor {
            wave: wave.name.clone(),
            sprt: fill::sprt_chart(rollout, wave),
        })
        .collect()
}

/// All of its incidents, the newest first, however many others there are.
async fn incidents(
    app: &App,
    rollout: &Rollout,
    health: &Summary,
) -> Result<Vec<Incident>, Refused> {
    let (mut own, mut after) = (Vec::new(), None);
    loop {
        let read = app.store.incidents_after(after, LIST_MAX).await?;
        for incident in read
            .iter()
            .filter(|incident| incident.rollout == rollout.id)
        {
            let by_now = failed_first(app, incident).await?;
            own.push(fill::incident(incident, rollout, health, &by_now));
        }
        if read.len() < LIST_MAX as usize {
            return Ok(own);
        }
        after = read.last().map(|incident| incident.id);
    }
}

/// As of when the devices were counted; nothing if that was just now.
fn counted(picture: &Picture, now: Timestamp) -> Option<Fact> {
    let at = figures::not_just_now(picture.at(), now)?;
    let told = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    Some(Fact::new("Devices counted", told))
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
