//! The bytes of an order, for whom it is.

use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, RANGE,
};
use reqwest::{Method, StatusCode};

use super::gateway::offered;

#[tokio::test]
async fn a_file_comes_whole_or_in_ranges_with_its_sums() {
    let (house, new, [one, other]) = offered().await;
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
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    assert!(
        links["download"]["href"].as_str().unwrap().ends_with(&path),
        "{links}"
    );

    let head = one
        .request(&house, Method::HEAD, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(
        head.headers()[CONTENT_LENGTH],
        new.image.len().to_string().as_str()
    );
    assert_eq!(
        one.order(&house).await.seen.fetches,
        0,
        "looking isn't fetching"
    );
    let whole = one.get(&house, &path).await;
    assert_eq!(
        whole.headers()[ETAG],
        format!("\"{}\"", new.image_digest).as_str()
    );
    assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes");
    assert_eq!(
        whole.headers()[CONTENT_DISPOSITION],
        "attachment; filename=\"thermo-v2-1.1.0.bin\""
    );
    assert_eq!(whole.bytes().await.unwrap(), new.image);
    for (range, status, content) in [
        ("bytes=100-", 206, "100-"),
        ("bytes=5-9", 206, "5-9/"),
        ("bytes=99999-", 416, "*/"),
    ] {
        let part = one
            .request(&house, Method::GET, &path)
            .header(RANGE, range)
            .send()
            .await
            .unwrap();
        assert_eq!(part.status().as_u16(), status, "{range}");
        let said = part.headers()[CONTENT_RANGE].to_str().unwrap();
        assert!(said.contains(content), "{range}: {said}");
    }
    assert_eq!(
        one.order(&house).await.seen.fetches,
        1,
        "ranges go on with one fetch"
    );
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
    assert_eq!(
        sum,
        format!(
            "{}  thermo-v2-1.1.0.bin",
            file["hashes"]["md5"].as_str().unwrap()
        )
    );

    let of_other = other.get(&house, &path).await;
    assert_eq!(of_other.status(), 404, "another's order");
}

/// A device that hasn't begun when the release is put on hold gets none of it.
#[tokio::test]
async fn what_is_on_hold_leaves_no_byte() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let body = br#"{"reason": "smoke"}"#.to_vec();
    let held = house
        .post(
            "/api/v1/releases/thermo-v2@1.1.0/hold",
            &house.tokens.operations,
            body,
        )
        .await;
    assert!(held.status().is_success(), "{held:?}");
    assert_eq!(one.get(&house, &path).await.status(), 404);
    assert!(one.poll(&house).await.update().is_none());
}
