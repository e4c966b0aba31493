//! Small values for the contract's stories.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Duty, Email, Person};
use mainstay_fleet::{Device, DeviceId, ReleaseDigest, Running};
use mainstay_plan::{ClassId, Plan, PlanDigest, TrackName, starting_plan};
use mainstay_release::{Facts, Release};
use mainstay_rollout::{Candidate, Enrolment, Kind, Offer, Progress, Rollout, RolloutId, Rules};
use mainstay_store::{Known, Promise, PromiseRefusal, Promised, Registration, Store};
use mainstay_trust::Digest;

pub const CLASS: &str = "thermo-v2";
/// The release that all devices run at first.
pub const OLD: ReleaseDigest = ReleaseDigest([1; 32]);
/// The candidate.
pub const NEW: ReleaseDigest = ReleaseDigest([2; 32]);

/// Minutes into the story; with a part of a second that must survive.
pub fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-07-15T12:00:00.123456Z".parse().expect("a constant");
    start + SignedDuration::from_mins(minutes)
}

pub fn id(n: usize) -> DeviceId {
    DeviceId::new(format!("th-{n:05}")).expect("a safe name")
}

pub fn token(n: usize) -> [u8; 32] {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&n.to_be_bytes());
    token
}

pub fn running(release: ReleaseDigest, verified: bool) -> Running {
    Running {
        release,
        version: "1.0.0".to_owned(),
        sequence: u64::MAX,
        verified,
        last_resort: false,
        since: at(-5),
    }
}

pub fn device(n: usize) -> Device {
    Device {
        id: id(n),
        class: CLASS.to_owned(),
        hardware: if n.is_multiple_of(2) { "B" } else { "C" }.to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: at(-10),
        last_seen: None,
        running: Some(running(OLD, true)),
        attributes: BTreeMap::from([
            ("note".to_owned(), "lab \"7\"".to_owned()),
            ("site".to_owned(), format!("lab-{}", n / 2)),
        ]),
    }
}

pub fn registration(device: Device, token_hash: [u8; 32]) -> Registration {
    Registration {
        device,
        token_hash,
        controller: None,
    }
}

/// Promises without an order.
pub async fn promised(
    store: &dyn Store,
    rollout: (RolloutId, u64),
    device: &DeviceId,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), PromiseRefusal> {
    let promise = Promise {
        rollout: rollout.0,
        expected_generation: rollout.1,
        expected_standing: store.standing_generation().await.expect("readable"),
        device,
        offer: *offer,
        at,
        numbered: false,
    };
    let Promised { order } = store.promise(&promise).await?;
    assert_eq!(order, None, "nobody asked for one");
    Ok(())
}

pub async fn register(store: &dyn Store, count: usize) {
    let devices: Vec<_> = (0..count)
        .map(|n| registration(device(n), token(n)))
        .collect();
    store.register_many(&devices).await.expect("all are new");
}

fn plan() -> Plan {
    mainstay_plan::parse(starting_plan()).expect("the starting plan is in order")
}

pub fn rules() -> Rules {
    let plan = plan();
    let track = plan.tracks.get(TrackName::Maintenance);
    Rules::new(&plan, track.expect("the starting plan has one"))
}

pub fn person(name: &str, duty: Duty) -> Person {
    let email = Email::new(&format!("{name}@northwind.example")).expect("an address");
    Person { email, duty }
}

/// A release whose manifest's digest is `digest`, signed and not yet gated.
pub fn release(version: &str, digest: u8) -> Release {
    let facts = Facts {
        class: ClassId::new(CLASS).expect("a class name"),
        version: version.parse().expect("a version"),
        sequence: u64::from(digest),
        manifest: Digest([digest; 32]),
        image: Digest([0x80 | digest; 32]),
        image_bytes: 4096,
        returns_to: Vec::new(),
        track: TrackName::Maintenance,
    };
    let ana = person("ana", Duty::Engineer);
    let drafted = Release::draft(facts, &ana, at(-9)).expect("an engineer drafts");
    drafted.sign(&ana.email, at(-9)).expect("a draft is signed")
}

pub fn gated(signed: Release) -> Release {
    let mut plan = plan();
    let track = plan
        .tracks
        .maintenance
        .as_mut()
        .expect("the starting plan has one");
    track.gates.clear();
    signed
        .gate(track, Digest([0; 32]), at(-8))
        .expect("no gate is named")
}

pub fn approved(gated: Release) -> Release {
    let sam = person("sam", Duty::ReleaseManager);
    gated
        .approve(&sam, PlanDigest([3; 32]), at(-7))
        .expect("a release manager approves")
}

pub fn scheduled(approved: Release, rollout: RolloutId) -> Release {
    let kim = person("kim", Duty::Operations);
    approved
        .schedule(&kim, rollout.0, at(0))
        .expect("operations schedule")
}

pub fn candidate(release: ReleaseDigest) -> Candidate {
    Candidate {
        release,
        version: "1.1.0".to_owned(),
        sequence: u64::MAX,
        class: CLASS.to_owned(),
        returns_to: vec![OLD],
        image_bytes: 0,
    }
}

pub fn enrolments(count: usize) -> Vec<Enrolment> {
    let wave = |n: usize| usize::from(n >= 2);
    // Not in the order of registration: no back end may count on that.
    let drawn = (0..count).rev();
    drawn
        .map(|n| Enrolment {
            device: id(n),
            wave: wave(n),
        })
        .collect()
}

/// Registers `count` devices and starts a rollout of [`NEW`] with all of them, no release beside it.
pub async fn started(store: &dyn Store, count: usize) -> Rollout {
    register(store, count).await;
    start_another(store, NEW, count).await
}

/// Starts a rollout with the first `count` devices.
pub async fn start_another(store: &dyn Store, release: ReleaseDigest, count: usize) -> Rollout {
    let rollout = rollout(store, release, count).await;
    store
        .start_rollout(&rollout, &enrolments(count), None)
        .await
        .expect("a new number and known devices");
    rollout
}

/// A rollout that isn't stored yet. The first one is of [`CLASS`], each further one of a class of its own: a class has one under way.
pub async fn rollout(store: &dyn Store, release: ReleaseDigest, count: usize) -> Rollout {
    let id = store.reserve_rollout().await.expect("a number");
    let (seed, revision) = (u64::MAX, "ab".repeat(32));
    let enrolments = enrolments(count);
    let mut candidate = candidate(release);
    if id != RolloutId(1) {
        candidate.class = format!("{CLASS}-{id}");
    }
    Rollout::start(id, candidate, rules(), revision, seed, &enrolments, at(0))
}

/// The same rollout, one generation on and in a visible way another one.
pub fn changed(rollout: &Rollout) -> Rollout {
    let mut next = rollout.clone();
    next.generation += 1;
    next.waves[0].opened_at = Some(at(1));
    next
}

pub const FORWARD: Offer = Offer {
    release: NEW,
    kind: Kind::Forward,
};
pub const BACK: Offer = Offer {
    release: OLD,
    kind: Kind::Return,
};

pub async fn progress(store: &dyn Store, rollout: &Rollout, n: usize) -> Progress {
    let enrolled = store.enrolment(rollout.id, &id(n)).await.expect("readable");
    enrolled.expect("the device is enrolled").progress
}

/// Puts a device's progress to `wanted`, as its reports would.
pub async fn set_progress(store: &dyn Store, n: usize, wanted: Progress) {
    let fold = move |_: &Candidate, _: Progress, _: Known| wanted.clone();
    store
        .record(&id(n), None, at(2), &[], &fold)
        .await
        .expect("a known device");
}

/// The kinds of a device's timeline, newest first.
pub async fn kinds(store: &dyn Store, n: usize) -> Vec<&'static str> {
    let entries = store.timeline(&id(n), 10).await.expect("readable");
    entries.into_iter().map(|entry| entry.kind.id()).collect()
}
