//! A small HTTP server that speaks hawkBit's management API, as far as an import asks it. Read [`Hawkbit`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Written by the types of its management API; no real server was asked.
pub const TARGETS: &str = include_str!("../../../../fixtures/good/hawkbit/targets.json");
/// The attributes of the first target.
pub const ATTRIBUTES: &str = include_str!("../../../../fixtures/good/hawkbit/attributes.json");
/// The password of its user `admin`.
pub const PASSWORD: &str = "s3cret";
/// What a browser sends for both (RFC 7617).
const BASIC: &str = "Basic YWRtaW46czNjcmV0";

/// What it answers to a path with its query.
pub enum Answer {
    /// This JSON.
    Json(String),
    /// This status, such as `404 Not Found`, and no content.
    Status(&'static str),
    /// No content.
    Nothing,
    /// The beginning of an answer, and then the connection ends.
    Cut(String),
    /// An answer without an end.
    Endless,
    /// A redirection.
    Elsewhere(String),
}

/// The server; it ends with the test's process.
pub struct Hawkbit {
    /// Its address.
    pub address: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Hawkbit {
    /// One that answers so to whoever shows the password.
    pub fn answering(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let (asked, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let heard = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (heard, answer) = (heard.clone(), answer.clone());
                // Whoever asked may have hung up meanwhile.
                thread::spawn(move || stream.map(|stream| serve(stream, &heard, &*answer)));
            }
        });
        Self { address, asked }
    }

    /// The three targets of the fixture, one of them with attributes. The token of the last one isn't told.
    pub fn of_the_fixture() -> Self {
        Self::of_targets(TARGETS.to_owned())
    }

    /// The same, for a user who may read all tokens.
    pub fn telling_all() -> Self {
        let untold = r#""controllerId":"gw-3","#;
        let told = format!(r#"{untold}"securityToken":"c1d2e3f4051627384950a1b2c3d4e5f6","#);
        assert!(TARGETS.contains(untold), "the fixture has it");
        Self::of_targets(TARGETS.replacen(untold, &told, 1))
    }

    fn of_targets(targets: String) -> Self {
        Self::answering(move |path| match path {
            "/rest/v1/targets?offset=0&limit=500" => Answer::Json(targets.clone()),
            "/rest/v1/targets/8c:1f:64:00:0a:21/attributes" => Answer::Json(ATTRIBUTES.to_owned()),
            _ => Answer::Nothing,
        })
    }

    /// The paths that it was asked for, and by which authorization.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

/// A page of targets with these controller ids, of `total`.
pub fn page(ids: &[&str], total: u64) -> String {
    let target = |id: &&str| {
        let token = format!("0123456789abcdef-{id}");
        let target = serde_json::json!({
            "controllerId": id, "updateStatus": "in_sync", "securityToken": token,
        });
        target.to_string()
    };
    let content: Vec<_> = ids.iter().map(target).collect();
    let (size, content) = (ids.len(), content.join(","));
    format!(r#"{{"content":[{content}],"total":{total},"size":{size}}}"#)
}

/// One request and its answer.
fn serve(
    stream: TcpStream,
    heard: &Mutex<Vec<(String, String)>>,
    answer: &dyn Fn(&str) -> Answer,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut shown = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.clone_into(&mut shown);
            }
            _ => {}
        }
    }
    let known = shown == BASIC;
    let asked = (path.clone(), shown);
    heard.lock().expect("nobody panics with it").push(asked);
    match known {
        true => write(stream, answer(&path)),
        false => plain(
            stream,
            "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"hawkBit\"",
            "",
        ),
    }
}

fn write(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Json(text) => plain(
            stream,
            "200 OK\r\nContent-Type: application/hal+json",
            &text,
        ),
        Answer::Status(status) => plain(stream, status, ""),
        Answer::Nothing => plain(stream, "204 No Content", ""),
        Answer::Elsewhere(to) => plain(stream, &format!("302 Found\r\nLocation: {to}"), ""),
        Answer::Cut(text) => {
            let more = text.len() + 100;
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {more}\r\n\r\n{text}"
            )
        }
        Answer::Endless => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{{\"content\":["
            )?;
            loop {
                stream.write_all(&[b' '; 65_536])?;
            }
        }
    }
}

fn plain(mut stream: TcpStream, head: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
