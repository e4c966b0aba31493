//! An update over the air, by a real process against the real server.

use std::os::unix::net::UnixDatagram;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_agent::clock::random;

use crate::bench::{Bench, approved, built, check_in, register, tree, updated};
use crate::house::{Artifact, House};
use crate::relay::{Relay, relay};

/// Large enough for several pieces and checkpoints.
const IMAGE_BYTES: usize = 6 * 1024 * 1024;

/// A house that offers `new` to a device which runs 1.0.0.
pub struct Story {
    house: House,
    pub bench: Bench,
    relay: Relay,
}

impl Story {
    pub async fn begin(image: Vec<u8>, more: &str) -> (Self, Artifact) {
        let house = House::new().await;
        let old = built(&house, "1.0.0", 1, tree("1.0.0", 100));
        let new = built(&house, "1.1.0", 2, image);
        let tokens = register(&house).await;
        for token in &tokens {
            check_in(&house, token, &old).await;
        }
        let relay = relay(&house.base);
        let bench = Bench::new(&relay.base, &tokens[0], &house.root, more);
        bench.provision(&approved(&house, &old));
        house.roll_out(&new).await;
        house.advance().await;
        house.later(1);
        let story = Self {
            house,
            bench,
            relay,
        };
        (story, new)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_fetched_tried_kept_and_told() {
    let (story, new) = Story::begin(tree("1.1.0", IMAGE_BYTES), "").await;
    let bench = &story.bench;
    let agent = bench.run();
    let status = bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        bench.version() == "1.1.0" && kept && status.unsent_reports == 0
    });
    assert_eq!(status.running.unwrap().release, new.manifest.to_string());
    assert_eq!(status.fault, None);
    let (code, said) = bench.say(&["status"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Runs 1.1.0 from slot b, kept."), "{said}");
    let (code, said) = bench.say(&["install", "/nonexistent"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("agent.running"), "{said}");
    drop(agent);
    assert_eq!(updated(&story.house).await, 1, "the server believes it");
    let returned = story.relay.returned.load(Ordering::Relaxed);
    assert!(returned < new.image.len() as u64 * 21 / 20, "{returned}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_isnt_well_is_given_up() {
    let check =
        "[[health]]\ncommand = [\"/bin/sh\", \"-c\", \"grep -q ^1.0.0 @/app/current/version\"]";
    let (story, _) = Story::begin(tree("1.1.0", 100), check).await;
    let bench = &story.bench;
    let _agent = bench.run();
    let status = bench.wait_until("the way back", |status| {
        status.boot == "reverted" && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: self-test"));
    assert_eq!(bench.version(), "1.0.0");
    assert_eq!(updated(&story.house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_named_and_told() {
    let hook = |command: &str| format!("[hooks]\n{command}");
    for (image, more, outcome) in [
        (
            tree("1.1.0", 100),
            hook("before_install = { command = [\"/bin/false\"] }"),
            "hook-failed",
        ),
        (
            tree("1.1.0", 100),
            hook("after_install = { command = [\"/bin/sleep\", \"1000\"], seconds = 1 }"),
            "hook-timed-out",
        ),
        (
            b"no archive at all".to_vec(),
            String::new(),
            "image-unusable",
        ),
    ] {
        let (story, _) = Story::begin(image, &more).await;
        let bench = &story.bench;
        let _agent = bench.run();
        bench.wait_until(outcome, |status| status.outcome.as_deref() == Some(outcome));
        assert_eq!(bench.version(), "1.0.0", "{outcome}");
        bench.wait_until("the report", |status| status.unsent_reports == 0);
        assert_eq!(bench.say(&["status"]).0, 1, "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_that_the_agent_lives_while_a_hook_runs() {
    let hook = "[hooks.after_install]\ncommand = [\"/bin/sh\", \"-c\", \"touch @/began; while ! test -e @/go-on; do sleep 0.1; done\"]\nseconds = 600";
    let (story, _) = Story::begin(tree("1.1.0", 100), hook).await;
    let bench = &story.bench;
    let path = bench.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_nonblocking(true).unwrap();
    let socket = ("NOTIFY_SOCKET", path.to_str().unwrap());
    let _agent = bench.run_with(&[socket, ("WATCHDOG_USEC", "300000")]);
    bench.wait_until("the hook", |_| {
        lives(&systemd);
        bench.path("began").exists()
    });
    // What it said before the hook has been heard by now.
    lives(&systemd);
    bench.wait_until("a sign of life", |_| lives(&systemd));
    std::fs::write(bench.path("go-on"), "").unwrap();
    bench.wait_until("the trial", |_| bench.version() == "1.1.0");
}

/// Hears all that was said to systemd by now, and whether a sign of life was among it.
fn lives(systemd: &UnixDatagram) -> bool {
    let mut buffer = [0; 1024];
    let heard = std::iter::from_fn(|| {
        systemd
            .recv(&mut buffer)
            .ok()
            .map(|bytes| &buffer[..bytes] == b"WATCHDOG=1")
    });
    heard.fold(false, |before, alive| before | alive)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferral_holds_the_restart_and_ends() {
    let defer = "[defer]\nfile = \"@/defer\"\nhours_max = 1";
    let (story, _) = Story::begin(tree("1.1.0", 100), defer).await;
    let bench = &story.bench;
    std::fs::write(bench.path("defer"), "").unwrap();
    let agent = bench.run();
    bench.wait_until("the wait", |status| {
        status.wait.as_deref() == Some("deferred")
    });
    assert_eq!(bench.version(), "1.0.0");
    assert_eq!(bench.say(&["status"]).0, 3);
    std::fs::remove_file(bench.path("defer")).unwrap();
    drop(agent);
    // Started anew, it boots what is on trial, as any restart by somebody else would.
    let _agent = bench.run();
    bench.wait_until("the trial", |_| bench.version() == "1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_goes_on() {
    let (story, new) = Story::begin(tree("1.1.0", IMAGE_BYTES), "").await;
    let bench = &story.bench;
    for _ in 0..6 {
        // A trial has three boots, and one of them is needed to stay healthy in.
        if bench.version() == "1.1.0" {
            break;
        }
        let agent = bench.run();
        let wait = u64::from(u16::from_le_bytes(random())) % 800;
        std::thread::sleep(Duration::from_millis(wait));
        drop(agent);
        let version = bench.version();
        assert!(
            ["", "1.0.0", "1.1.0"].contains(&version.as_str()),
            "{version}"
        );
    }
    let _agent = bench.run();
    bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && bench.version() == "1.1.0" && status.unsent_reports == 0
    });
    let returned = story.relay.returned.load(Ordering::Relaxed);
    // A piece under way and what wasn't synced are fetched again, for each kill.
    let most = new.image.len() as u64 + 6 * 1_400_000;
    assert!(returned < most, "{returned} of {}", new.image.len());
}
