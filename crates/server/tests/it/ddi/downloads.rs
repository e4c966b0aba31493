//! The bytes of an order, for whom it is.

use mainstay_rollout::OrderNumber;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, RANGE,
};
use reqwest::{Method, StatusCode};

use super::gateway::offered;
use crate::patience::until;

/// By this a proxy is asked to hand on each byte as it comes: else the server would take for the device's what only the proxy has.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

#[tokio::test]
async fn an_order_tells_of_one_file_with_three_sums() {
    let (house, new, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let said = one.deployment(&house, number).await;
    let chunk = &said["deployment"]["chunks"][0];
    assert_eq!(
        (&chunk["part"], &chunk["version"]),
        (&"os".into(), &"1.1.0".into())
    );
    let file = &chunk["artifacts"][0];
    assert_eq!(file["filename"], "thermo-v2-1.1.0.bin");
    assert_eq!(file["size"], new.image.len());
    assert_eq!(file["hashes"]["sha256"], new.image_digest.to_string());
    let links = &file["_links"];
    assert_eq!(links["download"], links["download-http"]);
    let path = file_path(number);
    let href = links["download"]["href"].as_str().unwrap();
    assert!(href.ends_with(&path), "{href}");
    let listed = one
        .get(&house, &format!("/softwaremodules/{number}/artifacts"))
        .await;
    let listed: serde_json::Value = crate::house::read(listed).await;
    assert_eq!(listed, serde_json::json!([file]));
    let sum = one
        .get(&house, &format!("{path}.MD5SUM"))
        .await
        .text()
        .await
        .unwrap();
    let md5 = file["hashes"]["md5"].as_str().unwrap();
    assert_eq!(sum, format!("{md5}  thermo-v2-1.1.0.bin"));
}

fn file_path(number: OrderNumber) -> String {
    format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin")
}

#[tokio::test]
async fn a_file_comes_whole_or_in_ranges() {
    let (house, new, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    let (path, bytes) = (file_path(number), new.image.len().to_string());
    let head = one
        .request(&house, Method::HEAD, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()[CONTENT_LENGTH], *bytes);
    let fetches = async || one.order(&house).await.seen.fetches;
    assert_eq!(fetches().await, 0, "looking isn't fetching");
    let whole = one.get(&house, &path).await;
    for (name, value) in [
        (ETAG, format!("\"{}\"", new.image_digest)),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (BUFFERING, "no".to_owned()),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"thermo-v2-1.1.0.bin\"".to_owned(),
        ),
    ] {
        assert_eq!(whole.headers()[&name], *value, "{name}");
    }
    assert_eq!(whole.bytes().await.unwrap(), new.image);
    for (range, status, content) in [
        ("bytes=100-", 206, "100-"),
        ("bytes=5-9", 206, "5-9/"),
        ("bytes=99999-", 416, "*/"),
    ] {
        let part = one.request(&house, Method::GET, &path).header(RANGE, range);
        let part = part.send().await.unwrap();
        assert_eq!(part.status().as_u16(), status, "{range}");
        let said = part.headers()[CONTENT_RANGE].to_str().unwrap();
        assert!(said.contains(content), "{range}: {said}");
    }
    assert_eq!(fetches().await, 1, "ranges go on with one fetch");
    assert_eq!(
        other.get(&house, &path).await.status(),
        404,
        "another's order"
    );
}

/// A device that hasn't begun when the release is put on hold gets none of it. It isn't told so by a status, which SWUpdate would take for a failed
/// installation; the connection breaks, and its next poll tells.
#[tokio::test]
async fn what_is_on_hold_leaves_no_byte() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let path = file_path(number);
    let body = br#"{"reason": "smoke"}"#.to_vec();
    let held = house
        .post(
            "/api/v1/releases/thermo-v2@1.1.0/hold",
            &house.tokens.operations,
            body,
        )
        .await;
    assert!(held.status().is_success(), "{held:?}");
    for (range, status) in [(None, 200), (Some("bytes=100-"), 206)] {
        let mut request = one.request(&house, Method::GET, &path);
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let begun = request.send().await.unwrap();
        assert_eq!(begun.status(), status, "{range:?}");
        assert!(begun.bytes().await.is_err(), "{range:?}");
    }
    let order = one.order(&house).await;
    assert!(order.is_open() && order.seen.fetches == 0, "{order:?}");
    let head = one.request(&house, Method::HEAD, &path).send().await;
    assert_eq!(head.unwrap().status(), 404);
    assert!(one.poll(&house).await.update().is_none());
    assert!(!one.order(&house).await.is_open());
    assert_eq!(one.get(&house, &path).await.status(), 404, "it is over");
}

/// A payload that is lost is nobody's failure but the server's: the order stands until it is back.
#[tokio::test]
async fn a_payload_that_is_lost_ends_no_order() {
    let (house, new, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let lost = house.data.blobs();
    let moved = lost.with_extension("moved");
    std::fs::rename(&lost, &moved).unwrap();
    let begun = one.get(&house, &file_path(number)).await;
    assert_eq!(begun.status(), StatusCode::OK);
    assert!(begun.bytes().await.is_err());
    assert!(one.order(&house).await.is_open());
    if lost.exists() {
        std::fs::remove_dir_all(&lost).unwrap();
    }
    std::fs::rename(&moved, &lost).unwrap();
    // The server looks again after a minute, and lets nobody wait for that.
    house.later(2);
    let mut whole = None;
    until("it is there again", async || {
        let got = one.get(&house, &file_path(number)).await;
        whole = got.bytes().await.ok();
        whole.is_some()
    })
    .await;
    assert_eq!(whole.unwrap(), new.image);
    assert_eq!(one.order(&house).await.seen.fetches, 1);
}

/// SWUpdate fetches differences: many ranges in one request. Clients that aren't known to ask so get the whole file.
#[tokio::test]
async fn several_ranges_are_for_clients_that_are_known_to_ask_for_them() {
    let (house, new, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let path = file_path(number);
    let ranged = |user_agent: &'static str| {
        let request = one
            .request(&house, Method::GET, &path)
            .header("User-Agent", user_agent);
        request.header(RANGE, "bytes=0-3, 100-101,99999-").send()
    };
    let whole = ranged("curl/8").await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    whole.bytes().await.unwrap();
    let several = ranged("libcurl-agent/1.0").await.unwrap();
    assert_eq!(
        one.order(&house).await.seen.fetches,
        1,
        "parts go on with one fetch"
    );
    assert_eq!(several.status(), StatusCode::PARTIAL_CONTENT);
    let kind = several.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let declared = several.headers()[CONTENT_LENGTH]
        .to_str()
        .unwrap()
        .to_owned();
    let body = several.text().await.unwrap();
    assert_eq!(declared, body.len().to_string());
    let (bytes, image) = (new.image.len(), String::from_utf8(new.image).unwrap());
    let part = |first: usize, last: usize| {
        let (range, text) = (
            format!("bytes {first}-{last}/{bytes}"),
            &image[first..=last],
        );
        format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: {range}\r\n\r\n{text}\r\n"
        )
    };
    let expected = format!("{}{}--{boundary}--\r\n", part(0, 3), part(100, 101));
    assert_eq!(body, expected);
}
