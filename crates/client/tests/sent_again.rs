//! A request with a key whose connection breaks is sent again, with the same key.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use mainstay_client::{ClientError, Operator};

const HOLDS: &str = r#"{"release":"thermo-v2@1.1.0","manifest":"ab","by":"kim@northwind.example","at":"2026-12-01T12:00:00Z","reason":"smoke","state":"in-force","asked_by":null,"released_by":null,"running":[]}"#;

/// Reads one request: its head and the 18 bytes of its body.
fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\"}") {
        stream.read_exact(&mut byte).expect("it goes on");
        read.push(byte[0]);
    }
    String::from_utf8(read).expect("a text")
}

/// A server that hangs up on the first requests and answers the last one; what it was sent.
fn server(
    answers: &'static [Option<(&'static str, &'static str)>],
) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let serving = thread::spawn(move || {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("it comes");
            seen.push(request(&mut stream));
            if let Some((status, body)) = answer {
                let bytes = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).expect("it reads");
            }
        }
        seen
    });
    (base, serving)
}

fn keys(seen: &[String]) -> Vec<&str> {
    let key =
        |request: &'_ String| -> usize { request.find("idempotency-key: ").expect("a key") + 17 };
    seen.iter()
        .map(|request| request[key(request)..].lines().next().expect("a line"))
        .collect()
}

#[tokio::test]
async fn a_request_whose_connection_breaks_is_sent_again_with_its_key() {
    const RUNNING: &str = r#"{"type":"x","title":"x","status":409,"detail":"x","id":"idempotency.running","cure":"x"}"#;
    let (base, serving) = server(&[
        None,
        Some(("409 Conflict", RUNNING)),
        Some(("201 Created", HOLDS)),
    ]);
    let operator = Operator::new(&base, "token")
        .expect("an address")
        .keyed("drawn");
    let hold = operator
        .hold("thermo-v2@1.1.0", "smoke")
        .await
        .expect("the third time");
    assert_eq!(hold.reason, "smoke");
    let seen = serving.join().expect("it ended well");
    assert_eq!(keys(&seen), ["drawn-0"; 3]);
}

/// Without a key it may be done twice.
#[tokio::test]
async fn a_request_without_a_key_is_sent_once() {
    let (base, serving) = server(&[None]);
    let operator = Operator::new(&base, "token").expect("an address");
    let refused = operator
        .hold("thermo-v2@1.1.0", "smoke")
        .await
        .expect_err("it hung up");
    assert!(matches!(refused, ClientError::Unreachable { .. }));
    assert_eq!(serving.join().expect("it ended well").len(), 1);
}

#[tokio::test]
async fn a_refusal_is_the_answer_and_the_next_request_has_another_key() {
    const REFUSED: &str =
        r#"{"type":"x","title":"x","status":409,"detail":"x","id":"hold.too-many","cure":"x"}"#;
    let (base, serving) = server(&[
        Some(("409 Conflict", REFUSED)),
        Some(("201 Created", HOLDS)),
    ]);
    let operator = Operator::new(&base, "token")
        .expect("an address")
        .keyed("drawn");
    let refused = operator
        .hold("thermo-v2@1.1.0", "smoke")
        .await
        .expect_err("refused");
    assert_eq!(refused.id(), "hold.too-many");
    operator
        .hold("thermo-v2@1.1.0", "smoke")
        .await
        .expect("held");
    let seen = serving.join().expect("it ended well");
    assert_eq!(keys(&seen), ["drawn-0", "drawn-1"]);
}
