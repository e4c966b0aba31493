//! Where one request ends and the next begins: two readers who see that differently let one smuggle past the other.
//!
//! Each case ends with a request to `/healthz` in a place where a careless reader would take it for one of its own.

use super::raw::{asked, assert_well, exchange, request};
use crate::house::House;

/// What is smuggled.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n";

/// One request to the check-in with these header lines, and the hidden one behind its head.
fn hiding(lines: &str) -> String {
    format!("POST /device/v1/check-in HTTP/1.1\r\nhost: h\r\n{lines}\r\n\r\n{HIDDEN}")
}

#[tokio::test]
async fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let house = House::new().await;
    for lines in [
        "content-length: 0\r\ncontent-length: 35",
        "content-length: 0, 35",
        "content-length: +0",
        "content-length: -1",
        "content-length: 0x0",
        "content-length: 0 0",
        "content-length:",
        "content-length: 18446744073709551616",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: \u{b}chunked",
        // Not of this request, if somebody folds lines.
        "x: y\r\n content-length: 35",
        "x: y\r\n\tcontent-length: 35",
        "content-length : 0",
        "transfer-encoding : chunked",
        "content-length: 0\r\n: 35",
        "content-length: 0\r\nx\0y: z",
        "content-length: 0\r\nx: y\0z",
        "content-length: 0\r\nx: y\rcontent-length: 35",
        "content-length: 0\r\nno colon",
    ] {
        let heard = exchange(&house, hiding(lines)).await;
        assert_eq!(heard.statuses, [400], "{lines:?}: {heard:?}");
    }
    assert_well(&house).await;
}

/// Chunks count, as the standard has it (RFC 9112, section 6.1), and whoever sent both isn't listened to any more.
#[tokio::test]
async fn of_a_length_and_chunks_the_chunks_count_and_the_connection_ends() {
    let house = House::new().await;
    let length = HIDDEN.len() + 5;
    for lines in [
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
    ] {
        let both = format!(
            "POST /device/v1/check-in HTTP/1.1\r\nhost: h\r\n{lines}\r\n\r\n0\r\n\r\n{HIDDEN}"
        );
        let heard = exchange(&house, both).await;
        assert_eq!(heard.statuses, [401], "{lines:?}: {heard:?}");
    }
    let old = format!(
        "POST /device/v1/check-in HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
    );
    assert_eq!(exchange(&house, old).await.statuses, [400]);
}

/// What is refused before its body was read is never read as a request: the body goes the way of all bodies, or the connection ends.
#[tokio::test]
async fn nothing_is_smuggled_in_the_body_of_a_refused_request() {
    let house = House::new().await;
    let strangers = "ab".repeat(32);
    for padding in [0, 5000, 300_000] {
        let body = format!("{}{HIDDEN}", "x".repeat(padding));
        for (line, token) in [
            ("POST /device/v1/check-in", strangers.as_str()),
            ("POST /device/v1/reports", &strangers),
            ("PUT /api/v1/plan", &strangers),
            ("POST /api/v1/releases?track=maintenance", &strangers),
            ("PUT /DEFAULT/controller/v1/x/configData", &strangers),
            ("POST /nowhere", &strangers),
            ("GET /healthz", &strangers),
            ("DELETE /readyz", &strangers),
            // Refused for what is in it, or, at last, for its length.
            ("PUT /api/v1/plan", &house.tokens.manager),
        ] {
            let whole = request(line, token, body.as_bytes());
            let kept = String::from_utf8(whole).unwrap();
            let kept = kept.replacen("connection: close\r\n", "", 1);
            let last = "GET /nowhere HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
            let heard = exchange(&house, kept + last).await;
            let mut statuses = heard.statuses.iter();
            let own = statuses.next().copied();
            let healthy = if line == "GET /healthz" { 200 } else { 400 };
            // A reset may have overtaken the answer, where the server didn't wait for the rest of the body.
            assert!(own.is_none_or(|own| own >= healthy), "{line}: {heard:?}");
            assert!(own.is_some() || padding > 100_000, "{line}: {heard:?}");
            let rest: Vec<_> = statuses.copied().collect();
            assert!(rest.is_empty() || rest == [404], "{line}: {heard:?}");
        }
    }
    assert_well(&house).await;
}

#[tokio::test]
async fn chunks_that_count_wrong_are_refused() {
    let house = House::new().await;
    let head = format!(
        "PUT /api/v1/plan HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        house.tokens.manager
    );
    let long = "x".repeat(100_000);
    for chunks in [
        "fffffffffffffffff\r\n",
        "10000000000000000\r\n",
        "-1\r\n",
        "+5\r\nabcde\r\n0\r\n\r\n",
        "0x5\r\nabcde\r\n0\r\n\r\n",
        "5\r\nabcdefgh\r\n0\r\n\r\n",
        "\r\n\r\n",
        "5\0\r\nabcde\r\n0\r\n\r\n",
        &format!("5;{long}\r\nabcde\r\n0\r\n\r\n"),
        &format!("5\r\nabcde\r\n0\r\nx: {long}\r\n\r\n"),
    ] {
        let heard = exchange(&house, format!("{head}{chunks}{HIDDEN}")).await;
        let short: String = chunks.chars().take(20).collect();
        assert!(
            heard.statuses.is_empty() || heard.statuses == [400],
            "{short:?}: {heard:?}"
        );
    }
    assert_well(&house).await;
}

/// A line may end without a carriage return (RFC 9112, section 2.2), but then it ends for the body's sake, too.
#[tokio::test]
async fn bare_line_feeds_end_lines_and_hide_nothing() {
    let house = House::new().await;
    let heard = exchange(
        &house,
        "GET /healthz HTTP/1.1\nhost: h\nconnection: close\n\n",
    )
    .await;
    assert_eq!(heard.statuses, [200], "{heard:?}");
    let length = HIDDEN.len();
    let mixed = format!(
        "POST /device/v1/check-in HTTP/1.1\nhost: h\r\ncontent-length: {length}\nconnection: close\n\n{HIDDEN}"
    );
    let heard = exchange(&house, mixed).await;
    assert_eq!(heard.statuses, [401], "{heard:?}");
}

#[tokio::test]
async fn heads_have_a_bound() {
    let house = House::new().await;
    let many = "x: y\r\n".repeat(101);
    let long = "y".repeat(70_000);
    for (head, expected) in [
        (format!("GET /healthz HTTP/1.1\r\n{many}\r\n"), 431),
        (format!("GET /healthz HTTP/1.1\r\nx: {long}\r\n\r\n"), 431),
        (format!("GET /healthz HTTP/1.1\r\n{long}: y\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 414),
        (format!("{long} / HTTP/1.1\r\n\r\n"), 431),
    ] {
        let heard = exchange(&house, head.as_bytes()).await;
        let short: String = head.chars().take(40).collect();
        // Whoever goes on sending may find the connection reset before they read why.
        assert!(
            heard.statuses.is_empty()
                || [vec![expected], vec![431], vec![400]].contains(&heard.statuses),
            "{short:?}: {heard:?}"
        );
    }
    assert_well(&house).await;
}

#[tokio::test]
async fn what_isnt_http_1_is_refused() {
    let house = House::new().await;
    for bytes in [
        &b"GET /healthz\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/3.0\r\n\r\n",
        b"GET /healthz HTTP/1.1 \r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"GET /health\0z HTTP/1.1\r\n\r\n",
        b"G\0T /healthz HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ] {
        let heard = exchange(&house, bytes).await;
        assert!(
            heard.statuses.is_empty() || heard.statuses == [400],
            "{bytes:?}: {heard:?}"
        );
    }
    assert_well(&house).await;
}

/// Requests may follow each other without a pause, and each is answered for itself, in order.
#[tokio::test]
async fn what_follows_honestly_is_answered_in_order() {
    let house = House::new().await;
    let nowhere = "GET /nowhere HTTP/1.1\r\nhost: h\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let heard = exchange(&house, format!("{HIDDEN}{nowhere}{HIDDEN}{last}")).await;
    assert_eq!(heard.statuses, [200, 404, 200, 200]);
    // By whatever name: there is one server here, and it asks nobody else.
    let by_name = "GET http://elsewhere.example/healthz";
    assert_eq!(asked(&house, by_name, "x", b"").await.statuses, [200]);
    let tunnel = "CONNECT elsewhere.example:443";
    let refused = asked(&house, tunnel, "x", b"").await.statuses;
    assert!((400..500).contains(&refused[0]), "{refused:?}");
}
