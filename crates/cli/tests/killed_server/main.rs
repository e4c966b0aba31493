//! The real `mainstay serve`, killed at ten random moments of a rollout and started again each time.
//!
//! Nothing that was promised to a device or acknowledged may be lost, and the rollout must still end
//! right: every device verified on the new release, each report of each device recorded exactly once.

#[path = "../support/address.rs"]
mod address;
mod killer;
mod patience;
#[path = "../support/people.rs"]
mod people;
#[path = "../support/served.rs"]
mod served;
mod stage;
mod starting;

use std::sync::Arc;
use std::time::Duration;

use mainstay_simulator::{SimulatedDevice, real_time};

use crate::killer::{KILLS, Killer};
use crate::stage::Stage;

/// Far longer than the rollout takes on a slow machine; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_lose_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stage = Arc::new(Stage::set(folder.path()).await);
    let killer = Killer::start(stage.clone());
    let target = stage.good.manifest;
    let mut crowd = stage.crowd().await;
    stage.roll_out().await;
    killer.begin();
    let done = real_time::live(&mut crowd, LIMIT, |crowd| {
        let updated = |device: &SimulatedDevice| {
            device.running_release() == Some(target) && device.is_settled()
        };
        killer.blows().len() == KILLS && crowd.devices().all(updated)
    });
    assert!(done.await, "not every device was updated within {LIMIT:?}");
    let (began, ended) = stage.wait_until_complete(&mut crowd).await;
    let blows = killer.blows();
    killer.end();
    assert!(
        blows.iter().all(|blow| (began..ended).contains(blow)),
        "every kill falls into the rollout, from {began} to {ended}: {blows:?}"
    );
    stage.check_every_report_is_there_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_over_many_devices_begins_whole_whatever_is_killed_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    starting::begins_whole(folder.path()).await;
}
