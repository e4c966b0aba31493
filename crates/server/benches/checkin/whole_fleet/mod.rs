//! A whole fleet in a rollout: what the server holds in memory meanwhile, how long people wait for a page or a list, and what downloads take.
//!
//! The server is a process of its own, with a plan whose horizons are minutes, and devices that are registered and have nothing behind them. The
//! devices are scripted: each polls, is offered the release, and reports that it runs it; some time later it polls once more. Read [`run`].

pub mod house;

mod downloads;
mod drive;
mod looks;
mod members;
mod nginx;
mod people;

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::time::sleep;

use crate::child::{Child, take_processors};
use crate::figures::{Figures, Goal, at_least, at_most};
use crate::{cost, machine};
use downloads::Fetcher;
use drive::Visit;
use looks::Looks;
use members::Members;
use people::People;

/// What a whole run should come to.
const GOALS: [Goal; 6] = [
    // In MiB: 600 MB.
    at_most("fleet_server_peak", 572.2),
    at_most("fleet_looks_sent_away", 1.0),
    at_most("fleet_device_page_worst", 200.0),
    at_most("fleet_query_worst", 200.0),
    at_least("fleet_download_plain", 1.2),
    at_least("fleet_download_resumed", 1.2),
];

/// How large the fleet is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Registered devices, all in one class.
    pub devices: u32,
    /// The payload.
    pub image_bytes: usize,
    /// How much is downloaded in each way.
    pub download_bytes: u64,
    /// Steps are taken this often: one over a million devices takes seconds.
    pub step_every_s: u64,
    /// Whether the server has a processor of its own, the rollout is waited for, and figures are held against goals.
    pub is_whole: bool,
}

/// The bench itself.
pub const WHOLE: Size = Size {
    devices: 1_000_000,
    image_bytes: 64 << 20,
    download_bytes: 8 << 30,
    step_every_s: 30,
    is_whole: true,
};

/// What a test run has time for: the rollout isn't waited for to its end.
pub const BRIEF: Size = Size {
    devices: 200,
    image_bytes: 1 << 20,
    download_bytes: 4 << 20,
    step_every_s: 1,
    is_whole: false,
};

/// As the plan of [`house`] says, and some seconds for clocks that differ.
const HORIZON: Duration = Duration::from_secs(65);
/// A rollout that takes longer than this doesn't end any more.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// How often is looked whether a wave is open.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Measures it, and prints figures.
///
/// # Errors
/// If a server can't be started, a device isn't answered as it should be, or the rollout doesn't end as completed.
pub fn run(size: Size) -> anyhow::Result<()> {
    machine::print()?;
    if size.is_whole {
        take_processors()?;
    }
    let folder = tempfile::tempdir()?;
    let mut figures = Figures::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        measure_downloads(&folder.path().join("downloads"), size, &mut figures).await?;
        measure_rollout(&folder.path().join("fleet"), size, &mut figures).await
    })?;
    machine::print_load()?;
    if size.is_whole {
        figures.print_goals(&GOALS);
    }
    Ok(())
}

/// A server of a few devices, which does nothing else meanwhile: a step over a million devices, and the pages of those who look at them, take the
/// processor for seconds.
async fn measure_downloads(folder: &Path, size: Size, figures: &mut Figures) -> anyhow::Result<()> {
    let server = start(folder, BRIEF.devices, size)?;
    let people = People::at(server.address, folder)?;
    let story = Story::begin(&server, &people, folder).await?;
    let canary = story.opened(0).await?;
    let device = *canary.first().context("a canary has devices")?;
    story.visit(&canary[..1], Visit::Asks).await?;
    let fetcher = Fetcher {
        image: std::fs::read_to_string(folder.join(house::IMAGE))?,
        image_bytes: size.image_bytes as u64,
        bytes: size.download_bytes,
    };
    let token = crate::fleet::token(device).reveal();
    fetcher.print(&server, &token, figures).await?;
    nginx::print(&fetcher, folder, size, figures).await
}

async fn measure_rollout(folder: &Path, size: Size, figures: &mut Figures) -> anyhow::Result<()> {
    let server = start(folder, size.devices, size)?;
    let people = People::at(server.address, folder)?;
    // From here on: how the server came to its devices isn't what is measured.
    cost::forget_peak(server.pid())?;
    let story = Story::begin(&server, &people, folder).await?;
    let passed = || story.begun.elapsed().as_secs_f64();
    figures.put("fleet_started_within", passed(), "s");
    let looks = Looks::begin(server.address, people.token().to_owned(), size.devices)?;
    story
        .wait("it begins", |view| view.phase != "starting")
        .await?;
    figures.put("fleet_begun_within", passed(), "s");
    if size.is_whole {
        for wave in 0..story.waves().await? {
            story.wave(wave).await?;
        }
        story
            .wait("it is complete", |view| view.phase == "complete")
            .await?;
        figures.put("fleet_rollout_took", passed() / 60.0, "min");
    } else {
        let canary = story.opened(0).await?;
        story.visit(&canary, Visit::Installs).await?;
    }
    looks.end()?.print(figures);
    let sent_away = story.sent_away.get() as f64 / f64::from(size.devices);
    figures.put("fleet_sent_away", sent_away, "times a device");
    figures.put("fleet_server_peak", cost::peak_mib(server.pid())?, "MiB");
    Ok(())
}

/// A server with so many devices, in a new folder.
fn start(folder: &Path, devices: u32, size: Size) -> anyhow::Result<Child> {
    let (path, devices) = (folder.display().to_string(), devices.to_string());
    let (bytes, step) = (size.image_bytes.to_string(), size.step_every_s.to_string());
    Child::start(
        &["fleet-server", &path, &devices, &bytes, &step],
        size.is_whole,
    )
}

/// A rollout under way.
struct Story<'a> {
    server: &'a Child,
    people: &'a People,
    members: Members,
    rollout: i64,
    begun: Instant,
    /// How often a device was sent away so far.
    sent_away: Cell<u64>,
}

impl<'a> Story<'a> {
    /// Asks for the rollout.
    async fn begin(server: &'a Child, people: &'a People, folder: &Path) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let rollout = people.roll_out().await?;
        Ok(Self {
            server,
            people,
            members: Members::of(folder, rollout),
            rollout,
            begun,
            sent_away: Cell::new(0),
        })
    }

    async fn wave(&self, wave: usize) -> anyhow::Result<()> {
        let members = self.opened(wave).await?;
        self.updated(&members).await
    }

    /// All of these install, and are heard of again after their horizon.
    async fn updated(&self, members: &[u32]) -> anyhow::Result<()> {
        self.visit(members, Visit::Installs).await?;
        sleep(HORIZON).await;
        self.visit(members, Visit::Runs).await
    }

    async fn visit(&self, members: &[u32], visit: Visit) -> anyhow::Result<()> {
        let manifest = self.people.manifest()?;
        let sent_away = drive::all(self.server.address, members, visit, manifest).await?;
        self.sent_away.set(self.sent_away.get() + sent_away);
        Ok(())
    }

    async fn opened(&self, wave: usize) -> anyhow::Result<Vec<u32>> {
        self.wait("a wave opens", |view| {
            let wave = view.waves.get(wave);
            wave.is_some_and(|wave| wave.opened_at.is_some())
        })
        .await?;
        self.members.of_wave(wave).await
    }

    async fn waves(&self) -> anyhow::Result<usize> {
        Ok(self.people.view(self.rollout).await?.waves.len())
    }

    /// Waits until the rollout is as it should be.
    async fn wait(
        &self,
        what: &str,
        is_so: impl Fn(&mainstay_api::RolloutView) -> bool,
    ) -> anyhow::Result<()> {
        loop {
            let view = self.people.view(self.rollout).await?;
            if is_so(&view) {
                return Ok(());
            }
            let is_under_way = matches!(&*view.phase, "starting" | "rolling");
            let goes_on = is_under_way && self.begun.elapsed() < LONGEST;
            ensure!(
                goes_on,
                "waited until {what}: the rollout is {}",
                view.phase
            );
            sleep(LOOK_EVERY).await;
        }
    }
}
