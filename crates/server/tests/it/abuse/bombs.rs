//! Small things that would be large, and large things.

use mainstay_protocol::{CHECK_IN_PATH, JOIN_PATH, MESSAGE_BYTES_MAX, REPORTS_PATH};
use reqwest::{Method, StatusCode};

use super::raw::{assert_well, exchange};
use crate::gadget::register;
use crate::house::{self, House, packed, problem};
use crate::rows::{filled, rows};

/// What a device that joins may send.
const JOINS_BYTES: usize = 2048;

/// CBOR that announces more than there is, or nests as deep as its bound lets it.
#[tokio::test]
async fn cbor_bombs_are_malformed_messages() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadget = register(&house, &["th-1"], &old).await.remove(0);
    let endless = |first: u8| [&[first][..], &[0xff; 8]].concat();
    let full = |sign: u8| vec![sign; MESSAGE_BYTES_MAX];
    for bomb in [
        endless(0x9b),
        endless(0xbb),
        endless(0x5b),
        endless(0x7b),
        endless(0xdb),
        // Arrays, maps and tags within each other; endless ones; one array of all that fits.
        full(0x81),
        full(0xa1),
        full(0xc1),
        full(0x9f),
        full(0xbf),
        [&[0x99, 0xff, 0xff][..], &full(0x00)[3..]].concat(),
    ] {
        for path in [CHECK_IN_PATH, REPORTS_PATH] {
            let (status, id) = house.refused(path, &gadget.token, bomb.clone()).await;
            assert_eq!(status, 400, "{path} {:x?}: {id}", &bomb[..3]);
        }
        // The one that is read of anybody.
        let short = &bomb[..bomb.len().min(JOINS_BYTES)];
        let (status, id) = house.refused(JOIN_PATH, "", short.to_vec()).await;
        assert_eq!(status, 400, "{JOIN_PATH} {:x?}: {id}", &bomb[..3]);
    }
    assert_well(&house).await;
}

#[tokio::test]
async fn json_and_toml_bombs_are_malformed_too() {
    let house = House::new().await;
    let (operations, manager) = (&house.tokens.operations, &house.tokens.manager);
    for open in ["[", "{\"a\":", "{\"devices\":["] {
        let body = open.repeat(4_000_000 / open.len());
        let refused = house
            .refused("/api/v1/devices", operations, body.into())
            .await;
        assert_eq!(refused, (400, "request.malformed".to_owned()), "{open}");
    }
    let digits = format!("{{\"devices\":{}}}", "9".repeat(4_000_000));
    let refused = house
        .refused("/api/v1/devices", operations, digits.into())
        .await;
    assert_eq!(refused, (400, "request.malformed".to_owned()));
    for text in [
        format!("a = {}", "[".repeat(200_000)),
        format!("a = {}", "{a=".repeat(60_000)),
        format!("{} = 1", "a.".repeat(100_000)),
        "[a]\n".repeat(60_000),
        "[[a]]\n".repeat(40_000),
    ] {
        let sent = house.request(Method::PUT, "/api/v1/plan", manager);
        let answer = sent.body(text.clone()).send().await.unwrap();
        let short = &text[..20];
        assert!(
            answer.status().is_client_error(),
            "{short}: {}",
            answer.status()
        );
    }
    assert_well(&house).await;
}

/// A kilobyte that unpacks to a gigabyte stays a kilobyte: nothing is unpacked.
#[tokio::test]
async fn packed_bodies_are_refused_unread() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    let tokens = &house.tokens;
    let message = gadget.check_in_message(&[]);
    for coding in [
        "gzip",
        "deflate",
        "br",
        "zstd",
        "x-zip",
        "identity, gzip",
        "",
    ] {
        for (method, path, token) in [
            (Method::POST, CHECK_IN_PATH, &gadget.token),
            (Method::POST, REPORTS_PATH, &gadget.token),
            (Method::PUT, "/api/v1/plan", &tokens.manager),
            (Method::POST, "/api/v1/devices", &tokens.operations),
            (
                Method::POST,
                "/api/v1/releases?track=maintenance",
                &tokens.engineer,
            ),
        ] {
            let sent = house.request(method, path, token);
            let sent = sent.header("content-encoding", coding);
            let refused = sent.body(message.clone()).send().await.unwrap();
            let refused = problem(refused).await;
            assert_eq!(
                refused,
                (415, "request.packed".to_owned()),
                "{path} {coding}"
            );
        }
    }
    let plain = house.request(Method::POST, CHECK_IN_PATH, &gadget.token);
    let plain = plain.header("content-encoding", "identity").body(message);
    assert_eq!(plain.send().await.unwrap().status(), StatusCode::OK);
}

/// Whoever announces more than any place takes is answered before a byte of it was sent, wherever it is.
#[tokio::test]
async fn no_place_waits_for_a_body_that_it_wont_take() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadget = register(&house, &["th-1"], &old).await.remove(0);
    let mut lines: Vec<(String, &str)> = vec![
        (format!("POST {CHECK_IN_PATH}"), &gadget.token),
        (format!("POST {REPORTS_PATH}"), &gadget.token),
        (
            "PUT /DEFAULT/controller/v1/th-1/configData".to_owned(),
            &gadget.token,
        ),
    ];
    for row in rows().iter().filter(|row| row.method != "GET") {
        for token in [
            &house.tokens.engineer,
            &house.tokens.manager,
            &house.tokens.operations,
        ] {
            let path = filled(&row.path, &[], "1");
            lines.push((format!("{} {path}", row.method), token));
        }
    }
    assert!(lines.len() > 100, "{}", lines.len());
    for (line, token) in lines {
        let head = format!(
            "{line} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: 100000000000\r\n\r\n"
        );
        let heard = exchange(&house, head).await;
        let [status] = heard.statuses[..] else {
            panic!("{line}: {heard:?}");
        };
        assert!((300..500).contains(&status), "{line}: {heard:?}");
    }
    assert_well(&house).await;
}
