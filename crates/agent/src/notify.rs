//! Tells systemd how it goes: ready, alive, and one line about what it does (sd_notify(3)).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::clock::Clock;

/// The socket that systemd gave, if it did.
#[derive(Debug)]
pub struct Notify {
    to: Option<(UnixDatagram, SocketAddr)>,
    every: Option<Duration>,
    /// Since it was last said; none if it never was.
    last: Option<Clock>,
}

impl Notify {
    /// By the environment: `NOTIFY_SOCKET` and `WATCHDOG_USEC`. Whoever started the agent otherwise hears nothing.
    #[must_use]
    pub fn from_environment() -> Self {
        let usec = std::env::var("WATCHDOG_USEC").ok();
        let usec = usec.and_then(|text| text.parse::<u64>().ok());
        Self {
            to: std::env::var("NOTIFY_SOCKET")
                .ok()
                .and_then(|path| open(&path)),
            // A third of the time that systemd waits: two may be lost.
            every: usec.map(|usec| Duration::from_micros(usec) / 3),
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

    /// The agent is alive; sent no more often than systemd needs it.
    pub fn alive(&mut self) {
        if self.is_due() {
            self.last = Some(Clock::begin());
            self.send("WATCHDOG=1");
        }
    }

    fn is_due(&self) -> bool {
        let silent = |last: &Clock| Duration::from_millis(last.elapsed_ms());
        self.every
            .is_some_and(|every| self.last.as_ref().is_none_or(|last| silent(last) >= every))
    }

    fn send(&self, text: &str) {
        if let Some((socket, to)) = &self.to {
            // Who doesn't listen isn't told; systemd acts on silence by itself.
            let _ = socket.send_to_addr(text.as_bytes(), to);
        }
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

    #[test]
    fn systemd_hears_what_it_waits_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("binds");
        let mut notify = Notify {
            to: open(path.to_str().expect("text")),
            every: Some(Duration::ZERO),
            last: None,
        };
        notify.ready();
        notify.status("downloads\n1.1.0");
        notify.alive();
        for expected in ["READY=1", "STATUS=downloads 1.1.0", "WATCHDOG=1"] {
            let mut buffer = [0; 64];
            let length = socket.recv(&mut buffer).expect("hears");
            assert_eq!(&buffer[..length], expected.as_bytes());
        }
    }
}
