//! Whether this server is alive, and whether it can do its work: `GET /healthz` and `GET /readyz`. Open to anyone, and outside of
//! the cap on requests, so that a server with much to do isn't taken for one that hangs.
//!
//! Ready means that a device's report would be kept now: readiness writes, as a report would, to the store and to the folder of
//! payloads, and keeps nothing of it. However many ask, it tries once a second at most. Read [`Readiness`].

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use mainstay_store::StoreError;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::App;
use crate::problem::Refused;

/// So long an answer holds for others who ask.
const HOLDS: SignedDuration = SignedDuration::from_secs(1);

/// A try that takes longer than this has failed: who asks waits some seconds at most, and a report would wait as long.
const TRY_MAX: Duration = Duration::from_secs(2);

/// What the last try found. Whoever asks while one is under way waits for it.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    tried: Option<Timestamp>,
    failed: Option<Failed>,
}

/// Why the server isn't ready: what may be told to anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed {
    id: &'static str,
    cure: &'static str,
}

/// The answer of a server that is alive, or ready; anything else is a problem document.
#[derive(Debug, Serialize)]
struct Well {
    status: &'static str,
}

/// Both routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(async || Json(Well { status: "alive" })))
        .route("/readyz", get(ready))
        .method_not_allowed_fallback(async || Refused::wrong_method())
}

async fn ready(State(app): State<Arc<App>>) -> Result<Json<Well>, Refused> {
    match app.readiness.ask(&app).await {
        None => Ok(Json(Well { status: "ready" })),
        Some(failed) => Err(Refused::unavailable(failed.id, failed.cure)),
    }
}

impl Readiness {
    async fn ask(&self, app: &App) -> Option<Failed> {
        let mut last = self.0.lock().await;
        let now = app.now();
        // A clock that was set back makes no answer hold for longer.
        let holds = |tried: Timestamp| now >= tried && now.duration_since(tried) < HOLDS;
        if last.tried.is_some_and(holds) {
            return last.failed;
        }
        let failed = tried(app).await.err();
        tell(last.failed, failed.as_ref());
        last.failed = failed.map(|error| Failed {
            id: error.id(),
            cure: error.cure(),
        });
        last.tried = Some(now);
        last.failed
    }
}

async fn tried(app: &App) -> Result<(), StoreError> {
    let both = async {
        app.store.probe().await?;
        app.blobs.probe().await
    };
    timeout(TRY_MAX, both)
        .await
        .unwrap_or(Err(StoreError::Busy))
}

/// Tells what has changed, once.
fn tell(before: Option<Failed>, now: Option<&StoreError>) {
    match (before, now) {
        (before, Some(error)) if before.is_none_or(|before| before.id != error.id()) => {
            tracing::error!(id = error.id(), %error, "not ready");
        }
        (Some(_), None) => tracing::info!("ready again"),
        _ => {}
    }
}
