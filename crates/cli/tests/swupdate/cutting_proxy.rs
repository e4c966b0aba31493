//! Stands between a device and the server: writes down what is asked, and breaks the line once, in the middle of a download.
//!
//! It passes bytes on and changes none. Read [`CuttingProxy::cut_after`], then [`Heads`].

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// A piece of a stream.
const CHUNK_BYTES: usize = 16 * 1024;

/// A listener in front of the server. It goes when the test's process goes.
pub struct CuttingProxy {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What went through, and what is to happen.
#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    /// The next download's line breaks after so many bytes of its answer.
    cut_after: Option<usize>,
}

/// One request, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// Bytes that came after it from the server on the same line, until the next request: its answer, head and all.
    pub answered_bytes: usize,
}

impl Request {
    /// Whether it fetches a payload.
    pub fn is_download(&self) -> bool {
        self.method == "GET" && self.path.contains("/artifacts/")
    }

    fn parse(head: &str) -> Self {
        let mut words = head.split_whitespace().map(str::to_owned);
        Self {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            range: header(head, "range").map(str::to_owned),
            answered_bytes: 0,
        }
    }
}

impl CuttingProxy {
    /// One in front of `server`, which may not listen yet.
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let noted = seen.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let noted = noted.clone();
                std::thread::spawn(move || pass_on(&client, server, &noted));
            }
        });
        Self { address, seen }
    }

    /// Where devices find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks the line of the next download when so many bytes of the answer, head and all, have passed.
    pub fn cut_after(&self, bytes: usize) {
        lock(&self.seen).cut_after = Some(bytes);
    }

    /// All requests of this kind, in the order in which they came.
    pub fn requests(&self, kind: impl Fn(&Request) -> bool) -> Vec<Request> {
        let seen = lock(&self.seen);
        let of_kind = seen.requests.iter().filter(|request| kind(request));
        of_kind.cloned().collect()
    }

    /// The downloads so far.
    pub fn downloads(&self) -> Vec<Request> {
        self.requests(Request::is_download)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("no thread panics while it holds it")
}

/// What the two directions of one line share.
#[derive(Default)]
struct Line {
    /// The newest request's place among all.
    request: Option<usize>,
    /// So many bytes may still pass to the device.
    left: Option<usize>,
}

/// Passes one line on, until either end closes it or it is cut.
fn pass_on(client: &TcpStream, server: SocketAddr, seen: &Arc<Mutex<Seen>>) {
    let Ok(server) = TcpStream::connect(server) else {
        return;
    };
    let line: Mutex<Line> = Mutex::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pass_requests(client, &server, seen, &line);
            end(client, &server);
        });
        pass_answers(&server, client, seen, &line);
        end(client, &server);
    });
}

/// The other direction's thread wakes up and ends, too.
fn end(client: &TcpStream, server: &TcpStream) {
    for stream in [client, server] {
        // The peer may have closed it already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn pass_requests(
    mut client: &TcpStream,
    mut server: &TcpStream,
    seen: &Mutex<Seen>,
    line: &Mutex<Line>,
) {
    let (mut chunk, mut heads) = (vec![0; CHUNK_BYTES], Heads::default());
    while let Ok(read @ 1..) = client.read(&mut chunk) {
        for request in heads.read(&chunk[..read]) {
            let mut seen = lock(seen);
            let mut line = line.lock().expect("no thread panics while it holds it");
            line.request = Some(seen.requests.len());
            if request.is_download() {
                line.left = seen.cut_after.take();
            }
            seen.requests.push(request);
        }
        if server.write_all(&chunk[..read]).is_err() {
            return;
        }
    }
}

fn pass_answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    seen: &Mutex<Seen>,
    line: &Mutex<Line>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read @ 1..) = server.read(&mut chunk) {
        let passes = count(read, seen, line);
        if client.write_all(&chunk[..passes]).is_err() || passes < read {
            return;
        }
    }
}

/// Counts what came from the server, and gives how much of it may pass.
fn count(read: usize, seen: &Mutex<Seen>, line: &Mutex<Line>) -> usize {
    let mut seen = lock(seen);
    let mut line = line.lock().expect("no thread panics while it holds it");
    let passes = line.left.map_or(read, |left| left.min(read));
    line.left = line.left.map(|left| left - passes);
    if let Some(request) = line.request {
        seen.requests[request].answered_bytes += passes;
    }
    passes
}

/// Finds the heads of requests in a stream of them, past their bodies. Requests with a body tell its length: SWUpdate sends no chunks.
#[derive(Default)]
struct Heads {
    pending: Vec<u8>,
    body_left: usize,
}

impl Heads {
    /// The requests whose head ends in this chunk.
    fn read(&mut self, chunk: &[u8]) -> Vec<Request> {
        const END: &[u8] = b"\r\n\r\n";
        self.pending.extend_from_slice(chunk);
        let mut found = Vec::new();
        loop {
            let of_body = self.body_left.min(self.pending.len());
            self.pending.drain(..of_body);
            self.body_left -= of_body;
            let end = self.pending.windows(END.len()).position(|w| w == END);
            let Some(end) = end else { return found };
            let head: Vec<u8> = self.pending.drain(..end + END.len()).collect();
            let head = String::from_utf8_lossy(&head);
            let length = header(&head, "content-length").map(str::parse);
            self.body_left = length.map_or(0, |bytes| bytes.expect("a client tells a number"));
            found.push(Request::parse(&head));
        }
    }
}

/// A header's value.
fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

#[test]
fn heads_are_found_past_bodies_however_they_are_cut() {
    let stream = b"POST /a HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /no HTTP/1.1\r\n\r\n\
                   GET /b/artifacts/c HTTP/1.1\r\nRange: bytes=7-\r\n\r\n";
    for cut in 0..stream.len() {
        let (first, second) = stream.split_at(cut);
        let mut heads = Heads::default();
        let found = [heads.read(first), heads.read(second)].concat();
        let paths: Vec<_> = found.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, ["/a", "/b/artifacts/c"], "cut at {cut}");
        assert_eq!(found[1].range.as_deref(), Some("bytes=7-"));
        assert!(found[1].is_download() && !found[0].is_download());
    }
}
