//! People who guess, and the devices that go on meanwhile.

use std::time::Duration;

use mainstay_access::Role;
use mainstay_server::sign_in::hashing::{FOR_THE_KNOWN, IN_LINE_MAX};
use mainstay_server::sign_in::receiving::FORMS_OF_ONE_MAX;
use reqwest::{Method, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::browser::{Browser, PASSWORD, link, signed_in, with_codes};
use super::told;
use crate::gadget::register;
use crate::house::{self, House, packed};

const KIM: &str = "kim@northwind.example";

/// The line is full, and stays so: no poll stands in it, and no question after the server's health. Who finds it full has tried
/// nothing, and comes in as soon as there is room.
#[tokio::test]
async fn polls_never_stand_in_the_line_of_passwords() {
    let house = House::new().await;
    signed_in(&house, 5, KIM, Role::Operations).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1"], &old).await;
    let mut known = Browser::at(&house.base);
    assert!(known.sign_in(KIM, PASSWORD).await.to.is_some());
    let hashing = house.app.hashing();
    let places: Vec<_> = (0..IN_LINE_MAX)
        .map(|_| hashing.place(true).unwrap())
        .collect();
    for _ in 0..20 {
        let refused = known.sign_in(KIM, PASSWORD).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        gadgets[0].check_in(&house, &[]).await;
        for path in ["/healthz", "/readyz", "/api/v1/health"] {
            let answer = known.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
    drop(places);
    assert!(
        known.sign_in(KIM, PASSWORD).await.to.is_some(),
        "nothing was counted"
    );
}

/// Half of all polls and questions after the server's health are answered sooner, while two passwords are compared at any moment: on one of two
/// processors, where a poll that is alone takes some milliseconds.
const USUALLY: Duration = Duration::from_millis(250);
/// And all of them, even where other tests keep the machine busy.
const AT_MOST: Duration = Duration::from_secs(5);

/// Sixteen at once, each at another account, as fast as they can: all of it is refused, two at a time are compared, and every poll of that
/// time is answered, and soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_guess_and_every_poll_is_answered() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1"], &old).await;
    let guessers = (0..16).map(|n| {
        let mut browser = Browser::at(&house.base);
        tokio::spawn(async move {
            let who = format!("person-{n}@northwind.example");
            let mut told = Vec::new();
            for nth in 0..6 {
                let seen = browser.sign_in(&who, &format!("guess number {nth}")).await;
                told.push(seen.status.as_u16());
            }
            told
        })
    });
    let guessers: Vec<_> = guessers.collect();
    let (mut polls, mut looks) = (Vec::new(), Vec::new());
    while guessers.iter().any(|guesser| !guesser.is_finished()) {
        let asked = Instant::now();
        gadgets[0].check_in(&house, &[]).await;
        polls.push(asked.elapsed());
        let asked = Instant::now();
        let well = house.http.get(format!("{}/healthz", house.base)).send();
        assert_eq!(well.await.unwrap().status(), StatusCode::OK);
        looks.push(asked.elapsed());
    }
    for (what, mut took) in [("polls", polls), ("health", looks)] {
        took.sort_unstable();
        let (usual, longest) = (took[took.len() / 2], took[took.len() - 1]);
        assert!(
            usual < USUALLY && longest < AT_MOST,
            "{what}: {usual:?} {longest:?}"
        );
    }
    let mut compared = 0;
    for guesser in guessers {
        for status in guesser.await.unwrap() {
            assert!([403, 429, 503].contains(&status), "{status}");
            compared += usize::from(status == 403);
        }
    }
    assert!(compared > 0 && FOR_THE_KNOWN < IN_LINE_MAX);
}

/// Whoever begins forms and never ends them keeps themselves out, and no device; nor others who sign in from elsewhere.
#[tokio::test]
async fn forms_without_an_end_take_no_place_of_others() {
    let house = House::told(told(&[("MAINSTAY_TRUSTED_PROXIES", "127.0.0.1")])).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1"], &old).await;
    let address = house.base.strip_prefix("http://").unwrap();
    let begun = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\norigin: {}\r\nx-forwarded-for: 203.0.113.66\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 999\r\n\r\nemail=",
        house.base
    );
    let mut slow = Vec::new();
    for _ in 0..FORMS_OF_ONE_MAX {
        let mut line = TcpStream::connect(address).await.unwrap();
        line.write_all(begun.as_bytes()).await.unwrap();
        slow.push(line);
    }
    until(&house, "203.0.113.66", StatusCode::SERVICE_UNAVAILABLE).await;
    let elsewhere = sent(&house, "203.0.113.7").await;
    assert_eq!(elsewhere, StatusCode::FORBIDDEN, "it is looked at");
    gadgets[0].check_in(&house, &[]).await;
    drop(slow);
    until(&house, "203.0.113.66", StatusCode::FORBIDDEN).await;
}

/// What becomes of a form to sign in that says nothing.
async fn sent(house: &House, from: &str) -> StatusCode {
    let asked = Browser::at(&house.base).request(Method::POST, "/sign-in");
    let asked = asked.header("origin", &house.base);
    let asked = asked.header("x-forwarded-for", from);
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    asked.body("email=").send().await.unwrap().status()
}

async fn until(house: &House, from: &str, expected: StatusCode) {
    let mut found = None;
    for _ in 0..6000 {
        found = Some(sent(house, from).await);
        if found == Some(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{found:?} in place of {expected}");
}

/// Five slips are free; then who guesses waits, and who was here before doesn't.
#[tokio::test]
async fn a_guesser_waits_and_the_owner_does_not() {
    let house = House::new().await;
    signed_in(&house, 5, KIM, Role::Operations).await;
    let mut guesser = Browser::at(&house.base);
    for n in 0..5 {
        let told = guesser
            .sign_in("sam@northwind.example", "some other words")
            .await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{n}");
    }
    let told = guesser
        .sign_in("sam@northwind.example", "some other words")
        .await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(told.says("may be made at"), "{}", told.html);
    assert!(guesser.sign_in(KIM, PASSWORD).await.to.is_some());
}

/// With the password alone nobody guesses the code: five a session, and twenty at the account before waits begin.
#[tokio::test]
async fn wrong_codes_end_the_session_and_then_wait() {
    let house = House::new().await;
    with_codes(&house, 5, KIM, Role::Operations).await;
    let page = "/sign-in/code";
    for round in 0..4 {
        let mut thief = Browser::at(&house.base);
        assert!(thief.sign_in(KIM, PASSWORD).await.to.is_some(), "{round}");
        for n in 1..=5 {
            let told = thief.send(page, page, &[("code", "000000")]).await;
            assert_eq!(told.status, StatusCode::FORBIDDEN, "{round} {n}");
            assert_eq!(told.says("This sign-in is over"), n == 5, "{}", told.html);
        }
        assert!(thief.cookie.is_none());
        house.later(30);
    }
    let mut thief = Browser::at(&house.base);
    thief.sign_in(KIM, PASSWORD).await;
    thief.send(page, page, &[("code", "000000")]).await;
    let waits = thief.send(page, page, &[("code", "000000")]).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.says("somebody has your password"), "{}", waits.html);
}

/// A link's secret can't be guessed either, and what looks like one tells nothing.
#[tokio::test]
async fn a_wrong_link_is_as_good_as_none() {
    let house = House::new().await;
    let path = link(&house.app, 5, KIM, Role::Operations).await;
    let wrong = format!("/setup/mainstay_setup_{}", "0".repeat(64));
    let mut browser = Browser::at(&house.base);
    for path in ["/setup/x", &wrong, &path[..path.len() - 1]] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        let chosen = [("password", PASSWORD), ("again", PASSWORD)];
        assert_eq!(
            browser.post(path, &chosen).await.status,
            StatusCode::NOT_FOUND
        );
    }
}
