//! Who asks too often, and who isn't kept out by it.

use mainstay_protocol::{CHECK_IN_PATH, Event, REPORTS_PATH};
use mainstay_server::Token;
use reqwest::{Method, Response, StatusCode};

use super::told;
use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, packed, problem};
use crate::line::promised;

const ONCE_A_SECOND: [(&str, &str); 2] = [
    ("MAINSTAY_LIMITS_DEVICE", "1"),
    ("MAINSTAY_LIMITS_ADDRESS", "1"),
];
/// As many may be at once.
const AT_ONCE: usize = 20;

fn old() -> Artifact {
    packed(house::CLASS, "1.0.0", 1, &[])
}

/// Tokens of nobody.
fn wrong(nth: u64) -> String {
    Token::draw(&mainstay_server::SeededEntropy::new(3_000_000 + nth)).reveal()
}

/// How many of these were answered with each of the two.
fn counted(answers: &[Response], expected: [StatusCode; 2]) -> [usize; 2] {
    for answer in answers {
        assert!(expected.contains(&answer.status()), "{}", answer.status());
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let after = answer.headers()["retry-after"].to_str().unwrap();
            assert!((1..=2).contains(&after.parse::<u32>().unwrap()), "{after}");
        }
    }
    expected.map(|status| answers.iter().filter(|one| one.status() == status).count())
}

/// What the first of these said that came too early.
async fn refusal(answers: Vec<Response>) -> (u16, String) {
    let mut early = answers.into_iter();
    let early = early.find(|one| one.status() == StatusCode::TOO_MANY_REQUESTS);
    problem(early.unwrap()).await
}

async fn guesses(house: &House, from: u64, times: u64) -> Vec<Response> {
    let mut answers = Vec::new();
    for nth in from..from + times {
        answers.push(house.post(CHECK_IN_PATH, &wrong(nth), Vec::new()).await);
    }
    answers
}

/// Behind a proxy of the house that no setting names all would be one address: nobody is kept out for what others show.
#[tokio::test]
async fn a_proxy_that_nobody_named_is_no_address() {
    let house = House::told(told(&ONCE_A_SECOND)).await;
    for nth in 0..3 * AT_ONCE as u64 {
        let guess = house.request(Method::POST, CHECK_IN_PATH, &wrong(nth));
        let guess = guess.header("x-forwarded-for", "203.0.113.7");
        assert_eq!(guess.send().await.unwrap().status(), 401);
    }
}

/// A payload comes in as many pieces as a device likes, and that takes nothing of what else it may ask.
#[tokio::test]
async fn a_device_fetches_its_payload_in_any_pieces() {
    let house = House::told(told(&ONCE_A_SECOND)).await;
    let (mut gadgets, new) = promised(&house).await;
    let path = format!("/device/v1/payloads/{}", new.image_digest);
    for nth in 0..3 * AT_ONCE {
        let piece = house.request(Method::GET, &path, &gadgets[0].token);
        let piece = piece.header("range", format!("bytes={nth}-{nth}"));
        let piece = piece.send().await.unwrap();
        assert_eq!(piece.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(piece.bytes().await.unwrap()[..], new.image[nth..=nth]);
    }
    let answer = reports(&house, &mut gadgets[0]).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

async fn reports(house: &House, gadget: &mut Gadget) -> Response {
    let report = gadget.report(Event::DownloadStarted {
        manifest: gadget.runs.0,
    });
    let reports = mainstay_protocol::ReportList([report].into_iter().collect());
    let body = crate::gadget::message(&mainstay_protocol::Reports { reports });
    house.post(REPORTS_PATH, &gadget.token, body).await
}

#[tokio::test]
async fn behind_an_address_that_guesses_the_known_are_heard() {
    let house = House::told(told(&ONCE_A_SECOND)).await;
    let mut gadgets = register(&house, &["th-1", "th-2"], &old()).await;
    gadgets[0].check_in(&house, &[]).await;
    let answers = guesses(&house, 0, 60).await;
    let limits = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
    let [looked_up, refused] = counted(&answers, limits);
    // Each second that it takes lets one more through.
    assert!(looked_up >= AT_ONCE && refused > 0, "{looked_up} {refused}");
    let (status, id) = refusal(answers).await;
    assert_eq!((status, id.as_str()), (429, "flow.address"));

    // A device and a person that were known before; and whoever pulls a brake is looked up in any case.
    gadgets[0].check_in(&house, &[]).await;
    let path = "/api/v1/devices/th-1";
    let known = house.request(Method::GET, path, &house.tokens.operations);
    assert_eq!(known.send().await.unwrap().status(), StatusCode::OK);
    let stranger = house.request(Method::GET, path, &wrong(1000)).send().await;
    let (status, id) = problem(stranger.unwrap()).await;
    assert_eq!((status, id.as_str()), (429, "flow.address"));
    let brake = "/api/v1/releases/thermo-v2@1.0.0/hold";
    let refused = house.refused(brake, &wrong(1001), Vec::new()).await;
    assert_eq!(refused.0, 401);
    let figures: String = figures(&house).await;
    let line = "mainstay_requests_limited_total{by=\"address\"} ";
    let count = figures.split_once(line).unwrap().1.lines().next().unwrap();
    assert!(count.parse::<u32>().unwrap() > 0, "{figures}");
}

/// Its own token is held to a rate, and nobody else's; what is answered from memory costs as little as a refusal, and isn't counted.
#[tokio::test]
async fn a_device_that_asks_all_the_time_waits_alone() {
    let house = House::told(told(&ONCE_A_SECOND)).await;
    let mut gadgets = register(&house, &["th-1", "th-2"], &old()).await;
    let mut answers = Vec::new();
    for _ in 0..60 {
        answers.push(reports(&house, &mut gadgets[0]).await);
    }
    let limits = [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS];
    let [taken, refused] = counted(&answers, limits);
    assert!(taken >= AT_ONCE && refused > 0, "{taken} {refused}");
    let (status, id) = refusal(answers).await;
    assert_eq!((status, id.as_str()), (429, "flow.device"));
    gadgets[1].check_in(&house, &[]).await;
    gadgets[1].check_in(&house, &[]).await;
    for _ in 0..2 * AT_ONCE {
        gadgets[1].check_in(&house, &[]).await;
    }
}

async fn figures(house: &House) -> String {
    // Known here: devices were registered by it.
    let token = &house.tokens.operations;
    let answer = house.request(Method::GET, "/metrics", token).send().await;
    answer.unwrap().text().await.unwrap()
}
