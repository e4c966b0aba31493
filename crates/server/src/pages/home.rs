//! The home page: what needs someone, what is rolling, the fleet, incidents, devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use mainstay_release::{Release, StageName};
use mainstay_report::{Action, Attention, Dashboard, Live, Promise, RolloutCard, Target};
use mainstay_rollout::{Phase, Rollout, why};
use mainstay_store::LIST_MAX;
use mainstay_telemetry::{Incident, Part, ReviewState};
use mainstay_trust::Digest;

use super::door::Visitor;
use super::fleet::{self, Counted};
use super::{brakes, fill, live};
use crate::problem::Refused;
use crate::soundness::Damage;
use crate::standing::Standing;
use crate::{App, figures, levels};

/// The home page shows so many rollouts: what is under way, and the last ones before.
const ROLLOUTS_SHOWN: u32 = 5;
/// A device is reachable if it asked within so many polls.
const REACHABLE_POLLS: i32 = 2;

/// `GET /`.
pub(super) async fn home(State(app): State<Arc<App>>, visitor: Visitor) -> Response {
    let page = page(&app, &visitor).await;
    super::answer(&app, page)
}

async fn page(app: &Arc<App>, visitor: &Visitor) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let facts = Facts::read(app).await?;
    let page = Dashboard {
        promises: promises(app).await?,
        ..facts.dashboard(app, visitor, live).await?
    };
    Ok(page.to_html()?)
}

/// How what the plan promises stands; nothing is measured for a plan that promises nothing.
async fn promises(app: &Arc<App>) -> Result<Vec<Promise>, Refused> {
    let active = app.plan().await?;
    if !active.is_some_and(|active| active.plan.promises_figures()) {
        return Ok(Vec::new());
    }
    Ok(fill::promises(&*levels::service_levels(app).await?))
}

/// What the page is made of.
struct Facts {
    fleet: Arc<Counted>,
    /// The newest rollouts, and how each is shown.
    rollouts: Vec<(Rollout, RolloutCard)>,
    /// As of when the devices of the one were counted for which that was longest ago.
    rollouts_at: Option<Timestamp>,
    incidents: Vec<Incident>,
    releases: Vec<Release>,
    standing: Arc<Standing>,
    damaged: BTreeMap<Digest, Damage>,
    now: Timestamp,
}

impl Facts {
    async fn read(app: &Arc<App>) -> Result<Self, Refused> {
        let now = app.now();
        let fleet = Counted::lately(app, reachable_within(app).await?).await?;
        let (rollouts, rollouts_at) = newest_rollouts(app, now).await?;
        Ok(Self {
            fleet,
            rollouts,
            rollouts_at,
            incidents: app.store.incidents().await?,
            releases: app.store.releases().await?,
            standing: app.standing().await?,
            damaged: app.soundness.damaged(),
            now,
        })
    }

    async fn dashboard(
        &self,
        app: &Arc<App>,
        visitor: &Visitor,
        live: Live,
    ) -> Result<Dashboard, Refused> {
        let cards = self.rollouts.iter();
        let now = app.now();
        Ok(Dashboard {
            frame: super::live_frame(app, visitor, live).await?,
            needs_me: self.needs_me(),
            rollouts: cards.map(|(_, card)| card.clone()).collect(),
            fleet: self.fleet.version_shares(),
            devices_total: self.fleet.total,
            reachable: self.fleet.reachable,
            counted_at: figures::not_just_now(self.fleet.at, now),
            rollouts_counted_at: self
                .rollouts_at
                .and_then(|at| figures::not_just_now(at, now)),
            incidents: self.incidents.iter().map(fill::incident_line).collect(),
            incidents_go_on: self.incidents.len() >= LIST_MAX as usize,
            promises: Vec::new(),
            devices: fleet::table(app, 1).await?,
        })
    }

    /// Most urgent first: what stops every installation, questions, damaged payloads, incidents, holds that wait for a
    /// second person, releases that wait for one, and what is due soon.
    fn needs_me(&self) -> Vec<Attention> {
        let questions = self
            .rollouts
            .iter()
            .filter_map(|(rollout, _)| question(rollout));
        let incidents = self.incidents.iter().filter_map(incident);
        let releases = self.releases.iter().filter_map(waiting_release);
        let stopped = brakes::stopped(&self.standing, self.now).into_iter();
        let asked = brakes::asked(&self.standing);
        let due = brakes::due(&self.standing, self.now);
        let damaged = self
            .releases
            .iter()
            .filter_map(|release| self.damage(release));
        let urgent = stopped.chain(questions).chain(damaged).chain(incidents);
        urgent.chain(asked).chain(releases).chain(due).collect()
    }

    /// That a release has lost its payload, unless nobody should get it anyway.
    fn damage(&self, release: &Release) -> Option<Attention> {
        let damage = self.damaged.get(&release.facts.image)?;
        let is_revoked = release.stage.name() == StageName::Revoked;
        (!is_revoked).then(|| brakes::damaged(release, damage))
    }
}

/// Within which time a device must have been heard of to be reachable; none is as long as no plan says how often they ask.
async fn reachable_within(app: &App) -> Result<Option<SignedDuration>, Refused> {
    let active = app.plan().await?;
    Ok(active.map(|active| active.plan.rollout.poll.saturating_mul(REACHABLE_POLLS)))
}

/// The newest rollouts with what is shown of them, newest first; and as of when the devices of any were counted, at the earliest.
async fn newest_rollouts(
    app: &Arc<App>,
    now: Timestamp,
) -> Result<(Vec<(Rollout, RolloutCard)>, Option<Timestamp>), Refused> {
    let (mut rollouts, mut earliest) = (Vec::new(), None::<Timestamp>);
    for rollout in app.store.rollouts_after(None, ROLLOUTS_SHOWN).await? {
        let picture = figures::rollout::of(app, &rollout).await?;
        let card = fill::rollout_card(&rollout, &picture, now);
        earliest = Some(earliest.map_or(picture.at(), |at| at.min(picture.at())));
        rollouts.push((rollout, card));
    }
    Ok((rollouts, earliest))
}

fn question(rollout: &Rollout) -> Option<Attention> {
    let Phase::AwaitsHuman { question, .. } = &rollout.phase else {
        return None;
    };
    let (version, asks) = (&rollout.candidate.version, why::asked(rollout, question));
    Some(Attention {
        sentence: format!("The rollout of {version} waits for an answer: {asks}."),
        action: Action::Link {
            label: "Look at the rollout".to_owned(),
            to: Target::Rollout(rollout.id.0),
        },
    })
}

/// An incident that somebody must work on: first it is read, then reviewed, then closed.
fn incident(incident: &Incident) -> Option<Attention> {
    let ReviewState::Open { missing } = incident.state() else {
        return None;
    };
    let (id, title) = (incident.id, &incident.title);
    let read = Action::Link {
        label: "Read the incident".to_owned(),
        to: Target::Incident(id.0),
    };
    let close = Action::Command {
        command: format!("mainstay incident close {id}"),
    };
    Some(match missing.as_slice() {
        [] => Attention {
            sentence: format!("{id} is reviewed, and waits for somebody else to close it."),
            action: close,
        },
        missing => Attention {
            sentence: format!("{id} is open: {title}. {}", lacks(missing)),
            action: read,
        },
    })
}

/// What a review lacks, as a sentence.
fn lacks(missing: &[Part]) -> String {
    if missing.len() == Part::ALL.len() {
        return "Nobody has reviewed it yet.".to_owned();
    }
    let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
    format!("Its review lacks the {}.", missing.join(", "))
}

fn waiting_release(release: &Release) -> Option<Attention> {
    let (sentence, to_do) = match release.stage.name() {
        StageName::Gated => (
            format!(
                "{} is built and signed, and waits for its approval.",
                release.id
            ),
            "A release manager approves the artifact and hands the approval in.",
        ),
        StageName::Approved => (
            format!("{} is approved, and waits for its rollout.", release.id),
            "Operations starts the rollout.",
        ),
        _ => return None,
    };
    Some(Attention {
        sentence,
        action: Action::Words {
            sentence: to_do.to_owned(),
        },
    })
}
