//! What happens is told by HTTP, to receivers that take it, fail, hang, or send elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::{DeliveryView, EventPage, MadeWebhook, WebhookTest, WebhookView};
use mainstay_keys::SealingKey;
use mainstay_server::{Advance, AppConfig, WebhookNetworks, WebhookRules};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::database;
use crate::elected::{NEVER, Server};
use crate::eligibility::running;
use crate::house::{House, PLAN, problem, read};
use crate::patience::until;
use crate::receiver::{Does, Receiver};

/// What their secrets are sealed with.
pub fn key() -> String {
    "ab".repeat(32)
}

/// Webhooks may reach this machine, or not.
pub fn config(networks: &str) -> AppConfig {
    let key = SealingKey::from_text(&key()).unwrap();
    let networks = match networks {
        "" => WebhookNetworks::default(),
        networks => WebhookNetworks::read(networks).unwrap(),
    };
    AppConfig {
        webhooks: WebhookRules {
            key: Some(Arc::new(key)),
            networks,
        },
        ..AppConfig::default()
    }
}

async fn house() -> House {
    House::told(config("127.0.0.0/8")).await
}

pub async fn add(house: &House, url: &str, kinds: &[&str]) -> MadeWebhook {
    let body = json!({"url": url, "kinds": kinds}).to_string().into_bytes();
    let operations = &house.tokens.operations;
    let made = house.post("/api/v1/webhooks", operations, body).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: MadeWebhook = read(made).await;
    assert!(made.secret.starts_with("whsec_") && made.secret.len() > 40);
    made
}

pub async fn listed(house: &House) -> Vec<WebhookView> {
    house
        .get("/api/v1/webhooks", &house.tokens.operations)
        .await
}

async fn deliveries(house: &House, id: &str) -> Vec<DeliveryView> {
    let path = format!("/api/v1/webhooks/{id}/deliveries");
    house.get(&path, &house.tokens.operations).await
}

async fn test(house: &House, id: &str) -> WebhookTest {
    let path = format!("/api/v1/webhooks/{id}/test");
    let tried = house
        .post(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(tried.status(), StatusCode::OK);
    read(tried).await
}

/// Ana hands in a release, Sam approves it, Kim rolls it out: a receiver that is down hears of it later, whole and in order.
#[tokio::test]
async fn what_a_receiver_didnt_take_is_told_again_in_the_order_of_its_subject() {
    let house = house().await;
    running(&house, &["th-1", "th-2"]).await;
    let before: EventPage = house.get("/api/v1/events", &house.tokens.engineer).await;
    let receiver = Receiver::start(Does::Fails(503)).await;
    let made = add(&house, &receiver.url, &[]).await;
    house.roll_out(&house.built("1.1.0", 2, &[])).await;
    until("both subjects were tried", async || {
        let got = receiver.got();
        let subjects: BTreeSet<_> = got.iter().map(|got| &*got.event.happened.subject).collect();
        subjects.len() == 2
    })
    .await;
    // Nothing was told of a subject before what came first about it was taken.
    let mut first = BTreeMap::new();
    for got in receiver.got() {
        let number = got.event.number;
        let subject = got.event.happened.subject.clone();
        assert_eq!(*first.entry(subject).or_insert(number), number);
        got.check(&made.secret, house.app.now().as_second());
    }
    // What a receiver said is noted a moment later.
    until("the failure is noted", async || {
        let failing = &listed(&house).await[0];
        failing.failing_since.is_some() && failing.waiting >= 2
    })
    .await;
    assert_eq!(listed(&house).await[0].off_since, None);

    receiver.does(Does::Takes);
    house.later(60);
    let path = format!("/api/v1/events?after={}", before.next);
    let all: EventPage = house.get(&path, &house.tokens.engineer).await;
    // A failure that is noted only now counts from now on: so time goes on.
    until("all of it is taken", async || {
        house.later(1);
        receiver.taken().len() >= all.events.len()
    })
    .await;
    let mut taken = receiver.taken();
    let mut last = BTreeMap::new();
    for event in &taken {
        let before = last.insert(event.happened.subject.clone(), event.number);
        assert!(before < Some(event.number), "{event:?}");
    }
    taken.sort_by_key(|event| event.number);
    assert_eq!(taken, all.events);
    // Each try of one event has the same id, and no two events have one.
    let got = receiver.got().into_iter();
    let ids: BTreeMap<_, _> = got.map(|got| (got.id, got.event.number)).collect();
    assert_eq!(ids.len(), all.events.len());
    until("all of it is noted", async || {
        let noted = deliveries(&house, &made.webhook.id).await;
        noted.len() == all.events.len() && noted.iter().all(|made| made.state == "delivered")
    })
    .await;
    let mended = &listed(&house).await[0];
    assert_eq!((mended.failing_since, mended.waiting), (None, 0));
}

/// One that hangs keeps no other waiting; and only what was asked for is told.
#[tokio::test]
async fn who_hangs_keeps_nobody_else_waiting() {
    let house = house().await;
    running(&house, &["th-1", "th-2"]).await;
    let hangs = Receiver::start(Does::Hangs).await;
    let takes = Receiver::start(Does::Takes).await;
    add(&house, &hangs.url, &[]).await;
    add(&house, &takes.url, &["rollout.started", "rollout.halted"]).await;
    let rollout = house.roll_out(&house.built("1.1.0", 2, &[])).await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why":"displays stay dark"}"#.to_vec();
    house.post(&halt, &house.tokens.engineer, why).await;
    let told = until("it is told of both", async || takes.taken().len() == 2);
    timeout(Duration::from_secs(15), told)
        .await
        .expect("before the other one is given up");
    let kinds: Vec<_> = takes
        .taken()
        .into_iter()
        .map(|event| event.happened.kind)
        .collect();
    assert_eq!(kinds, ["rollout.started", "rollout.halted"]);
}

/// A try that was made and not noted, as when a server is killed in between, is made again under the same id.
#[tokio::test]
async fn a_try_that_wasnt_noted_is_made_again_under_the_same_id() {
    let mut house = House::furnished(PLAN, AppConfig::default()).await;
    let receiver = Receiver::start(Does::Hangs).await;
    let config = || AppConfig {
        advance: Advance::Every(NEVER),
        ..config("127.0.0.1")
    };
    let one = Server::start_as(&house, config()).await;
    house.base = one.base.clone();
    let made = add(&house, &receiver.url, &["release.added"]).await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    until("it got it", async || receiver.got().len() == 1).await;
    one.end().await;
    receiver.does(Does::Takes);
    let other = Server::start_as(&house, config()).await;
    house.base = other.base.clone();
    until("it got it again", async || receiver.got().len() == 2).await;
    let got = receiver.got();
    assert_eq!((&got[0].id, &got[0].event), (&got[1].id, &got[1].event));
    until("that is noted", async || {
        deliveries(&house, &made.webhook.id).await[0].state == "delivered"
    })
    .await;
    let noted = deliveries(&house, &made.webhook.id).await;
    assert_eq!((noted.len(), noted[0].tries), (1, 1));
}

/// A delivery that can't be read is the matter of whoever it is for.
#[tokio::test]
async fn what_cant_be_read_keeps_no_other_receiver_waiting() {
    const DAMAGED: &str = "CREATE TRIGGER damaged AFTER INSERT ON deliveries
                           WHEN new.webhook = (SELECT min(id) FROM webhooks)
                           BEGIN UPDATE deliveries SET value = '{' WHERE webhook = new.webhook; END";
    let house = house().await;
    let receivers = [
        Receiver::start(Does::Takes).await,
        Receiver::start(Does::Takes).await,
    ];
    for receiver in &receivers {
        add(&house, &receiver.url, &["release.added"]).await;
    }
    database::change(&house, DAMAGED).await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    until("the other one is told", async || {
        receivers.iter().any(|one| one.taken().len() == 1)
    })
    .await;
}

/// What was taken and can't be noted, as on a full disk, isn't told each second from then on.
#[tokio::test]
async fn a_receiver_isnt_flooded_by_what_cant_be_noted() {
    const FULL: &str = "CREATE TRIGGER full BEFORE UPDATE ON deliveries
                        BEGIN SELECT RAISE(ABORT, 'no room'); END";
    let house = house().await;
    let receiver = Receiver::start(Does::Takes).await;
    let made = add(&house, &receiver.url, &["release.added"]).await;
    database::change(&house, FULL).await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    until("it is told", async || receiver.got().len() == 1).await;
    sleep(Duration::from_secs(4)).await;
    assert_eq!(receiver.got().len(), 1);
    let waits = deliveries(&house, &made.webhook.id).await;
    assert_eq!((waits.len(), &*waits[0].state), (1, "waits"));
}

/// Nobody is sent elsewhere, a body of any length is left unread, and what isn't taken is told so.
#[tokio::test]
async fn a_test_says_what_came_of_it() {
    let house = house().await;
    let elsewhere = Receiver::start(Does::Takes).await;
    let receiver = Receiver::start(Does::Takes).await;
    let made = add(&house, &receiver.url, &["rollout.halted"]).await;
    let id = &made.webhook.id;
    for (does, delivered, words) in [
        (Does::Takes, true, "answered with 204"),
        (Does::Fails(500), false, "answered with 500"),
        (
            Does::Redirects(elsewhere.url.clone()),
            false,
            "sent elsewhere with 302",
        ),
    ] {
        receiver.does(does);
        let tried = test(&house, id).await;
        assert_eq!(tried.delivered, delivered, "{tried:?}");
        assert!(tried.outcome.contains(words), "{tried:?}");
    }
    assert_eq!(elsewhere.got().len(), 0);
    let got = &receiver.got()[0];
    assert_eq!(got.event.happened.kind, "webhook.test");
    got.check(&made.secret, house.app.now().as_second());
    assert_eq!(deliveries(&house, id).await, [], "nothing happened");
    let path = format!("/api/v1/webhooks/{id}");
    let removed = house.request(Method::DELETE, &path, &house.tokens.operations);
    assert_eq!(
        removed.send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(listed(&house).await, []);
    for (method, path) in [
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/test")),
        (Method::GET, format!("{path}/deliveries")),
    ] {
        let gone = house.request(method, &path, &house.tokens.operations);
        let refused = problem(gone.send().await.unwrap()).await;
        assert_eq!(refused, (404, "request.not-found".to_owned()), "{path}");
    }
}

/// Whoever may add a webhook doesn't reach by it what only the server can reach: neither by an address nor by a name.
#[tokio::test]
async fn nothing_is_told_to_what_isnt_public() {
    let house = House::told(config("")).await;
    let operations = &house.tokens.operations;
    let receiver = Receiver::start(Does::Takes).await;
    for url in [
        &*receiver.url,
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "http://hooks.example/",
        "x",
    ] {
        let body = json!({"url": url}).to_string().into_bytes();
        let refused = house.refused("/api/v1/webhooks", operations, body).await;
        assert_eq!(refused, (400, "webhooks.url".to_owned()), "{url}");
    }
    let port = receiver.url.rsplit(':').next().unwrap();
    let named = add(&house, &format!("https://localhost:{port}"), &[]).await;
    let tried = test(&house, &named.webhook.id).await;
    assert!(
        !tried.delivered && tried.outcome.contains("may tell nothing"),
        "{tried:?}"
    );
    assert_eq!(receiver.got().len(), 0);
    let unknown = json!({"url": "https://hooks.example/", "kinds": ["rollout"]});
    let unknown = unknown.to_string().into_bytes();
    let refused = house.refused("/api/v1/webhooks", operations, unknown).await;
    assert_eq!(refused, (400, "webhooks.kind".to_owned()));
}

#[tokio::test]
async fn without_a_key_for_secrets_there_are_no_webhooks() {
    let house = House::new().await;
    let body = json!({"url": "https://hooks.example/"})
        .to_string()
        .into_bytes();
    let refused = house
        .refused("/api/v1/webhooks", &house.tokens.operations, body)
        .await;
    assert_eq!(refused, (409, "webhooks.no-key".to_owned()));
}

/// What nothing gets through to for days is switched off, and says so.
#[tokio::test]
async fn a_receiver_that_fails_for_days_is_told_nothing_any_more() {
    let house = house().await;
    let receiver = Receiver::start(Does::Fails(500)).await;
    add(&house, &receiver.url, &["release.added"]).await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    for tries in 1..=4 {
        until("it is tried", async || receiver.got().len() == tries).await;
        until("that is noted", async || {
            listed(&house).await[0].failing_since.is_some()
                && deliveries(&house, &listed(&house).await[0].id).await[0].tries as usize == tries
        })
        .await;
        house.later(30 * 60);
    }
    let off = &listed(&house).await[0];
    assert!(off.off_since.is_some(), "{off:?}");
    let because = off.off_because.as_deref().unwrap();
    assert!(because.contains("answered with 500"), "{because}");
    let takes = Receiver::start(Does::Takes).await;
    add(&house, &takes.url, &["release.added"]).await;
    house.submit(&house.built("1.2.0", 3, &[])).await;
    until("another one is told", async || takes.taken().len() == 1).await;
    assert_eq!(receiver.got().len(), 4);
}

/// Monitoring systems hear which server has this job, as of the other one.
#[tokio::test]
async fn metrics_say_who_tells() {
    let house = house().await;
    let receiver = Receiver::start(Does::Takes).await;
    add(&house, &receiver.url, &["release.added"]).await;
    until("it has the job", async || {
        let operations = &house.tokens.operations;
        let told = house.request(Method::GET, "/metrics", operations);
        let told = told.send().await.unwrap().text().await.unwrap();
        told.contains("mainstay_job_lease_here{job=\"webhooks\"} 1\n")
    })
    .await;
}
