//! What the agent takes of a device's memory: a device is bought for its application.

use crate::bench::tree;
use crate::update::Story;

/// What it may take while it waits, most of its life.
const AT_REST_BYTES: u64 = 12_000_000;
/// What it may ever take during an update of 64 MiB.
const PEAK_BYTES: u64 = 24_000_000;
/// The largest image that there is, less the archive's own bytes.
const IMAGE_BYTES: usize = 64 * 1024 * 1024 - 8 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_64_mib_takes_little_memory() {
    let (story, _) = Story::begin(tree("1.1.0", IMAGE_BYTES), "").await;
    let agent = story.bench.run();
    story.bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && story.bench.version() == "1.1.0" && status.unsent_reports == 0
    });
    let (peak, rest) = (agent.memory("VmHWM"), agent.memory("VmRSS"));
    println!("figure agent_peak_bytes {peak} B");
    println!("figure agent_rest_bytes {rest} B");
    assert!(peak < PEAK_BYTES, "{peak}");
    assert!(rest < AT_REST_BYTES, "{rest}");
}
