//! One server: the real binary, in a process of its own. Read [`Replica`].

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// How often one looks whether it is ready.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// One that isn't ready by then is given up: its database may be away, which it doesn't wait for at its start.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// One that ends while its database is away is started anew so often, as an init system would.
const STARTS_MAX: u32 = 20;
/// Between two of them.
const START_AGAIN: Duration = Duration::from_millis(500);
/// Ports are looked for from here on, and so many further.
const FIRST_PORT: u16 = 20_000;
/// See [`FIRST_PORT`].
const PORTS: u16 = 6000;
/// Of a log, so much is told.
const LOG_BYTES_TOLD: usize = 4000;

/// A server that runs or was killed.
#[derive(Debug)]
pub struct Replica {
    program: PathBuf,
    settings: PathBuf,
    log: PathBuf,
    /// Where it listens.
    pub base: String,
    process: Option<Child>,
}

impl Replica {
    /// A server by this program and these settings, which make it listen at `address`. It isn't started yet.
    pub fn new(program: &Path, settings: PathBuf, address: SocketAddr) -> Self {
        Self {
            program: program.to_owned(),
            log: settings.with_extension("log"),
            settings,
            base: format!("http://{address}"),
            process: None,
        }
    }

    /// Starts it, and waits until it says that it is ready; anew, where it ended or doesn't get ready.
    ///
    /// # Errors
    /// If it never is, with the end of its log.
    pub async fn start(&mut self, http: &reqwest::Client) -> anyhow::Result<()> {
        for _ in 0..STARTS_MAX {
            self.spawn()?;
            if self.is_ready_soon(http).await? {
                return Ok(());
            }
            self.kill();
            tokio::time::sleep(START_AGAIN).await;
        }
        bail!("{} isn't ready: {}", self.base, self.log())
    }

    /// Whether it was started and has ended by itself since.
    ///
    /// # Errors
    /// If the system can't tell.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        let Some(process) = self.process.as_mut() else {
            return Ok(false);
        };
        Ok(process.try_wait()?.is_some())
    }

    /// Ends it as `SIGKILL` does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn spawn(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let process = Command::new(&self.program)
            .args(["serve", "--settings"])
            .arg(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} can't be started", self.program.display()))?;
        self.process = Some(process);
        Ok(())
    }

    async fn is_ready_soon(&mut self, http: &reqwest::Client) -> anyhow::Result<bool> {
        let looks = READY_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            if self.has_ended()? {
                return Ok(false);
            }
            let asked = http.get(format!("{}/readyz", self.base)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(true);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let end = &log[log.len().saturating_sub(LOG_BYTES_TOLD)..];
        String::from_utf8_lossy(end).into_owned()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

/// So many addresses at which nobody listens. Their ports are below those that Linux gives to whoever connects (`ip_local_port_range`): while a replica is
/// dead, none of the devices' connections may take its place.
///
/// # Errors
/// If there are none.
pub fn free_addresses(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    // Campaigns that run at once begin at different ports.
    let first = FIRST_PORT + u16::try_from(std::process::id() % u32::from(PORTS)).unwrap_or(0);
    let ports = first..FIRST_PORT + 2 * PORTS;
    let bound = ports.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    let held: Vec<TcpListener> = bound.take(count).collect();
    ensure!(held.len() == count, "no ports are free");
    let addresses = held.iter().map(TcpListener::local_addr);
    Ok(addresses.collect::<Result<_, _>>()?)
}
