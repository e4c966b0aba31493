//! The plan in force: looking at it, and putting another one in its place.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use mainstay_access::{Assignments, Duty, Email, Permission, Person};
use mainstay_api::PlanView;
use mainstay_plan::{Cohort, FleetFacts, InForce, Members, PLAN_BYTES_MAX, Plan, Severity};
use mainstay_rollout::{cohort, fleet_facts};

use crate::problem::Refused;
use crate::{App, authenticate, body};

/// So many findings are told in one refusal; `mainstay plan check` tells them all.
const FINDINGS_TOLD_MAX: usize = 10;

/// `GET /plan`.
pub(super) async fn active(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<PlanView>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    Ok(Json(in_force(&app).await?))
}

/// `PUT /plan`: the body is the plan's text. A rollout under way keeps the rules it started with.
pub(super) async fn activate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<PlanView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ActivatePlan).await?;
    let bytes = body::read(&headers, request, PLAN_BYTES_MAX).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Refused::malformed("it isn't UTF-8"))?;
    let plan = acceptable(text, &known(&app).await?)?;
    check_duties(&plan, app.store.people().await?)?;
    app.store
        .activate_plan(text, plan.digest.0, &person.email, app.now())
        .await?;
    tracing::info!(by = %person.email, revision = %plan.digest, "plan activated");
    Ok(Json(in_force(&app).await?))
}

/// What the server knows that a plan's rules may ask for.
async fn known(app: &App) -> Result<FleetFacts, Refused> {
    let fleet = app.store.devices(None).await?;
    let today = TimeZone::UTC.to_datetime(app.now()).date();
    let in_force = app.plan().await?;
    Ok(FleetFacts {
        in_force: in_force.map(|active| InForce::of(&active.plan)),
        ..fleet_facts(&fleet, today)
    })
}

/// The plan in this text, if nothing of severity error stands against it.
///
/// # Errors
/// With the first findings, each with its place and its remedy.
pub(crate) fn acceptable(text: &str, facts: &FleetFacts) -> Result<Plan, Refused> {
    // Only errors count here, and an empty cohort is none: the fleet needn't be searched.
    let remarks = |cohort: &Cohort| cohort::remarks(cohort, None);
    let checked = mainstay_plan::check_with_cohorts(text, facts, remarks);
    let errors = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let told: Vec<String> = errors
        .take(FINDINGS_TOLD_MAX)
        .map(|f| {
            format!(
                "{} ({}, line {}): {}",
                f.rule, f.place.section, f.place.line, f.message
            )
        })
        .collect();
    match checked.plan {
        Some(plan) if told.is_empty() => Ok(plan),
        _ => Err(Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "plan.errors",
            format_args!("The plan has errors. {}", told.join("; ")),
            "Run `mainstay plan check` on it and follow its remedies.",
        )),
    }
}

/// One person, one duty: over the plan's roles and the people who have tokens, taken together.
///
/// # Errors
/// `access.two-duties`, naming the first of them.
pub(crate) fn check_duties(plan: &Plan, people: Vec<Person>) -> Result<(), Refused> {
    let roles = [
        (Duty::Engineer, &plan.roles.engineers),
        (Duty::ReleaseManager, &plan.roles.release_managers),
        (Duty::Operations, &plan.roles.operations),
    ];
    let planned = roles
        .into_iter()
        .flat_map(|(duty, members)| planned(duty, members));
    match Assignments::new(planned.chain(people)) {
        Ok(_) => Ok(()),
        Err(conflicts) => Err(conflicts
            .into_iter()
            .next()
            .map_or_else(Refused::no_plan, Into::into)),
    }
}

fn planned(duty: Duty, members: &Members) -> Vec<Person> {
    // The plan has checked its addresses by a rule that is at least as strict.
    let email = |address: &mainstay_plan::Email| Email::new(address.as_str()).ok();
    members
        .all()
        .filter_map(email)
        .map(|email| Person { email, duty })
        .collect()
}

async fn in_force(app: &App) -> Result<PlanView, Refused> {
    let active = app.active_plan().await?;
    let stored = app.store.active_plan().await?;
    let stored = stored.ok_or_else(Refused::no_plan)?;
    Ok(PlanView {
        revision: hex::encode(stored.digest),
        name: active.plan.name.clone(),
        text: stored.text,
        by: stored.by,
        at: stored.at,
    })
}
