//! Bytes to a server, and what came back. Read [`exchange`].

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::House;

/// Nobody waits longer than this for a server that says nothing: far more than it ever takes.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// All that came back on one connection until the server closed it.
#[derive(Debug)]
pub struct Heard {
    /// The status of each answer, in order.
    pub statuses: Vec<u16>,
    /// All of it.
    pub text: String,
}

pub fn address(house: &House) -> &str {
    house.base.strip_prefix("http://").unwrap()
}

pub async fn connect(house: &House) -> TcpStream {
    TcpStream::connect(address(house)).await.unwrap()
}

/// Sends these bytes on a connection of their own and reads until the server closes it, which it must: their last request asks for that,
/// or can't be understood.
pub async fn exchange(house: &House, bytes: impl AsRef<[u8]>) -> Heard {
    let mut line = connect(house).await;
    // A server that has refused may close while more is sent.
    let _ = line.write_all(bytes.as_ref()).await;
    heard(&mut line).await
}

/// All that comes on a connection until the server closes it.
pub async fn heard(line: &mut TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = tokio::time::timeout(PATIENCE, line.read(&mut piece)).await;
        let told = String::from_utf8_lossy(&bytes);
        match read.unwrap_or_else(|_| panic!("the connection stays open after {told:?}")) {
            // A server that closes while bytes of ours are unread resets the connection.
            Ok(0) | Err(_) => break,
            Ok(len) => bytes.extend(&piece[..len]),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let heads = text.match_indices("HTTP/1.1 ");
    let statuses =
        heads.filter_map(|(at, head)| text.get(at + head.len()..)?.get(..3)?.parse().ok());
    Heard {
        statuses: statuses.collect(),
        text,
    }
}

/// One request with a token and a body, on a connection of its own.
pub async fn asked(house: &House, line: &str, token: &str, body: &[u8]) -> Heard {
    exchange(house, request(line, token, body)).await
}

/// A whole request, after which the connection ends. `line` is its method and its place.
pub fn request(line: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// That the server is there, and does as it should.
pub async fn assert_well(house: &House) {
    let heard = exchange(
        house,
        "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(heard.statuses, [200], "{heard:?}");
    assert!(heard.text.contains("alive"));
}
