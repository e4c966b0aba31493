//! Clients that fetch the same file again and again, and never say what came of it.

use mainstay_rollout::order::FETCHES_MAX;
use reqwest::Method;
use reqwest::header::RANGE;
use serde_json::Value;

use super::gateway::{Gateway, offered};
use crate::house::{self, House};

/// Goes on from this byte to the end, and says no more.
async fn goes_on(house: &House, one: &Gateway, from: usize) {
    let number = one.order(house).await.number;
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let rest = one.request(house, Method::GET, &path);
    let rest = rest.header(RANGE, format!("bytes={from}-")).send().await;
    let rest = rest.unwrap();
    assert_eq!(rest.status(), 206);
    rest.bytes().await.unwrap();
}

async fn fetches(house: &House, one: &Gateway) -> u32 {
    one.order(house).await.seen.fetches
}

/// It is shown no order any more, and whoever looks is told why, and what to do.
async fn is_told_of_it_no_more(house: &House, one: &Gateway) {
    assert_eq!(fetches(house, one).await, FETCHES_MAX);
    let base: Value = house::read(one.get(house, "").await).await;
    assert!(base["_links"].get("deploymentBase").is_none(), "{base}");
    let said = "its client has fetched 1.1.0 8 times, and never ended it; it is told of it no more";
    let page = one.page(house).await;
    assert!(page.contains(said), "{page}");
    let why = one.why(house).await;
    assert!(why.contains(said), "{why}");
    let cure = "let it try again: `mainstay device quit-order ID`";
    assert!(why.contains(cure), "{why}");
}

#[tokio::test]
async fn what_is_fetched_again_and_again_is_told_and_shown_no_more() {
    let (house, _, [one, other]) = offered().await;
    for expected in 1..=FETCHES_MAX {
        one.fetches(&house).await;
        assert_eq!(fetches(&house, &one).await, expected);
    }
    is_told_of_it_no_more(&house, &one).await;
    assert!(other.is_offered(&house).await, "it is nobody else's matter");
    let number = one.order(&house).await.number;
    let path = format!("/api/v1/devices/{}/order/quit", one.id);
    let body = br#"{"why": "its watchdog was mended"}"#.to_vec();
    let quit = house.post(&path, &house.tokens.operations, body).await;
    assert_eq!(quit.status(), 200);
    house.later(180);
    assert!(one.is_offered(&house).await);
    assert_ne!(one.order(&house).await.number, number);
    assert_eq!(fetches(&house, &one).await, 0);
}

/// Who keeps a part of the file, and asks for the rest after each restart, fetches it as often as who begins anew.
#[tokio::test]
async fn who_keeps_a_part_fetches_the_rest_again_and_again() {
    let (house, _, [one, _]) = offered().await;
    one.begins(&house).await;
    let mut counted = Vec::new();
    for _ in 0..9 {
        assert!(one.is_offered(&house).await);
        goes_on(&house, &one, 4).await;
        counted.push(fetches(&house, &one).await);
    }
    // The first time it gets what is missing; the second time the line may have broken before it had that.
    assert_eq!(counted, [1, 1, 2, 3, 4, 5, 6, 7, 8]);
    is_told_of_it_no_more(&house, &one).await;
}

/// The server can't see whether the last byte arrived. Over a bad line a client goes on often, and from further on each time.
#[tokio::test]
async fn who_comes_further_each_time_goes_on_with_one_fetch() {
    let (house, new, [one, _]) = offered().await;
    one.begins(&house).await;
    for from in (4..new.image.len()).step_by(100) {
        goes_on(&house, &one, from).await;
    }
    assert_eq!(fetches(&house, &one).await, 1);
    assert!(one.is_offered(&house).await);
}
