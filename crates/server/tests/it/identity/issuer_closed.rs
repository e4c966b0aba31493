//! Servers that can issue nothing for a while: they serve devices all the same, say why, and find out by themselves when it is over.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_server::DeviceIssuer;
use mainstay_server::issuing::IssuerError;
use mainstay_server::settings::DeviceCertificates;
use rcgen::KeyPair;
use reqwest::{Method, Response, StatusCode};
use tempfile::TempDir;

use super::issuer::{How, Issuing, Token};
use super::issuing::{ENROLL, REENROLL, asks, enrolled, request, stage, stage_with};
use super::issuing_refused::tls;
use super::stage::{Stage, authority, given};
use crate::door::secrets::Log;
use crate::house::{House, problem, start};
use crate::patience::until;

const GOOD: (i32, i32) = (2020, 2099);

async fn get(house: &House, place: &str) -> Response {
    let url = format!("{}/.well-known/est/{place}", house.base);
    house.http.get(url).send().await.unwrap()
}

/// What monitoring systems are told.
async fn told(house: &House) -> Option<String> {
    let asked = house.request(Method::GET, "/metrics", &house.tokens.engineer);
    let figures = asked.send().await.unwrap().text().await.unwrap();
    let mut lines = figures.lines();
    let value = lines.find_map(|line| line.strip_prefix("mainstay_issuer_open "));
    value.map(str::to_owned)
}

/// Nobody is given a certificate, for this reason, and devices come as ever.
async fn expect_closed(stage: &Stage, token: &str, id: &str) {
    let house = &stage.house;
    let factory = stage.device(&given(&stage.devices, "th-1"));
    let body = request(&KeyPair::generate().unwrap(), None);
    let bearer = format!("Bearer {token}");
    for refused in [
        get(house, "cacerts").await,
        get(house, "csrattrs").await,
        asks(house, &house.http, (ENROLL, Some(&bearer)), body.clone()).await,
        asks(house, &factory, (REENROLL, None), body.clone()).await,
    ] {
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(problem(refused).await, (503, id.to_owned()));
    }
    // A stranger is one, also then.
    let stranger = asks(house, &house.http, (ENROLL, None), body).await;
    assert_eq!(problem(stranger).await, (401, "auth.token".to_owned()));
    assert_eq!(stage.hears(&factory).await, StatusCode::OK);
    assert_eq!(told(house).await.as_deref(), Some("0"));
}

async fn expect_open(stage: &Stage, token: &str) {
    let house = &stage.house;
    let own = enrolled(house, &house.http, &format!("Bearer {token}")).await;
    assert_eq!(stage.hears(&stage.device(&own)).await, StatusCode::OK);
    assert_eq!(get(house, "cacerts").await.status(), StatusCode::OK);
    assert_eq!(told(house).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_server_starts_whose_issuer_is_not_good_and_takes_its_next_certificate() {
    for (years, id) in [
        ((2020, 2021), "issuer.ended"),
        ((2098, 2099), "issuer.not-yet"),
    ] {
        let (stage, token) = stage_with(DeviceCertificates::Optional, years, How::Signs).await;
        expect_closed(&stage, &token, id).await;
        stage.renew_issuer(GOOD);
        stage.look();
        expect_open(&stage, &token).await;
        assert_eq!(stage.token().opened(), 1, "the key was open all the time");
    }
}

/// It is over by the house's clock, on a server that runs.
#[tokio::test]
async fn an_issuer_that_ends_is_followed_by_the_certificate_in_its_file() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    expect_open(&stage, &token).await;
    stage.renew_issuer((2020, 2101));
    let house = &stage.house;
    house.clock.set("2099-01-02T00:00:00Z".parse().unwrap());
    let closed = get(house, "cacerts").await;
    assert_eq!(problem(closed).await, (503, "issuer.ended".to_owned()));
    stage.look();
    assert_eq!(get(house, "cacerts").await.status(), StatusCode::OK);
    enrolled(house, &house.http, &format!("Bearer {token}")).await;
}

#[tokio::test]
async fn a_token_that_is_away_keeps_devices_from_certificates_and_from_nothing_else() {
    let (stage, token) = stage_with(DeviceCertificates::Optional, GOOD, How::Away).await;
    expect_closed(&stage, &token, "issuer.unopened").await;
    stage.token().now(How::Signs);
    stage.look();
    expect_open(&stage, &token).await;
    // It is pulled out.
    stage.token().now(How::Away);
    let (house, key) = (&stage.house, KeyPair::generate().unwrap());
    let bearer = format!("Bearer {token}");
    let by = (ENROLL, Some(&*bearer));
    let refused = asks(house, &house.http, by, request(&key, None)).await;
    assert_eq!(problem(refused).await, (503, "issuer.unsigned".to_owned()));
    // It is there again. Whoever asks has it tried no sooner for that.
    stage.token().now(How::Signs);
    let opened = stage.token().opened();
    expect_closed(&stage, &token, "issuer.unsigned").await;
    assert_eq!(stage.token().opened(), opened);
    house.later(1);
    stage.look();
    expect_open(&stage, &token).await;
    assert_eq!(stage.token().opened(), opened + 1);
}

/// Of a token that hangs as many requests wait as there are threads for it; whoever comes then waits for its turn, is sent away if that doesn't come, and devices are served.
#[tokio::test]
async fn a_token_that_hangs_keeps_four_threads_and_no_more() {
    let (stage, token) = stage(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let factory = stage.device(&given(&stage.devices, "th-1"));
    let (bearer, key) = (format!("Bearer {token}"), KeyPair::generate().unwrap());
    let wish = request(&key, Some("th-1"));
    let asked = || asks(house, &house.http, (ENROLL, Some(&*bearer)), wish.clone());
    let hanging = stage.token().hangs();
    let meanwhile = async {
        stage.token().hung(4).await;
        let (one, two, three) = tokio::join!(asked(), asked(), asked());
        for refused in [one, two, three] {
            let after = refused.headers()["retry-after"].to_str().unwrap();
            let after: u32 = after.parse().unwrap();
            assert!((30..60).contains(&after), "{after}");
            assert_eq!(problem(refused).await, (503, "certificate.busy".to_owned()));
        }
        assert_eq!(stage.hears(&factory).await, StatusCode::OK);
        // Whose turn comes in time is sent away by nobody.
        let signs = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(hanging);
        };
        tokio::join!(asked(), signs).0
    };
    let (one, two, three, four, late) = tokio::join!(asked(), asked(), asked(), asked(), meanwhile);
    for answer in [one, two, three, four, late] {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    enrolled(house, &house.http, &bearer).await;
}

type Begun = (TempDir, Arc<Token>, Result<Arc<DeviceIssuer>, IssuerError>);

/// An issuer whose key does this when its server starts, at [`start`].
fn begun(key: How) -> Begun {
    begun_within(None, key)
}

/// The same, of one that starts without the key after this time.
fn begun_within(waits: Option<Duration>, key: How) -> Begun {
    let devices = authority("devices");
    let issuing = Issuing::below(&devices, GOOD);
    let (folder, tls) = tls(&issuing.pem);
    let file = folder.path().join("issuer.pem");
    fs::write(&file, &issuing.pem).unwrap();
    issuing.token.now(key);
    let issuer = issuing.open_within(waits, &file, &tls);
    (folder, issuing.token, issuer)
}

fn at(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

#[test]
fn it_is_tried_twice_a_minute_at_most_whichever_way_the_clock_is_set() {
    let (_folder, token, issuer) = begun(How::Away);
    let issuer = issuer.unwrap();
    for (seconds, opened) in [
        (0, 1),
        (29, 1),
        (30, 2),
        (31, 2),
        (59, 2),
        (60, 3),
        (-3600, 4),
        (-3590, 4),
    ] {
        issuer.look(at(seconds));
        assert_eq!(token.opened(), opened, "{seconds} s");
        assert!(!issuer.is_open(at(seconds)));
    }
    token.now(How::Signs);
    issuer.look(at(0));
    assert!(issuer.is_open(at(0)));
    issuer.look(at(60));
    assert_eq!(token.opened(), 5, "what is open isn't opened");
}

/// Some tokens are locked by three wrong ones.
#[test]
fn a_wrong_pin_is_never_tried_again() {
    let (_folder, token, issuer) = begun(How::Away);
    let issuer = issuer.unwrap();
    token.now(How::WrongPin);
    issuer.look(at(60));
    assert_eq!(token.opened(), 2);
    token.now(How::Signs);
    for minute in 2..10 {
        issuer.look(at(60 * minute));
    }
    assert_eq!(token.opened(), 2);
    assert!(!issuer.is_open(at(600)));
    // At a start it is refused.
    let (_folder, _, refused) = begun(How::WrongPin);
    let refused = refused.unwrap_err();
    assert!(!refused.passes());
    let IssuerError::Unopened(why) = refused else {
        panic!("{refused}");
    };
    assert_eq!(why.id, "token.wrong-pin");
}

#[tokio::test]
async fn nobody_waits_for_a_token_that_hangs_while_it_is_opened() {
    let (_folder, token, issuer) = begun(How::Away);
    let issuer = issuer.unwrap();
    let look = |seconds| {
        let issuer = issuer.clone();
        tokio::task::spawn_blocking(move || issuer.look(at(seconds)))
    };
    let hanging = token.hangs();
    let first = look(60);
    token.hung(1).await;
    let second = tokio::time::timeout(Duration::from_secs(60), look(120)).await;
    second.expect("it doesn't wait").unwrap();
    assert!(!issuer.is_open(at(120)));
    assert_eq!(token.opened(), 2);
    drop(hanging);
    first.await.unwrap();
    assert!(issuer.is_open(at(120)));
}

/// It is opened once more before it is asked for a signature again: it may have been another token's turn meanwhile.
#[test]
fn a_token_that_opens_and_does_not_sign_is_opened_anew() {
    let (_folder, token, issuer) = begun(How::Fails);
    let issuer = issuer.unwrap();
    assert!(!issuer.is_open(at(0)));
    issuer.look(at(30));
    assert!(!issuer.is_open(at(30)));
    token.now(How::Signs);
    issuer.look(at(60));
    assert!(issuer.is_open(at(60)));
    assert_eq!(token.opened(), 3);
}

#[tokio::test]
async fn a_token_that_says_nothing_keeps_no_server_from_starting() {
    let soon = Duration::from_millis(10);
    let (_folder, token, issuer) = begun_within(Some(soon), How::Hangs);
    let hanging = token.hangs();
    let issuer = issuer.unwrap();
    token.hung(1).await;
    issuer.look(at(60));
    assert!(!issuer.is_open(at(60)));
    drop(hanging);
    until("it is open", async || issuer.is_open(at(60))).await;
    assert_eq!(token.opened(), 1);
    // What can't be used is refused at a start all the same.
    let longest = Some(Duration::from_secs(180));
    let (_folder, _, refused) = begun_within(longest, How::WrongPin);
    assert_eq!(refused.unwrap_err().id(), "issuer.unopened");
    let (_folder, _, issuer) = begun_within(longest, How::Signs);
    assert!(issuer.unwrap().is_open(at(0)));
}

#[test]
fn it_is_told_when_it_turns_and_not_at_each_try() {
    let (log, _listening) = Log::listen();
    let count = |line: &str| log.text().matches(line).count();
    let (closed, open) = (
        "no certificates can be issued",
        "certificates can be issued again",
    );
    let (_folder, token, issuer) = begun(How::Away);
    let issuer = issuer.unwrap();
    for minute in 1..5 {
        issuer.look(at(60 * minute));
    }
    assert_eq!((count(closed), count(open)), (1, 0));
    token.now(How::Signs);
    for minute in 5..10 {
        issuer.look(at(60 * minute));
    }
    assert_eq!((count(closed), count(open)), (1, 1));
    let over: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    for minute in 0..5 {
        let now = over + SignedDuration::from_mins(minute);
        assert!(!issuer.is_open(now));
        issuer.look(now);
    }
    assert_eq!((count(closed), count(open)), (2, 1), "{}", log.text());
    assert!(log.text().contains("issuer.ended"));
}
