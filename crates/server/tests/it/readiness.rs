//! A server whose disk is full, or whose database or folder of payloads is gone: it says so, acknowledges nothing that it
//! doesn't keep, and goes on by itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use mainstay_api::NewDevices;
use mainstay_protocol::{CHECK_IN_PATH, Event, REPORTS_PATH, ReportList, Reports};
use mainstay_server::{Advance, AppConfig};
use mainstay_store::{SqliteStore, TimelineKind};
use mainstay_trust::Digest;
use reqwest::{Method, Response, StatusCode};

use crate::gadget::{Gadget, message, new_device, register};
use crate::house::{self, CLASS, House, packed, problem};

/// A house whose server was replaced by one on the same folder, of which the test holds the store.
async fn house() -> (House, SqliteStore, Gadget) {
    let mut house = House::new().await;
    let factory = packed(CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &factory).await.remove(0);
    gadget.check_in(&house, &[]).await;
    let store = SqliteStore::open(&house.data.database()).await.unwrap();
    let blobs = Arc::new(house.same_blobs().await);
    let config = AppConfig {
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    house
        .serve_anew(Arc::new(store.clone()), blobs, config)
        .await;
    (house, store, gadget)
}

/// What is answered at a path to anyone.
pub async fn get(house: &House, path: &str) -> Response {
    let address = format!("{}{path}", house.base);
    house.http.get(address).send().await.unwrap()
}

/// What readiness says in the end, once the last answer holds no more: a machine with much to do may take longer for a try than
/// whoever asks waits.
pub async fn becomes(house: &House, expected: Result<(), (u16, String)>) {
    let mut told = ready(house).await;
    for _ in 0..20 {
        if told == expected {
            return;
        }
        told = ready(house).await;
    }
    assert_eq!(told, expected);
}

async fn ready(house: &House) -> Result<(), (u16, String)> {
    house
        .clock
        .set(house.app.now() + SignedDuration::from_secs(1));
    let response = get(house, "/readyz").await;
    if response.status() == StatusCode::OK {
        return Ok(());
    }
    let wait = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(wait.parse::<u32>().unwrap() > 0);
    Err(problem(response).await)
}

/// What readiness says with this id, while it isn't.
pub fn unavailable(id: &str) -> Result<(), (u16, String)> {
    Err((503, id.to_owned()))
}

/// Sends the device's next report; whether it was acknowledged.
pub async fn report(house: &House, gadget: &mut Gadget) -> Result<u32, (u16, String)> {
    let manifest = Digest([9; 32]);
    let report = gadget.report(Event::DownloadStarted { manifest });
    let reports = ReportList([report].into_iter().collect());
    let response = house
        .post(REPORTS_PATH, &gadget.token, message(&Reports { reports }))
        .await;
    let answer = taken(response).await;
    if answer.is_err() {
        gadget.seq -= 1;
    }
    answer.map(|()| report.seq)
}

/// How many reports of the device its timeline has.
pub async fn kept(house: &House, gadget: &Gadget) -> usize {
    let id = new_device(&gadget.id, "B").id;
    let timeline = house.app.store().timeline(&id, 1000).await.unwrap();
    let reported = timeline
        .iter()
        .filter(|entry| entry.kind == TimelineKind::Reported);
    reported.count()
}

#[tokio::test]
async fn a_server_says_that_it_is_alive_and_ready_to_anyone() {
    let house = House::new().await;
    for (path, status) in [
        ("/healthz", "alive"),
        ("/readyz", "ready"),
        ("/api/v1/health", "ok"),
    ] {
        let response = get(&house, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let body: serde_json::Value = house::read(response).await;
        assert_eq!(body, serde_json::json!({ "status": status }));
    }
    let post = house
        .http
        .post(format!("{}/readyz", house.base))
        .send()
        .await
        .unwrap();
    assert_eq!(
        problem(post).await,
        (405, "request.wrong-method".to_owned())
    );
}

#[tokio::test]
async fn a_full_disk_is_told_loses_nothing_acknowledged_and_ends_by_itself() {
    let (house, store, mut gadget) = house().await;
    becomes(&house, Ok(())).await;
    report(&house, &mut gadget).await.unwrap();
    store.grow_to_at_most(1).await.unwrap();
    let refused = loop {
        if let Err(refused) = report(&house, &mut gadget).await {
            break refused;
        }
        assert!(gadget.seq < 900, "it never fills");
    };
    assert_eq!(refused, (503, "store.full".to_owned()));
    becomes(&house, unavailable("store.full")).await;
    assert_eq!(get(&house, "/healthz").await.status(), StatusCode::OK);
    assert_eq!(get(&house, "/api/v1/health").await.status(), StatusCode::OK);
    let acknowledged = gadget.seq as usize;
    assert!(acknowledged < 900, "the timeline keeps all of them");
    assert_eq!(kept(&house, &gadget).await, acknowledged);

    store.grow_to_at_most(u32::MAX).await.unwrap();
    becomes(&house, Ok(())).await;
    let seq = report(&house, &mut gadget).await.unwrap();
    assert_eq!(seq as usize, acknowledged + 1, "the one that was refused");
}

#[tokio::test]
async fn an_answer_holds_for_a_second() {
    let (house, store, _) = house().await;
    becomes(&house, Ok(())).await;
    let before = store.writes();
    store.grow_to_at_most(1).await.unwrap();
    for _ in 0..20 {
        assert_eq!(get(&house, "/readyz").await.status(), StatusCode::OK);
    }
    assert_eq!(store.writes(), before, "nothing was tried again");
    becomes(&house, unavailable("store.full")).await;
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_database_is_gone() {
    let (house, _, mut gadget) = house().await;
    report(&house, &mut gadget).await.unwrap();
    let (path, away) = (
        house.data.database(),
        house.data.database().with_extension("away"),
    );
    fs::rename(&path, &away).unwrap();
    let gone = (503, "store.moved".to_owned());
    assert_eq!(report(&house, &mut gadget).await.unwrap_err(), gone);
    assert_eq!(check_in(&house, &mut gadget).await.unwrap_err(), gone);
    // Who reads first what they may do may need another connection, which finds no file.
    assert_eq!(registers(&house, "th-2").await.unwrap_err().0, 503);
    becomes(&house, unavailable("store.moved")).await;
    fs::rename(&away, &path).unwrap();
    becomes(&house, Ok(())).await;
    report(&house, &mut gadget).await.unwrap();
    assert_eq!(kept(&house, &gadget).await, 2);
    check_in(&house, &mut gadget).await.unwrap();
    assert_eq!(kept(&house, &gadget).await, 3);
    // It would be refused if it were there already.
    registers(&house, "th-2").await.unwrap();
}

/// Checks in with the device's next report; whether it was answered.
async fn check_in(house: &House, gadget: &mut Gadget) -> Result<(), (u16, String)> {
    let manifest = Digest([9; 32]);
    let report = gadget.report(Event::DownloadStarted { manifest });
    let body = gadget.check_in_message(&[report]);
    let answer = taken(house.post(CHECK_IN_PATH, &gadget.token, body).await).await;
    if answer.is_err() {
        gadget.seq -= 1;
    }
    answer
}

/// Somebody registers a device; whether that was taken.
async fn registers(house: &House, id: &str) -> Result<(), (u16, String)> {
    let devices = vec![new_device(id, "B")];
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let token = &house.tokens.operations;
    taken(house.post("/api/v1/devices", token, body).await).await
}

/// Whether a request succeeded; who is to come back is told when.
async fn taken(answer: Response) -> Result<(), (u16, String)> {
    if answer.status().is_success() {
        return Ok(());
    }
    assert!(answer.headers().contains_key("retry-after"));
    Err(problem(answer).await)
}

#[tokio::test]
async fn a_lost_folder_of_payloads_turns_readiness_off() {
    let (house, ..) = house().await;
    let blobs = house.data.blobs();
    let away = blobs.with_extension("away");
    fs::rename(&blobs, &away).unwrap();
    becomes(&house, unavailable("store.unreadable")).await;
    let operator = house.request(Method::GET, "/api/v1/releases", &house.tokens.operations);
    assert_eq!(operator.send().await.unwrap().status(), StatusCode::OK);
    fs::rename(&away, &blobs).unwrap();
    becomes(&house, Ok(())).await;
    assert_eq!(leftovers(&blobs), 0);
}

fn leftovers(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
