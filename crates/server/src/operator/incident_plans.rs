//! Which plans an incident's review may have to do with: those of the halt, and those since.
//!
//! What came when is told by the numbers of the activations, for clocks jump. Plans are compared as
//! they read, so a comment that was reworded is no change. A text that this version can't read any
//! more is told from others by its digest alone.

use mainstay_plan::{Plan, PlanDigest};
use mainstay_store::Activation;
use mainstay_telemetry::{Incident, PlanChange, Plans};

use crate::App;
use crate::problem::Refused;

/// The plans around an incident.
#[derive(Default)]
pub(super) struct Around {
    pub plans: Plans,
    /// The number of the newest of them; none if no plan has a say.
    pub newest: Option<i64>,
}

/// The plans around `incident`, as far as judging `change` needs them.
pub(super) async fn around(
    app: &App,
    incident: &Incident,
    change: Option<&PlanChange>,
) -> Result<Around, Refused> {
    let Some(PlanChange::Plan(named)) = change else {
        return Ok(Around::default());
    };
    let then = in_force_then(app, incident).await?;
    let oldest = then.first().copied().unwrap_or(0);
    let activations = app.store.activations_from(oldest).await?;
    let newest = activations.last().map(|activation| activation.revision);
    let (mut at_halt, mut since) = (Vec::new(), Vec::new());
    for Activation { revision, digest } in activations {
        match then.contains(&revision) {
            true => at_halt.push(PlanDigest(digest)),
            false if Some(&revision) > then.last() => since.push(PlanDigest(digest)),
            false => {}
        }
    }
    let rollout = app.store.rollout(incident.rollout).await?;
    at_halt.extend(rollout.and_then(|rollout| PlanDigest::parse_hex(&rollout.plan_revision)));
    let candidates = since.last().into_iter().chain([named]);
    let alike = alike(app, &at_halt, candidates).await?;
    let plans = Plans {
        at_halt,
        since,
        alike,
    };
    Ok(Around { plans, newest })
}

/// The numbers of the plans that were in force when the incident opened, and those did that it takes
/// up, oldest first. Of one that an older version opened, the clock has to tell.
async fn in_force_then(app: &App, incident: &Incident) -> Result<Vec<i64>, Refused> {
    match incident.plans.as_slice() {
        [] => {
            let newest = app.store.revision_at(incident.opened_at).await?;
            Ok(newest.into_iter().collect())
        }
        numbers => Ok(numbers.to_vec()),
    }
}

/// Those of `candidates` that read as one of `at_halt`.
async fn alike(
    app: &App,
    at_halt: &[PlanDigest],
    candidates: impl Iterator<Item = &PlanDigest>,
) -> Result<Vec<PlanDigest>, Refused> {
    let mut known = Vec::new();
    for digest in at_halt {
        known.extend(read(app, digest).await?);
    }
    let mut alike = Vec::new();
    for digest in candidates {
        if read(app, digest)
            .await?
            .is_some_and(|plan| known.contains(&plan))
        {
            alike.push(*digest);
        }
    }
    Ok(alike)
}

/// The plan of this digest, without its digest; none if it never was in force or can't be read.
async fn read(app: &App, digest: &PlanDigest) -> Result<Option<Plan>, Refused> {
    let stored = app.store.plan_with(digest.0).await?;
    let plan = stored.and_then(|stored| mainstay_plan::parse(&stored.text).ok());
    Ok(plan.map(|plan| Plan {
        digest: PlanDigest([0; 32]),
        ..plan
    }))
}
