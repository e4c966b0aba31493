//! Thousands who have no business here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_protocol::CHECK_IN_PATH;
use mainstay_server::{Entropy as _, SeededEntropy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::raw::{address, assert_well};
use crate::gadget::register;
use crate::house::{self, House, packed};

/// Wrong tokens in all.
const WRONG: usize = 10_000;
/// What they are drawn by: what draws the house's own tokens is drawn by smaller numbers.
const SEED: u64 = 1_000_000;
/// Connections that they come on.
const LINES: usize = 8;
/// Requests that are under way on one of them.
const AT_ONCE: usize = 25;

/// Sends its share of wrong tokens, some at a time, and counts those that were refused.
async fn guess(address: String, seed: u64, refused: Arc<AtomicUsize>) {
    let entropy = SeededEntropy::new(seed);
    let mut line = TcpStream::connect(address).await.unwrap();
    for _ in 0..WRONG / LINES / AT_ONCE {
        let mut asked = String::new();
        for _ in 0..AT_ONCE {
            let mut token = [0; 32];
            entropy.fill(&mut token);
            let token = hex::encode(token);
            asked += &format!(
                "POST {CHECK_IN_PATH} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
            );
        }
        line.write_all(asked.as_bytes()).await.unwrap();
        let (mut told, mut piece) = (String::new(), [0; 4096]);
        while told.matches("HTTP/1.1 ").count() < AT_ONCE || !told.ends_with('}') {
            let len = line.read(&mut piece).await.unwrap();
            assert!(len > 0, "cut off after {told}");
            told += std::str::from_utf8(&piece[..len]).unwrap();
        }
        assert_eq!(told.matches("HTTP/1.1 401").count(), AT_ONCE, "{told}");
        refused.fetch_add(AT_ONCE, Ordering::Relaxed);
    }
}

/// Polls go between them: each waits for some of those who were before it, and never for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_wrong_tokens_hold_no_poll_up() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    let refused = Arc::<AtomicUsize>::default();
    let lines = (0..LINES).map(|seed| {
        let address = address(&house).to_owned();
        tokio::spawn(guess(address, SEED + seed as u64, refused.clone()))
    });
    let lines: Vec<_> = lines.collect();
    let (mut polls, mut longest) = (0, 0);
    while lines.iter().any(|line| !line.is_finished()) {
        let before = refused.load(Ordering::Relaxed);
        gadget.check_in(&house, &[]).await;
        longest = longest.max(refused.load(Ordering::Relaxed) - before);
        polls += 1;
    }
    for line in lines {
        line.await.unwrap();
    }
    assert_eq!(refused.load(Ordering::Relaxed), WRONG);
    assert!(polls > 0 && longest < WRONG / 4, "{polls} polls, {longest}");
    assert_well(&house).await;
}
