//! Servers that mean no good: each ends in a named error, in bounded time and memory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use mainstay_agent::config::Server;
use mainstay_agent::link::{Limits, Link, LinkError};
use mainstay_trust::Digest;

/// Serves one connection with `answer`; returns the way to it.
fn server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Link {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            answer(&mut stream);
        }
    });
    let server = Server {
        url,
        token_file: None,
        join: None,
        identity: None,
        own: None,
        ca_file: "/nonexistent".into(),
        retry: Duration::from_secs(1),
        exchange: Duration::from_secs(60),
    };
    let limits = Limits {
        connect: Duration::from_secs(10),
        exchange: Duration::from_secs(2),
    };
    Link::new(&server, limits, false).unwrap()
}

fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

/// Sends a byte now and then until nobody listens.
fn trickle(stream: &mut TcpStream, text: &str) {
    send(stream, text);
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
}

fn fetch(link: &Link, offset: u32) -> Result<Vec<u8>, LinkError> {
    link.fetch(&Digest::ZERO, offset, 100_000)
}

#[test]
fn a_trickle_is_left() {
    let body = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-99999/100000\r\ncontent-length: 100000\r\n\r\n";
    for start in [body, "HTTP/1.1 206 Partial", "HTTP/1.1 200 OK\r\nx: "] {
        let link = server(move |stream| trickle(stream, start));
        let trickled = fetch(&link, 0).unwrap_err();
        assert_eq!(trickled.id(), "agent.server-too-slow", "{start}");
        assert_eq!(trickled.is_lie(), start == body, "{start}");
        let link = server(move |stream| trickle(stream, start));
        assert!(
            matches!(link.post("/", b""), Err(LinkError::TooSlow)),
            "{start}"
        );
    }
}

#[test]
fn endless_headers_and_bodies_are_cut_off() {
    let link = server(|stream| {
        send(stream, "HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x-more: and more\r\n").is_ok() {}
    });
    let endless = fetch(&link, 0);
    assert!(
        matches!(endless, Err(LinkError::TooLarge | LinkError::Wrong)),
        "{endless:?}"
    );
    let link = server(|stream| {
        send(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        while stream.write_all(b"1000\r\n").is_ok() {
            send(stream, &"x".repeat(0x1000));
            send(stream, "\r\n");
        }
    });
    assert!(matches!(link.post("/", b""), Err(LinkError::TooLarge)));
}

#[test]
fn lies_about_length_and_place_are_found() {
    let answer = |range: &str, length: u32, bytes: usize| {
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\n{range}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let body = "y".repeat(bytes);
        server(move |stream| send(stream, &(head + &body)))
    };
    let honest = "content-range: bytes 50-99/100\r\n";
    let asked = answer(honest, 50, 50).fetch(&Digest::ZERO, 50, 50);
    assert_eq!(asked.unwrap().len(), 50);
    let short = fetch(&answer(honest, 50, 50), 50);
    assert!(
        matches!(short, Err(LinkError::Wrong)),
        "by so little it would never be whole"
    );
    let cut = fetch(&answer(honest, 50_000, 20_000), 50);
    assert_eq!(
        cut.unwrap().len(),
        20_000,
        "what came before the cut is good"
    );
    let broken = fetch(&answer(honest, 50_000, 100), 50);
    assert!(
        matches!(broken, Err(LinkError::Wrong)),
        "that little isn't: {broken:?}"
    );
    let larger = fetch(&answer(honest, 200_000, 200_000), 50);
    assert!(matches!(larger, Err(LinkError::TooLarge)));
    for range in [
        "content-range: bytes 0-99/100\r\n",
        "content-range: bytes x\r\n",
        "",
    ] {
        let elsewhere = fetch(&answer(range, 50, 50), 50);
        assert!(matches!(elsewhere, Err(LinkError::Wrong)), "{range}");
    }
    let all = server(|stream| send(stream, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd"));
    assert!(
        matches!(fetch(&all, 2), Err(LinkError::Wrong)),
        "ranges aren't known there"
    );
}

#[test]
fn a_no_says_when_to_come_back() {
    for (header, expected) in [
        ("retry-after: 120\r\n", Some(120)),
        ("retry-after: 99999999999\r\n", Some(86_400)),
        ("retry-after: tomorrow\r\n", None),
        ("", None),
    ] {
        let answer = format!("HTTP/1.1 503 Busy\r\n{header}content-length: 0\r\n\r\n");
        let link = server(move |stream| send(stream, &answer));
        let error = link.post("/", b"").unwrap_err();
        assert_eq!(error.retry_after().map(|after| after.as_secs()), expected);
    }
}

#[test]
fn redirects_lead_nowhere() {
    let link = server(|stream| {
        send(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        );
    });
    let refused = link.post("/", b"");
    assert!(matches!(refused, Err(LinkError::Refused(status, _)) if status == 302));
}

/// Serves these answers, one for each connection, and tells the heads of what was asked; returns the way to it.
fn answering(answers: Vec<String>) -> (Link, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let asked = answers.iter().map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let bytes = stream.read(&mut head).unwrap();
            send(&mut stream, answer);
            String::from_utf8_lossy(&head[..bytes]).to_ascii_lowercase()
        });
        asked.collect()
    });
    let server = Server {
        join: None,
        url,
        token_file: None,
        identity: None,
        own: None,
        ca_file: "/nonexistent".into(),
        retry: Duration::from_secs(1),
        exchange: Duration::from_secs(60),
    };
    (
        Link::new(&server, Limits::of(&server), false).unwrap(),
        served,
    )
}

/// Whoever sends it where it doesn't go isn't told again that it goes elsewhere.
#[test]
fn a_place_that_is_no_mirror_is_passed_over() {
    let digest = "ab".repeat(32);
    let told = format!("mainstay-piece-digest: {digest}\r\n");
    for (place, told) in [
        ("ftp://mirror.example/fw", told.as_str()),
        ("http://mirror.example/fw", told.as_str()),
        ("http://127.0.0.1.example/fw", told.as_str()),
        ("http://localhost:x@mirror.example/fw", told.as_str()),
        ("https://mirror.example/fw", ""),
        ("https://mirror.example/fw", "mainstay-piece-digest: ab\r\n"),
    ] {
        let sent = format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {place}\r\n{told}content-length: 0\r\nconnection: close\r\n\r\n"
        );
        let whole = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-3/4\r\ncontent-length: 4\r\nconnection: close\r\n\r\nabcd";
        let (link, served) = answering(vec![sent, whole.to_owned()]);
        let refused = link.fetch(&Digest::ZERO, 0, 4);
        assert!(
            matches!(refused, Err(LinkError::Refused(status, _)) if status == 307),
            "{place}: {refused:?}"
        );
        assert_eq!(link.fetch(&Digest::ZERO, 0, 4).unwrap(), b"abcd");
        let asked = served.join().unwrap();
        assert!(
            asked[0].contains("mainstay-elsewhere: sha-256"),
            "{asked:?}"
        );
        assert!(!asked[1].contains("mainstay-elsewhere"), "{asked:?}");
    }
}
