//! Where not everybody can be worked on, downloads are sent away first, then people but for a few, then reports, check-ins last, and nobody who
//! stops something.

use std::time::Duration;

use mainstay_protocol::{CHECK_IN_PATH, Event, REPORTS_PATH, ReportList, Reports};
use mainstay_server::Bounds;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::abuse::raw::{address, connect};
use crate::gadget::{Gadget, message};
use crate::house::{Artifact, House, PLAN, problem};
use crate::line::promised;
use crate::patience::until;
use crate::storm::{self, ANSWER_MAX, STORM_MAX, answered, comes, fleet};

/// As few places the server has that gets through nothing.
const PLACES: usize = 64;
/// A quarter of them and some more: whoever asks meanwhile may have taken one.
const EACH: usize = PLACES / 4 + 4;

/// So many people have a place whatever the devices do, and some more.
const TOO_MANY_PEOPLE: usize = 8 + 4;

/// As many come to a server that has no place for any of them.
const TOO_MANY: usize = 300;

/// A server that gets through nothing, and two devices that were promised a release.
async fn scene() -> (House, Vec<Gadget>, Artifact) {
    let house = House::unfelt(PLAN).await;
    let (gadgets, new) = promised(&house).await;
    for _ in 0..20 {
        house.app.feel_load(Duration::from_secs(9));
    }
    (house, gadgets, new)
}

/// So many check-ins that are begun and not ended.
async fn begun(house: &House, gadget: &Gadget, times: usize) -> Vec<TcpStream> {
    half_sent(house, CHECK_IN_PATH, &gadget.token, times).await
}

/// So many requests that lack their body: each has a place, as far as there are any.
async fn half_sent(house: &House, path: &str, token: &str, times: usize) -> Vec<TcpStream> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
    );
    let mut lines = Vec::new();
    for _ in 0..times {
        let mut line = connect(house).await;
        line.write_all(head.as_bytes()).await.unwrap();
        lines.push(line);
    }
    lines
}

/// Asks until it is sent away, which it is once those that were begun have come in.
async fn is_sent_away(request: RequestBuilder) {
    for _ in 0..6000 {
        let answer = request.try_clone().unwrap().send().await.unwrap();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            let after = answer.headers()["retry-after"].to_str().unwrap();
            let after: u32 = after.parse().unwrap();
            assert!((30..270).contains(&after), "{after}");
            assert_eq!(problem(answer).await, (503, "server.busy".to_owned()));
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is never sent away");
}

async fn status(request: &RequestBuilder) -> u16 {
    let answer = request.try_clone().unwrap().send().await;
    answer.unwrap().status().as_u16()
}

fn report(house: &House, gadget: &mut Gadget) -> RequestBuilder {
    let report = gadget.report(Event::DownloadStarted {
        manifest: gadget.runs.0,
    });
    let reports = ReportList([report].into_iter().collect());
    let request = house.request(Method::POST, REPORTS_PATH, &gadget.token);
    request.body(message(&Reports { reports }))
}

fn check_in(house: &House, gadget: &mut Gadget) -> RequestBuilder {
    let request = house.request(Method::POST, CHECK_IN_PATH, &gadget.token);
    request.body(gadget.check_in_message(&[]))
}

#[tokio::test]
async fn who_matters_least_is_sent_away_first_and_a_hold_never() {
    let (house, mut gadgets, new) = scene().await;
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let download = house.request(Method::GET, &path, &gadgets[0].token);
    let person = house.request(Method::GET, "/api/v1/devices", &house.tokens.engineer);
    let report = report(&house, &mut gadgets[0]);
    let check_in = check_in(&house, &mut gadgets[0]);
    for request in [&download, &person, &report, &check_in] {
        assert_eq!(status(request).await, 200);
    }
    let mut lines = begun(&house, &gadgets[1], EACH).await;
    is_sent_away(download).await;
    assert_eq!(status(&person).await, 200);
    lines.extend(begun(&house, &gadgets[1], EACH).await);
    until("half of the places are taken", async || {
        figure(&house, "mainstay_requests_at_work").await > PLACES / 2 + 1
    })
    .await;
    assert_eq!(status(&person).await, 200, "one of those that people have");
    let operations = house.tokens.operations.as_str();
    let people = half_sent(&house, "/api/v1/devices", operations, TOO_MANY_PEOPLE).await;
    is_sent_away(person.try_clone().unwrap()).await;
    assert_eq!(status(&report).await, 200);
    lines.extend(begun(&house, &gadgets[1], EACH).await);
    is_sent_away(report.try_clone().unwrap()).await;
    assert_eq!(status(&check_in).await, 200);
    lines.extend(begun(&house, &gadgets[1], EACH).await);
    is_sent_away(check_in.try_clone().unwrap()).await;

    for path in ["/healthz", "/api/v1/health"] {
        let health = house.http.get(format!("{}{path}", house.base));
        assert_eq!(status(&health).await, 200, "{path}");
    }
    let hold = "/api/v1/releases/thermo-v2@1.1.0/hold";
    let reason = json!({"reason": "units smell of smoke"}).to_string();
    let held = house.post(hold, &house.tokens.operations, reason.into());
    assert_eq!(held.await.status(), StatusCode::CREATED);
    // Those who gave up leave their places to others.
    drop((lines, people));
    for request in [&person, &report, &check_in] {
        until_served(request).await;
    }
}

async fn until_served(request: &RequestBuilder) {
    for _ in 0..6000 {
        if status(request).await == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is never served");
}

/// What monitoring systems are told under this name.
async fn figure(house: &House, name: &str) -> usize {
    let figures = house.request(Method::GET, "/metrics", &house.tokens.engineer);
    let figures = figures.send().await.unwrap();
    assert_eq!(figures.status(), StatusCode::OK, "a person has a place");
    let figures = figures.text().await.unwrap();
    let told = figures.lines().find_map(|line| line.strip_prefix(name));
    told.unwrap().trim().parse().unwrap()
}

/// Waits until one of these is sent away: every place is taken then, by the others. Nobody else asks meanwhile, or another one of them is sent away
/// in their place, and a place is free once they are answered.
async fn one_is_sent_away(lines: &[TcpStream]) {
    let mut head = [0; 12];
    until("one is sent away", async || {
        let came = lines.iter().any(|line| line.try_read(&mut head).is_ok());
        if came {
            assert_eq!(head, *b"HTTP/1.1 503");
        }
        came
    })
    .await;
}

/// Every place is taken when the fleet comes, by devices that stopped in the midst.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_that_finds_no_place_is_sent_away_and_served_when_it_comes_back() {
    let (house, mut gadgets, _new) = scene().await;
    let devices = TOO_MANY.min(Bounds::default().of_one * 3 / 4);
    let tokens = fleet(&house, devices).await;
    let requests = tokens
        .iter()
        .map(|token| storm::check_in(&mut gadgets[0], token));
    let requests: Vec<_> = requests.collect();
    let stopped = begun(&house, &gadgets[1], PLACES + 4).await;
    one_is_sent_away(&stopped).await;

    let first = requests.iter().cloned().map(|request| {
        let address = address(&house).to_owned();
        tokio::spawn(async move { timeout(ANSWER_MAX, answered(&address, &request)).await })
    });
    let mut sent_away = 0;
    for answer in first.collect::<Vec<_>>() {
        let answer = answer.await.unwrap().expect("an answer comes in time");
        // Where all come within a moment, a connection may break off.
        if let Ok((status, after_s)) = answer {
            assert_eq!(status, 503);
            assert!(after_s.is_some_and(|after_s| (30..300).contains(&after_s)));
            sent_away += 1;
        }
    }
    assert!(sent_away > devices / 2, "{sent_away} of {devices}");
    let reason = json!({"reason": "units smell of smoke"}).to_string();
    let hold = "/api/v1/releases/thermo-v2@1.1.0/hold";
    let held = house.post(hold, &house.tokens.operations, reason.into());
    assert_eq!(held.await.status(), StatusCode::CREATED);
    let told = figure(&house, "mainstay_requests_shed_total{rank=\"check-in\"}").await;
    assert!(told >= sent_away, "{told} of {sent_away}");

    drop(stopped);
    let coming = requests.into_iter().map(|request| {
        let comes = comes(address(&house).to_owned(), request);
        tokio::spawn(timeout(STORM_MAX, comes))
    });
    for device in coming.collect::<Vec<_>>() {
        device.await.unwrap().expect("it is served");
    }
}
