//! Devices by a script, over connections that are kept open. Read [`all`] and [`Visit`].

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use jiff::Timestamp;
use mainstay_protocol::{Directive, Event, Report, ReportList, Todo, read};
use mainstay_trust::Digest;
use tokio::time::sleep;

use super::house;
use crate::asker::Asker;
use crate::fleet;
use crate::questions::{Said, check_in};

/// So many connections: the server never waits for one.
const CONNECTIONS: usize = 64;

/// Whoever isn't offered the release yet, though its wave is open, asks again so many times, so long after.
const TRIES: u32 = 300;
/// See [`TRIES`].
const AGAIN: Duration = Duration::from_secs(1);

/// Whoever is sent away, because the server has more to do than is comfortable, comes again after this: a fleet that is played by so few connections
/// has no time for what real devices are told to wait.
const SENT_AWAY: Duration = Duration::from_secs(1);
/// A minute of that, and the server doesn't recover.
const SENT_AWAY_MAX: u32 = 60;

/// What a device does when it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Asks until it is offered the release, and no more.
    Asks,
    /// The same, and then runs it, and reports all that happened on the way.
    Installs,
    /// Runs it, and asks whether there is anything to do.
    Runs,
}

/// Each of these devices does it once; how often one was sent away.
///
/// # Errors
/// If one isn't answered as it should be.
pub async fn all(
    address: SocketAddr,
    devices: &[u32],
    visit: Visit,
    manifest: Digest,
) -> anyhow::Result<u64> {
    let mut tasks = Vec::with_capacity(CONNECTIONS);
    for first in 0..CONNECTIONS {
        let own = devices.iter().copied().skip(first).step_by(CONNECTIONS);
        let own: Vec<_> = own.collect();
        if own.is_empty() {
            continue;
        }
        let mut connection = Connection {
            asker: Asker::connect(address).await?,
            manifest,
            sent_away: 0,
        };
        tasks.push(tokio::task::spawn_local(async move {
            for device in own {
                connection.visit(device, visit).await?;
            }
            anyhow::Ok(connection.sent_away)
        }));
    }
    let mut sent_away = 0;
    for task in tasks {
        sent_away += task.await??;
    }
    Ok(sent_away)
}

const ANSWERED: &str = "HTTP/1.1 200";
const BUSY: &str = "HTTP/1.1 503";

/// What a device was answered; nothing if it was sent away.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    answer
        .starts_with(ANSWERED.as_bytes())
        .then(|| &answer[end + 4..])
}

struct Connection {
    asker: Asker,
    manifest: Digest,
    sent_away: u64,
}

impl Connection {
    async fn visit(&mut self, device: u32, visit: Visit) -> anyhow::Result<()> {
        if visit == Visit::Runs {
            let is_offered = self.ask(device, &self.runs(ReportList::default())).await?;
            ensure!(
                !is_offered,
                "{} was offered what it runs",
                fleet::name(device)
            );
            return Ok(());
        }
        self.is_offered(device).await?;
        if visit == Visit::Installs {
            self.ask(device, &self.runs(self.reports()?)).await?;
        }
        Ok(())
    }

    async fn is_offered(&mut self, device: u32) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            if self.ask(device, &Said::before()).await? {
                return Ok(());
            }
            sleep(AGAIN).await;
        }
        anyhow::bail!(
            "{} isn't offered the release of its wave",
            fleet::name(device)
        )
    }

    /// Checks in; whether there is something to install.
    async fn ask(&mut self, device: u32, said: &Said) -> anyhow::Result<bool> {
        let request = check_in(device, said)?;
        for _ in 0..SENT_AWAY_MAX {
            let answer = self.asker.ask_whole(&request, &[ANSWERED, BUSY]).await?;
            if let Some(body) = body(answer) {
                let directive: Directive<'_> =
                    read(body).map_err(|error| anyhow::anyhow!("{error}"))?;
                return Ok(matches!(directive.todo, Todo::Install { .. }));
            }
            self.sent_away += 1;
            sleep(SENT_AWAY).await;
        }
        anyhow::bail!("{} is sent away again and again", fleet::name(device))
    }

    fn runs(&self, reports: ReportList) -> Said {
        Said {
            manifest: self.manifest,
            sequence: house::SEQUENCE,
            version: house::VERSION,
            reports,
        }
    }

    /// All of an update that went well, as a device reports it which was away meanwhile.
    fn reports(&self) -> anyhow::Result<ReportList> {
        let manifest = self.manifest;
        let at = u64::try_from(Timestamp::now().as_second())?;
        let events = [
            Event::DownloadStarted { manifest },
            Event::Installed { manifest },
            Event::TrialBooted { manifest },
            Event::Confirmed { manifest },
        ];
        let mut list = ReportList::default();
        for (seq, event) in (1..).zip(events) {
            let full = list.0.push(Report { seq, at, event });
            ensure!(full.is_ok(), "a check-in has room for four reports");
        }
        Ok(list)
    }
}
