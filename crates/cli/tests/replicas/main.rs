//! Three real servers on one PostgreSQL, of which one is killed every few seconds while a release is rolled out and another one halted: the short form of
//! `cargo xtask replicas`.

use std::path::PathBuf;

use mainstay_replicas::{Campaign, run};

/// A person halts the bad release, as with every odd seed: an answer says from which instant on nothing may be offered. That devices halt one is tried without
/// several servers, too.
const SEED: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_share_the_work_whoever_is_killed() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_mainstay"));
    let found = run(&Campaign::short(program, SEED)).await;
    let found = found.unwrap_or_else(|error| panic!("{error:#}"));
    let told: Vec<String> = found.broken.iter().map(ToString::to_string).collect();
    let (told, blows) = (told.join("\n"), found.blows.join("\n"));
    let figures = found.figures.join("\n");
    println!("{blows}\n{figures}");
    // What broke comes first, for whoever sees a test run's end alone, and again behind the logs.
    assert!(
        found.broken.is_empty(),
        "{told}\n{}\n{blows}\n{figures}\n{told}",
        found.logs
    );
    // A campaign in which nothing happened shows nothing; that enough was killed, it says itself.
    let seen = &found.seen;
    let mut stops: Vec<&str> = seen.stops.iter().map(|stop| stop.kind.id()).collect();
    stops.sort_unstable();
    assert_eq!(stops, ["halt", "hold", "pause"], "{:?}", seen.stops);
    assert!(seen.offers.len() >= 290, "{figures}");
    assert!(seen.acknowledged.len() >= 1000, "{figures}");
}
