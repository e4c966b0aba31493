//! What every request but those of `readiness.rs` passes first: a cap on requests at work, and a time limit.
//!
//! Never queue without bound: a server that is full says so at once, and devices poll again later by
//! themselves. Read [`Guard`] first.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;

use crate::problem::Refused;

/// Requests at work at one moment. Each holds a body of some kilobytes and waits for the one
/// database writer; beyond this many the wait alone would outlast a device's patience.
pub const REQUESTS_MAX: usize = 1024;

/// Longest time that a request may take up to the first byte of its answer. The slowest honest one
/// is the upload of the largest artifact over a line of 2 Mbit/s. Whoever bears no token is answered
/// before the body is read, and so can't hold a place for long; but for forms, of which few are received at a time
/// ([`FORMS_MAX`](crate::sign_in::receiving::FORMS_MAX)).
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(300);

/// The free places.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Semaphore>);

impl Default for Guard {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(REQUESTS_MAX)))
    }
}

impl Guard {
    /// Works on a request when there is room, and gives up on it after [`REQUEST_TIME_MAX`].
    pub async fn within(&self, work: impl Future<Output = Response>) -> Response {
        let Ok(_place) = self.0.try_acquire() else {
            return Refused::busy().into_response();
        };
        match tokio::time::timeout(REQUEST_TIME_MAX, work).await {
            Ok(response) => response,
            Err(_elapsed) => Refused::too_slow().into_response(),
        }
    }
}

/// The same, as a layer of routes.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    guard.within(next.run(request)).await
}
