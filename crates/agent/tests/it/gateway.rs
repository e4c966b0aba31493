//! What lies between a device and its server: it sees each exchange, and a story may let it answer in the server's place,
//! or not at all.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use mainstay_protocol::{CHECK_IN_PATH, PAYLOADS_PATH};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A connection, encrypted or not.
pub trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// What becomes of one request.
pub enum Conduct {
    /// The server answers it.
    Honest,
    /// Nobody does: the network is away.
    Away,
    /// The server has too much to do, and wants to be left alone for so many seconds.
    Busy(u32),
    /// The last answer to a check-in is sent again.
    Replay,
    /// A request for bytes of an image is answered by this; the server answers all else.
    Lie(fn(&mut dyn Wire)),
    /// A check-in is answered by these bytes; the server answers all else.
    Forge(Vec<u8>),
}

/// A gateway; it lasts as long as the test's process.
#[derive(Clone)]
pub struct Gateway {
    pub base: String,
    conduct: Arc<Mutex<Conduct>>,
    answer: Arc<Mutex<Vec<u8>>>,
}

struct Request {
    head: String,
    body: Vec<u8>,
}

impl Gateway {
    /// Begins to listen for devices of the server at `base`; with `tls`, as `https://localhost`.
    pub fn open(base: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = base.trim_start_matches("http://").to_owned();
        let gateway = Self {
            base: match tls {
                Some(_) => format!("https://localhost:{port}"),
                None => format!("http://127.0.0.1:{port}"),
            },
            conduct: Arc::new(Mutex::new(Conduct::Honest)),
            answer: Arc::default(),
        };
        let own = gateway.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let (own, to, tls) = (own.clone(), to.clone(), tls.clone());
                // A connection that breaks is the device's business.
                thread::spawn(move || own.join(near, &to, tls));
            }
        });
        gateway
    }

    /// From now on it does this.
    pub fn conduct(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    /// The body of the last answer to a check-in.
    pub fn last_answer(&self) -> Vec<u8> {
        self.answer.lock().unwrap().clone()
    }

    fn join(&self, near: TcpStream, to: &str, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
        match tls {
            None => self.serve(&mut { near }, to),
            Some(config) => {
                let connection = ServerConnection::new(config).map_err(io::Error::other)?;
                let mut stream = StreamOwned::new(connection, near);
                self.serve(&mut stream, to)?;
                stream.conn.send_close_notify();
                stream.flush()
            }
        }
    }

    fn serve(&self, near: &mut dyn Wire, to: &str) -> io::Result<()> {
        let request = read_request(near)?;
        let asks = |path| request.head.contains(&format!(" {path}"));
        let own = match &*self.conduct.lock().unwrap() {
            Conduct::Away => return Ok(()),
            Conduct::Busy(seconds) => return near.write_all(busy(*seconds).as_bytes()),
            Conduct::Replay if asks(CHECK_IN_PATH) => Ok(self.last_answer()),
            Conduct::Forge(answer) if asks(CHECK_IN_PATH) => Ok(answer.clone()),
            Conduct::Lie(lie) if asks(PAYLOADS_PATH) => Err(Some(*lie)),
            _ => Err(None),
        };
        match own {
            Ok(body) => near.write_all(&whole_answer(&body)),
            Err(Some(lie)) => {
                lie(near);
                Ok(())
            }
            Err(None) => self.pass_on(&request, near, to, asks(CHECK_IN_PATH)),
        }
    }

    fn pass_on(
        &self,
        request: &Request,
        near: &mut dyn Wire,
        to: &str,
        keep: bool,
    ) -> io::Result<()> {
        let mut far = TcpStream::connect(to)?;
        far.write_all(request.head.trim_end().as_bytes())?;
        far.write_all(b"\r\nconnection: close\r\n\r\n")?;
        far.write_all(&request.body)?;
        let mut answer = Vec::new();
        far.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end.filter(|_| keep) {
            *self.answer.lock().unwrap() = answer[end + 4..].to_vec();
        }
        near.write_all(&answer)
    }
}

fn read_request(near: &mut dyn Wire) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        near.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.to_ascii_lowercase();
    let length = length
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|text| text.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    near.read_exact(&mut body)?;
    Ok(Request { head, body })
}

fn busy(seconds: u32) -> String {
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {seconds}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

fn whole_answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
