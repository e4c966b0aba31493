//! A download lasts as long as a new request for the same would be let in.
//!
//! Over a slow line a large payload takes hours. What is revoked or withdrawn meanwhile, or whose device's certificate is, isn't sent to its end: the answer
//! breaks off within seconds, at whatever server, and whoever asks anew hears why. Who may end what was only stopped ([`mainstay_rollout::payloads`])
//! goes on. Read [`while_let_in`].

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::TryStreamExt as _;
use futures_util::stream::try_unfold;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::App;
use crate::problem::Refused;

/// After people or steps have decided something, whatever it was, it is asked again; so often at most, since a rollout's steps decide something for many.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// It is asked again this often in any case: that a certificate is revoked or over ends nothing else, so nobody is told of it.
const LOOK_ANYWAY: Duration = Duration::from_secs(10);

/// A store that doesn't answer stops no download: nothing is decided there meanwhile. It is asked again at the next look.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What people and steps decide, from when a request came on. A handler takes it before whatever it asks the store: what is decided between its question and its
/// answer counts, too.
pub(crate) struct Since(watch::Receiver<u64>);

impl FromRequestParts<Arc<App>> for Since {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self(app.quiet.changed()))
    }
}

/// The same answer; it breaks off once `ask` says that whoever gets it would be refused by now. What `ask` can't say changes nothing.
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
    /// Moves with whatever people or steps decide, here and at other servers.
    changed: watch::Receiver<u64>,
    looked: Instant,
}

impl<A, F> Unsent<A>
where
    A: Fn() -> F + Send + 'static,
    F: Future<Output = Result<bool, Refused>> + Send + 'static,
{
    fn of(body: Body, Since(changed): Since, ask: A) -> Body {
        let unsent = Self {
            pieces: body.into_data_stream(),
            ask,
            changed,
            looked: Instant::now(),
        };
        Body::from_stream(try_unfold(unsent, Self::next))
    }

    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let piece = self.pieces.try_next().await.map_err(io::Error::other)?;
        let Some(piece) = piece else {
            return Ok(None);
        };
        if self.is_due() && !self.is_let_in().await {
            tracing::info!("a download is broken off: it may not be fetched any more");
            return Err(io::Error::other("it may not be fetched any more"));
        }
        Ok(Some((piece, self)))
    }

    fn is_due(&self) -> bool {
        let since = self.looked.elapsed();
        // Who decides is gone when the server ends.
        let has_changed = || self.changed.has_changed().unwrap_or(false);
        since >= LOOK_ANYWAY || (since >= LOOK_AFTER && has_changed())
    }

    async fn is_let_in(&mut self) -> bool {
        // What changes from here on is looked at the next time.
        self.changed.mark_unchanged();
        let asked = timeout(ANSWER_MAX, (self.ask)()).await;
        self.looked = Instant::now();
        match asked {
            Ok(Ok(is_let_in)) => is_let_in,
            Ok(Err(_)) | Err(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::to_bytes;
    use futures_util::stream;
    use tokio::time::sleep;

    use super::*;

    const EACH: Duration = Duration::from_millis(100);

    /// An answer of so many pieces, one each tenth of a second, and how often it was asked about.
    fn answer<F>(
        pieces: usize,
        changed: watch::Receiver<u64>,
        says: impl Fn(usize) -> F + Send + 'static,
    ) -> (Body, Arc<AtomicUsize>)
    where
        F: Future<Output = Result<bool, Refused>> + Send + 'static,
    {
        let source = stream::unfold(0, move |sent| async move {
            sleep(EACH).await;
            (sent < pieces).then(|| (Ok::<_, io::Error>(Bytes::from_static(b"x")), sent + 1))
        });
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let ask = move || says(count.fetch_add(1, Ordering::SeqCst));
        let body = Unsent::of(Body::from_stream(source), Since(changed), ask);
        (body, asked)
    }

    /// How many bytes came; none if it broke off.
    async fn read(body: Body) -> Option<usize> {
        to_bytes(body, 1 << 20).await.ok().map(|bytes| bytes.len())
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_while_nothing_is_decided_but_now_and_then() {
        let (_decides, changed) = watch::channel(0);
        let (body, asked) = answer(255, changed, |_| async { Ok(true) });
        assert_eq!(read(body).await, Some(255));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_decided_ends_it_within_a_second_or_not_at_all() {
        for (is_let_in, expected) in [(true, Some(90)), (false, None)] {
            let (decides, changed) = watch::channel(0);
            let (body, asked) = answer(90, changed, move |_| async move { Ok(is_let_in) });
            let began = Instant::now();
            let decided = async {
                sleep(Duration::from_secs(3)).await;
                decides.send_replace(1);
            };
            let (read, ()) = tokio::join!(read(body), decided);
            assert_eq!((read, asked.load(Ordering::SeqCst)), (expected, 1));
            let took = began.elapsed();
            assert_eq!(took < Duration::from_secs(5), !is_let_in, "{took:?}");
        }
    }

    /// As while the handler still asks whether to answer.
    #[tokio::test(start_paused = true)]
    async fn what_was_decided_before_the_first_byte_is_asked_about_after_a_second() {
        let (decides, changed) = watch::channel(0);
        decides.send_replace(1);
        let (body, asked) = answer(90, changed, |_| async { Ok(false) });
        let began = Instant::now();
        assert_eq!(read(body).await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn many_decisions_are_asked_about_once_a_second() {
        let (decides, changed) = watch::channel(0);
        let (body, asked) = answer(50, changed, |_| async { Ok(true) });
        let deciding = async {
            for n in 0..50 {
                sleep(EACH).await;
                decides.send_replace(n);
            }
        };
        let (read, ()) = tokio::join!(read(body), deciding);
        assert_eq!(read, Some(50));
        let asked = asked.load(Ordering::SeqCst);
        assert!((3..=6).contains(&asked), "{asked}");
    }

    /// It is asked again at the next look, and what is said then counts.
    #[tokio::test(start_paused = true)]
    async fn a_store_that_fails_or_is_silent_cuts_nothing() {
        let (_decides, changed) = watch::channel(0);
        let (body, asked) = answer(600, changed, |nth| async move {
            match nth {
                0 => Err(Refused::busy()),
                1 => std::future::pending().await,
                _ => Ok(false),
            }
        });
        assert_eq!(read(body).await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }
}
