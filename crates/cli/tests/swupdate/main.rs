//! Debian's `swupdate`, as it is, against the real `mainstay serve`.
//!
//! Everything is as in the field but the hardware: bundles are signed by a vendor of the test's own, packed as releases, signed and
//! approved by two people, rolled out, fetched, installed into a file, and reported. What the database, the API and the device's page
//! say afterwards is what each story is about. Read [`it_counts_once_it_says_what_it_runs`] first.

#[path = "../support/address.rs"]
mod address;
mod bundle;
mod cutting_proxy;
mod guide;
mod house;
mod machine;
mod patience;
#[path = "../support/people.rs"]
mod people;
#[path = "../support/served.rs"]
mod served;
mod stage;

use mainstay_rollout::order::log::ENTRIES_MAX;
use mainstay_rollout::order::{Ending, OrderState};

use crate::bundle::Flaw;
use crate::machine::Says;
use crate::patience::until;
use crate::stage::{FIRMWARE_BYTES, NEW, OLD, Stage};

/// Success is what the client calls an installation. The device counts when it says, by itself, that it runs the release.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_counts_once_it_says_what_it_runs() {
    let mut stage = Stage::set(Flaw::None).await;
    let rollout = stage.roll_out().await;
    stage.wait_until_installed().await;
    assert_eq!(stage.updated(rollout).await, 0, "nobody has said a word");
    stage.says("its client fetches 1.1.0");

    stage.restart(Says::Nothing, "-c 2");
    stage
        .wait_for_order(|state| matches!(state, OrderState::Installed { .. }))
        .await;
    assert_eq!(stage.updated(rollout).await, 0, "success isn't running it");
    assert_eq!(stage.runs(), OLD);
    stage.says("installed 1.1.0, unverified");
    stage.says_it_runs(OLD);

    stage.restart(Says::Runs(NEW), "");
    until("the device runs the new version", async || {
        stage.runs() == NEW
    })
    .await;
    assert_eq!(stage.updated(rollout).await, 1);
    stage.wait_for_ending(Ending::Verified).await;
    stage.says("the device said that it runs 1.1.0");
    stage.says_it_runs(NEW);
    stage.says("signature checked by its client");
    let orders = stage.orders().await;
    let [order] = orders.as_slice() else {
        panic!("one promise is one order: {orders:?}");
    };
    assert_eq!(order.seen.fetches, 1, "looking at its size isn't a fetch");
    for words in ["All Chunks Installed.", "Update Installed."] {
        let record = stage.record(order).await;
        assert!(record.contains(words), "{words}: {record}");
    }
}

/// The line breaks in the middle: the rest is fetched, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_half_way_it_goes_on_where_it_was() {
    let mut stage = Stage::set(Flaw::None).await;
    let cut = FIRMWARE_BYTES / 2;
    stage.proxy.cut_after(cut);
    let rollout = stage.roll_out().await;
    stage.wait_until_installed().await;
    let downloads = stage.proxy.downloads();
    let [first, second] = downloads.as_slice() else {
        panic!("it was cut once, and fetched so often: {downloads:?}");
    };
    assert_eq!(first.range, None);
    assert_eq!(first.answered_bytes, cut);
    let range = second
        .range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes="));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse().ok());
    let from: usize = from.unwrap_or_else(|| panic!("not the rest alone: {second:?}"));
    assert!((1..cut).contains(&from), "it had so much: {from} of {cut}");
    assert!(
        second.answered_bytes < stage.bundle_bytes - from + 4096,
        "{second:?}"
    );
    stage.says("its client fetches 1.1.0");

    stage.restart(Says::Runs(NEW), "-c 2");
    until("the device runs the new version", async || {
        stage.runs() == NEW
    })
    .await;
    assert_eq!(stage.updated(rollout).await, 1);
    stage.wait_for_ending(Ending::Verified).await;
    let fetches = stage.orders().await[0].seen.fetches;
    assert_eq!(fetches, 1, "what goes on isn't another fetch");
    stage.says("the device said that it runs 1.1.0");
    stage.says_it_runs(NEW);
}

/// Two people signed it, and the file in it isn't what the vendor's description says. SWUpdate sees that, and so do we.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_bundle_is_a_failure_on_record() {
    let stage = Stage::set(Flaw::OtherDigest).await;
    let rollout = stage.roll_out().await;
    stage.wait_for_ending(Ending::Failed).await;
    let order = stage.orders().await.remove(0);
    // What it said before that may have been overtaken by its last report, on another connection.
    let its_words = "No suitable .swu image found";
    let record = stage.record(&order).await;
    assert!(record.contains(its_words), "{record}");
    // It says so of any failure; why it failed it writes into its own log.
    let log = stage.machine.log();
    assert!(log.contains("HASH mismatch"), "{log}");
    assert_eq!(stage.machine.installed(), None);
    assert_eq!(stage.runs(), OLD);
    until("the canary counts a failure", async || {
        stage.house.rollout(rollout).await.waves[0].failed == 1
    })
    .await;
    stage.says("its client couldn't install 1.1.0");
    until("one of one is enough to halt", async || {
        stage.house.rollout(rollout).await.phase == "halted"
    })
    .await;
}

/// Pulled in the middle of a download, the brake reaches the device at its next poll, and it obeys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_stops_it_in_the_middle_of_a_download() {
    let mut stage = Stage::set(Flaw::None).await;
    stage.restart(Says::Runs(OLD), "-n 400k");
    let rollout = stage.roll_out().await;
    until("a download began", async || {
        !stage.proxy.downloads().is_empty()
    })
    .await;
    stage.house.halt(rollout, "the lamps go out").await;
    stage.wait_for_ending(Ending::Cancelled).await;
    let obeyed = |request: &cutting_proxy::Request| {
        request.method == "POST" && request.path.contains("/cancelAction/")
    };
    assert_eq!(stage.proxy.requests(obeyed).len(), 1);
    assert_eq!(stage.machine.installed(), None);
    assert_eq!(stage.runs(), OLD);
    stage.says("its client left 1.1.0");
    let view = stage.house.rollout(rollout).await;
    assert_eq!((view.phase.as_str(), view.waves[0].updated), ("halted", 0));
}

/// A halt sends devices back to what two people allowed when they signed; they are back when they say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_brings_it_back() {
    let mut stage = Stage::set(Flaw::None).await;
    let rollout = stage.roll_out().await;
    stage.wait_until_installed().await;
    stage.restart(Says::Runs(NEW), "-c 2");
    stage.wait_for_ending(Ending::Verified).await;
    stage.says("the device said that it runs 1.1.0");
    stage.house.halt(rollout, "the lamps go out").await;
    stage.wait_until_back().await;
    stage.says("its client fetches 1.0.0");
    stage.says_it_runs(NEW);
    let halted = stage.house.rollout(rollout).await;
    assert_eq!((halted.still_on_it, halted.returned), (1, 0));

    stage.restart(Says::Runs(OLD), "-c 2");
    until("it counts as back", async || {
        stage.house.rollout(rollout).await.returned == 1
    })
    .await;
    stage.wait_for_ending(Ending::Verified).await;
    let orders = stage.orders().await;
    assert_eq!(orders.len(), 2, "one to go, one to return: {orders:?}");
    assert!(orders[0].number > orders[1].number);
    assert_eq!(stage.runs(), OLD);
    stage.says("the device said that it runs 1.0.0");
    stage.says_it_runs(OLD);
}

/// SWUpdate leaves an order that it has installed already, as if nothing had happened. What it runs is what the device says, and so it is
/// sent back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_that_comes_too_late_is_seen_to_be_too_late() {
    let mut stage = Stage::set(Flaw::None).await;
    let rollout = stage.roll_out().await;
    stage.wait_until_installed().await;
    stage.house.halt(rollout, "the lamps go out").await;
    stage.wait_for_ending(Ending::Cancelled).await;
    stage.says("its client left 1.1.0");
    stage.says_it_runs(OLD);
    stage.restart(Says::Runs(NEW), "-c 2");
    until("the device runs the new version", async || {
        stage.runs() == NEW
    })
    .await;
    let halted = stage.house.rollout(rollout).await;
    assert_eq!((halted.still_on_it, halted.returned), (1, 0));
    stage.says_it_runs(NEW);
    stage.wait_until_back().await;
    stage.says("its client fetches 1.0.0");
}

/// Somebody left `-c 2` in the unit: it says that all is well at every start, and had fetched nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_without_a_download_is_none() {
    let mut stage = Stage::set(Flaw::None).await;
    stage.machine.stop();
    let rollout = stage.roll_out().await;
    stage.wait_until_offered().await;
    stage.machine.start(Says::Runs(OLD), "-c 2");
    stage.wait_for_ending(Ending::NothingFetched).await;
    assert_eq!(stage.proxy.downloads(), []);
    assert_eq!(stage.machine.installed(), None);
    assert_eq!(stage.updated(rollout).await, 0);
    stage.says("and had fetched nothing");
}

/// A client that has said a thousand things is still let to say that it begins; SWUpdate would never begin otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_log_keeps_nobody_from_installing() {
    let mut stage = Stage::set(Flaw::None).await;
    stage.machine.stop();
    stage.roll_out().await;
    stage.wait_until_offered().await;
    let order = stage.orders().await.remove(0);
    stage.fill_log(&order).await;
    let full = "; its log is full, and what else its client tells is dropped";
    let offered = "1.1.0 was offered, and its client hasn't read that yet";
    stage.says(&format!("{offered}{full}"));
    stage.machine.start(Says::Runs(OLD), "");
    stage.wait_until_installed().await;
    assert_eq!(stage.orders().await[0].seen.log, ENTRIES_MAX);
    stage.says(&format!("its client fetches 1.1.0{full}"));
    stage.restart(Says::Runs(NEW), "-c 2");
    stage.wait_for_ending(Ending::Verified).await;
    stage.says(&format!("the device said that it runs 1.1.0{full}"));
    stage.says_it_runs(NEW);
}

/// What can't be read isn't guessed at. SWUpdate installs nothing until it is mended, and the server says which device that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_that_nobody_can_read_are_told_of() {
    let mut stage = Stage::set(Flaw::None).await;
    stage.restart(Says::Garbled(NEW), "");
    until("the server complains", async || {
        let log = stage.house.log();
        log.contains("its attributes can't be read") && log.contains(house::DEVICE)
    })
    .await;
    assert_eq!(stage.runs(), OLD);
    let unread = "Its attributes can't be read (";
    stage.says(unread);
    stage.says("no quotes in a value");
    stage.says_it_runs(OLD);
    stage.roll_out().await;
    stage.restart(Says::Runs(OLD), "");
    stage.wait_until_installed().await;
    stage.says("its client fetches 1.1.0");
    assert!(!stage.house.page().contains(unread), "they were read since");
}
