//! Putting a release on hold, ending that by two, and looking at the holds.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{Permission, Person};
use mainstay_api::{HoldRequest, HoldView};
use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Hold, HoldState, Release};
use mainstay_store::StoreError;

use super::{releases, views};
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body};

/// Each try is on a fresh state, and loses only against a change in the same few milliseconds.
const TRIES_MAX: u32 = 10;

/// `POST /releases/{id}/hold`: one person is enough. What is on hold already stays so, and a request
/// to end that falls.
pub(super) async fn hold(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<(StatusCode, Json<HoldView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::HoldRelease).await?;
    let HoldRequest { reason } = body::json(&headers, request).await?;
    let release = releases::named(&app, &id).await?;
    for _ in 0..TRIES_MAX {
        match try_to_hold(&app, &release, &person, &reason).await {
            Err(Failed::Raced) => continue,
            Err(Failed::Refused(refused)) => return Err(refused),
            Ok((status, hold)) => {
                tracing::warn!(release = %release.id, by = %person.email, reason, "release on hold");
                return Ok((status, Json(view(&app, &hold).await?)));
            }
        }
    }
    Err(Refused::busy())
}

/// Why one try to hold came to nothing.
enum Failed {
    /// Somebody else was faster; the next try sees what they did.
    Raced,
    /// The answer is no.
    Refused(Refused),
}

impl<E: Into<Refused>> From<E> for Failed {
    fn from(refusal: E) -> Self {
        Self::Refused(refusal.into())
    }
}

async fn try_to_hold(
    app: &App,
    release: &Release,
    person: &Person,
    reason: &str,
) -> Result<(StatusCode, Hold), Failed> {
    let manifest = ReleaseDigest(release.facts.manifest.0);
    let (status, hold, saved) = match app.store.hold(&manifest).await? {
        Some(known) => {
            let again = known.clone().again(person)?;
            let saved = match again == known {
                true => Ok(()),
                false => app.store.save_hold(&known, &again).await,
            };
            (StatusCode::OK, again, saved)
        }
        None => {
            let others = app.store.holds().await?.len();
            let placed = Hold::place(release, person, reason, others, app.now())?;
            let saved = app.store.add_hold(&placed, others).await;
            (StatusCode::CREATED, placed, saved)
        }
    };
    match saved {
        Err(StoreError::AlreadyExists { .. } | StoreError::Conflict { .. }) => Err(Failed::Raced),
        saved => Ok(saved.map(|()| (status, hold))?),
    }
}

/// `POST /releases/{id}/hold/release`: the first person asks, a second one ends it.
pub(super) async fn release(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<HoldView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::HoldRelease).await?;
    let release = releases::named(&app, &id).await?;
    let found = app
        .store
        .hold(&ReleaseDigest(release.facts.manifest.0))
        .await?;
    let before = found.ok_or_else(|| Refused::not_found("hold on", &release.id))?;
    let after = before.clone().release(&person, app.now())?;
    app.store.save_hold(&before, &after).await?;
    match after.state {
        HoldState::Released { .. } => {
            tracing::warn!(release = %release.id, by = %person.email, "hold released");
        }
        _ => {
            tracing::info!(release = %release.id, by = %person.email, "release of the hold asked");
        }
    }
    Ok(Json(view(&app, &after).await?))
}

/// `GET /holds`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<HoldView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let mut views = Vec::new();
    for hold in app.store.holds().await? {
        views.push(view(&app, &hold).await?);
    }
    Ok(Json(views))
}

async fn view(app: &App, hold: &Hold) -> Result<HoldView, Refused> {
    let running = releases::running(app, &ReleaseDigest(hold.manifest.0)).await?;
    Ok(views::hold(hold, running))
}
