//! Looking at incidents, which open themselves; reviewing, closing and taking them up again.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::{IncidentView, Page, ReopenRequest, ReviewRequest};
use mainstay_fleet::ReleaseDigest;
use mainstay_plan::PlanDigest;
use mainstay_release::StageName;
use mainstay_telemetry::{Brought, Incident, IncidentId, PlanChange, TestGap, Words};

use super::incident_plans::{Around, around};
use super::incident_views as views;
use super::list_pages::{ListAsked, ListWords};
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body, intake};

/// `GET /incidents?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<IncidentView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = asked.after(IncidentId::parse)?;
    let found = app.store.incidents_after(after, asked.most()).await?;
    let (found, next) = asked.cut(found, |incident| incident.id.to_string());
    let items = found.iter().map(views::incident).collect();
    Ok(Json(Page { items, next }))
}

/// `GET /incidents/{id}`, as `INC-1`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<IncidentView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    Ok(Json(views::incident(&named(&app, &id).await?)))
}

/// `POST /incidents/{id}/review`: writes parts of the review.
pub(super) async fn review(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<IncidentView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ReviewIncident).await?;
    let words = words(body::json(&headers, request).await?)?;
    let before = named(&app, &id).await?;
    let change = words.plan_change.clone();
    let Around { plans, newest } = around(&app, &before, change.as_ref()).await?;
    let after = before.clone().write(&person, words, &plans, app.now())?;
    app.store.save_incident(&before, &after, newest).await?;
    tracing::info!(incident = %after.id, by = %person.email, "incident reviewed");
    Ok(Json(views::incident(&after)))
}

/// `POST /incidents/{id}/close`.
pub(super) async fn close(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<IncidentView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::CloseIncident).await?;
    let before = named(&app, &id).await?;
    let brought = brought(&app, &before.release).await?;
    let change = before.review().plan_change.map(|written| written.what);
    let Around { plans, newest } = around(&app, &before, change.as_ref()).await?;
    let after = before.clone().close(&person, &brought, &plans, app.now())?;
    app.store.save_incident(&before, &after, newest).await?;
    tracing::warn!(incident = %after.id, by = %person.email, "incident closed");
    Ok(Json(views::incident(&after)))
}

/// `POST /incidents/{id}/reopen`: opens another one, which takes it up again.
pub(super) async fn reopen(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<(StatusCode, Json<IncidentView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::ReviewIncident).await?;
    let ReopenRequest { why } = body::json(&headers, request).await?;
    let closed = named(&app, &id).await?;
    let next = closed.reopen(&person, &why, app.now())?;
    let id = app.store.reopen_incident(&closed, &next).await?;
    tracing::warn!(incident = %closed.id, next = %id, by = %person.email, why, "incident reopened");
    let next = Incident { id, ..next };
    Ok((StatusCode::CREATED, Json(views::incident(&next))))
}

async fn named(app: &App, id: &str) -> Result<Incident, Refused> {
    let found = match IncidentId::parse(id) {
        Some(number) => app.store.incident(number).await?,
        None => None,
    };
    found.ok_or_else(|| Refused::not_found("incident", id))
}

/// Who built, handed in and approved a release: by its history, which names one of each, and by all
/// signatures that it bears.
async fn brought(app: &App, release: &ReleaseDigest) -> Result<Brought, Refused> {
    let stages = [StageName::Draft, StageName::Signed, StageName::Approved];
    let mut by = Vec::new();
    if let Some(release) = app.store.release_by_manifest(release).await? {
        let history = release.stage.history().into_iter();
        let own = history.filter(|entry| stages.contains(&entry.stage));
        by.extend(own.filter_map(|entry| entry.by.cloned()));
    }
    if let Some(envelope) = app.store.envelope(release).await? {
        let standing = app.standing().await?;
        by.extend(intake::signers(&envelope, &standing.root()?)?);
    }
    Ok(Brought { by })
}

fn words(request: ReviewRequest) -> Result<Words, Refused> {
    let test_gap = either(
        request.test.map(TestGap::Test),
        request.no_test.map(TestGap::NoTest),
        ["test", "no_test"],
    )?;
    let plan = request.plan.map(|digest| plan(&digest)).transpose()?;
    let plan_change = either(
        plan.map(PlanChange::Plan),
        request.no_plan_change.map(PlanChange::NoChange),
        ["plan", "no_plan_change"],
    )?;
    Ok(Words {
        root_cause: request.root_cause,
        test_gap,
        plan_change,
    })
}

fn either<T>(
    one: Option<T>,
    other: Option<T>,
    [first, second]: [&str; 2],
) -> Result<Option<T>, Refused> {
    match (one, other) {
        (Some(_), Some(_)) => Err(Refused::bad(
            "incident.contradiction",
            format_args!("`{first}` and `{second}` say the opposite of each other."),
            "Give one of them.",
        )),
        (one, other) => Ok(one.or(other)),
    }
}

fn plan(digest: &str) -> Result<PlanDigest, Refused> {
    PlanDigest::parse_hex(digest).ok_or_else(|| {
        Refused::bad(
            "incident.plan-digest",
            "`plan` isn't the digest of a plan.",
            "Give 64 hexadecimal digits: the SHA-256 of the plan's file.",
        )
    })
}
