//! Bodies, wherever one is taken: packed ones, and ones that don't say how long they are.

use mainstay_access::Role;
use mainstay_api::ddi::BODY_BYTES_MAX;
use mainstay_protocol::{CHECK_IN_PATH, JOIN_PATH, MESSAGE_BYTES_MAX, REPORTS_PATH};
use mainstay_server::places::Whom;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::raw::{Heard, address, assert_well, exchange};
use crate::door::browser::{Browser, link};
use crate::door::everybody::{everybody, may};
use crate::rows::{Row, Stocked, filled, rows};

const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// Whether a body is read at that row's place. Of the operator API that is what its document tells; elsewhere whoever sends something sends a body.
fn takes_a_body(row: &Row, document: &Value) -> bool {
    if row.method == "GET" || row.path.contains("{*") {
        return false;
    }
    match row.path.strip_prefix("/api/v1") {
        Some(path) => {
            let operation = &document["paths"][path][row.method.to_ascii_lowercase()];
            assert!(operation.is_object(), "{} {path}", row.method);
            operation["requestBody"].is_object()
        }
        // Whoever shows no certificate there is sent away before.
        None => !row.is_renewal(),
    }
}

/// A request at that row's place by the house's device.
fn by_the_device(there: &Stocked, row: &Row) -> RequestBuilder {
    let url = format!("{}{}", there.house.base, there.path(row));
    let scheme = match row.path.starts_with("/{tenant}") {
        true => "TargetToken",
        false => "Bearer",
    };
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let request = there.house.http.request(method, url);
    request
        .header("authorization", format!("{scheme} {}", there.device.token))
        .header("content-type", "application/pkcs10")
}

/// A request at that row's place by somebody who is signed in, from a page of theirs.
fn by(browser: &Browser, form: &str, row: &Row, setup: &str) -> RequestBuilder {
    let path = filled(&row.path, &[("{secret}", setup)], "1");
    let track = if path == "/api/v1/releases" {
        "?track=maintenance"
    } else {
        ""
    };
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let request = browser.request(method, &format!("{path}{track}"));
    request
        .header("origin", &browser.base)
        .header("mainstay-form", form)
        .header("content-type", "application/x-www-form-urlencoded")
}

/// A kilobyte that unpacks to a gigabyte stays a kilobyte at every place that takes one, whoever may send it there.
#[tokio::test]
async fn no_place_unpacks_what_it_is_sent() {
    let there = Stocked::new().await;
    let document: Value = serde_json::from_str(&mainstay_server::openapi::text()).unwrap();
    let people = everybody(&there.house).await;
    let setup = link(&there.house.app, 77, "new@northwind.example", Role::Viewer).await;
    let setup = setup.rsplit('/').next().unwrap();
    let (mut devices, mut looked_at) = (0, 0);
    for row in rows().iter().filter(|row| takes_a_body(row, &document)) {
        let asked = match row.whom {
            Whom::Shows(_) => vec![by_the_device(&there, row)],
            whom => {
                let who_may = people.iter().filter(|(role, ..)| may(whom, *role));
                who_may
                    .map(|(_, browser, form)| by(browser, form, row, setup))
                    .collect()
            }
        };
        assert!(!asked.is_empty(), "{} {}", row.method, row.path);
        devices += usize::from(matches!(row.whom, Whom::Shows(_)));
        for request in asked {
            let request = request.header("content-encoding", "gzip").body("packed");
            let (method, path) = (row.method, &row.path);
            let heard = request.send().await.unwrap();
            let (status, told) = (heard.status(), heard.text().await.unwrap());
            let expected = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            assert_eq!(status, expected, "{method} {path}: {told}");
            // That the bytes are packed is what is wrong, and not their kind.
            let is_packed = told.contains("packed (Content-Encoding)");
            assert!(is_packed, "{method} {path}: {told}");
        }
        looked_at += 1;
    }
    assert!(devices > 6 && looked_at > 40, "{devices} of {looked_at}");
    assert_well(&there.house).await;
}

/// So many bytes as chunks, without the one that says that they are all.
fn chunks(bytes: usize) -> Vec<u8> {
    let spaces = vec![b' '; bytes];
    let mut all = Vec::new();
    for piece in spaces.chunks(16 * 1024) {
        all.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        all.extend(piece);
        all.extend(b"\r\n");
    }
    all
}

/// Sends a body that doesn't say how long it is. `head` is the method and the place, and the headers below it.
async fn sent(there: &Stocked, (line, headers): (&str, &str), body: &[u8]) -> Heard {
    let host = address(&there.house);
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{headers}\r\n"
    );
    exchange(&there.house, [head.as_bytes(), body].concat()).await
}

/// Each kind of reader: the method and the place, the headers below it, and how many bytes are taken there.
fn readers(there: &Stocked) -> Vec<(String, String, usize)> {
    let (house, device) = (&there.house, &there.device);
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    let native = |path: &str| {
        (
            format!("POST {path}"),
            bearer(&device.token),
            MESSAGE_BYTES_MAX,
        )
    };
    let client = |rest: &str| {
        let line = format!("/DEFAULT/controller/v1/{}{rest}", device.controller);
        let shown = format!("authorization: TargetToken {}\r\n", device.token);
        (line, shown, BODY_BYTES_MAX)
    };
    let feedback = client(&format!("/deploymentBase/{}/feedback", there.order));
    let attributes = client("/configData");
    let request = "content-type: application/pkcs10\r\n";
    let form = format!("origin: {}\r\n{FORM}\r\n", house.base);
    let operations = bearer(&house.tokens.operations);
    let devices = "POST /api/v1/devices".to_owned();
    vec![
        native(CHECK_IN_PATH),
        native(REPORTS_PATH),
        (format!("POST {JOIN_PATH}"), String::new(), 2048),
        (format!("POST {}", feedback.0), feedback.1, feedback.2),
        (format!("PUT {}", attributes.0), attributes.1, attributes.2),
        (
            "POST /.well-known/est/simpleenroll".to_owned(),
            bearer(&device.token) + request,
            8 * 1024,
        ),
        (
            "PUT /api/v1/plan".to_owned(),
            bearer(&house.tokens.manager),
            256 * 1024,
        ),
        (devices.clone(), operations.clone(), 4 * 1024 * 1024),
        // What is to be done once is read before that.
        (
            devices,
            operations + "idempotency-key: k-1\r\n",
            4 * 1024 * 1024,
        ),
        ("POST /sign-in".to_owned(), form, 16 * 1024),
    ]
}

/// Whoever doesn't say how much they send is heard up to the bound of that place, and not a byte further: the answer comes although the body never ends.
#[tokio::test]
async fn a_body_without_a_length_ends_at_its_bound() {
    let there = Stocked::new().await;
    for (line, headers, max) in readers(&there) {
        let head = (&*line, &*headers);
        let longer = [&chunks(max)[..], b"1\r\n \r\n"].concat();
        let heard = sent(&there, head, &longer).await;
        assert_eq!(heard.statuses, [413], "{line}: {heard:?}");
        let is_named = heard.text.contains("request.too-large");
        assert!(is_named, "{line}: {heard:?}");
        // As much as is taken is looked at, and nothing is wrong with its length.
        let whole = [&chunks(max)[..], b"0\r\n\r\n"].concat();
        let heard = sent(&there, head, &whole).await;
        let [status] = heard.statuses[..] else {
            panic!("{line}: {heard:?}");
        };
        let is_other = (400..500).contains(&status) && status != 413;
        assert!(is_other, "{line}: {heard:?}");
    }
    assert_well(&there.house).await;
}
