//! Downloads that break off, and reports that can't be read: whose failure is whose.

use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, OrderNumber, Progress};
use reqwest::header::{IF_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::anew::{hold, is_stopped_by_a_hold, let_go};
use super::gateway::{Gateway, offered, told};
use crate::database;
use crate::house::House;

fn file_path(number: OrderNumber) -> String {
    format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin")
}

async fn ranged(house: &House, one: &Gateway, range: &str) -> Response {
    let number = one.order(house).await.number;
    let part = one.request(house, Method::GET, &file_path(number));
    part.header(RANGE, range).send().await.unwrap()
}

/// Most clients close an order as failed as soon as a connection breaks. A server that is started anew breaks all of them.
#[tokio::test]
async fn a_download_that_broke_off_is_no_failed_installation() {
    let (house, _, [one, _]) = offered().await;
    for (minutes, ending) in [
        (180, Ending::BrokeOff),
        (360, Ending::BrokeOff),
        (0, Ending::Failed),
    ] {
        assert!(one.is_offered(&house).await);
        let number = one.order(&house).await.number;
        let part = ranged(&house, &one, "bytes=0-3").await;
        assert_eq!(part.bytes().await.unwrap().len(), 4);
        let progress = one.progress(&house).await;
        assert!(matches!(progress, Progress::Began { .. }), "{progress:?}");
        let failed = one.reports(&house, number, "closed", "failure").await;
        assert_eq!(failed.0, 200);
        assert_eq!(one.order(&house).await.ending(), Some(ending));
        let progress = one.progress(&house).await;
        match ending {
            Ending::BrokeOff => assert!(
                matches!(progress, Progress::Refused { began: None, .. }),
                "{progress:?}"
            ),
            _ => assert!(matches!(progress, Progress::Failed { .. }), "{progress:?}"),
        }
        assert!(!one.is_offered(&house).await);
        house.later(minutes);
    }
}

/// Two parts of a file, up to its last byte, are the whole of it.
#[tokio::test]
async fn who_fails_with_the_whole_has_failed() {
    let (house, _, [one, other]) = offered().await;
    for (range, is_whole) in [("bytes=0-3", false), ("bytes=4-", true)] {
        let part = ranged(&house, &one, range).await;
        part.bytes().await.unwrap();
        assert_eq!(one.order(&house).await.seen.whole, is_whole, "{range}");
    }
    // Of another one only the end is asked for: what it has before may be of something else.
    ranged(&house, &other, "bytes=4-")
        .await
        .bytes()
        .await
        .unwrap();
    assert!(!other.order(&house).await.seen.whole);
    for (gateway, ending) in [(&one, Ending::Failed), (&other, Ending::BrokeOff)] {
        let number = gateway.order(&house).await.number;
        let failed = gateway.reports(&house, number, "closed", "failure").await;
        assert_eq!(failed.0, 200);
        assert_eq!(gateway.order(&house).await.ending(), Some(ending));
    }
}

/// Whoever goes on with other bytes is sent all of these, whatever range it asks for; and it has them.
#[tokio::test]
async fn who_goes_on_with_other_bytes_has_fetched_the_whole() {
    let (house, new, [one, other]) = offered().await;
    let (bytes, etag) = (new.image.len(), format!("\"{}\"", new.image_digest));
    for (gateway, has, status, sent, ending) in [
        (&one, "\"other\"", StatusCode::OK, bytes, Ending::Failed),
        (
            &other,
            &*etag,
            StatusCode::PARTIAL_CONTENT,
            bytes - 4,
            Ending::BrokeOff,
        ),
    ] {
        let number = gateway.order(&house).await.number;
        let asked = gateway.request(&house, Method::GET, &file_path(number));
        let asked = asked.header(RANGE, "bytes=4-").header(IF_RANGE, has);
        let response = asked.send().await.unwrap();
        assert_eq!(response.status(), status, "{has}");
        assert_eq!(response.bytes().await.unwrap().len(), sent, "{has}");
        let seen = gateway.order(&house).await.seen;
        let is_whole = sent == bytes;
        assert_eq!((seen.fetches, seen.from_start), (1, is_whole), "{has}");
        assert_eq!(seen.whole, is_whole, "{has}");
        gateway.reports(&house, number, "closed", "failure").await;
        assert_eq!(gateway.order(&house).await.ending(), Some(ending), "{has}");
    }
}

/// RAUC looks at the end of what it installs while it reads: that it has seen that doesn't mean that it has the rest. Whoever goes on after a cut asks
/// up to the end, wherever it begins.
#[tokio::test]
async fn who_has_only_seen_the_end_has_not_the_whole() {
    let (house, new, [one, other]) = offered().await;
    let bytes = new.image.len();
    let signature = format!("bytes={}-{}", bytes - 8, bytes - 1);
    let rest = format!("bytes={}-", bytes - 8);
    for (gateway, end, ending) in [
        (&one, &signature, Ending::BrokeOff),
        (&other, &rest, Ending::Failed),
    ] {
        for range in ["bytes=0-3", end] {
            let part = ranged(&house, gateway, range).await;
            part.bytes().await.unwrap();
        }
        let number = gateway.order(&house).await.number;
        gateway.reports(&house, number, "closed", "failure").await;
        assert_eq!(gateway.order(&house).await.ending(), Some(ending), "{end}");
    }
}

/// RAUC's updater keeps what it has fetched; then it asks for what comes after that, is told that there is nothing, and installs.
#[tokio::test]
async fn who_has_it_from_an_earlier_order_has_fetched_it() {
    let (house, new, [one, other]) = offered().await;
    let rest = format!("bytes={}-", new.image.len());
    // Who was never handed anything has nothing, whatever it asks for.
    let nothing = ranged(&house, &other, &rest).await;
    assert_eq!(nothing.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(other.order(&house).await.seen.fetches, 0);
    let number = other.order(&house).await.number;
    other.reports(&house, number, "closed", "success").await;
    assert_eq!(
        other.order(&house).await.ending(),
        Some(Ending::NothingFetched)
    );
    assert!(
        other.poll(&house).await.config_data_request().is_some(),
        "it may be wrong"
    );
    one.fetches(&house).await;
    is_stopped_by_a_hold(&house, &one).await;
    let_go(&house).await;
    house.later(180);
    assert!(one.is_offered(&house).await);
    let nothing = ranged(&house, &one, &rest).await;
    assert_eq!(nothing.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Began { .. }), "{progress:?}");
    let number = one.order(&house).await.number;
    one.reports(&house, number, "closed", "success").await;
    let order = one.order(&house).await;
    assert!(
        matches!(order.state, OrderState::Installed { .. }),
        "{order:?}"
    );
}

/// "You have all of it" is what RAUC's updater begins to install by: nobody is told so of what was stopped meanwhile.
#[tokio::test]
async fn who_has_it_already_is_stopped_all_the_same() {
    let (house, new, [one, _]) = offered().await;
    one.fetches(&house).await;
    is_stopped_by_a_hold(&house, &one).await;
    let_go(&house).await;
    house.later(180);
    assert!(one.is_offered(&house).await);
    hold(&house).await;
    let cut = ranged(&house, &one, &format!("bytes={}-", new.image.len())).await;
    assert_eq!(cut.status(), StatusCode::PARTIAL_CONTENT);
    assert!(cut.bytes().await.is_err());
    let order = one.order(&house).await;
    assert!(order.is_open() && !order.seen.has_fetched(), "{order:?}");
}

/// SWUpdate takes any status on its file for the end. If nobody can be logged in just now, that isn't one.
#[tokio::test]
async fn a_server_that_is_in_trouble_cuts_instead_of_refusing() {
    let (house, new, [one, _]) = offered().await;
    let part = ranged(&house, &one, "bytes=0-3").await;
    part.bytes().await.unwrap();
    database::change(&house, "UPDATE controllers SET version_words = 'broken'").await;
    let number = one.order(&house).await.number;
    let poll = one.get(&house, "").await;
    assert!(poll.status().is_server_error(), "{poll:?}");
    let sum = format!("{}.MD5SUM", file_path(number));
    assert!(one.get(&house, &sum).await.status().is_server_error());
    let cut = one.get(&house, &file_path(number)).await;
    assert_eq!(cut.status(), StatusCode::OK);
    assert!(cut.bytes().await.is_err());
    let cut = ranged(&house, &one, "bytes=4-").await;
    assert_eq!(cut.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(cut.headers()["content-range"], "bytes 4-4/*");
    assert!(cut.bytes().await.is_err());
    database::change(&house, "UPDATE controllers SET version_words = NULL").await;
    let rest = ranged(&house, &one, "bytes=4-").await;
    assert_eq!(rest.bytes().await.unwrap(), new.image[4..]);
}

/// SWUpdate sends the lines of an installer as they are. One quote in them, and its failure would be heard by nobody.
#[tokio::test]
async fn an_end_is_heard_even_if_its_report_is_broken() {
    let (house, _, [one, other]) = offered().await;
    one.fetches(&house).await;
    let number = one.order(&house).await.number;
    let rest = format!("/deploymentBase/{number}/feedback");
    let broken = r#"{"id":7,"status":{"result":{"finished":"failure"},"execution":"closed","details":["image "rootfs" is missing","bye"]}}"#;
    let sent = one.request(&house, Method::POST, &rest).body(broken);
    assert_eq!(told(sent.send().await.unwrap()).await.0, 200);
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Failed));
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Failed { .. }), "{progress:?}");
    let log = house.app.store().order_log(&one.id, number, 1).await;
    let log = log.unwrap();
    assert_eq!(log[0].word, "closed/failure");
    assert_eq!(log[0].details, ["image \"rootfs\" is missing", "bye"]);
    // What can't be told is refused, and kept.
    let number = other.order(&house).await.number;
    let rest = format!("/deploymentBase/{number}/feedback");
    let sent = other.request(&house, Method::POST, &rest).body("{oops");
    let refused = told(sent.send().await.unwrap()).await;
    assert_eq!(refused, (400, "request.malformed".to_owned()));
    let log = house.app.store().order_log(&other.id, number, 1).await;
    assert_eq!(log.unwrap()[0].word, "not readable");
    assert!(other.order(&house).await.is_open());
}
