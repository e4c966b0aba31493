//! The whole fleet comes at once, to a server that remembers nobody: as after a power cut, or a restart.
//!
//! Every device has a connection of its own, over a real socket. One that is sent away comes back when it was told to, with a second shortened to ten
//! milliseconds. Whether any is sent away here is the machine's affair; that a whole fleet is, and is served later, is in `ranks.rs`.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_protocol::{CHECK_IN_PATH, Event};
use mainstay_server::{Bounds, SeededEntropy, Token};
use mainstay_store::Registration;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::abuse::raw::{address, assert_well};
use crate::gadget::Gadget;
use crate::house::{Artifact, House};
use crate::line::{RATE, plan, promised};

/// As many as this test needs to fill every place of the server; fewer where the process may have fewer descriptors.
const DEVICES_MAX: usize = 1500;
/// The seeds of their tokens begin here: those of the house are smaller.
const SEED: u64 = 2_000_000;
/// No answer takes longer: less than what a device waits for one. On a machine that does nothing else it is some hundred milliseconds.
pub const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Everybody has been served by then.
pub const STORM_MAX: Duration = Duration::from_secs(180);
/// What people and monitors wait for meanwhile.
const PERSON_MAX: Duration = Duration::from_secs(10);

/// How the storm went for one device.
#[derive(Debug, Default)]
pub struct Lived {
    longest: Duration,
    sent_away: u32,
    broken_off: u32,
}

/// Registers so many more devices, which have never been heard of; with the tokens that they ask with.
pub async fn fleet(house: &House, devices: usize) -> Vec<String> {
    let tokens: Vec<Token> = (0..devices as u64)
        .map(|nth| Token::draw(&SeededEntropy::new(SEED + nth)))
        .collect();
    let now = house.app.now();
    let new = tokens.iter().enumerate().map(|(nth, token)| Registration {
        device: device(nth, now),
        token_hash: token.hash(),
        controller: None,
    });
    let new: Vec<_> = new.collect();
    house.app.store().register_many(&new).await.unwrap();
    tokens.iter().map(Token::reveal).collect()
}

fn device(nth: usize, now: Timestamp) -> Device {
    Device {
        id: DeviceId::new(format!("storm-{nth:05}")).unwrap(),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.2".to_owned(),
        registered_at: now,
        last_seen: None,
        running: None,
        attributes: BTreeMap::new(),
    }
}

/// Asks until it is told what to do, and comes back each time that it is sent away.
pub async fn comes(address: String, request: Vec<u8>) -> Lived {
    let mut lived = Lived::default();
    loop {
        let asked = Instant::now();
        let answer = timeout(ANSWER_MAX, answered(&address, &request)).await;
        let answer = answer.expect("an answer comes in time");
        let Ok((status, retry_after_s)) = answer else {
            // Where thousands come within a moment, some make room for others.
            lived.broken_off += 1;
            assert!(lived.broken_off < 50, "{answer:?}");
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        lived.longest = lived.longest.max(asked.elapsed());
        match status {
            200 => return lived,
            503 => {
                lived.sent_away += 1;
                let after_s = retry_after_s.expect("who is sent away is told for how long");
                assert!((30..300).contains(&after_s), "{after_s}");
                sleep(Duration::from_millis(after_s * 10)).await;
            }
            other => panic!("{other}"),
        }
    }
}

/// The status of the answer to one request on a connection of its own, and when to come back.
pub async fn answered(address: &str, request: &[u8]) -> io::Result<(u16, Option<u64>)> {
    let mut line = TcpStream::connect(address).await?;
    line.write_all(request).await?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await?;
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    let after = head.split_once("retry-after: ").map(|(_, rest)| {
        let end = rest.find('\r').unwrap();
        rest[..end].parse().unwrap()
    });
    Ok((status, after))
}

pub fn check_in(gadget: &mut Gadget, token: &str) -> Vec<u8> {
    let body = gadget.check_in_message(&[]);
    let line = format!("POST {CHECK_IN_PATH}");
    crate::abuse::raw::request(&line, token, &body)
}

/// Says that it begins and fetches the release, as a device that was promised it, and so ends it whatever is held meanwhile; what comes of it while all
/// others come, and how long it took.
async fn begins(
    house: &House,
    gadget: &mut Gadget,
    new: &Artifact,
) -> JoinHandle<(Vec<u8>, Duration)> {
    let manifest = new.manifest;
    let said = gadget.report(Event::DownloadStarted { manifest });
    assert_eq!(gadget.send(house, &[said]).await, said.seq);
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    let request = house.request(Method::GET, &path, &gadget.token);
    let began = Instant::now();
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    tokio::spawn(async move {
        let bytes = answer.bytes().await.unwrap();
        (bytes.to_vec(), began.elapsed())
    })
}

/// How long the answer took that a person or a monitor got, who must get one.
async fn took(request: reqwest::RequestBuilder) -> (StatusCode, Duration) {
    let asked = Instant::now();
    let answer = timeout(PERSON_MAX, request.send()).await;
    let answer = answer.expect("an answer comes in time").unwrap();
    (answer.status(), asked.elapsed())
}

/// What people and monitors saw while devices came.
#[derive(Debug, Default)]
struct Seen {
    /// How often the server's health was asked for, and the longest answer.
    health: (u32, Duration),
    /// How long the answer to the hold took.
    held: Option<Duration>,
}

/// Asks after the server's health, on new connections, and puts the release on hold, until every device was served.
async fn watch(house: &House, coming: &[JoinHandle<Lived>]) -> Seen {
    let mut seen = Seen::default();
    while coming.iter().any(|device| !device.is_finished()) {
        let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
        for path in ["/healthz", "/readyz"] {
            let well = fresh.get(format!("{}{path}", house.base));
            let (status, after) = took(well).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            seen.health = (seen.health.0 + 1, seen.health.1.max(after));
        }
        if seen.held.is_none() {
            let path = "/api/v1/releases/thermo-v2@1.1.0/hold";
            let reason = json!({"reason": "units smell of smoke"}).to_string();
            let hold = house.request(Method::POST, path, &house.tokens.operations);
            let (status, after) = took(hold.body(reason)).await;
            assert_eq!(status, StatusCode::CREATED);
            seen.held = Some(after);
        }
        sleep(Duration::from_millis(20)).await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_that_comes_at_once_is_served_and_a_hold_goes_before_it() {
    let house = House::under(&plan("64 kB")).await;
    let (mut gadgets, new) = promised(&house).await;
    let devices = DEVICES_MAX.min(Bounds::default().of_one * 3 / 4);
    let tokens = fleet(&house, devices).await;
    let ready = house.http.get(format!("{}/readyz", house.base));
    assert_eq!(took(ready).await.0, StatusCode::OK);
    let fetched = begins(&house, &mut gadgets[0], &new).await;

    let began = Instant::now();
    let coming: Vec<_> = tokens
        .iter()
        .map(|token| {
            let request = check_in(&mut gadgets[1], token);
            tokio::spawn(comes(address(&house).to_owned(), request))
        })
        .collect();
    let seen = watch(&house, &coming).await;
    let mut lived = Vec::new();
    for device in coming {
        lived.push(device.await.unwrap());
    }
    let storm = began.elapsed();
    let longest = lived.iter().map(|lived| lived.longest).max();
    let sent_away: u32 = lived.iter().map(|lived| lived.sent_away).sum();
    println!(
        "{devices} devices in {storm:?}, {sent_away} sent away, longest answer {longest:?}, {seen:?}"
    );
    assert!(storm < STORM_MAX, "{storm:?}");
    assert!(seen.health.0 > 0 && seen.held.is_some());

    let (image, took) = fetched.await.unwrap();
    assert!(image == new.image, "the pieces aren't the image");
    // A second's worth may have been saved up; the rest comes at the plan's rate, whatever else happens.
    let least_ms = (image.len() as u64 - RATE) * 1000 / RATE;
    assert!(took.as_millis() >= u128::from(least_ms) - 10, "{took:?}");
    assert_nobody_is_left(&house).await;
}

/// Nothing of the storm stays: every place is free again, and what was sent away was counted.
async fn assert_nobody_is_left(house: &House) {
    assert_well(house).await;
    let token = &house.tokens.engineer;
    let mut figures = String::new();
    for _ in 0..1200 {
        let answer = house.request(Method::GET, "/metrics", token).send().await;
        let answer = answer.unwrap();
        if answer.status() == StatusCode::OK {
            figures = answer.text().await.unwrap();
            // It is at work itself.
            if figures.contains("mainstay_requests_at_work 1\n") {
                break;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(
        figures.contains("mainstay_requests_at_work 1\n"),
        "{figures}"
    );
    for line in [
        "mainstay_requests_shed_total{rank=\"first\"} 0\n",
        "mainstay_requests_limited_total{by=\"device\"} 0\n",
        "mainstay_line_share_ratio 1.000000\n",
        "mainstay_download_looks_total{became=\"held\"} 0\n",
    ] {
        assert!(figures.contains(line), "{line} in {figures}");
    }
}
