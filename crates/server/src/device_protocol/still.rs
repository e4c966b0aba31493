//! A download lasts as long as a new request for the same would be let in.
//!
//! Over a slow line a large payload takes hours. What is revoked or withdrawn meanwhile, or whose device's certificate is, isn't sent to its end: the answer
//! breaks off within seconds, at whatever server, and whoever asks anew hears why. Who may end what was only stopped ([`mainstay_rollout::payloads`])
//! goes on. Where more is under way than can be asked about, it takes longer, and [`UNASKED_MAX`] at most. Read [`while_let_in`].

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::TryStreamExt as _;
use futures_util::stream::try_unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::looks::{Became, Looks, UnderWay, anyway, put_off};
use crate::App;
use crate::problem::Refused;

/// After people or steps have decided something, whatever it was, it is asked again; so often at most, since a rollout's steps decide something for many.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// A store that doesn't answer ends no download: nothing is decided there meanwhile. It is asked again at the next look.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The piece in hand waits so long for the answer. A store that is well has given it by then; for one that isn't, the sending goes on beside the question.
const HELD_MAX: Duration = Duration::from_millis(250);

/// Nothing leaves later than this after the beginning of a question that was answered with "yes", the request's own at first. Until there is a newer answer
/// the download waits, and isn't broken off. Of what is revoked no more than this leaves, however much there is to do; and a database that another one
/// takes over for is mostly back by then.
const UNASKED_MAX: Duration = Duration::from_secs(30);

/// A look that wasn't answered keeps its place for this long: those who wait don't ask a store that refuses at once thousands of times a second.
const REST: Duration = Duration::from_millis(100);

/// What people and steps decide, from when a request came on. A handler takes it before whatever it asks the store: what is decided between its question and its
/// answer counts, too.
pub(crate) struct Since {
    /// Moves with whatever people or steps decide, here and at other servers.
    changed: watch::Receiver<u64>,
    came: Instant,
    looks: Arc<Looks>,
}

impl FromRequestParts<Arc<App>> for Since {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self {
            changed: app.quiet.changed(),
            came: Instant::now(),
            looks: app.room.looks.clone(),
        })
    }
}

/// The same answer; it breaks off once `ask` says that whoever gets it would be refused by now. What `ask` can't say changes nothing, unless it can't for
/// [`UNASKED_MAX`].
pub(crate) fn while_let_in<A, F>(since: Since, response: Response, ask: A) -> Response
where
    A: Fn() -> F + Send + 'static,
    F: Future<Output = Result<bool, Refused>> + Send + 'static,
{
    response.map(|body| Unsent::of(body, since, ask))
}

/// What is left of an answer.
struct Unsent<A> {
    pieces: BodyDataStream,
    ask: A,
    changed: watch::Receiver<u64>,
    under_way: UnderWay,
    /// When the last look began.
    looked: Instant,
    /// When the last one began that was answered with "yes".
    let_in: Instant,
    /// When the next one is due.
    due: Instant,
    asked: Option<Asked>,
}

/// A look whose answer wasn't heard yet: when it had its place, and what the store said, if anything. It comes to its end whether or not somebody reads the
/// download meanwhile: a place isn't kept by who reads nothing.
struct Asked(JoinHandle<(Instant, Option<bool>)>);

impl Drop for Asked {
    /// Nobody is there any more for whom it would be asked.
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<A, F> Unsent<A>
where
    A: Fn() -> F + Send + 'static,
    F: Future<Output = Result<bool, Refused>> + Send + 'static,
{
    fn of(body: Body, since: Since, ask: A) -> Body {
        let unsent = Self {
            pieces: body.into_data_stream(),
            ask,
            changed: since.changed,
            under_way: UnderWay::among(since.looks),
            looked: Instant::now(),
            let_in: since.came,
            due: Instant::now() + anyway(),
            asked: None,
        };
        Body::from_stream(try_unfold(unsent, Self::next))
    }

    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let piece = self.pieces.try_next().await.map_err(io::Error::other)?;
        let Some(piece) = piece else {
            return Ok(None);
        };
        if !self.may_leave().await {
            self.under_way.count(Became::BrokenOff);
            tracing::info!("a download is broken off: it may not be fetched any more");
            return Err(io::Error::other("it may not be fetched any more"));
        }
        Ok(Some((piece, self)))
    }

    /// Whether the piece in hand may.
    async fn may_leave(&mut self) -> bool {
        let is_let_in = if self.asked.is_some() {
            self.hear_within(Duration::ZERO).await
        } else {
            !self.is_due() || self.look().await
        };
        is_let_in && (!self.is_unasked() || self.wait().await)
    }

    /// Notes what was decided: the first of several decisions says when it is due.
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        // Who decides is gone when the server ends.
        if self.changed.has_changed().unwrap_or(false) {
            self.changed.mark_unchanged();
            let earliest = now.max(self.looked + LOOK_AFTER);
            self.due = self.due.min(earliest + self.under_way.after_decision());
        }
        now >= self.due
    }

    fn is_unasked(&self) -> bool {
        self.let_in.elapsed() >= UNASKED_MAX
    }

    /// Asks, if there is a place, and waits a moment for the answer.
    async fn look(&mut self) -> bool {
        let Some(place) = self.under_way.place() else {
            self.under_way.count(Became::PutOff);
            self.due = Instant::now() + put_off();
            return true;
        };
        self.begin(ready(place));
        self.hear_within(HELD_MAX).await
    }

    /// Asks in its turn, until it is answered.
    async fn wait(&mut self) -> bool {
        self.under_way.count(Became::Held);
        while self.is_unasked() {
            if self.asked.is_none() {
                self.begin(self.under_way.place_in_turn());
            }
            if !self.hear().await {
                return false;
            }
        }
        true
    }

    fn begin(&mut self, place: impl Future<Output = OwnedSemaphorePermit> + Send + 'static) {
        // What changes from here on is looked at the next time.
        self.changed.mark_unchanged();
        let ask = (self.ask)();
        self.asked = Some(Asked(tokio::spawn(async move {
            let (place, at) = (place.await, Instant::now());
            let said = timeout(ANSWER_MAX, ask).await;
            let said = said.ok().and_then(Result::ok);
            if said.is_none() {
                sleep(REST).await;
            }
            drop(place);
            (at, said)
        })));
    }

    /// The same as [`Unsent::hear`]; what hasn't come by then is heard later.
    async fn hear_within(&mut self, time: Duration) -> bool {
        let is_there = |asked: &Asked| asked.0.is_finished();
        if time.is_zero() && !self.asked.as_ref().is_some_and(is_there) {
            return true;
        }
        timeout(time, self.hear()).await.unwrap_or(true)
    }

    /// Whether it isn't refused, once the question that is under way has come to its end.
    async fn hear(&mut self) -> bool {
        let Some(asked) = &mut self.asked else {
            return true;
        };
        let said = (&mut asked.0).await;
        self.asked = None;
        let (at, said) = said.unwrap_or_else(|_| (Instant::now(), None));
        // From then on, and not from when it was begun: it may have stood in the row for long.
        self.looked = at;
        self.due = at + anyway();
        match said {
            Some(true) => {
                self.let_in = at;
                self.under_way.count(Became::LetIn);
                true
            }
            Some(false) => false,
            None => {
                self.under_way.count(Became::Unanswered);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests;
