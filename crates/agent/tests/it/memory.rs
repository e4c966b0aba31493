//! What the agent takes of a device's memory: a device is bought for its application.
//!
//! `cargo xtask bench agent` holds the release build to what a device may be asked for. The build for tests is held
//! to what it asks for itself, for its code alone takes some 10 MB, more or less as the kernel happens to map it.

use crate::bench;
use crate::house::{House, PLAN};
use crate::kills::device::Kind;
use crate::kills::release::BYTES_MAX;
use crate::kills::update::Update;

/// What it may take while it waits, most of its life.
const AT_REST_BYTES: u64 = 12_000_000;
/// What it may ever take during an update of 64 MiB.
const PEAK_BYTES: u64 = 24_000_000;
/// What of it may be its own, heap and stacks, in any build: some 1.4 MB are. An image that isn't streamed is more.
const OWN_BYTES: u64 = 4_000_000;
/// For how long it is at rest before it is measured; it polls every second then.
const REST_S: u64 = 5;

/// What was seen of one update and the rest after it.
#[derive(Clone, Copy, Default)]
struct Memory {
    peak_bytes: u64,
    own_bytes: u64,
    rest_bytes: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_64_mib_takes_little_memory() {
    let mut most = Memory::default();
    for (kind, name) in [(Kind::Directory, "directory"), (Kind::Files, "files")] {
        let memory = measure(kind).await;
        say(&format!("_{name}"), memory);
        most = Memory {
            peak_bytes: most.peak_bytes.max(memory.peak_bytes),
            own_bytes: most.own_bytes.max(memory.own_bytes),
            rest_bytes: most.rest_bytes.max(memory.rest_bytes),
        };
    }
    say("", most);
    assert!(most.own_bytes < OWN_BYTES, "{}", most.own_bytes);
    if bench::is_release() {
        assert!(most.peak_bytes < PEAK_BYTES, "{}", most.peak_bytes);
        assert!(most.rest_bytes < AT_REST_BYTES, "{}", most.rest_bytes);
    }
}

/// The most memory in a whole update, and what it has after some polls at rest.
async fn measure(kind: Kind) -> Memory {
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
    Memory {
        peak_bytes: update.peak_bytes,
        own_bytes: update.peak_own_bytes,
        rest_bytes: agent.memory("VmRSS"),
    }
}

fn say(kind: &str, memory: Memory) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1024 * 1024);
    let Memory {
        peak_bytes,
        own_bytes,
        rest_bytes,
    } = memory;
    println!(
        "figure agent_peak_64mib{kind}_mib {:.2} MiB",
        mib(peak_bytes)
    );
    println!("figure agent_own_64mib{kind}_mib {:.2} MiB", mib(own_bytes));
    println!(
        "figure agent_rss_at_rest{kind}_mib {:.2} MiB",
        mib(rest_bytes)
    );
}
