//! Two servers on one store: one of them takes the steps of rollouts, the other one follows, and takes over what it gives back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::RolloutView;
use mainstay_protocol::Health;
use mainstay_server::{Advance, App, AppConfig, Parts, SeededEntropy, serve};
use mainstay_store::{FolderBlobs, Leases as _, SqliteStore};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::database;
use crate::house::{self, House};
use crate::patience::until;
use crate::rollback::updated;
use crate::soft_signals::{BATTERY, ORDINARY, Story, measuring};

/// Nobody waits for a turn that comes by itself.
pub const NEVER: Duration = Duration::from_secs(3600);
const OFTEN: Duration = Duration::from_millis(200);

/// A server of its own on the house's store.
pub struct Server {
    pub base: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    pub async fn start(house: &House, look_every: Duration) -> Self {
        let config = AppConfig {
            advance: Advance::Every(look_every),
            ..AppConfig::default()
        };
        Self::start_as(house, config).await
    }

    /// The same, told these settings.
    pub async fn start_as(house: &House, config: AppConfig) -> Self {
        let parts = Parts {
            store: Arc::new(SqliteStore::open(&house.data.database()).await.unwrap()),
            blobs: Arc::new(FolderBlobs::open(house.data.blobs()).await.unwrap()),
            clock: Arc::new(house.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(2)),
            status_signer: Arc::new(house::status_key().signer().unwrap()),
            roots: vec![house.root.clone()],
            lock: None,
        };
        let app = Arc::new(App::new(parts, config).unwrap());
        let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let until = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(async move {
            serve::run(listener, app, until).await;
        });
        Self {
            base,
            stop,
            serving,
        }
    }

    /// Whether it says that it takes the steps.
    async fn is_elected(&self, house: &House) -> bool {
        let asked = house.http.get(format!("{}/readyz", self.base)).send();
        let body: Value = house::read(asked.await.unwrap()).await;
        body["jobs"] == serde_json::json!(["rollouts"])
    }

    pub async fn end(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

async fn view(house: &House, rollout: i64) -> RolloutView {
    let path = format!("/api/v1/rollouts/{rollout}");
    house.get(&path, &house.tokens.engineer).await
}

#[tokio::test]
async fn one_server_takes_the_steps_and_the_other_one_follows_and_takes_over() {
    let (mut house, mut gadgets, good) = updated().await;
    let one = Server::start(&house, NEVER).await;
    until("the first one takes the job", async || {
        one.is_elected(&house).await
    })
    .await;
    let other = Server::start(&house, NEVER).await;

    // What is started at the other one is stepped long before the next turn of any; that the first does it, logs show elsewhere.
    house.base = other.base.clone();
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let rollout = house.roll_out(&bad).await;
    until("its first wave opens", async || {
        view(&house, rollout).await.waves[0].opened_at.is_some()
    })
    .await;
    assert!(one.is_elected(&house).await && !other.is_elected(&house).await);
    house.later(1);
    for gadget in &mut gadgets {
        until("it is offered the release", async || {
            gadget.check_in(&house, &[]).await.install.is_some()
        })
        .await;
        gadget.update_to(&house, &bad).await;
    }

    // What is halted at the first one is on hold in each status of the other.
    house.base = one.base.clone();
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why": "displays stay dark"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.engineer, why).await;
    assert!(halted.status().is_success());
    house.base = other.base.clone();
    until("the other one holds it, too", async || {
        let told = gadgets[0].check_in(&house, &[]).await;
        told.held == [bad.manifest]
    })
    .await;

    // A file's leases last for half a minute; nobody waits for that.
    let stopped = Instant::now();
    one.end().await;
    until("the other one takes over", async || {
        other.is_elected(&house).await
    })
    .await;
    assert!(stopped.elapsed() < Duration::from_secs(20), "{stopped:?}");
    other.end().await;
    let store = SqliteStore::open(&house.data.database()).await.unwrap();
    let lease = &store.leases().await.unwrap()[0];
    assert_eq!((lease.job.as_str(), lease.generation), ("rollouts", 2));
    assert!(lease.left.is_zero(), "it was given back: {lease:?}");
}

/// The first server has the job, the second one follows; a rollout that compares batteries has updated its canary.
async fn two_over_a_comparison(looks_of_the_first: Duration) -> (Story, Server, Server) {
    let mut story = Story::begun(BATTERY).await;
    let one = Server::start(&story.house, looks_of_the_first).await;
    until("the first one takes the job", async || {
        one.is_elected(&story.house).await
    })
    .await;
    let other = Server::start(&story.house, OFTEN).await;
    story.pass(0..4, drain).await;
    assert_eq!(story.readings().await, 0, "it isn't time yet");
    (story, one, other)
}

/// The new release drains the battery half as fast again.
fn drain(n: usize, hour: u32, new: bool) -> Option<Health> {
    let around = ORDINARY + u16::try_from((n * 7 + hour as usize * 3) % 5).unwrap();
    Some(measuring(if new { around * 3 / 2 } else { around }))
}

/// Each device asks there, and says how it is.
async fn all_ask(story: &mut Story, there: &Server) {
    story.house.base = there.base.clone();
    for gadget in &mut story.gadgets {
        gadget.check_in(&story.house, &[]).await;
    }
}

#[tokio::test]
async fn who_follows_reads_the_devices_that_are_compared() {
    // Whoever has the job takes no turn in the meantime.
    let (mut story, one, other) = two_over_a_comparison(NEVER).await;
    story.house.later(60);
    until("both of each pair are read", async || {
        all_ask(&mut story, &other).await;
        story.readings().await == 24
    })
    .await;
    assert!(one.is_elected(&story.house).await && !other.is_elected(&story.house).await);
    one.end().await;
    other.end().await;
}

/// Only what the first one heard can't be written: its turns fail, and the other one's don't.
const FULL: &str = "CREATE TRIGGER full BEFORE INSERT ON contacts
    WHEN NEW.heard > coalesce((SELECT heard FROM contacts WHERE device = NEW.device), 0)
    BEGIN SELECT RAISE(ABORT, 'full'); END";

#[tokio::test]
async fn who_fails_at_the_steps_leaves_them_to_a_server_that_halts() {
    let (mut story, one, other) = two_over_a_comparison(OFTEN).await;
    assert!(!other.is_elected(&story.house).await);
    database::change(&story.house, FULL).await;
    story.house.later(1);
    story.house.base = one.base.clone();
    story.gadgets[0].check_in(&story.house, &[]).await;
    until("the other one takes over", async || {
        other.is_elected(&story.house).await && !one.is_elected(&story.house).await
    })
    .await;
    database::change(&story.house, "DROP TRIGGER full").await;
    for _ in 0..2 {
        story.house.later(60);
        all_ask(&mut story, &other).await;
    }
    until("it halts the release", async || {
        story.view().await.phase == "halted"
    })
    .await;
    // The first one is well again, and leaves the job to the other.
    assert!(other.is_elected(&story.house).await && !one.is_elected(&story.house).await);
    one.end().await;
    other.end().await;
}
