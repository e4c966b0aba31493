//! What is said again, and what ends that.

use std::array::from_fn;

use axum::body::Bytes;
use mainstay_access::Email;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_protocol::{
    BootReason, CheckIn, Event, Health, HeldRevocations, Report, ReportList, Running, SelfTest,
};
use mainstay_store::{Schedules as _, SqliteStore, StoredSchedule};
use mainstay_trust::Digest;
use tempfile::TempDir;

use super::*;

const TOKEN: TokenHash = [7; 32];
const OTHER: TokenHash = [8; 32];

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-12-01T12:00:00Z".parse().expect("a constant");
    start + SignedDuration::from_mins(minutes)
}

fn contact() -> Arc<Contact> {
    let id = DeviceId::new("th-1").expect("a safe name");
    Arc::new(Contact::new(id))
}

fn check_in() -> CheckIn<'static> {
    CheckIn {
        nonce: [1; 16],
        running: Running {
            manifest: Digest([1; 32]),
            sequence: 3,
            version: "1.0.0",
            confirmed: true,
            slot: 0,
        },
        boot: BootReason::Confirmed,
        root_version: 1,
        status_seq: 0,
        health: Health::default(),
        reports: ReportList::default(),
        revocations: None,
    }
}

fn ddi<'a>(path: &'a str, host: Option<&'a str>, client: &'a str) -> Asked<'a> {
    Asked::Ddi {
        path,
        heads: [host.map(str::as_bytes), None, None, Some(client.as_bytes())],
    }
}

fn found<'a>(asked: &'a Asked<'a>, turn: Option<Timestamp>) -> Found<'a> {
    Found {
        asked,
        answer: Answer {
            body: Bytes::from_static(b"nothing"),
            etag: None,
        },
        at: at(0),
        turn,
        poll: SignedDuration::from_mins(5),
    }
}

/// A memory that feels the pulse of a store.
struct Scene {
    quiet: Quiet,
    store: SqliteStore,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SqliteStore::create(&folder.path().join("quiet.sqlite")).await;
        let scene = Self {
            quiet: Quiet::default(),
            store: store.expect("a new database"),
            _folder: folder,
        };
        scene.feel().await;
        scene
    }

    async fn feel(&self) {
        self.quiet.feel(&self.store).await.expect("readable");
    }

    fn look(&self) -> Look<'_> {
        self.quiet.look(&self.store, TOKEN)
    }

    /// Remembers what a check-in was answered.
    fn remember(&self, look: Look<'_>) {
        let said = check_in();
        let asked = Asked::by(&said).expect("no news");
        look.remember(contact(), found(&asked, None));
    }

    /// Whether the device that checks in like this is answered from memory.
    fn knows(&self, said: &CheckIn<'_>, now: Timestamp) -> bool {
        let asked = Asked::by(said);
        let look = self.look();
        asked.is_some_and(|asked| look.again(&self.store, &asked, now).is_some())
    }

    fn still_knows(&self) -> bool {
        self.knows(&check_in(), at(1))
    }

    /// Changes what could give a device something.
    async fn change(&self) {
        let schedule = StoredSchedule {
            release: ReleaseDigest([1; 32]),
            class: [1; 16],
            signed: Vec::new(),
            at: at(0),
            by: Email::new("kim@northwind.example").expect("an address"),
        };
        let added = self.store.add_schedule(&schedule).await;
        added.expect("writable");
    }
}

#[tokio::test]
async fn who_asks_in_the_same_words_is_answered_alike() {
    let scene = Scene::new().await;
    assert!(!scene.still_knows());
    scene.remember(scene.look());
    assert!(scene.still_knows());
    let mut same = check_in();
    (same.nonce, same.status_seq, same.running.slot) = ([2; 16], 9, 1);
    (same.health.uptime_s, same.boot) = (7, BootReason::Reverted);
    assert!(scene.knows(&same, at(1)), "that doesn't matter");
    let change: [fn(&mut CheckIn<'_>); 11] = [
        |said| said.running.manifest = Digest([2; 32]),
        |said| said.running.sequence = 4,
        |said| said.running.version = "1.0.1",
        |said| said.running.confirmed = false,
        |said| said.boot = BootReason::LastResort,
        |said| said.boot = BootReason::SafeMode,
        |said| said.root_version = 2,
        |said| said.revocations = Some(HeldRevocations { epoch: 0, seq: 1 }),
        |said| said.health.self_test = SelfTest::Failed,
        |said| said.reports = reports(),
        |said| (said.running.manifest, said.running.sequence) = (Digest::ZERO, 0),
    ];
    for (which, change) in change.into_iter().enumerate() {
        let mut said = check_in();
        change(&mut said);
        assert!(!scene.knows(&said, at(1)), "{which}");
    }
    let other = scene.quiet.look(&scene.store, OTHER);
    let said = check_in();
    let asked = Asked::by(&said).expect("no news");
    assert!(other.again(&scene.store, &asked, at(1)).is_none());
}

fn reports() -> ReportList {
    let report = Report {
        seq: 1,
        at: 1_800_000_000,
        event: Event::DownloadStarted {
            manifest: Digest([1; 32]),
        },
    };
    ReportList([report].into_iter().collect())
}

#[tokio::test]
async fn another_client_or_address_is_another_question() {
    let scene = Scene::new().await;
    let path = "/DEFAULT/controller/v1/a";
    let asked = ddi(path, Some("here"), "SWUpdate");
    scene.look().remember(contact(), found(&asked, None));
    let knows = |asked: &Asked<'_>| scene.look().again(&scene.store, asked, at(1)).is_some();
    assert!(knows(&asked));
    for other in [
        ddi("/DEFAULT/controller/v1/b", Some("here"), "SWUpdate"),
        ddi(path, Some("there"), "SWUpdate"),
        ddi(path, Some("hereSW"), "Update"),
        ddi(path, Some(""), "SWUpdate"),
        ddi(path, None, "SWUpdate"),
        ddi(path, Some("here"), "SWUpdat"),
        ddi(path, Some("here"), ""),
    ] {
        assert!(!knows(&other), "{other:?}");
    }
    assert!(!scene.still_knows(), "by our own protocol");
}

/// Each entry would keep what anybody who has a token sends, for an hour.
#[tokio::test]
async fn who_asks_in_too_many_words_is_not_remembered() {
    let scene = Scene::new().await;
    for (bytes, expected) in [(900, true), (2048, false)] {
        let client = "x".repeat(bytes);
        let asked = ddi("/DEFAULT/controller/v1/a", Some("here"), &client);
        scene.look().remember(contact(), found(&asked, None));
        let again = scene.look().again(&scene.store, &asked, at(1)).is_some();
        assert_eq!(again, expected, "{bytes}");
    }
}

/// An answer is the same only while the next poll comes before the turn, and never for longer than an hour.
#[tokio::test]
async fn it_ends_before_the_turn_and_within_an_hour() {
    let cases = [
        (None, at(0), true),
        (None, at(59), true),
        (None, at(60), false),
        (None, at(-1), false),
        (Some(at(30)), at(24), true),
        (Some(at(30)), at(25), false),
        (Some(at(5)), at(0), false),
        (Some(at(-5)), at(0), false),
        (Some(at(600)), at(59), true),
        (Some(at(600)), at(60), false),
        (Some(Timestamp::MIN), at(0), false),
    ];
    for (turn, now, expected) in cases {
        let scene = Scene::new().await;
        let said = check_in();
        let asked = Asked::by(&said).expect("no news");
        scene.look().remember(contact(), found(&asked, turn));
        assert_eq!(scene.knows(&said, now), expected, "{turn:?} at {now}");
    }
}

#[tokio::test]
async fn a_change_here_ends_it_at_once() {
    let scene = Scene::new().await;
    scene.remember(scene.look());
    scene.change().await;
    assert!(!scene.still_knows(), "before the pulse is read again");
    scene.feel().await;
    assert!(!scene.still_knows(), "and after");
    scene.remember(scene.look());
    assert!(scene.still_knows());
}

#[tokio::test]
async fn a_change_elsewhere_ends_it_when_it_is_felt() {
    let scene = Scene::new().await;
    let file = scene._folder.path().join("quiet.sqlite");
    let there = Scene {
        quiet: Quiet::default(),
        store: SqliteStore::open(&file).await.expect("a second server may"),
        _folder: tempfile::tempdir().expect("a temporary folder"),
    };
    scene.remember(scene.look());
    there.change().await;
    assert!(scene.still_knows(), "nobody has felt it");
    scene.feel().await;
    assert!(!scene.still_knows());
}

/// What was read before a change must not be remembered after it.
#[tokio::test]
async fn what_changed_since_the_look_is_not_remembered() {
    let scene = Scene::new().await;
    for feels in [false, true] {
        let look = scene.look();
        scene.change().await;
        if feels {
            scene.feel().await;
        }
        scene.remember(look);
        assert!(!scene.still_knows());
        scene.feel().await;
        assert!(!scene.still_knows());
    }
    let look = scene.look();
    scene.quiet.heard(&TOKEN);
    scene.remember(look);
    assert!(!scene.still_knows(), "it said something meanwhile");
    // Another one of the same part did; it has a group of its own.
    let mut neighbour = TOKEN;
    neighbour[1] += 1;
    let look = scene.look();
    scene.quiet.heard(&neighbour);
    scene.remember(look);
    assert!(scene.still_knows());
}

#[tokio::test]
async fn news_end_it_and_those_of_others_in_the_way_do_no_harm() {
    let scene = Scene::new().await;
    scene.remember(scene.look());
    scene.quiet.heard(&OTHER);
    assert!(scene.still_knows());
    scene.quiet.heard(&TOKEN);
    assert!(!scene.still_knows());
    scene.remember(scene.look());
    let look = scene.look();
    scene.quiet.heard(&TOKEN);
    let said = check_in();
    let asked = Asked::by(&said).expect("no news");
    assert!(
        look.again(&scene.store, &asked, at(1)).is_none(),
        "while it was looked up"
    );
}

#[tokio::test]
async fn who_is_looked_at_anew_is_forgotten_first() {
    let scene = Scene::new().await;
    scene.remember(scene.look());
    scene.look().forget();
    assert!(!scene.still_knows());
}

#[tokio::test]
async fn without_a_pulse_nothing_is_said() {
    let scene = Scene::new().await;
    scene.remember(scene.look());
    scene.quiet.fall_silent();
    assert!(!scene.still_knows());
    assert!(!scene.look().is_known(&scene.store));
    scene.remember(scene.look());
    scene.feel().await;
    assert!(scene.still_knows(), "nothing has changed since");
    scene.store.close().await;
    let felt = scene.quiet.feel(&scene.store).await;
    felt.expect_err("the store can't be read");
    assert!(!scene.still_knows());
}

/// A database that fails over may have lost its last commits, and have counted to the same number again.
#[tokio::test]
async fn a_store_that_was_away_for_long_may_have_been_set_back() {
    let mut scene = Scene::new().await;
    let late = |scene: &Scene, times| (0..times).for_each(|_| scene.quiet.fall_silent());
    scene.remember(scene.look());
    late(&scene, felt::LOST_MAX - 1);
    scene.feel().await;
    assert!(scene.still_knows(), "not for long");
    late(&scene, felt::LOST_MAX);
    scene.feel().await;
    assert!(!scene.still_knows(), "the pulse is the same");

    scene.remember(scene.look());
    assert!(scene.still_knows());
    scene.store.close().await;
    let felt = scene.quiet.feel(&scene.store).await;
    felt.expect_err("the store can't be read");
    let file = scene._folder.path().join("quiet.sqlite");
    scene.store = SqliteStore::open(&file).await.expect("it is there");
    scene.feel().await;
    assert!(!scene.still_knows(), "it may be another store");
}

/// Who isn't felt yet says nothing, and remembers nothing.
#[tokio::test]
async fn a_server_that_has_just_started_says_nothing() {
    let mut scene = Scene::new().await;
    scene.quiet = Quiet::default();
    scene.remember(scene.look());
    scene.feel().await;
    assert!(!scene.still_knows());
}

#[tokio::test]
async fn a_full_memory_drops_only_what_is_out_of_date() {
    let mut scene = Scene::new().await;
    scene.quiet = Quiet::of_at_most(SHARDS * 2);
    scene.feel().await;
    let token = |n: u8| -> TokenHash { from_fn(|i| if i == 31 { n } else { TOKEN[i] }) };
    let remember = |scene: &Scene, n, minutes| {
        let said = check_in();
        let asked = Asked::by(&said).expect("no news");
        let look = scene.quiet.look(&scene.store, token(n));
        let found = Found {
            at: at(minutes),
            ..found(&asked, None)
        };
        look.remember(contact(), found);
    };
    let knows = |scene: &Scene, n, minutes| {
        let said = check_in();
        let asked = Asked::by(&said).expect("no news");
        let look = scene.quiet.look(&scene.store, token(n));
        look.again(&scene.store, &asked, at(minutes)).is_some()
    };
    for n in 0..3 {
        remember(&scene, n, 0);
    }
    assert_eq!([0, 1, 2].map(|n| knows(&scene, n, 1)), [true, true, false]);
    remember(&scene, 0, 30);
    remember(&scene, 2, 70);
    assert_eq!([0, 1, 2].map(|n| knows(&scene, n, 70)), [true, false, true]);
    scene.change().await;
    scene.feel().await;
    remember(&scene, 3, 75);
    assert!(knows(&scene, 3, 75), "all others are out of date");
}
