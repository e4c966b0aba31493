//! Which plans an incident's review may have to do with: those of the halt, and those since.
//!
//! Plans are compared as they read, so a comment that was reworded is no change. A text that this
//! version can't read any more is told from others by its digest alone.

use mainstay_plan::{Plan, PlanDigest};
use mainstay_telemetry::{Incident, PlanChange, Plans};

use crate::App;
use crate::problem::Refused;

/// The plans around `incident`, as far as judging `change` needs them.
pub(super) async fn around(
    app: &App,
    incident: &Incident,
    change: Option<&PlanChange>,
) -> Result<Plans, Refused> {
    let Some(PlanChange::Plan(named)) = change else {
        return Ok(Plans::default());
    };
    let activations = app.store.activations_from(incident.opened_at).await?;
    let (before, since): (Vec<_>, Vec<_>) = activations
        .into_iter()
        .partition(|activation| activation.at <= incident.opened_at);
    let since: Vec<_> = since.iter().map(|one| PlanDigest(one.digest)).collect();
    let mut at_halt: Vec<_> = before.iter().map(|one| PlanDigest(one.digest)).collect();
    let rollout = app.store.rollout(incident.rollout).await?;
    at_halt.extend(rollout.and_then(|rollout| PlanDigest::parse_hex(&rollout.plan_revision)));
    let candidates = since.last().into_iter().chain([named]);
    let alike = alike(app, &at_halt, candidates).await?;
    Ok(Plans {
        at_halt,
        since,
        alike,
    })
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
