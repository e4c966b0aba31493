//! The database says nothing for a while, and its connections stay. Read [`be_without_a_word`].

use std::net::SocketAddr;
use std::time::Duration;

use mainstay_replicas::frozen::{freeze, thaw};
use mainstay_simulator::{Crowd, real_time};
use tokio::time::Instant;

use crate::{House, ask, ask_as};

/// A silent store is found out in ten seconds; the rest is for a slow machine.
const TOLD_WITHIN: Duration = Duration::from_secs(25);

/// Whoever waits for the database is told to come back, and whoever asks later at once; and all goes on by itself.
pub async fn be_without_a_word(house: &House, address: SocketAddr, crowd: &mut Crowd) {
    let server = house.database.server();
    freeze(server).expect("it runs");
    let asked = tokio::task::spawn_blocking(move || {
        // Whose token this is only the database could say.
        let somebody = format!("Authorization: Bearer {}\r\n", "0".repeat(64));
        let ask = || {
            let began = Instant::now();
            let answer = ask_as(address, "/api/v1/rollouts", &somebody);
            (answer.unwrap_or_default(), began.elapsed())
        };
        [ask(), ask()]
    });
    while !asked.is_finished() {
        real_time::live(crowd, Duration::from_millis(200), |_| false).await;
    }
    let told = asked.await.expect("no panic");
    thaw(server).expect("it is still there");
    let [(_, first), (_, later)] = &told;
    assert!(*first < TOLD_WITHIN, "{first:?}");
    assert!(*later < Duration::from_secs(2), "{later:?}");
    for (answer, _) in &told {
        let answer = answer.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 503"), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
        assert!(answer.contains("store.unreachable"), "{answer}");
    }
    let ready = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(300));
        ask(address, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    });
    assert!(ready, "it doesn't come back: {}", house.log());
}
