//! What happens is told: a page at a time, and to those who listen.

use std::time::Duration;

use mainstay_api::EventPage;
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;

use crate::elected::{NEVER, Server};
use crate::eligibility::running;
use crate::house::{House, problem};

/// Far longer than anything takes here.
const LONG: Duration = Duration::from_secs(180);

/// Somebody who listens, and what they heard.
struct Listener {
    response: Response,
    heard: String,
}

impl Listener {
    async fn at(house: &House, words: &str, last: Option<i64>) -> Self {
        let path = format!("/api/v1/events/stream{words}");
        let request = house.request(Method::GET, &path, &house.tokens.engineer);
        let request = match last {
            Some(last) => request.header("last-event-id", last.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let heard = String::new();
        let mut listener = Self { response, heard };
        listener.hear("retry: ").await;
        listener
    }

    /// Listens until this was said.
    async fn hear(&mut self, what: &str) {
        while !self.heard.contains(what) {
            let chunk = timeout(LONG, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("{what} isn't said: {}", self.heard));
            let chunk = chunk.unwrap().expect("it goes on");
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The numbers that were heard.
    fn numbers(&self) -> Vec<i64> {
        let ids = self
            .heard
            .lines()
            .filter_map(|line| line.strip_prefix("id: "));
        ids.map(|id| id.parse().unwrap()).collect()
    }
}

async fn page(house: &House, words: &str) -> EventPage {
    let path = format!("/api/v1/events{words}");
    house.get(&path, &house.tokens.engineer).await
}

async fn refused(house: &House, path: &str) -> (u16, String) {
    let request = house.request(Method::GET, path, &house.tokens.engineer);
    problem(request.send().await.unwrap()).await
}

#[tokio::test]
async fn what_happens_is_told_to_who_asks_and_to_who_listens() {
    let house = House::new().await;
    running(&house, &["th-1", "th-2"]).await;
    let before = page(&house, "").await;
    assert!(
        !before.events.is_empty() && !before.more,
        "root and plan: {before:?}"
    );
    let mut listener = Listener::at(&house, "", None).await;
    let mut halts = Listener::at(&house, "?kind=rollout.halted", None).await;

    let rollout = house.roll_out(&house.built("1.1.0", 2, &[])).await;
    listener.hear("rollout.started").await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why":"displays stay dark"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.engineer, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    listener.hear("incident.opened").await;
    halts.hear("displays stay dark").await;

    let all = page(&house, &format!("?after={}", before.next)).await;
    let kinds: Vec<_> = all
        .events
        .iter()
        .map(|event| &*event.happened.kind)
        .collect();
    let expected = [
        "release.added",
        "release.moved",
        "rollout.started",
        "rollout.halted",
        "incident.opened",
    ];
    for kind in expected {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    let numbers: Vec<_> = all.events.iter().map(|event| event.number).collect();
    let told = listener.numbers();
    assert!(numbers.starts_with(&told), "{told:?} of {numbers:?}");
    assert_eq!(halts.numbers().len(), 1);
    assert!(!all.more && all.next == *numbers.last().unwrap());

    // Who was cut off hears what followed the last that they heard.
    let second = numbers[1];
    let mut again = Listener::at(&house, "", Some(second)).await;
    again.hear("incident.opened").await;
    assert_eq!(again.numbers(), numbers[2..][..again.numbers().len()]);
    let some = page(&house, &format!("?subject=rollout/{rollout}&limit=1")).await;
    assert_eq!(some.events[0].happened.kind, "rollout.started");
    assert!(some.more && some.next == some.events[0].number);
}

/// A listener at one server hears what was done at another one; and a server that stops waits for nobody who only listens.
#[tokio::test]
async fn what_is_done_at_another_server_is_heard_and_no_listener_keeps_one_up() {
    let mut house = House::new().await;
    let other = Server::start(&house, NEVER).await;
    let own = std::mem::replace(&mut house.base, other.base.clone());
    let mut listener = Listener::at(&house, "", None).await;
    house.base = own;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    listener.hear("release.added").await;
    let ended = timeout(Duration::from_secs(8), other.end()).await;
    ended.expect("sooner than requests under way are waited for");
    while let Some(chunk) = listener.response.chunk().await.unwrap() {
        assert!(!chunk.is_empty());
    }
}

#[tokio::test]
async fn words_that_mean_no_events_are_refused() {
    let house = House::new().await;
    for place in ["/api/v1/events", "/api/v1/events/stream"] {
        for (words, id) in [
            ("?after=-1", "events.words"),
            ("?after=1000000", "events.ahead"),
            ("?kind=rollout", "events.words"),
            ("?limit=501", "events.words"),
            ("?since=3", "events.words"),
        ] {
            let refused = refused(&house, &format!("{place}{words}")).await;
            assert_eq!(refused, (400, id.to_owned()), "{place}{words}");
        }
    }
    let request = house.request(Method::GET, "/api/v1/events/stream", &house.tokens.engineer);
    let request = request.header("last-event-id", "the third");
    let refused = problem(request.send().await.unwrap()).await;
    assert_eq!(refused, (400, "events.words".to_owned()));
}

/// One person's programs don't take the places of all others.
#[tokio::test]
async fn nobody_listens_more_often_than_any_may() {
    let house = House::new().await;
    let mut listeners = Vec::new();
    for _ in 0..16 {
        listeners.push(Listener::at(&house, "", None).await);
    }
    let (status, id) = refused(&house, "/api/v1/events/stream").await;
    assert_eq!((status, &*id), (503, "events.too-many-listeners"));
    let path = "/api/v1/events/stream";
    let another = house.request(Method::GET, path, &house.tokens.manager);
    assert_eq!(another.send().await.unwrap().status(), StatusCode::OK);
    listeners.pop();
    crate::patience::until("a place is free again", async || {
        let request = house.request(Method::GET, path, &house.tokens.engineer);
        request.send().await.unwrap().status() == StatusCode::OK
    })
    .await;
}
