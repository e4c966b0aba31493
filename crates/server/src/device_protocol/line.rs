//! The line on which a server sends payloads, shared by all downloads: what `limit.bytes_per_second` is kept by.
//!
//! Nothing but payloads goes over it, so a check-in never waits. Each server process has one, and goes by its share of what the plan lets all of
//! them send together ([`crate::jobs::share_line`]). Read [`Line`], then [`body`].

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::TryStreamExt as _;
use futures_util::stream::try_unfold;
use mainstay_store::Pieces;
use mainstay_store::line_shares::WHOLE_PPM;
use tokio::time::{Instant, sleep};

use super::budget::Budget;
use super::places::DevicePlace;

/// Who waits asks again at least this often: the plan may have given the line another rate meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How fast payloads leave, all of them together. Before there is a plan, as fast as they can.
#[derive(Debug)]
pub(crate) struct Line {
    began: Instant,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    budget: Budget,
    /// What the plan lets all servers send, in bytes per second; none before there is one.
    of_all: Option<u64>,
    /// This server's share of that.
    share_ppm: u32,
}

impl Kept {
    /// Bytes per second.
    fn rate(&self) -> Option<u64> {
        let share = u128::from(self.share_ppm);
        let part = |of_all: u64| u128::from(of_all) * share / u128::from(WHOLE_PPM);
        self.of_all
            .map(|of_all| u64::try_from(part(of_all)).unwrap_or(of_all).max(1))
    }

    fn follow(&mut self, now: Duration) {
        if let Some(rate) = self.rate() {
            self.budget.follow(rate, now);
        }
    }
}

impl Default for Line {
    /// All of the line: a server that shares it hears of that before it sends anything.
    fn default() -> Self {
        Self {
            began: Instant::now(),
            kept: Mutex::new(Kept {
                budget: Budget::default(),
                of_all: None,
                share_ppm: WHOLE_PPM,
            }),
        }
    }
}

impl Line {
    /// From now on so many bytes leave all servers in a second, also for those who wait already.
    pub fn follow(&self, bytes_per_second: u64) {
        let now = self.now();
        let mut kept = self.kept();
        kept.of_all = Some(bytes_per_second);
        kept.follow(now);
    }

    /// From now on this server has that share of it, in millionths. Of none at all a byte a second is left, so that nobody waits for ever by a rate that
    /// is over.
    pub fn share(&self, share_ppm: u32) {
        let now = self.now();
        let mut kept = self.kept();
        kept.share_ppm = share_ppm.min(WHOLE_PPM);
        kept.follow(now);
    }

    /// Bytes per second that leave this server; none before there is a plan.
    #[cfg(test)]
    pub fn rate(&self) -> Option<u64> {
        self.kept().rate()
    }

    /// Waits until `bytes` may leave, behind all who asked before. Who stops waiting holds nobody up.
    async fn turn(&self, bytes: usize) {
        let now = self.now();
        let ticket = self.kept().budget.ask(bytes, now);
        let mut place = Place {
            line: self,
            unused: bytes,
        };
        loop {
            // A statement of its own: nothing is locked while this sleeps.
            let now = self.now();
            let wait = self.kept().budget.wait(ticket, now);
            if wait.is_zero() {
                place.unused = 0;
                return;
            }
            sleep(wait.min(LOOK_AGAIN)).await;
        }
    }

    /// Since the server began, by a clock that nobody can set.
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whole numbers that only grow have no state that a panic could leave half made.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait. Who leaves it gives back what was kept for them.
struct Place<'l> {
    line: &'l Line,
    /// Bytes.
    unused: usize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.unused > 0 {
            let now = self.line.now();
            self.line.kept().budget.give_back(self.unused, now);
        }
    }
}

/// All that `source` has, as the body of an answer. It asks for its turn piece by piece, and only when the connection has room:
/// a client that stops reading takes nothing from the line. All that one device has under way has one turn at a time, by the place that each download of it
/// holds until its end.
pub(super) fn body(line: Arc<Line>, source: Pieces<'static>, place: Option<DevicePlace>) -> Body {
    let unsent = Unsent {
        line,
        chunks: source,
        chunk: Bytes::new(),
        place,
    };
    Body::from_stream(try_unfold(unsent, Unsent::next))
}

/// What is left of a payload.
struct Unsent {
    line: Arc<Line>,
    chunks: Pieces<'static>,
    chunk: Bytes,
    place: Option<DevicePlace>,
}

impl Unsent {
    /// The next piece once it may leave, and what is left then.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.chunk.is_empty() {
            match self.chunks.try_next().await? {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(None),
            }
        }
        let bytes = self.line.kept().budget.piece(self.chunk.len());
        let piece = self.chunk.split_to(bytes);
        turn(&self.line, self.place.as_ref(), piece.len()).await;
        Ok(Some((piece, self)))
    }
}

/// Waits for a download's turn among those of its device, and then for that on the line.
async fn turn(line: &Line, place: Option<&DevicePlace>, bytes: usize) {
    let _among_own = match place {
        Some(place) => Some(place.turn().await),
        None => None,
    };
    line.turn(bytes).await;
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use http_body_util::BodyExt as _;
    use mainstay_fleet::DeviceId;
    use mainstay_store::blobs::pieces;

    use super::super::places::DevicePlaces;
    use super::*;

    /// Bytes per second, and so the burst, too.
    const RATE: u64 = 64_000;
    const RATE_BYTES: usize = 64_000;

    /// What left when: the time since the beginning, whose it was, and how many bytes.
    type Sent = Arc<Mutex<Vec<(Duration, usize, usize)>>>;

    fn line() -> Arc<Line> {
        let line = Line::default();
        line.follow(RATE);
        Arc::new(line)
    }

    fn of(line: &Arc<Line>, bytes: usize) -> Body {
        body(line.clone(), pieces(vec![7; bytes].into()), None)
    }

    async fn piece(body: &mut Body) -> Option<usize> {
        let frame = body.frame().await?.unwrap();
        Some(frame.into_data().unwrap().len())
    }

    async fn read(line: &Line, mut body: Body, who: usize, sent: &Sent) {
        while let Some(bytes) = piece(&mut body).await {
            sent.lock().unwrap().push((line.now(), who, bytes));
        }
    }

    /// Reads two bodies at once to their ends, and says how long that took, and what left when.
    async fn both(
        line: &Arc<Line>,
        sizes: [usize; 2],
    ) -> (Duration, Vec<(Duration, usize, usize)>) {
        let sent = Sent::default();
        let [one, other] = sizes.map(|bytes| of(line, bytes));
        tokio::join!(read(line, one, 0, &sent), read(line, other, 1, &sent));
        let sent = sent.lock().unwrap().clone();
        let total: usize = sent.iter().map(|(_, _, bytes)| bytes).sum();
        assert_eq!(total, sizes.iter().sum::<usize>());
        (line.now(), sent)
    }

    fn assert_within_the_rate(sent: &[(Duration, usize, usize)]) {
        let mut total: u128 = 0;
        for (at, _, bytes) in sent {
            total += *bytes as u128;
            let most = u128::from(RATE) * (1000 + at.as_millis()) / 1000;
            assert!(total <= most, "{total} bytes after {at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_downloads_share_the_line_in_turns() {
        let line = line();
        let (took, sent) = both(&line, [320_000, 320_000]).await;
        assert_within_the_rate(&sent);
        // One second's worth at once, the other nine as they come, a millisecond being the timer's least.
        assert!((9000..9100).contains(&took.as_millis()), "{took:?}");
        // Who came first had the second's worth to itself. Then they take turns, until it has all.
        let waited = sent.iter().skip_while(|(at, _, _)| at.is_zero());
        let mut whose: Vec<_> = waited.map(|(_, who, _)| *who).collect();
        let first_done = whose.iter().rposition(|who| *who == whose[0]).unwrap();
        whose.truncate(first_done + 1);
        assert!(whose.len() > 400, "{}", whose.len());
        assert!(whose.windows(2).all(|pair| pair[0] != pair[1]), "{whose:?}");
    }

    /// Whoever opens many downloads gets by all of them what each of the others gets by one.
    #[tokio::test(start_paused = true)]
    async fn devices_take_turns_and_not_their_downloads() {
        let (line, places) = (line(), DevicePlaces::default());
        let own = |name: &str| {
            let place = places.take(&DeviceId::new(name).unwrap()).unwrap();
            let image = pieces(vec![7; RATE_BYTES].into());
            body(line.clone(), image, Some(place))
        };
        // What a silent line has saved up is gone first.
        let mut before = of(&line, RATE_BYTES);
        while piece(&mut before).await.is_some() {}
        assert!(line.now().is_zero());
        let sent = Sent::default();
        let many = (0..20).map(|_| read(&line, own("th-1"), 0, &sent));
        let one = async {
            read(&line, own("th-2"), 1, &sent).await;
            line.now()
        };
        let (_, ended) = tokio::join!(join_all(many), one);
        // Twenty-one seconds' worth in all, of which the one had each other piece until its end.
        assert!((1900..2100).contains(&ended.as_millis()), "{ended:?}");
        assert!(line.now() >= Duration::from_millis(20_900));
    }

    /// Who shares the line with others sends its part of the plan's rate, and hears of another part while somebody waits.
    #[tokio::test(start_paused = true)]
    async fn a_share_is_a_part_of_the_rate() {
        let line = line();
        assert_eq!(line.rate(), Some(RATE));
        for (share_ppm, rate) in [
            (500_000, RATE / 2),
            (333_333, 21_333),
            (0, 1),
            (WHOLE_PPM, RATE),
        ] {
            line.share(share_ppm);
            assert_eq!(line.rate(), Some(rate), "{share_ppm}");
        }
        line.share(250_000);
        line.follow(RATE * 2);
        assert_eq!(line.rate(), Some(RATE / 2));
        // Nothing is saved up by a change: 128 kB at 32 kB a second.
        let (took, _) = both(&line, [RATE_BYTES, RATE_BYTES]).await;
        let expected = Duration::from_millis(3990)..Duration::from_millis(4100);
        assert!(expected.contains(&took), "{took:?}");
        line.share(0);
        let mut waits = of(&line, 64_000);
        let waiting = tokio::time::timeout(Duration::from_secs(10), piece(&mut waits));
        waiting.await.unwrap_err();
        line.share(WHOLE_PPM);
        let goes_on = tokio::time::timeout(Duration::from_secs(2), piece(&mut waits));
        assert!(goes_on.await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_or_leaves_holds_nobody_up() {
        let line = line();
        let (mut stops, mut leaves) = (of(&line, 640_000), of(&line, 640_000));
        while line.now().is_zero() {
            piece(&mut stops).await.unwrap();
        }
        let waiting = tokio::time::timeout(Duration::from_millis(1), piece(&mut leaves));
        waiting.await.unwrap_err();
        drop(leaves);
        let before = line.now();
        let (until, sent) = both(&line, [64_000, 64_000]).await;
        assert_within_the_rate(&sent);
        let took = (until - before).as_millis();
        assert!((1900..2100).contains(&took), "{took} ms");
        assert!(piece(&mut stops).await.is_some());
    }

    /// Clients that ask and go, again and again, get nothing, and take nothing from those who stay.
    #[tokio::test(start_paused = true)]
    async fn a_thousand_clients_that_leave_hold_nobody_up() {
        let line = line();
        let mut stays = of(&line, 64_000);
        while line.now().is_zero() && piece(&mut stays).await.is_some() {}
        for _ in 0..1000 {
            let mut leaves = of(&line, 64_000);
            let waiting = tokio::time::timeout(Duration::ZERO, piece(&mut leaves));
            let _still_waiting = waiting.await;
        }
        let before = line.now();
        let mut last = of(&line, 64_000);
        while piece(&mut last).await.is_some() {}
        let took = (line.now() - before).as_millis();
        assert!(took < 2100, "{took} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn another_rate_is_felt_by_bodies_under_way() {
        let line = line();
        let changed = async {
            sleep(Duration::from_secs(2)).await;
            line.follow(10 * RATE);
        };
        let (_, (took, _)) = tokio::join!(changed, both(&line, [640_000, 640_000]));
        // Three seconds' worth at the first rate, the rest ten times as fast.
        let expected = 2000 + (1_280_000 - 3 * 64_000) / 640;
        assert!(took.as_millis().abs_diff(expected) < 50, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_raised_rate_reaches_who_waits_long_within_a_second() {
        let line = Arc::new(Line::default());
        line.follow(1);
        let mut slow = of(&line, 2048);
        let raised = async {
            sleep(Duration::from_secs(5)).await;
            line.follow(1_000_000);
        };
        let (_, first) = tokio::join!(raised, piece(&mut slow));
        assert_eq!(first, Some(1024));
        assert!(line.now() <= Duration::from_secs(6), "{:?}", line.now());
    }

    #[tokio::test(start_paused = true)]
    async fn within_the_line_nobody_waits_and_nothing_is_cut_up() {
        for rate in [None, Some(50_000_000)] {
            let line = Arc::new(Line::default());
            if let Some(rate) = rate {
                line.follow(rate);
            }
            let mut body = of(&line, 5_000_000);
            let mut pieces = 0;
            while piece(&mut body).await.is_some() {
                pieces += 1;
            }
            assert_eq!((pieces, line.now()), (77, Duration::ZERO), "{rate:?}");
        }
    }
}
