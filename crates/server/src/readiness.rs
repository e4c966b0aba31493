//! Whether this server is alive, and whether it can do its work: `GET /healthz` and `GET /readyz`. Open to anyone, and outside of
//! the cap on requests, so that a server with much to do isn't taken for one that hangs.
//!
//! Ready means that a device's report would be kept now: readiness writes, as a report would, to the store and to the folder of
//! payloads, and keeps nothing of it. However many ask, one try is under way at most, and the next begins a second after its end.
//!
//! A try stands in the same line as every write, so a long write holds it up, and a disk that hangs holds it for ever. Nobody waits for
//! that: what the last one found holds on until a report too would have given up. Read [`Readiness`].

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use mainstay_store::StoreError;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::timeout;

use crate::App;
use crate::clock::Clock;
use crate::places::{self, Place, Whom};
use crate::problem::Refused;

/// So long an answer holds for others who ask.
const HOLDS: SignedDuration = SignedDuration::from_secs(1);

/// So long whoever asks waits for a try: less than the second after which a container host's probe gives up.
const SOON: Duration = Duration::from_millis(800);

/// A try that takes longer than this has failed. A report waits for its turn to write as long as the store lets it, which is half a
/// minute, so a long write alone turns no server off.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the last try found, and whether one is under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<watch::Sender<Last>>);

#[derive(Debug, Default)]
struct Last {
    /// When a try ended, and why the server wasn't ready then. None before the first.
    found: Option<(Timestamp, Option<Failed>)>,
    now: Trying,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Trying {
    #[default]
    Nothing,
    /// A try that may end soon.
    Fresh,
    /// A try that nobody waits for any more.
    Late,
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
    /// What this server does just now for all that share its store. One that does none of it is as ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<&'static str>,
}

impl Well {
    fn alive() -> Self {
        Self {
            status: "alive",
            jobs: Vec::new(),
        }
    }

    fn ready(app: &App) -> Self {
        let held = app.lease.is_held().then(|| app.lease.job());
        Self {
            status: "ready",
            jobs: held.into_iter().collect(),
        }
    }
}

/// Both places.
pub(crate) const PLACES: &[Place] = &[
    Place::new("/healthz", &[("GET", Whom::Anyone)], || {
        get(async || Json(Well::alive()))
    }),
    Place::new("/readyz", &[("GET", Whom::Anyone)], || get(ready)),
];

/// Their routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    places::router(PLACES).method_not_allowed_fallback(async || Refused::wrong_method())
}

async fn ready(State(app): State<Arc<App>>) -> Result<Json<Well>, Refused> {
    let (readiness, clock) = (app.readiness.clone(), app.clock.clone());
    let asked = app.clone();
    match readiness
        .ask(clock, async move { tried(&asked).await })
        .await
    {
        None => Ok(Json(Well::ready(&app))),
        Some(failed) => Err(Refused::unavailable(failed.id, failed.cure)),
    }
}

impl Readiness {
    /// Why the server isn't ready. Begins `attempt` if what is known no longer holds; that goes on if whoever asked leaves.
    async fn ask<T>(&self, clock: Arc<dyn Clock>, attempt: T) -> Option<Failed>
    where
        T: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let now = clock.now();
        let mut last = self.0.subscribe();
        if self.0.send_if_modified(|last| last.begins(now)) {
            tokio::spawn(self.clone().attempt(clock, attempt));
        }
        // An error means that the sender is gone, and this is one.
        let _ = last.wait_for(|last| last.now != Trying::Fresh).await;
        let last = last.borrow();
        match last.found {
            Some((_, failed)) => failed,
            None => Some(Failed::of(&StoreError::Busy)),
        }
    }

    async fn attempt(
        self,
        clock: Arc<dyn Clock>,
        attempt: impl Future<Output = Result<(), StoreError>> + Send + 'static,
    ) {
        // A task of its own, so that a fault of ours ends it and not this one.
        let mut attempt = tokio::spawn(attempt);
        if let Ok(ended) = timeout(SOON, &mut attempt).await {
            return self.ends(clock.now(), joined(ended));
        }
        self.0.send_modify(|last| last.now = Trying::Late);
        if let Ok(ended) = timeout(PATIENCE - SOON, &mut attempt).await {
            return self.ends(clock.now(), joined(ended));
        }
        // No second try is begun beside one that hangs: each would hold a thread.
        self.finds(clock.now(), Err(StoreError::Busy), Trying::Late);
        let ended = attempt.await;
        self.ends(clock.now(), joined(ended));
    }

    fn ends(&self, now: Timestamp, found: Result<(), StoreError>) {
        self.finds(now, found, Trying::Nothing);
    }

    fn finds(&self, now: Timestamp, found: Result<(), StoreError>, trying: Trying) {
        let error = found.err();
        let before = self.0.borrow().found;
        tell(before.and_then(|(_, failed)| failed), error.as_ref());
        self.0.send_modify(|last| {
            last.found = Some((now, error.as_ref().map(Failed::of)));
            last.now = trying;
        });
    }
}

impl Last {
    /// Whether a try begins now, which is then under way. A clock that was set back makes no answer hold for longer.
    fn begins(&mut self, now: Timestamp) -> bool {
        let holds = |at: Timestamp| now >= at && now.duration_since(at) < HOLDS;
        let begins = self.now == Trying::Nothing && !self.found.is_some_and(|(at, _)| holds(at));
        if begins {
            self.now = Trying::Fresh;
        }
        begins
    }
}

impl Failed {
    fn of(error: &StoreError) -> Self {
        Self {
            id: error.id(),
            cure: error.cure(),
        }
    }
}

async fn tried(app: &App) -> Result<(), StoreError> {
    app.store.probe().await?;
    app.blobs.probe().await
}

fn joined(ended: Result<Result<(), StoreError>, JoinError>) -> Result<(), StoreError> {
    ended.unwrap_or_else(|error| Err(StoreError::Failed(Box::new(error))))
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

#[cfg(test)]
mod tests;
