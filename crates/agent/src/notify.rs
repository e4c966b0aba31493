//! Tells systemd how it goes: ready, alive, and one line about what it does (sd_notify(3)).

use std::io::{self, Read};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::clock::Clock;

/// The most between two signs of life while there is a chance to give one. Little beside the time that systemd waits,
/// so that nearly all of it is left to the one thing that gives no chance: an exchange with the server.
pub const SIGN_EVERY: Duration = Duration::from_secs(10);
/// How long a start may take from each sign of life on, where systemd has no watchdog that says it: the packaged unit's.
const PATIENCE: Duration = Duration::from_secs(300);

/// The socket that systemd gave, if it did.
#[derive(Debug)]
pub struct Notify {
    to: Option<(UnixDatagram, SocketAddr)>,
    every: Duration,
    /// For how long systemd may hear nothing.
    patience: Duration,
    /// Since it was last said; none if it never was.
    last: Option<Clock>,
}

impl Notify {
    /// By the environment: `NOTIFY_SOCKET` and `WATCHDOG_USEC`. Whoever started the agent otherwise hears nothing.
    #[must_use]
    pub fn from_environment() -> Self {
        let usec = std::env::var("WATCHDOG_USEC").ok();
        let usec = usec.and_then(|text| text.parse().ok());
        let to = std::env::var("NOTIFY_SOCKET").ok();
        Self::to(
            to.and_then(|path| open(&path)),
            usec.map_or(PATIENCE, Duration::from_micros),
        )
    }

    fn to(to: Option<(UnixDatagram, SocketAddr)>, patience: Duration) -> Self {
        Self {
            to,
            // At least three in the time that systemd waits: two may be lost.
            every: SIGN_EVERY.min(patience / 3),
            patience,
            last: None,
        }
    }

    /// What is ordered behind the agent may start. Said again, it changes nothing.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// What it does, for `systemctl status`.
    pub fn status(&self, text: &str) {
        self.send(&format!("STATUS={}", text.replace('\n', " ")));
    }

    /// The agent is alive; sent no more often than systemd needs it. A start that goes on isn't ended then: an image
    /// that is measured and unpacked, or that RAUC installs anew, takes as long as it takes. One that hangs is.
    pub fn alive(&mut self) {
        if self.is_due() {
            self.last = Some(Clock::begin());
            self.send("WATCHDOG=1");
            let usec = self.patience.as_micros();
            self.send(&format!("EXTEND_TIMEOUT_USEC={usec}"));
        }
    }

    fn is_due(&self) -> bool {
        let silent = |last: &Clock| Duration::from_millis(last.elapsed_ms());
        let last = self.last.as_ref();
        self.to.is_some() && last.is_none_or(|last| silent(last) >= self.every)
    }

    fn send(&self, text: &str) {
        if let Some((socket, to)) = &self.to {
            // Who doesn't listen isn't told; systemd acts on silence by itself.
            let _ = socket.send_to_addr(text.as_bytes(), to);
        }
    }
}

/// A source that may take long to read: systemd hears meanwhile that the agent lives.
#[derive(Debug)]
pub struct Heard<R> {
    source: R,
    notify: Notify,
}

impl<R> Heard<R> {
    /// The source that is read.
    #[must_use]
    pub fn of(source: R) -> Self {
        let notify = Notify::from_environment();
        Self { source, notify }
    }
}

impl<R: Read> Read for Heard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.notify.alive();
        self.source.read(buffer)
    }
}

fn open(path: &str) -> Option<(UnixDatagram, SocketAddr)> {
    let to = match path.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(path),
    };
    Some((UnixDatagram::unbound().ok()?, to.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What systemd hears, and who tells it so often.
    fn systemd(every: Duration) -> (tempfile::TempDir, UnixDatagram, Notify) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("binds");
        socket.set_nonblocking(true).expect("is a socket");
        let to = open(path.to_str().expect("text"));
        let mut notify = Notify::to(to, Duration::from_secs(300));
        notify.every = every;
        (folder, socket, notify)
    }

    fn heard(socket: &UnixDatagram) -> Vec<String> {
        let mut buffer = [0; 64];
        std::iter::from_fn(|| {
            let length = socket.recv(&mut buffer).ok()?;
            Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
        })
        .collect()
    }

    const ALIVE: [&str; 2] = ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=300000000"];

    #[test]
    fn systemd_hears_what_it_waits_for() {
        let (_folder, socket, mut notify) = systemd(Duration::ZERO);
        notify.ready();
        notify.status("downloads\n1.1.0");
        notify.alive();
        let first = ["READY=1", "STATUS=downloads 1.1.0"];
        assert_eq!(heard(&socket), [first, ALIVE].concat());
    }

    #[test]
    fn a_sign_of_life_is_at_most_ten_seconds_old_however_long_systemd_waits() {
        for (patience_s, every_s) in [(3, 1), (30, 10), (300, 10), (86_400, 10)] {
            let notify = Notify::to(None, Duration::from_secs(patience_s));
            assert_eq!(notify.every.as_secs(), every_s, "{patience_s}");
        }
        let (_folder, socket, mut notify) = systemd(SIGN_EVERY);
        for _ in 0..100 {
            notify.alive();
        }
        assert_eq!(heard(&socket), ALIVE, "and no more often than that");
    }

    #[test]
    fn each_piece_that_is_read_is_a_chance() {
        let (_folder, socket, notify) = systemd(Duration::ZERO);
        let source = io::repeat(7).take(3);
        let mut source = Heard { source, notify };
        let mut piece = [0; 2];
        assert_eq!(source.read(&mut piece).expect("reads"), 2);
        assert_eq!(source.read(&mut piece).expect("reads"), 1);
        assert_eq!(heard(&socket), [ALIVE, ALIVE].concat());
    }
}
