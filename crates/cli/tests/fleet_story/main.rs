//! A fleet that outlives its keys: the real server, the real device core over HTTP, and every paper made
//! by the product's own commands.
//!
//! Every role gets another holder, root by root; the revocation key is stolen and turned against the
//! house; devices without a network are brought up to date by a bundle; factory stock that slept through
//! all of it is switched on. At the end every device runs the newest release that was meant for it, and
//! none is unbootable. Read [`every_device_ends_up_to_date`].

#[path = "../support/address.rs"]
mod address;
#[path = "../it/folder.rs"]
#[expect(dead_code, reason = "the tests of single commands need more of it")]
mod folder;
mod house;
#[path = "../support/served.rs"]
mod served;
mod server;
mod town;

use mainstay_simulator::SimulatedDevice;
use mainstay_trust::Refusal;

use crate::house::{House, Release};
use crate::town::{
    ALL, ON_LINE, REMOTE, SHELVED, Town, carry, holds_revocations, holds_root, runs,
};

const PLAN: &str = include_str!("plan.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_device_ends_up_to_date() {
    let plan = mainstay_plan::parse(PLAN).expect("the plan is well-formed");
    let mut house = House::found(PLAN);
    let factory = house.release("1.0.0", 1, "ana", "sam");
    let mut town = Town::settle(&house, &plan, &factory).await;
    begin(&house, &mut town, &factory).await;
    let threads = house.threads();
    for name in ["people", "steps", "counts"] {
        assert!(threads.contains(name), "{name}: {threads:?}");
    }
    rotate_every_role(&mut house, &mut town).await;
    let first = update_under_new_people(&house, &mut town).await;
    let second = a_thief_stops_the_fleet(&house, &mut town, &first).await;
    recover(&mut house, &mut town, &second).await;
    bring_a_bundle(&house, &mut town, &factory, &second).await;
    let third = open_the_boxes(&house, &mut town, &factory).await;
    check_the_end(&house, &town, &second, &third).await;
}

/// Prints a sentence of the story; `cargo test -- --nocapture` reads it aloud.
fn tell(sentence: &str) {
    println!("{sentence}");
}

async fn begin(house: &House, town: &mut Town, factory: &Release) {
    house.good("revoke --root root-1.cbor -o revocations-1.cbor");
    house.publish_revocations("revocations-1.cbor", "rex", "kim");
    town.wait("1.0.0 runs", runs(factory)).await;
    town.wait("revocations 1 are held", holds_revocations(0, 1))
        .await;
    town.wait_remote("1.0.0 runs", runs(factory)).await;
    tell(
        "1. Forty devices leave the factory with 1.0.0 and root 1: 24 are on line, 6 have no network, 10 stay boxed.",
    );
}

/// Six roots: the keeper, the builder, the approver, operations, the server itself, the revoker.
async fn rotate_every_role(house: &mut House, town: &mut Town) {
    for (role, former, heir, keepers) in [
        ("root", "rae", "ruth", &["rae", "ruth"][..]),
        ("build", "ana", "li", &["ruth"]),
        ("release", "sam", "noor", &["ruth"]),
        ("operations", "kim", "joe", &["ruth"]),
    ] {
        house.hand_over(role, former, heir, keepers, "");
        house.publish_root("kim");
        town.wait("the next root is held", holds_root(house.root))
            .await;
    }
    replace_the_status_key(house);
    town.wait("the next root is held", holds_root(house.root))
        .await;
    // The next revocations are drawn up while the old holder's word still counts, and signed by the new.
    let root = house.newest_root();
    house.good(&format!(
        "revoke --root {root} --from revocations-1.cbor -o revocations-2.cbor"
    ));
    house.hand_over("revocation", "rex", "roy", &["ruth"], "");
    house.publish_root("joe");
    house.publish_revocations("revocations-2.cbor", "roy", "joe");
    town.wait("the next root is held", holds_root(house.root))
        .await;
    town.wait("revocations 2 are held", holds_revocations(0, 2))
        .await;
    assert_eq!(house.root, 7);
    tell(
        "2. Six roots later every role has another holder, the server's own key too; 24 devices hold root 7.",
    );
}

/// A running server refuses a root under which it couldn't speak; stopped, it takes both at once.
fn replace_the_status_key(house: &mut House) {
    house.hand_over("status", "status", "status-2", &["ruth"], "");
    let root = house.newest_root();
    let publish = format!("root publish {root} --token-file joe.token");
    house.refused(&publish, "server.status-key");
    house.stop_server();
    house.good(&format!(
        "server rotate --data data --root {root} --status-key status-2.key"
    ));
    house.start_server();
}

async fn update_under_new_people(house: &House, town: &mut Town) -> Release {
    let release = house.release("1.1.0", 2, "li", "noor");
    house.hand_in(&release, "li");
    let rollout = house.roll_out(&release, "noor", "joe");
    town.wait_for_rollout(house, rollout).await;
    town.wait("1.1.0 runs", runs(&release)).await;
    tell(
        "   1.1.0, built by Li, approved by Noor and rolled out by Joe, is verified on 24 devices.",
    );
    release
}

/// Whoever has Roy's key withdraws everybody else's. It is validly signed, so nobody can refuse it; 1.2.0 has
/// just begun to roll.
async fn a_thief_stops_the_fleet(house: &House, town: &mut Town, running: &Release) -> Release {
    let halted = house.release("1.2.0", 3, "li", "noor");
    house.bundle(
        "early.mainstay-bundle",
        &halted,
        "revocations-2.cbor",
        "joe",
    );
    house.hand_in(&halted, "li");
    let rollout = house.roll_out(&halted, "noor", "joe");
    withdraw_everybody(house);
    town.wait("the thief's revocations are held", holds_revocations(0, 3))
        .await;
    assert_eq!(house.phase(rollout).await, "halted");

    let next = house.release("1.2.1", 4, "li", "noor");
    house.hand_in_refused(&next, "li", "trust.revoked-key");
    let make = house.bundle_words("late.mainstay-bundle", &next, "stolen.cbor", "joe");
    house.refused(&make, "trust.revoked-key");
    let answers = carry(&house.read("early.mainstay-bundle"), &mut town.on_line);
    let ids: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.map(Refusal::id))
        .collect();
    assert_eq!(ids, [Some("trust.revoked-key"); ON_LINE]);
    town.wait("1.1.0 still runs", runs(running)).await;
    assert!(
        town.on_line
            .devices()
            .all(|device| !device.ever_ran(&halted.manifest))
    );
    tell(
        "3. A thief with the revocation key withdraws every honest key: 24 devices refuse 1.2.0 and go on with 1.1.0.",
    );
    next
}

fn withdraw_everybody(house: &House) {
    let honest =
        ["ruth", "li", "noor", "joe", "status-2"].map(|name| format!(" --key {name}.key.pub"));
    let draft = "revoke --root root-7.cbor --from revocations-2.cbor -o stolen.cbor";
    house.good(&format!("{draft}{}", honest.concat()));
    house.publish_revocations("stolen.cbor", "roy", "sam");
}

/// What revocations can't withdraw is the next root. A server that starts meanwhile serves it all the same.
async fn recover(house: &mut House, town: &mut Town, release: &Release) {
    house.stop_server();
    house.start_server();
    house.hand_over("revocation", "roy", "rhea", &["ruth"], "--compromised");
    house.publish_root("joe");
    let root = house.newest_root();
    house.good(&format!(
        "revoke --root {root} --from revocations-2.cbor -o revocations-3.cbor"
    ));
    house.publish_revocations("revocations-3.cbor", "rhea", "joe");
    town.wait("root 8 is held", holds_root(8)).await;
    town.wait("the new revocations are held", holds_revocations(1, 1))
        .await;
    house.hand_in(release, "li");
    let rollout = house.roll_out(release, "noor", "joe");
    town.wait_for_rollout(house, rollout).await;
    town.wait("1.2.1 runs", runs(release)).await;
    tell(
        "   Root 8 puts Rhea in the thief's place, in a new epoch; 1.2.1, refused before, is verified on 24 devices.",
    );
}

async fn bring_a_bundle(house: &House, town: &mut Town, factory: &Release, release: &Release) {
    assert!(
        town.remote
            .devices()
            .all(|d| runs(factory)(d) && holds_root(1)(d))
    );
    house.bundle(
        "1.2.1.mainstay-bundle",
        release,
        "revocations-3.cbor",
        "joe",
    );
    let answers = carry(&house.read("1.2.1.mainstay-bundle"), &mut town.remote);
    assert_eq!(answers, [None; REMOTE]);
    town.wait_remote("1.2.1 runs", runs(release)).await;
    let seen = house.operator("joe").devices().await.expect("devices");
    assert_eq!(
        seen.iter()
            .filter(|device| device.last_seen.is_some())
            .count(),
        ON_LINE
    );
    tell(
        "4. A bundle brings 6 devices with no network from root 1 and 1.0.0 to root 8 and 1.2.1; the server never saw them.",
    );
}

/// A rollout is drawn once, over the devices that have checked in by then, so late ones come with the
/// next release.
async fn open_the_boxes(house: &House, town: &mut Town, factory: &Release) -> Release {
    town.switch_on_the_shelf();
    town.wait("root 8 is held", holds_root(8)).await;
    town.wait("the new revocations are held", holds_revocations(1, 1))
        .await;
    assert_eq!(
        town.on_line.devices().filter(|d| runs(factory)(d)).count(),
        SHELVED
    );
    let release = house.release("1.3.0", 5, "li", "noor");
    house.hand_in(&release, "li");
    let rollout = house.roll_out(&release, "noor", "joe");
    town.wait_for_rollout(house, rollout).await;
    town.wait("1.3.0 runs", runs(&release)).await;
    tell(
        "5. Ten devices come out of their boxes seven roots behind, climb them all, and get 1.3.0 with the 24.",
    );
    release
}

async fn check_the_end(house: &House, town: &Town, remote: &Release, on_line: &Release) {
    let count = |what: &dyn Fn(&SimulatedDevice) -> bool| {
        town.on_line
            .devices()
            .chain(town.remote.devices())
            .filter(|device| what(device))
            .count()
    };
    assert_eq!(
        town.on_line.devices().filter(|d| runs(on_line)(d)).count(),
        ON_LINE + SHELVED
    );
    assert_eq!(
        town.remote.devices().filter(|d| runs(remote)(d)).count(),
        REMOTE
    );
    assert_eq!(count(&holds_root(8)), ALL);
    assert_eq!(count(&holds_revocations(1, 1)), ALL);
    assert_eq!(count(&SimulatedDevice::is_bricked), 0);
    let known = house.operator("joe").devices().await.expect("devices");
    let verified = known.iter().filter(|device| {
        let running = device.running.as_ref();
        running.is_some_and(|running| running.verified && running.version == "1.3.0")
    });
    assert_eq!(verified.count(), ON_LINE + SHELVED);
    tell("Forty devices: 34 on 1.3.0, 6 on 1.2.1, all at root 8, none unbootable.");
}
