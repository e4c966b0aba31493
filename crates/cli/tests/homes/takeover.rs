//! Two servers on one PostgreSQL, of which one takes the steps of rollouts. It is killed while devices try a bad release, and the other
//! one halts that; later it hangs, and the job goes back.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use mainstay_access::Duty;
use mainstay_simulator::{Behaviour, Behaviours, Crowd, real_time};
use tokio::time::Instant;

use crate::address::free_address;
use crate::patience::retried;
use crate::served::Server;
use crate::stage::{PLAN, Stage};
use crate::{House, LIMIT, ask, fs, move_over, second_folder, secrets, text};

/// A lease lasts for six seconds and is asked for each second; the rest is for a slow machine.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(25);

/// Whether the server there says that it takes the steps.
fn is_elected(address: SocketAddr) -> bool {
    ask(address, "/readyz").is_some_and(|answer| answer.contains(r#""jobs":["rollouts"]"#))
}

/// Lets the crowd live until it is so; how long that took.
async fn until(crowd: &mut Crowd, what: &str, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LIMIT, "waited in vain: {what}");
        real_time::live(crowd, Duration::from_millis(200), |_| false).await;
    }
    began.elapsed()
}

fn signal(server: &Server, name: &str) {
    let id = server.0.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.expect("there is `kill`").success());
}

/// Two servers: devices and people come to the first one, and the second one takes the steps.
struct Pair {
    house: House,
    stage: Stage,
    elsewhere: SocketAddr,
    first: Server,
    second: Option<Server>,
}

impl Pair {
    async fn new() -> Self {
        let house = House::new();
        let stage = Stage::set(&house.path("stage")).await;
        let here = house.settings("one.toml", &stage.data, stage.address, &stage.passphrase);
        move_over(&house, &stage, text(&here));
        let elsewhere = free_address();
        let there = house.settings(
            "two.toml",
            &house.path("second"),
            elsewhere,
            &stage.passphrase,
        );
        fs::write(house.path("plan.toml"), PLAN).expect("an own folder");
        second_folder(0, &stage, &there, &house.path("plan.toml"));
        let second = house.serve_with_log(&there, elsewhere, "two");
        let first = house.serve_with_log(&here, stage.address, "one");
        Self {
            house,
            stage,
            elsewhere,
            first,
            second: Some(second),
        }
    }

    fn has_logged(&self, server: &str, words: &str) -> bool {
        self.house.log_in(server).contains(words)
    }

    fn is_first_elected(&self) -> bool {
        is_elected(self.stage.address)
    }

    fn is_second_elected(&self) -> bool {
        is_elected(self.elsewhere)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_steps_go_on_when_their_server_dies_or_hangs() {
    let mut pair = Pair::new().await;
    let mut behaviours = Behaviours::default();
    let fails = Behaviour::FailsAfter {
        after_s: 1,
        hardware: Vec::new(),
    };
    behaviours.declare(pair.stage.good.image_digest, fails);
    let mut crowd = pair.stage.crowd_on(behaviours).await;
    until(&mut crowd, "it is elected", || pair.is_second_elected()).await;
    let have_half = || ["one", "two"].map(|server| pair.has_logged(server, "share_ppm=500000"));
    until(&mut crowd, "they share the line", || {
        have_half() == [true; 2]
    })
    .await;
    dies(&mut pair, &mut crowd).await;
    hangs(&mut pair, &mut crowd).await;
    leaves(&pair, &mut crowd).await;
    let logs = ["one", "two"].map(|server| pair.house.log_in(server));
    secrets::none_in(&logs.concat(), &pair.stage, &crowd);
}

/// It is killed as soon as the canary's wave is open, and the other one halts what it began.
async fn dies(pair: &mut Pair, crowd: &mut Crowd) {
    pair.stage.roll_out().await;
    let opened = || pair.has_logged("two", "wave opens");
    until(crowd, "the canary's wave opens", opened).await;
    assert!(!pair.is_first_elected() && !pair.has_logged("one", "wave opens"));
    pair.second = None;
    let took = until(crowd, "the first takes over", || pair.is_first_elected()).await;
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}");
    let halted = || pair.has_logged("one", "rollout halted");
    until(crowd, "the bad release is halted", halted).await;
    let operations = pair.stage.operator_at(Duty::Operations, pair.stage.address);
    let rollouts = retried(|| async { operations.rollouts().await }).await;
    assert_eq!(rollouts[0].phase, "halted");
    let waves = &rollouts[0].waves;
    assert!(waves.iter().skip(1).all(|wave| wave.opened_at.is_none()));
}

/// The first one hangs; and when it wakes, it doesn't take itself for elected.
async fn hangs(pair: &mut Pair, crowd: &mut Crowd) {
    let settings = pair.house.path("two.toml");
    let second = pair.house.serve_with_log(&settings, pair.elsewhere, "two");
    pair.second = Some(second);
    assert!(!pair.is_second_elected());
    signal(&pair.first, "-STOP");
    let stopped = Instant::now();
    while !pair.is_second_elected() {
        assert!(stopped.elapsed() < TAKEN_OVER_WITHIN, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    signal(&pair.first, "-CONT");
    let lost = || pair.has_logged("one", "job lost to another server");
    until(crowd, "it hears of it", lost).await;
    assert!(!pair.is_first_elected() && pair.is_second_elected());
}

/// Who ends in order leaves the job to the other one at once.
async fn leaves(pair: &Pair, crowd: &mut Crowd) {
    signal(pair.second.as_ref().expect("it runs"), "-TERM");
    let given_back = || pair.has_logged("two", "job given back");
    until(crowd, "the job is given back", given_back).await;
    let took = until(crowd, "the first takes it", || pair.is_first_elected()).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    let has_all = || pair.has_logged("one", "share_ppm=1000000");
    until(crowd, "the first has all of the line", has_all).await;
}
