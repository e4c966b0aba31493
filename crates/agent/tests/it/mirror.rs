//! A mirror that the server sends the agent to: one that does as it should, and others that are slow, gone, or lie. None of the latter does more than delay.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::bench::tree;
use crate::field::Field;
use crate::house::PLAN;

/// Some pieces, and the last one is short.
const IMAGE_BYTES: usize = 600_000;

/// What an exchange may take, in seconds; with the short one, a mirror has failed soon.
const LONG_S: u32 = 60;
const SHORT_S: u32 = 4;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Honest,
    /// Right in number, and other bytes.
    Lies,
    /// The right bytes, and each piece late.
    Dawdles,
    /// A byte now and then.
    Trickles,
    /// The first bytes, and an end.
    BreaksOff,
    /// It isn't there, it says.
    HasNothing,
    /// Sends on to somebody else.
    SendsOn,
}

/// A mirror; it lasts as long as the test's process.
struct Mirror {
    base: String,
    image: Arc<Mutex<Vec<u8>>>,
    /// Requests.
    asked: Arc<AtomicUsize>,
    /// Whether somebody showed what lets them in at the server.
    was_shown: Arc<AtomicBool>,
}

impl Mirror {
    fn open(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mirror = Self {
            base: format!("http://{}/fw", listener.local_addr().unwrap()),
            image: Arc::default(),
            asked: Arc::default(),
            was_shown: Arc::default(),
        };
        let (image, asked, was_shown) = (
            mirror.image.clone(),
            mirror.asked.clone(),
            mirror.was_shown.clone(),
        );
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (image, asked, was_shown) = (image.clone(), asked.clone(), was_shown.clone());
                thread::spawn(move || {
                    let image = image.lock().unwrap().clone();
                    serve(stream, conduct, &image, &asked, &was_shown);
                });
            }
        });
        mirror
    }

    fn plan(&self) -> String {
        let base = &self.base;
        format!(
            "{PLAN}\n[delivery]\n[[delivery.mirror]]\nname = \"here\"\nlinks = \"plain\"\nurl = \"{base}\"\n"
        )
    }
}

fn serve(
    mut stream: TcpStream,
    conduct: Conduct,
    image: &[u8],
    asked: &AtomicUsize,
    was_shown: &AtomicBool,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    asked.fetch_add(1, Ordering::SeqCst);
    was_shown.fetch_or(head.contains("authorization"), Ordering::SeqCst);
    let range = head
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes="));
    let (first, last) = range.unwrap().trim().split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let last = last.min(image.len() - 1);
    let length = last + 1 - first;
    let partial = format!(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {first}-{last}/{}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n",
        image.len()
    );
    let _ = match conduct {
        Conduct::Honest => stream
            .write_all(partial.as_bytes())
            .and_then(|()| stream.write_all(&image[first..=last])),
        Conduct::Dawdles => {
            // Longer than a quarter of what the exchange has, and within it.
            thread::sleep(Duration::from_millis(1500));
            stream
                .write_all(partial.as_bytes())
                .and_then(|()| stream.write_all(&image[first..=last]))
        }
        Conduct::Lies => stream
            .write_all(partial.as_bytes())
            .and_then(|()| stream.write_all(&vec![b'x'; length])),
        Conduct::BreaksOff => stream
            .write_all(partial.as_bytes())
            .and_then(|()| stream.write_all(&image[first..first + length / 2])),
        Conduct::HasNothing => stream.write_all(
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        Conduct::SendsOn => stream.write_all(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        Conduct::Trickles => stream.write_all(partial.as_bytes()).map(|()| {
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(200));
            }
        }),
    };
}

/// A device that is updated under a plan with this mirror.
async fn updated(mirror: &Mirror, exchange_s: u32) -> Field {
    let field = Field::begin_under(&mirror.plan(), "").await;
    field.bench.configure(
        "retry_s = 1",
        &format!("retry_s = 1\nexchange_s = {exchange_s}"),
    );
    let new = tree("1.1.0", IMAGE_BYTES);
    *mirror.image.lock().unwrap() = new.clone();
    field.offer_image(new).await;
    let agent = field.bench.run();
    field.bench.wait_for_update("1.1.0");
    drop(agent);
    assert!(
        !mirror.was_shown.load(Ordering::SeqCst),
        "it was shown the token"
    );
    assert_eq!(field.updated().await, 1, "the server believes it");
    field
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_comes_from_the_mirror_that_is_near() {
    let mirror = Mirror::open(Conduct::Honest);
    let field = updated(&mirror, LONG_S).await;
    let pieces = mirror.asked.load(Ordering::SeqCst);
    assert!(
        pieces > IMAGE_BYTES / 262_144,
        "{pieces}\n{}",
        field.bench.log()
    );
    assert!(
        !field.bench.log().contains("mirror"),
        "{}",
        field.bench.log()
    );
}

/// The mirror is asked once, and then left alone; the update is whole all the same, and no word of a failure reaches the rollout.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_fails_or_lies_only_delays() {
    for conduct in [
        Conduct::Lies,
        Conduct::BreaksOff,
        Conduct::HasNothing,
        Conduct::SendsOn,
        Conduct::Trickles,
    ] {
        let mirror = Mirror::open(conduct);
        let field = updated(&mirror, SHORT_S).await;
        let log = field.bench.log();
        assert_eq!(mirror.asked.load(Ordering::SeqCst), 1, "{conduct:?}\n{log}");
        assert!(log.contains("agent.mirror-failed"), "{conduct:?}\n{log}");
        assert!(
            !log.contains(&mirror.base),
            "the address is a secret: {log}"
        );
    }
}

/// Who brings every byte, and each piece just in time, could keep devices until their rollout's horizon has passed. One slow piece is taken, and the
/// next ones come from the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_dawdles_is_left_alone() {
    let mirror = Mirror::open(Conduct::Dawdles);
    let field = updated(&mirror, SHORT_S).await;
    let log = field.bench.log();
    assert_eq!(mirror.asked.load(Ordering::SeqCst), 1, "{log}");
    assert!(!log.contains("agent.mirror-failed"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_gone_only_delays() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/fw", listener.local_addr().unwrap());
    drop(listener);
    let mirror = Mirror {
        base,
        image: Arc::default(),
        asked: Arc::default(),
        was_shown: Arc::default(),
    };
    let field = updated(&mirror, SHORT_S).await;
    assert!(
        field.bench.log().contains("can't be reached"),
        "{}",
        field.bench.log()
    );
}
