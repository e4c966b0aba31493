//! Downloads that are asked about, by a clock that stands.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::to_bytes;
use futures_util::future::join_all;
use futures_util::stream;

use super::super::looks::LOOKS_MAX;
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
    answer_among(Arc::default(), pieces, changed, says)
}

/// The same, beside others.
fn answer_among<F>(
    looks: Arc<Looks>,
    pieces: usize,
    changed: watch::Receiver<u64>,
    says: impl Fn(usize) -> F + Send + 'static,
) -> (Body, Arc<AtomicUsize>)
where
    F: Future<Output = Result<bool, Refused>> + Send + 'static,
{
    let came = Instant::now();
    let since = Since {
        changed,
        came,
        looks,
    };
    let source = stream::unfold(0, move |sent| async move {
        sleep(EACH).await;
        (sent < pieces).then(|| (Ok::<_, io::Error>(Bytes::from_static(b"x")), sent + 1))
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let ask = move || says(count.fetch_add(1, Ordering::SeqCst));
    let body = Unsent::of(Body::from_stream(source), since, ask);
    (body, asked)
}

/// How many bytes came; none if it broke off.
async fn read(body: Body) -> Option<usize> {
    to_bytes(body, 1 << 20).await.ok().map(|bytes| bytes.len())
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_while_nothing_is_decided_but_now_and_then() {
    let (_decides, changed) = watch::channel(0);
    let (body, asked) = answer(235, changed, |_| async { Ok(true) });
    assert_eq!(read(body).await, Some(235));
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

/// Until then it is sent on beside the question.
#[tokio::test(start_paused = true)]
async fn a_slow_answer_holds_a_piece_for_a_moment_and_counts_when_it_comes() {
    let (decides, changed) = watch::channel(0);
    decides.send_replace(1);
    let (body, asked) = answer(90, changed, |_| async {
        sleep(Duration::from_secs(3)).await;
        Ok(false)
    });
    let (began, mut sent, mut pieces) = (Instant::now(), 0, body.into_data_stream());
    while pieces.try_next().await.is_ok_and(|piece| piece.is_some()) {
        sent += 1;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Ten before the look, and those of nearly three seconds beside it.
    assert!((33..=39).contains(&sent), "{sent}");
    let took = began.elapsed().as_millis();
    assert!((3_900..=4_400).contains(&took), "{took}");
}

/// Takes all places for a while.
async fn crowd(looks: &Arc<Looks>, time: Duration) {
    let one = UnderWay::among(looks.clone());
    let places: Vec<_> = (0..LOOKS_MAX).map(|_| one.place().unwrap()).collect();
    sleep(time).await;
    drop(places);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_goes_on_and_is_looked_at_soon_after_there_is_one() {
    let (_decides, changed) = watch::channel(0);
    let looks = Arc::<Looks>::default();
    let (body, asked) = answer_among(looks.clone(), 255, changed, |_| async { Ok(false) });
    let began = Instant::now();
    let others = crowd(&looks, Duration::from_secs(15));
    let (read, ()) = tokio::join!(read(body), others);
    assert_eq!((read, asked.load(Ordering::SeqCst)), (None, 1));
    let took = began.elapsed().as_millis();
    assert!((15_000..15_600).contains(&took), "{took}");
    let figures = looks.figures();
    let put_off = figures.looks.iter().find(|look| look.became == "put-off");
    assert!(put_off.is_some_and(|look| look.times > 10), "{figures:?}");
}

/// For half a minute; then it waits for its turn, and isn't broken off for that.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_unasked_for_ever() {
    for (is_let_in, expected) in [(true, Some(400)), (false, None)] {
        let (_decides, changed) = watch::channel(0);
        let looks = Arc::<Looks>::default();
        let says = move |_| async move { Ok(is_let_in) };
        let (body, asked) = answer_among(looks.clone(), 400, changed, says);
        let began = Instant::now();
        let others = crowd(&looks, Duration::from_secs(50));
        let (read, ()) = tokio::join!(read(body), others);
        assert_eq!(read, expected);
        // Thirty seconds, the wait up to the fiftieth, and what was left: ten, in which it is asked about once more at most.
        let took = began.elapsed().as_secs();
        assert!(
            (if is_let_in { 60..62 } else { 50..51 }).contains(&took),
            "{took}"
        );
        let asked = asked.load(Ordering::SeqCst);
        assert!((1..=2).contains(&asked), "{asked}");
        assert_eq!(looks.figures().looks[4].times, 1, "held");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_silent_for_long_holds_a_download_and_ends_none() {
    let (_decides, changed) = watch::channel(0);
    let began = Instant::now();
    let (body, _) = answer(400, changed, move |_| async move {
        if began.elapsed() < Duration::from_secs(60) {
            std::future::pending::<()>().await;
        }
        Ok(true)
    });
    assert_eq!(read(body).await, Some(400));
    // What is asked in the sixtieth second is given up five later; some eleven seconds' worth was left.
    let took = began.elapsed().as_secs();
    assert!((69..=78).contains(&took), "{took}");
}

/// However many there are: few ask at once, and what isn't let in any more has ended when the last one's turn is over.
#[tokio::test(start_paused = true)]
async fn many_ask_few_at_once_and_all_are_broken_off() {
    let (decides, changed) = watch::channel(0);
    let looks = Arc::<Looks>::default();
    let at_once = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let downloads = (0..300).map(|_| {
        let at_once = at_once.clone();
        let says = move |_| {
            let at_once = at_once.clone();
            async move {
                let before = at_once.fetch_add(1, Ordering::SeqCst);
                assert!(before < LOOKS_MAX, "{before}");
                sleep(Duration::from_millis(20)).await;
                at_once.fetch_sub(1, Ordering::SeqCst);
                Ok(false)
            }
        };
        read(answer_among(looks.clone(), 1000, changed.clone(), says).0)
    });
    decides.send_replace(1);
    let ended = join_all(downloads).await;
    assert!(ended.iter().all(Option::is_none));
    let took = began.elapsed().as_secs();
    assert!(took < 34, "{took}");
    let figures = looks.figures();
    assert_eq!((figures.under_way, figures.looks[1].times), (0, 300));
    assert_eq!(figures.looks[2].times, 0, "unanswered");
    // Twenty are due with each tenth of a second.
    assert!(figures.looks[3].times > 0, "put off");
}
