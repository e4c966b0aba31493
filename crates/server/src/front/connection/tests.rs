//! Connections over a pipe in memory, with what each side does at its own time.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::advance;

use super::*;
use crate::front::crowd::Crowd;
use crate::settings::TrustedProxies;

const SECOND: Duration = Duration::from_secs(1);
const ASKED: &[u8] = b"GET /short HTTP/1.1\r\nhost: h\r\n\r\n";
/// More than lies between the two ends.
const LONG: usize = 100_000;

fn bounds() -> Bounds {
    Bounds {
        connections: 10,
        of_one: 10,
        head_time: 10 * SECOND,
        rest_time: 100 * SECOND,
        stall_time: 50 * SECOND,
        body_wait: 5 * SECOND,
    }
}

fn routes() -> Router {
    Router::new()
        .route("/short", get(async || "well"))
        .route("/long", get(async || vec![7; LONG]))
        .route("/slow", get(slow))
        .route("/taken", post(async |body: Bytes| body.len().to_string()))
}

/// An answer that has a second piece after ten minutes.
async fn slow() -> Body {
    Body::from_stream(stream::unfold(0, |nth| async move {
        match nth {
            0 => {}
            1 => sleep(600 * SECOND).await,
            _ => return None,
        }
        Some((Ok::<_, Infallible>("piece"), nth + 1))
    }))
}

/// Knows one place by its head, and one thing that may be said at another.
struct Knows;

impl AtOnce for Knows {
    fn may_know(&self, head: &Parts) -> bool {
        head.uri.path() != "/short"
    }

    fn answer(&self, head: &Parts, body: &Bytes) -> Option<Response> {
        let is_known = head.uri.path() == "/known" || body == "idle";
        is_known.then(|| Response::new(Body::from("known")))
    }
}

/// A connection of its own, and its other end.
fn connect(crowd: &Arc<Crowd>) -> (DuplexStream, JoinHandle<()>) {
    let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
    let connection = Connection {
        routes: routes(),
        known: Arc::new(Knows),
        bounds: bounds(),
        peer,
        guest: crowd.admit(IpAddr::from([192, 0, 2, 1])).unwrap(),
        certificate: None,
    };
    let (theirs, ours) = duplex(1024);
    (theirs, tokio::spawn(connection.attend(ours)))
}

fn crowd() -> Arc<Crowd> {
    Arc::new(Crowd::new(bounds(), TrustedProxies::default()))
}

async fn answer(end: &mut DuplexStream) -> String {
    let mut bytes = vec![0; 1024];
    let len = end.read(&mut bytes).await.unwrap();
    assert!(len > 0, "it was closed");
    String::from_utf8(bytes[..len].to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_off_and_so_is_silence() {
    let crowd = crowd();
    let (_silent, first) = connect(&crowd);
    let (mut drips, second) = connect(&crowd);
    let mut written = 0;
    while drips.write_all(b"G").await.is_ok() {
        written += 1;
        sleep(SECOND).await;
        assert!(written < 30);
    }
    first.await.unwrap();
    second.await.unwrap();
    crowd.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_for_long_between_two_requests() {
    let crowd = crowd();
    let (mut end, task) = connect(&crowd);
    for _ in 0..3 {
        end.write_all(ASKED).await.unwrap();
        assert!(answer(&mut end).await.ends_with("\r\n\r\nwell"));
        sleep(90 * SECOND).await;
    }
    let rest = timeout(30 * SECOND, task).await;
    rest.expect("it rested too long").unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_is_given_up() {
    let crowd = crowd();
    let (mut end, task) = connect(&crowd);
    end.write_all(&[b"GET /long HTTP/1.1\r\n", &ASKED[21..]].concat())
        .await
        .unwrap();
    assert!(answer(&mut end).await.starts_with("HTTP/1.1 200"));
    let given_up = timeout(70 * SECOND, task).await;
    given_up.expect("nobody reads it").unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_slow_itself_is_not() {
    let crowd = crowd();
    let (mut end, task) = connect(&crowd);
    end.write_all(&[b"GET /slow HTTP/1.1\r\n", &ASKED[21..]].concat())
        .await
        .unwrap();
    let mut told = String::new();
    while !told.ends_with("0\r\n\r\n") {
        told += &answer(&mut end).await;
    }
    assert_eq!(told.matches("piece").count(), 2);
    assert!(!task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_refused_and_the_connection_ends() {
    let crowd = crowd();
    let (mut end, task) = connect(&crowd);
    let head = b"POST /taken HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n12";
    end.write_all(head).await.unwrap();
    assert!(answer(&mut end).await.starts_with("HTTP/1.1 400"));
    timeout(SECOND, task).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_is_asked_to_leave_ends_its_request_first() {
    let crowd = crowd();
    let (mut resting, rested) = connect(&crowd);
    resting.write_all(ASKED).await.unwrap();
    answer(&mut resting).await;
    let (mut busy, worked) = connect(&crowd);
    busy.write_all(&[b"GET /slow HTTP/1.1\r\n", &ASKED[21..]].concat())
        .await
        .unwrap();
    answer(&mut busy).await;
    let (mut begun, read) = connect(&crowd);
    begun.write_all(&ASKED[..9]).await.unwrap();
    tokio::task::yield_now().await;
    crowd.all_leave();
    rested.await.unwrap();
    begun.write_all(&ASKED[9..]).await.unwrap();
    let told = answer(&mut begun).await;
    assert!(told.ends_with("well") && told.contains("connection: close"));
    read.await.unwrap();
    assert!(!worked.is_finished());
    advance(600 * SECOND).await;
    let mut told = String::new();
    busy.read_to_string(&mut told).await.unwrap();
    assert!(told.contains("piece"));
    worked.await.unwrap();
    crowd.emptied().await;
}

fn posted(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /taken HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_said_without_a_route_and_all_else_by_one() {
    let crowd = crowd();
    let (mut end, _task) = connect(&crowd);
    for (asked, told) in [
        (&b"GET /known HTTP/1.1\r\nhost: h\r\n\r\n"[..], "known"),
        (&posted("idle"), "known"),
        (&posted("123456789"), "9"),
        (&posted(""), "0"),
        (ASKED, "well"),
    ] {
        end.write_all(asked).await.unwrap();
        let answer = answer(&mut end).await;
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body, told, "{answer}");
        let length = format!("content-length: {}", told.len());
        assert!(answer.contains(&length), "{answer}");
    }
}

/// Of a body that isn't there whole, nothing is lost for having been looked at.
#[tokio::test(start_paused = true)]
async fn a_body_in_pieces_reaches_its_route_whole() {
    let crowd = crowd();
    let asked = posted("idle and more");
    for cut in [asked.len() - 13, asked.len() - 9, asked.len() - 1] {
        let (mut end, _task) = connect(&crowd);
        end.write_all(&asked[..cut]).await.unwrap();
        sleep(SECOND).await;
        end.write_all(&asked[cut..]).await.unwrap();
        let answer = answer(&mut end).await;
        assert!(answer.ends_with("\r\n\r\n13"), "{cut}: {answer}");
    }
}

/// Chunks may have more behind them, which nobody has announced: they are never known to be whole.
#[tokio::test(start_paused = true)]
async fn a_body_in_chunks_is_read_by_its_route() {
    let crowd = crowd();
    let (mut end, _task) = connect(&crowd);
    let head = "POST /taken HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
    for (chunks, told) in [
        ("4\r\nidle\r\n0\r\n\r\n", "4"),
        ("4\r\nidle\r\n3\r\n...\r\n0\r\n\r\n", "7"),
    ] {
        let asked = [head, chunks].concat();
        end.write_all(asked.as_bytes()).await.unwrap();
        let answer = answer(&mut end).await;
        assert!(answer.ends_with(&format!("\r\n\r\n{told}")), "{answer}");
    }
}

/// What comes behind a body that is known belongs to the next request.
#[tokio::test(start_paused = true)]
async fn what_comes_at_once_is_answered_one_by_one() {
    let crowd = crowd();
    let (mut end, _task) = connect(&crowd);
    let asked = [&posted("idle")[..], ASKED, &posted("idle"), &posted("1234")].concat();
    end.write_all(&asked).await.unwrap();
    let mut told = String::new();
    while told.matches("HTTP/1.1 200").count() < 4 || !told.ends_with("\r\n\r\n4") {
        told += &answer(&mut end).await;
    }
    let mut rest = told.as_str();
    for body in ["known", "well", "known", "4"] {
        let (_, behind) = rest.split_once("\r\n\r\n").unwrap();
        assert!(behind.starts_with(body), "{told}");
        rest = behind;
    }
}
