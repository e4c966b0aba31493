//! A server of payloads that does as a test tells it, and a hook beside it. Read [`Origin`].

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use mainstay_keys::HostPrimitives;
use mainstay_trust::Primitives as _;
use serde_json::{Value, json};

/// What a server has, and how it goes about it.
#[derive(Default)]
pub struct State {
    pub payloads: BTreeMap<String, Vec<u8>>,
    /// The digest of the newest revocations.
    pub revocations: Option<String>,
    /// How often somebody asked for them.
    pub revocations_asked: u32,
    /// Answers end after so many bytes of a payload.
    pub cut: Option<usize>,
    /// It sends other bytes than it names.
    pub lies: bool,
    /// The ranges that were asked for, as they were written.
    pub ranges: Vec<String>,
    /// What the hook was told.
    pub purged: Vec<Value>,
    pub hook_fails: bool,
}

/// The server; it lasts as long as the test's process.
pub struct Origin {
    pub base: String,
    state: Arc<Mutex<State>>,
}

/// One request.
struct Asked {
    head: String,
    body: Vec<u8>,
}

impl Origin {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let state = Arc::<Mutex<State>>::default();
        let own = state.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if let Some(asked) = Asked::read(&stream) {
                    let mut state = own.lock().expect("no test panics in here");
                    serve(&mut stream, &asked, &mut state);
                }
            }
        });
        Self { base, state }
    }

    /// Adds a payload; its digest.
    pub fn add(&self, bytes: &[u8]) -> String {
        let digest = HostPrimitives.digest(bytes).to_string();
        self.change(|state| state.payloads.insert(digest.clone(), bytes.to_vec()));
        digest
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().expect("no test panics in here"))
    }
}

impl Asked {
    /// None if whoever came asks nothing.
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
        }
        let mut asked = Self {
            head,
            body: Vec::new(),
        };
        let length = asked.word("content-length");
        asked.body = vec![0; length.map_or(0, |text| text.parse().expect("a number"))];
        reader.read_exact(&mut asked.body).expect("a body");
        Some(asked)
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).expect("a request")
    }

    fn word(&self, name: &str) -> Option<String> {
        let lines = self.head.lines();
        let mut words = lines.filter_map(|line| line.split_once(": "));
        let named = words.find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.to_owned())
    }
}

fn serve(stream: &mut TcpStream, asked: &Asked, state: &mut State) {
    if asked.path() == "/purge" {
        let told = serde_json::from_slice(&asked.body).expect("JSON");
        state.purged.push(told);
        let status = if state.hook_fails { "500 No" } else { "200 OK" };
        return answer(stream, status, "", b"", 0);
    }
    if asked.path() == "/delivery/v1/revocations" {
        return revocations(stream, asked, state);
    }
    assert_eq!(asked.word("authorization").as_deref(), Some("Bearer token"));
    if asked.path() == "/api/v1/payloads" {
        let view = |(digest, bytes): (&String, &Vec<u8>)| json!({"digest": digest, "bytes": bytes.len(), "releases": ["thermo-v2@1.1.0"]});
        let list: Vec<Value> = state.payloads.iter().map(view).collect();
        let list = serde_json::to_vec(&list).expect("JSON");
        return answer(stream, "200 OK", "", &list, list.len());
    }
    payload(stream, asked, state);
}

/// Who asks for them shows nothing: everybody may know them.
fn revocations(stream: &mut TcpStream, asked: &Asked, state: &mut State) {
    assert_eq!(asked.word("authorization"), None);
    state.revocations_asked += 1;
    match &state.revocations {
        None => answer(stream, "404 Not Found", "", b"{}", 2),
        Some(digest) => {
            let tag = format!("etag: \"{digest}\"\r\n");
            answer(stream, "200 OK", &tag, b"signed", 6);
        }
    }
}

fn payload(stream: &mut TcpStream, asked: &Asked, state: &mut State) {
    let digest = asked.path().rsplit('/').next().expect("a path");
    let mut bytes = state.payloads[digest].clone();
    if state.lies {
        bytes.fill(b'x');
    }
    let range = asked.word("range").unwrap_or_default();
    let from = range.trim_start_matches("bytes=").trim_end_matches('-');
    let from: usize = from.parse().unwrap_or(0);
    state.ranges.push(range);
    let (last, len) = (bytes.len() - 1, bytes.len());
    let (status, about) = match from {
        0 => ("200 OK", String::new()),
        from => (
            "206 Partial Content",
            format!("content-range: bytes {from}-{last}/{len}\r\n"),
        ),
    };
    let rest = &bytes[from..];
    let cut = state.cut.unwrap_or(usize::MAX).min(rest.len());
    answer(stream, status, &about, &rest[..cut], rest.len());
}

/// Announces so many bytes, and sends these.
fn answer(stream: &mut TcpStream, status: &str, about: &str, body: &[u8], announced: usize) {
    let head = format!(
        "HTTP/1.1 {status}\r\n{about}content-type: application/json\r\ncontent-length: {announced}\r\nconnection: close\r\n\r\n"
    );
    // Whoever has gone by now has had enough of it.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}
