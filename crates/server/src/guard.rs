//! What every request but those of `readiness.rs` passes first: a place among those that are at work, and a time limit.
//!
//! Never queue without bound: a server that is full says so at once, to whoever matters least first ([`crate::flow`]), and devices poll again
//! later by themselves. Nor wait for a store that has been silent for long ([`crate::jobs::hear_store`]): whoever would is told to come back, and
//! what they had begun is left. Read [`Guard`] first, then [`Patience`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use mainstay_access::Origin;
use mainstay_store::StoreError;
use mainstay_store::reads::of_people;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::aside::Aside;
use crate::flow::{Flow, Rank};
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::sign_in::Whence;
use crate::{App, authenticate};

/// Longest time that a request may take up to the first byte of its answer: the slowest honest ones read the whole fleet. Uploads are given more, by
/// their size, once it is known who sends them. Whoever bears no token is answered before the body is read, and so can't hold a place for
/// long; but for forms, of which few are received at a time ([`FORMS_MAX`](crate::sign_in::receiving::FORMS_MAX)).
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(300);

/// The slowest line that an upload may come over, 2 Mbit/s: the largest payload takes two and a half hours.
const UPLOAD_BYTES_PER_SECOND_MIN: u64 = 250_000;

/// How long requests may take. A server goes by the default; tests don't wait for minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Any request, up to the first byte of its answer.
    pub request: Duration,
    /// The slowest line for an upload.
    pub bytes_per_second: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            request: REQUEST_TIME_MAX,
            bytes_per_second: UPLOAD_BYTES_PER_SECOND_MIN,
        }
    }
}

impl Times {
    /// An upload of so many bytes: what they take over the slowest line, and what any request takes besides.
    pub(crate) fn upload(&self, bytes: u64) -> Duration {
        let ms = bytes.saturating_mul(1000) / self.bytes_per_second.max(1);
        self.request.saturating_add(Duration::from_millis(ms))
    }
}

/// Lets requests in, and ends them.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    flow: Arc<Flow>,
    times: Times,
    store_is_silent: watch::Sender<bool>,
    people: Arc<Aside>,
}

/// Until when one request is worked on. Whoever works on it may ask for more time, once they know for whom and what for; and say that they need no
/// store for a while.
#[derive(Debug, Clone)]
pub struct Patience {
    until: Arc<Mutex<Instant>>,
    receives: watch::Sender<bool>,
}

/// While this is held, what is under way needs no store: it receives bytes, and a silent store is waited for only behind them.
#[derive(Debug)]
pub(crate) struct Receiving<'p>(&'p Patience);

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.0.receives.send_replace(false);
    }
}

impl Patience {
    /// What is had from now on until `until`.
    fn new(until: Instant) -> Self {
        Self {
            until: Arc::new(Mutex::new(until)),
            receives: watch::Sender::new(false),
        }
    }

    /// From now on the request receives bytes, until what is returned is dropped. Hours of an honest sender aren't thrown away because of seconds in
    /// which a database says nothing.
    pub(crate) fn receiving(&self) -> Receiving<'_> {
        self.receives.send_replace(true);
        Receiving(self)
    }

    /// So much time from now on, if it had less.
    pub fn extend(&self, time: Duration) {
        let mut until = self.lock();
        *until = (*until).max(Instant::now() + time);
    }

    fn until(&self) -> Instant {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        // One instant has no state that a panic could leave half made.
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    /// One that counts what is at work there.
    pub fn new(flow: Arc<Flow>, times: Times) -> Self {
        Self {
            flow,
            times,
            store_is_silent: watch::Sender::new(false),
            people: Arc::default(),
        }
    }

    /// Where what people ask is worked on, brakes among it.
    pub(crate) fn people(&self) -> &Aside {
        &self.people
    }

    /// From now on the store is silent, and nobody waits for it; or it answers again.
    pub(crate) fn store_is_silent(&self, is_silent: bool) {
        self.store_is_silent.send_replace(is_silent);
    }

    /// Works on something for as long as the store isn't silent; none if it is. What doesn't need the store is done all the same if it is done at
    /// once. For what outlives its request's place, too: whoever waited on for a database that has vanished would keep its connections.
    pub(crate) async fn while_heard<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut silence = self.store_is_silent.subscribe();
        tokio::select! {
            biased;
            done = work => Some(done),
            _ = silence.wait_for(|is_silent| *is_silent) => None,
        }
    }

    /// The same of a request that has this patience: while it receives bytes it needs no store.
    async fn unless_silent(
        &self,
        patience: &Patience,
        work: impl Future<Output = Response>,
    ) -> Response {
        tokio::select! {
            biased;
            response = work => response,
            () = self.silence(patience) => silent().into_response(),
        }
    }

    /// Ends once the store is silent and a request with this patience receives nothing. (Neither channel closes before: both are borrowed.)
    async fn silence(&self, patience: &Patience) {
        let mut silence = self.store_is_silent.subscribe();
        let mut receives = patience.receives.subscribe();
        loop {
            let _ = silence.wait_for(|is_silent| *is_silent).await;
            let _ = receives.wait_for(|receives| !*receives).await;
            // It may have answered again while bytes came.
            if *silence.borrow() {
                return;
            }
        }
    }

    /// Works on a question of a device when there is room, and gives up on it after [`Times::request`].
    pub async fn within(&self, work: impl Future<Output = Response>) -> Response {
        let Some(_place) = self.flow.enter(Rank::CheckIn) else {
            return self.sent_away();
        };
        match timeout(self.times.request, self.while_heard(work)).await {
            Ok(Some(response)) => response,
            Ok(None) => silent().into_response(),
            Err(_elapsed) => Refused::too_slow().into_response(),
        }
    }

    fn sent_away(&self) -> Response {
        Refused::busy_for(self.flow.retry_after_s()).into_response()
    }

    /// What is had with a request that begins now.
    fn patience(&self) -> Patience {
        Patience::new(Instant::now() + self.times.request)
    }

    async fn as_long_as(
        &self,
        patience: &Patience,
        rank: Rank,
        work: impl Future<Output = Response>,
    ) -> Response {
        let Some(_place) = self.flow.enter(rank) else {
            return self.sent_away();
        };
        let mut work = std::pin::pin!(self.unless_silent(patience, work));
        loop {
            let until = patience.until();
            match timeout_at(until, &mut work).await {
                Ok(response) => return response,
                // More was asked for meanwhile.
                Err(_elapsed) if patience.until() > until => {}
                Err(_elapsed) => return Refused::too_slow().into_response(),
            }
        }
    }
}

/// What is told of a store that says nothing. It is logged once, by who listens.
pub(crate) fn silent() -> Refused {
    let error = StoreError::Unreachable("it says nothing".into());
    Refused::unavailable(error.id(), error.cure())
}

/// The same, as a layer of routes.
pub(crate) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let patience = guard.patience();
    request.extensions_mut().insert(patience.clone());
    let rank = Rank::of(request.method(), request.uri().path());
    let work = next.run(request);
    let work = async {
        match rank {
            Rank::First | Rank::Person => guard.people.done(of_people(work)).await,
            Rank::CheckIn | Rank::Report | Rank::Download => Some(work.await),
        }
        .unwrap_or_else(|| silent().into_response())
    };
    guard.as_long_as(&patience, rank, work).await
}

/// A layer for what people and their programs ask: from an address that showed too many wrong tokens only known ones are looked up. Whoever stops
/// something is heard all the same, in turn. (Devices are looked at where they log in.)
pub(crate) async fn known_here(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let Some((from, token)) = shown(&app, &request) else {
        return next.run(request).await;
    };
    let is_brake = Rank::of(request.method(), request.uri().path()) == Rank::First;
    let _turn = match is_brake {
        true => app.limiter.brakes_turn(from, &token).await,
        false => match app.limiter.expect_few_wrong(from, &token) {
            Ok(()) => None,
            Err(refused) => return refused.into_response(),
        },
    };
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        app.limiter.was_wrong(from);
    }
    response
}

/// What a request shows that is to be looked up, and where it comes from.
fn shown(app: &App, request: &Request) -> Option<(Option<Origin>, TokenHash)> {
    let headers: &HeaderMap = request.headers();
    let token = authenticate::shown(headers)?;
    let whence = Whence::of_extensions(request.extensions());
    Some((whence.suspects(app, headers), token))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::http::header::RETRY_AFTER;
    use tokio::time::sleep;

    use super::*;

    const GIB: u64 = 1 << 30;

    async fn took(work: impl AsyncFnOnce(&Patience)) -> (StatusCode, u64) {
        let guard = Guard::new(Arc::default(), Times::default());
        let (patience, began) = (guard.patience(), Instant::now());
        let response = guard.as_long_as(&patience, Rank::Person, async {
            work(&patience).await;
            StatusCode::OK.into_response()
        });
        (response.await.status(), began.elapsed().as_secs())
    }

    /// What any upload may take follows from its size, whatever the largest is.
    #[test]
    fn an_upload_has_as_much_time_as_a_line_of_2_mbit_s_takes() {
        let times = Times::default();
        for (bytes, seconds) in [
            (1, 300),
            (64 << 20, 300 + 268),
            (GIB, 300 + 4294),
            (2 * GIB, 300 + 8589),
        ] {
            assert_eq!(times.upload(bytes).as_secs(), seconds, "{bytes}");
        }
        assert!(times.upload(u64::MAX) > Duration::from_secs(1 << 36));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_given_up_and_one_that_asked_for_time_isnt() {
        let slow = took(async |_| sleep(Duration::from_secs(3600)).await).await;
        assert_eq!(slow, (StatusCode::REQUEST_TIMEOUT, 300));
        let upload = async |patience: &Patience| {
            patience.extend(Times::default().upload(2 * GIB));
            sleep(Duration::from_secs(8000)).await;
        };
        assert_eq!(took(upload).await, (StatusCode::OK, 8000));
        let late = async |patience: &Patience| {
            patience.extend(Duration::from_secs(3000));
            patience.extend(Duration::from_secs(1));
            sleep(Duration::from_secs(8000)).await;
        };
        assert_eq!(took(late).await, (StatusCode::REQUEST_TIMEOUT, 3000));
    }

    /// What is told of a silent store: later, and when.
    fn is_later(response: &Response) -> bool {
        let says_when = response.headers().contains_key(RETRY_AFTER);
        response.status() == StatusCode::SERVICE_UNAVAILABLE && says_when
    }

    /// Whoever waits when that is found, and whoever asks later, whatever patience they have; and both go on when it answers again.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_store_that_is_silent() {
        let guard = Guard::new(Arc::default(), Times::default());
        let began = Instant::now();
        let patience = guard.patience();
        let (device, person, ()) = tokio::join!(
            guard.within(pending()),
            guard.as_long_as(&patience, Rank::Person, pending()),
            async {
                sleep(Duration::from_secs(7)).await;
                guard.store_is_silent(true);
            }
        );
        assert!(is_later(&device) && is_later(&person));
        assert!(is_later(&guard.within(pending()).await));
        assert_eq!(began.elapsed().as_secs(), 7);
        let at_once = async || StatusCode::OK.into_response();
        assert_eq!(guard.within(at_once()).await.status(), StatusCode::OK);
        guard.store_is_silent(false);
        let slow = async {
            sleep(Duration::from_secs(20)).await;
            at_once().await
        };
        assert_eq!(guard.within(slow).await.status(), StatusCode::OK);
    }

    /// Bytes of an upload need no store: it is waited for behind them, and only if it is silent then.
    #[tokio::test(start_paused = true)]
    async fn who_sends_an_upload_does_not_hear_of_a_silence_meanwhile() {
        for (ends_s, expected, took_s) in [
            (Some(15), StatusCode::OK, 21),
            (None, StatusCode::SERVICE_UNAVAILABLE, 20),
        ] {
            let guard = Guard::new(Arc::default(), Times::default());
            let (patience, began) = (guard.patience(), Instant::now());
            let upload = async {
                let receiving = patience.receiving();
                sleep(Duration::from_secs(20)).await;
                drop(receiving);
                // It is noted.
                sleep(Duration::from_secs(1)).await;
                StatusCode::OK.into_response()
            };
            let store = async {
                sleep(Duration::from_secs(5)).await;
                guard.store_is_silent(true);
                if let Some(ends_s) = ends_s {
                    sleep(Duration::from_secs(ends_s - 5)).await;
                    guard.store_is_silent(false);
                }
            };
            let sent = guard.as_long_as(&patience, Rank::Person, upload);
            let (response, ()) = tokio::join!(sent, store);
            assert_eq!(
                (response.status(), began.elapsed().as_secs()),
                (expected, took_s)
            );
        }
    }
}
