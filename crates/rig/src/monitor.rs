//! QEMU's monitor, by its own protocol (QMP): one JSON object a line.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

/// For QEMU to open its socket, and for each answer. Busy machines are slow.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A connection to one QEMU.
#[derive(Debug)]
pub(crate) struct Monitor {
    out: UnixStream,
    lines: BufReader<UnixStream>,
    /// What has come of a line when the wait for its rest ended.
    begun: String,
    /// Whether the guest has restarted itself, and waits.
    restarted: bool,
}

impl Monitor {
    /// Connects, as soon as the socket is there.
    pub(crate) fn connect(socket: &Path) -> anyhow::Result<Self> {
        let until = now() + PATIENCE;
        let out = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if now() > until => {
                    return Err(error).context("QEMU doesn't open its monitor");
                }
                Err(_) => sleep(LOOK_EVERY),
            }
        };
        let mut monitor = Self {
            lines: BufReader::new(out.try_clone().context("the monitor's socket")?),
            out,
            begun: String::new(),
            restarted: false,
        };
        let greeting = monitor.line(now() + PATIENCE)?;
        ensure!(greeting.is_some(), "QEMU's monitor says nothing");
        monitor.execute("qmp_capabilities", json!({}))?;
        Ok(monitor)
    }

    /// Does one thing, and returns what QEMU said.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let mut asked = json!({ "execute": command });
        if arguments != json!({}) {
            asked["arguments"] = arguments;
        }
        writeln!(self.out, "{asked}").with_context(|| command.to_owned())?;
        let until = now() + PATIENCE;
        while let Some(mut said) = self.line(until)? {
            if let Some(error) = said.get("error") {
                bail!("{command}: {error}");
            }
            if let Some(answer) = said.get_mut("return") {
                return Ok(answer.take());
            }
        }
        bail!("{command}: QEMU doesn't answer")
    }

    /// Waits until the guest restarts itself; whether it did.
    pub(crate) fn wait_for_restart(&mut self, patience: Duration) -> anyhow::Result<bool> {
        let until = now() + patience;
        while !self.restarted && self.line(until)?.is_some() {}
        Ok(self.restarted)
    }

    /// The next line; none if none comes in time.
    fn line(&mut self, until: Instant) -> anyhow::Result<Option<Value>> {
        loop {
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return Ok(None);
            }
            self.out
                .set_read_timeout(Some(left))
                .context("the monitor's socket")?;
            match self.lines.read_line(&mut self.begun) {
                Ok(0) => bail!("QEMU has gone"),
                Ok(_) => break,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error).context("QEMU's monitor"),
            }
        }
        let said: Value = serde_json::from_str(&self.begun).context("QEMU's monitor")?;
        self.begun.clear();
        self.restarted |= said["event"] == "SHUTDOWN";
        Ok(Some(said))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another program is waited for, in the time that passes"
)]
fn now() -> Instant {
    Instant::now()
}
