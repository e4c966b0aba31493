//! Clients that say what they have of a file already.

use mainstay_rollout::Ending;
use mainstay_rollout::order::OrderState;
use reqwest::header::{
    CONTENT_LENGTH, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use reqwest::{Method, Response};

use super::anew::{is_stopped_by_a_hold, let_go};
use super::gateway::{Gateway, offered};
use crate::house::{Artifact, House};

/// Asks for the file, or what `range` names of it, with this beside.
async fn asks(
    house: &House,
    one: &Gateway,
    range: Option<&str>,
    (name, value): (HeaderName, &str),
) -> Response {
    let number = one.order(house).await.number;
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let mut request = one.request(house, Method::GET, &path).header(name, value);
    if let Some(range) = range {
        request = request.header(RANGE, range);
    }
    request.send().await.unwrap()
}

fn etag(new: &Artifact) -> String {
    format!("\"{}\"", new.image_digest)
}

/// Nothing leaves, and so nothing is counted: not as a fetch, and not as one that nobody spoke of.
#[tokio::test]
async fn who_has_the_bytes_or_means_others_is_sent_none() {
    let (house, new, [one, _]) = offered().await;
    let etag = etag(&new);
    let several = format!("\"other\", W/{etag}");
    let then = "Thu, 01 Jan 1970 00:00:00 GMT";
    for (name, value, status) in [
        (IF_NONE_MATCH, &*etag, 304),
        (IF_NONE_MATCH, &several, 304),
        (IF_NONE_MATCH, "*", 304),
        (IF_MATCH, "\"other\"", 412),
        (IF_UNMODIFIED_SINCE, then, 412),
    ] {
        for range in [None, Some("bytes=4-")] {
            let response = asks(&house, &one, range, (name.clone(), value)).await;
            assert_eq!(response.status(), status, "{name} {value}");
            assert_eq!(response.headers()[ETAG], *etag);
            let kept = response.headers()["cache-control"].to_str().unwrap();
            assert_eq!(kept == "no-store", status == 412, "{kept}");
            assert!(response.bytes().await.unwrap().is_empty());
        }
    }
    let order = one.order(&house).await;
    assert!(!order.seen.has_fetched(), "{order:?}");
    let progress = one.progress(&house).await;
    assert_eq!(progress.id(), "promised", "{progress:?}");
    // It was handed nothing, by this order or an earlier one: what it has nobody knows.
    let closed = one.reports(&house, order.number, "closed", "success").await;
    assert_eq!(closed.0, 200);
    let ending = one.order(&house).await.ending();
    assert_eq!(ending, Some(Ending::NothingFetched));
}

/// Whoever goes on with what it has asks for it by its tag, or by when it came to be.
#[tokio::test]
async fn who_goes_on_says_with_what() {
    let (house, new, [one, _]) = offered().await;
    let (etag, bytes) = (etag(&new), new.image.len());
    let first = asks(&house, &one, None, (IF_MATCH, &etag)).await;
    assert_eq!(first.status(), 200);
    assert_eq!(first.headers()[CONTENT_LENGTH], *bytes.to_string());
    let modified = first.headers()[LAST_MODIFIED].to_str().unwrap().to_owned();
    assert_eq!(first.bytes().await.unwrap(), new.image);
    assert_eq!(one.order(&house).await.seen.fetches, 1);
    let rest = Some("bytes=100-");
    for (name, value, status, sent) in [
        (IF_MATCH, &*etag, 206, bytes - 100),
        (IF_RANGE, &etag, 206, bytes - 100),
        (IF_RANGE, &modified, 206, bytes - 100),
        (IF_UNMODIFIED_SINCE, &modified, 206, bytes - 100),
        (IF_MODIFIED_SINCE, &modified, 304, 0),
        (IF_MATCH, "\"other\"", 412, 0),
        (IF_RANGE, "\"other\"", 200, bytes),
    ] {
        let response = asks(&house, &one, rest, (name.clone(), value)).await;
        assert_eq!(response.status(), status, "{name} {value}");
        assert_eq!(response.headers()[LAST_MODIFIED], *modified);
        let got = response.bytes().await.unwrap().len();
        assert_eq!(got, sent, "{name} {value}");
    }
}

/// A client that has the whole from an earlier order may ask so, too, and is one that has fetched it.
#[tokio::test]
async fn who_has_it_from_an_earlier_order_and_is_told_so_may_install_it() {
    let (house, new, [one, _]) = offered().await;
    one.fetches(&house).await;
    is_stopped_by_a_hold(&house, &one).await;
    let_go(&house).await;
    house.later(180);
    assert!(one.is_offered(&house).await);
    let known = asks(&house, &one, None, (IF_NONE_MATCH, &etag(&new))).await;
    assert_eq!(known.status(), 304);
    let order = one.order(&house).await;
    assert!(order.seen.whole && order.seen.fetches == 0, "{order:?}");
    one.reports(&house, order.number, "closed", "success").await;
    let order = one.order(&house).await;
    assert!(
        matches!(order.state, OrderState::Installed { .. }),
        "{order:?}"
    );
}
