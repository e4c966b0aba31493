//! The home page: what needs someone, what is rolling, the fleet, incidents, devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_release::{Release, StageName};
use mainstay_report::{Action, Attention, Dashboard, Fleet, Live, RolloutCard, Target};
use mainstay_rollout::{Phase, Rollout, why};
use mainstay_store::LIST_MAX;
use mainstay_telemetry::{Incident, Part, ReviewState};
use mainstay_trust::Digest;

use super::door::Visitor;
use super::fill::Picture;
use super::glance::Glance;
use super::{brakes, fill, fleet, live};
use crate::problem::Refused;
use crate::soundness::Damage;
use crate::standing::Standing;
use crate::{App, figures};

/// `GET /`.
pub(super) async fn home(State(app): State<Arc<App>>, visitor: Visitor) -> Response {
    let page = page(&app, &visitor).await;
    super::answer(&app, page)
}

async fn page(app: &Arc<App>, visitor: &Visitor) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let facts = Facts::read(app).await?;
    Ok(facts.dashboard(app, visitor, live).await?.to_html()?)
}

/// What the page is made of.
struct Facts {
    glance: Glance,
    incidents: Vec<Incident>,
    releases: Vec<Release>,
    standing: Arc<Standing>,
    damaged: BTreeMap<Digest, Damage>,
    now: Timestamp,
}

impl Facts {
    async fn read(app: &Arc<App>) -> Result<Self, Refused> {
        let now = app.now();
        Ok(Self {
            glance: Glance::of(app).await?,
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
        let now = app.now();
        let rollouts_at = self.glance.rollouts_at();
        Ok(Dashboard {
            frame: super::live_frame(app, visitor, live).await?,
            needs_me: self.needs_me(),
            rollouts: self.cards(),
            fleet: self.fleet(now),
            rollouts_counted_at: rollouts_at.and_then(|at| figures::not_just_now(at, now)),
            counting_failed_at: self.glance.failed_at,
            incidents: self.incidents.iter().map(fill::incident_line).collect(),
            incidents_go_on: self.incidents.len() >= LIST_MAX as usize,
            promises: self.glance.promises.clone(),
            devices: fleet::table(app, 1).await?,
        })
    }

    fn cards(&self) -> Vec<RolloutCard> {
        let rollouts = self.glance.rollouts.iter();
        let card = |(rollout, picture): &(Rollout, Option<Arc<Picture>>)| match picture {
            Some(picture) => fill::rollout_card(rollout, picture, self.now),
            None => fill::uncounted_card(rollout),
        };
        rollouts.map(card).collect()
    }

    fn fleet(&self, now: Timestamp) -> Option<Fleet> {
        self.glance.fleet.as_ref().map(|counted| Fleet {
            versions: counted.version_shares(),
            devices: counted.total,
            reachable: counted.reachable,
            counted_at: figures::not_just_now(counted.at, now),
        })
    }

    /// Most urgent first: what stops every installation, questions, damaged payloads, incidents, holds that wait for a
    /// second person, releases that wait for one, and what is due soon.
    fn needs_me(&self) -> Vec<Attention> {
        let questions = self
            .glance
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
