//! The guides are true: every command of theirs runs, in order, as it stands there.
//!
//! Nothing is added but the `PATH` and a free port.

use std::process::{Command, Output};

use mainstay_api::{DevicePage, Page, ReleaseView};

use crate::address::free_address;
use crate::folder::Folder;
use crate::hawkbit::Hawkbit;

const FIRST_RELEASE: &str = include_str!("../../../../docs/first-release.md");
const ROTATE_A_KEY: &str = include_str!("../../../../docs/rotate-a-key.md");
const OFFLINE_BUNDLE: &str = include_str!("../../../../docs/offline-bundle.md");
const BRAKES: &str = include_str!("../../../../docs/brakes.md");
const BACKUP: &str = include_str!("../../../../docs/backup.md");
const INCIDENTS: &str = include_str!("../../../../docs/incidents.md");
const SIMULATED: &str = include_str!("../../../../docs/simulated-device.md");
const MOVING: &str = include_str!("../../../../docs/moving-from-hawkbit.md");
const OPERATOR_API: &str = include_str!("../../../../docs/operator-api.md");
const DELIVERY: &str = include_str!("../../../../docs/delivery.md");
const DEVICE_IDENTITY: &str = include_str!("../../../../docs/device-identity.md");
const MCUBOOT: &str = include_str!("../../../../docs/mcuboot.md");

/// Ends the guide's server too if a command before its last one fails.
const PRELUDE: &str =
    "set -euo pipefail\ntrap 'for job in $(jobs -p); do kill \"$job\"; done' EXIT\n";

#[test]
fn every_command_of_the_first_release_works() {
    let folder = works(FIRST_RELEASE, 10);
    for token in ["ana.token", "sam.token", "kim.token", "dev-0001.token"] {
        let text = std::fs::read_to_string(folder.path().join(token)).expect(token);
        assert_eq!(text.trim().len(), 64, "{token} holds nothing but the token");
    }
}

#[test]
fn every_command_of_rotating_a_key_works() {
    let folder = works(ROTATE_A_KEY, 8);
    let told = folder.good("revoke show revocations-2.cbor --root root-5.cbor");
    assert!(told.contains("Devices accept them."), "{told}");
}

#[test]
fn every_command_of_the_offline_bundle_works() {
    works(OFFLINE_BUNDLE, 5);
}

#[test]
fn every_command_of_the_brakes_works() {
    works(BRAKES, 9);
}

#[test]
fn every_command_of_the_backup_works() {
    let ended = run(BACKUP, &Folder::new(), 4, &[]);
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{failures}");
    for words in [
        "refused, as it should be",
        "It is whole, and could be restored.",
        "is a server's folder of that moment",
        "restored from a backup",
    ] {
        assert!(told.contains(words), "{words}: {told}\n{failures}");
    }
    assert!(failures.contains("error backup.damaged"), "{failures}");
}

#[test]
fn every_command_of_the_incidents_works() {
    let folder = works(INCIDENTS, 8);
    let closed = folder.read("INC-1.json");
    let closed: mainstay_api::IncidentView = serde_json::from_slice(&closed).expect("a view");
    assert_eq!(closed.state, "closed");
    assert_eq!((closed.log.len(), closed.missing.len()), (4, 0));
    let plan = mainstay_plan::PlanDigest::of(&folder.read("better.toml"));
    let change = closed.review.plan_change.expect("it is whole");
    assert_eq!(change.text, plan.to_string());
}

#[test]
fn every_command_of_the_simulated_device_works() {
    let folder = works(SIMULATED, 3);
    assert!(folder.names().contains("dev-0001.flash"));
}

/// The guide's hawkBit server answers as a real one.
#[test]
fn every_command_of_moving_from_hawkbit_works() {
    let hawkbit = Hawkbit::telling_all();
    let folder = works_beside(MOVING, 6, &[("HAWKBIT", hawkbit.address.as_str())]);
    let drawn = String::from_utf8(folder.read("drawn.csv")).expect("a text");
    let lines: Vec<_> = drawn.lines().collect();
    let begins = |line: usize, text: &str| lines.get(line).is_some_and(|it| it.starts_with(text));
    assert!(begins(1, "dev-0009,") && lines.len() == 2, "{drawn}");
}

#[test]
fn every_command_of_delivery_works() {
    let ended = run(DELIVERY, &Folder::new(), 5, &[]);
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{failures}");
    for words in [
        "\"id\":\"delivery.bad-signature\"",
        "The mirror holds 1 payload(s).",
        "Removed: ",
    ] {
        assert!(told.contains(words), "{words}: {told}\n{failures}");
    }
    let refused = told.matches("refused, as it should be").count();
    assert_eq!(refused, 2, "{told}\n{failures}");
}

#[test]
fn every_command_of_the_operator_api_works() {
    let folder = works(OPERATOR_API, 5);
    let problem: mainstay_api::Problem =
        serde_json::from_slice(&folder.read("problem.json")).expect("a problem");
    let shown = blocks(OPERATOR_API, "json").concat();
    let shown: mainstay_api::Problem = serde_json::from_str(&shown).expect("a problem");
    assert_eq!(problem, shown);
    let pages = folder.read("pages.json");
    let pages = serde_json::Deserializer::from_slice(&pages).into_iter::<DevicePage>();
    let ids = pages.flat_map(|page| page.expect("a page").devices);
    let ids: Vec<_> = ids.map(|device| device.id.to_string()).collect();
    assert_eq!(ids, ["dev-0001", "dev-0002", "dev-0003", "dev-0004"]);
    let releases: Page<ReleaseView> =
        serde_json::from_slice(&folder.read("releases.json")).expect("a page");
    assert_eq!((releases.items, releases.next), (Vec::new(), None));
    let again: mainstay_api::Problem =
        serde_json::from_slice(&folder.read("again.json")).expect("a problem");
    assert_eq!(again.id, "idempotency.not-shown-again");
    let events: mainstay_api::EventPage =
        serde_json::from_slice(&folder.read("events.json")).expect("a page");
    assert_eq!(events.events.len(), 2);
    let stream = folder.read("stream.txt");
    let stream = String::from_utf8_lossy(&stream);
    assert!(stream.contains("plan.activated"), "{stream}");
    let europe: DevicePage = serde_json::from_slice(&folder.read("europe.json")).expect("a page");
    assert_eq!((europe.devices.len(), europe.next), (2, None));
}

#[test]
fn every_command_of_the_device_identity_works() {
    let folder = works(DEVICE_IDENTITY, 18);
    let [token, again] = ["dev-0007.token", "again.token"].map(|name| folder.read(name));
    assert_eq!((token.len(), &token), (64, &again));
}

/// Runs a guide in a folder of its own, which then holds what the guide makes.
fn works(guide: &str, blocks_min: usize) -> Folder {
    works_beside(guide, blocks_min, &[])
}

/// The same, with variables that say what runs beside it.
fn works_beside(guide: &str, blocks_min: usize, variables: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    let ended = run(guide, &folder, blocks_min, variables);
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{failures}");
    assert!(
        told.contains("refused, as it should be"),
        "{told}\n{failures}"
    );
    for block in blocks(guide, "text") {
        assert!(
            failures.contains(&block),
            "the guide shows what isn't said:\n{block}\n{failures}"
        );
    }
    folder
}

/// The judges of this guide are tools that its readers have.
#[test]
fn every_command_of_the_mcuboot_guide_works() {
    let ended = run(MCUBOOT, &Folder::new(), 5, &[]);
    let told = String::from_utf8_lossy(&ended.stdout);
    let failures = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{failures}");
    assert!(told.contains("refused, as it should be"), "{told}");
    assert!(failures.contains("error mcuboot.cut-short"), "{failures}");
}

/// Runs all commands of a guide, the built program and the judges on its `PATH`.
fn run(guide: &str, folder: &Folder, blocks_min: usize, variables: &[(&str, &str)]) -> Output {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mainstay"));
    let beside = program.parent().expect("a program is in a folder");
    let path = std::env::var("PATH").expect("there is a PATH");
    let (beside, judges) = (beside.display(), judges::programs());
    let listen = free_address().to_string();
    Command::new("bash")
        .args(["-c", &(PRELUDE.to_owned() + &commands(guide, blocks_min))])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{beside}:{}:{path}", judges.display()))
        .envs(variables.iter().copied())
        .env("MAINSTAY_LISTEN", &listen)
        .env("MAINSTAY_SERVER", format!("http://{listen}"))
        .output()
        .expect("bash runs")
}

fn commands(guide: &str, blocks_min: usize) -> String {
    let found = blocks(guide, "sh");
    assert!(found.len() > blocks_min, "the guide has lost its commands");
    found.concat()
}

/// The fenced blocks of one language, in order.
fn blocks(guide: &str, language: &str) -> Vec<String> {
    let fences = guide.split("```").skip(1).step_by(2);
    fences
        .filter_map(|block| block.strip_prefix(&format!("{language}\n")))
        .map(str::to_owned)
        .collect()
}
