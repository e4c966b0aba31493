//! What the agent takes of a device's memory: a device is bought for its application.
//!
//! Tried here as it is built for tests; `cargo xtask bench agent` measures the release build.

use crate::house::{House, PLAN};
use crate::kills::device::Kind;
use crate::kills::release::BYTES_MAX;
use crate::kills::update::Update;

/// What it may take while it waits, most of its life.
const AT_REST_BYTES: u64 = 12_000_000;
/// What it may ever take during an update of 64 MiB.
const PEAK_BYTES: u64 = 24_000_000;
/// For how long it is at rest before it is measured; it polls every second then.
const REST_S: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_64_mib_takes_little_memory() {
    let mut most = (0, 0);
    for (kind, name) in [(Kind::Directory, "directory"), (Kind::Files, "files")] {
        let (peak, rest) = measure(kind).await;
        say(&format!("_{name}"), peak, rest);
        most = (most.0.max(peak), most.1.max(rest));
    }
    let (peak, rest) = most;
    say("", peak, rest);
    assert!(peak < PEAK_BYTES, "{peak}");
    assert!(rest < AT_REST_BYTES, "{rest}");
}

/// The most memory in a whole update, and what it has after some polls at rest.
async fn measure(kind: Kind) -> (u64, u64) {
    let often = PLAN.replace("poll         = \"1h\"", "poll         = \"1s\"");
    assert_ne!(often, PLAN);
    let house = House::under(&often).await;
    let mut update = Update::begin(house, kind, false, BYTES_MAX).await;
    update.switch_on();
    update.finish();
    let mut first = None;
    update.device.bench.wait_until("some polls", |status| {
        let heard = status.last_contact.unwrap_or(0);
        heard >= *first.get_or_insert(heard) + REST_S
    });
    let agent = update.agent.as_ref().expect("it is switched on");
    (update.peak_bytes, agent.memory("VmRSS"))
}

fn say(kind: &str, peak: u64, rest: u64) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1024 * 1024);
    println!("figure agent_peak_64mib{kind}_mib {:.2} MiB", mib(peak));
    println!("figure agent_rss_at_rest{kind}_mib {:.2} MiB", mib(rest));
}
