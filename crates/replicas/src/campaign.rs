//! The campaign: a fleet that is founded, left in peace for a while, updated while replicas are killed, and stopped by a bad release. Read [`run`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use mainstay_access::Duty;
use mainstay_api::{NewDevice, NewDevices};
use mainstay_fleet::ReleaseDigest;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::{Dice, Hardship, Home, population};

use crate::acts::Stage;
use crate::budgets::since;
use crate::crowd::{Crowd, Town};
use crate::figures::{self, Parts};
use crate::house::House;
use crate::invariants::{Broken, judge};
use crate::killer::Killer;
use crate::last_look::{Names, look};
use crate::plan_text::Pace;
use crate::real::Real;
use crate::seen::{FAULTY, Record, SOUND, Seen};
use crate::tried;
use crate::truth::Ending;

/// So many devices are registered at once, as many as the API takes.
const REGISTERED_AT_ONCE: usize = mainstay_api::device::NEW_DEVICES_MAX;
/// So many devices say in a second what they run, before anything is rolled out.
const FIRST_HEARD_PER_SECOND: u64 = 200;
/// The streams of chance of the killer and of the acts; devices have their own, from 1.
const KILLER: u64 = u64::MAX - 1;
/// See [`KILLER`].
const ACTS: u64 = u64::MAX - 2;
/// On so many of a hundred devices the faulty release works before its fault shows: the canary and the wave after it pass, and most of the last one still waits.
const WORKS_ON_PERCENT: usize = 20;

/// What is to be lived through.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The binary `mainstay`.
    pub program: PathBuf,
    /// How many devices.
    pub devices: u32,
    /// How many of them are real cores.
    pub real: u32,
    /// About how long the sound release's rollout takes, in seconds: the plan's budgets follow from it.
    pub seconds: u64,
    /// What all chance follows from. With an odd one a person halts the faulty release, else its devices do.
    pub seed: u64,
    /// How often a replica is killed.
    pub kill_every: Duration,
    /// How long stops last, and the quiet before everything.
    pub stop_lasts: Duration,
    /// How long the database is frozen.
    pub frozen_for: Duration,
}

impl Campaign {
    /// The form that every test run lives through.
    #[must_use]
    pub fn short(program: PathBuf, seed: u64) -> Self {
        Self {
            program,
            devices: 300,
            real: 10,
            // With a third of that, a slow machine's servers were the narrow place, and the line was never put to the test.
            seconds: 45,
            seed,
            kill_every: Duration::from_secs(3),
            stop_lasts: Duration::from_secs(3),
            frozen_for: Duration::from_secs(2),
        }
    }

    /// So many devices in about so many seconds.
    #[must_use]
    pub fn long(program: PathBuf, devices: u32, seconds: u64, seed: u64) -> Self {
        Self {
            program,
            devices,
            real: devices.min(24),
            seconds,
            seed,
            kill_every: Duration::from_secs(4),
            stop_lasts: Duration::from_secs(20),
            frozen_for: Duration::from_secs(20),
        }
    }

    /// Whether a person halts the faulty release, on which nothing fails then; else its devices do.
    fn is_halted_by_person(&self) -> bool {
        self.seed % 2 == 1
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Found {
    /// Every promise that was broken.
    pub broken: Vec<Broken>,
    /// The figures, line by line.
    pub figures: Vec<String>,
    /// What happened to whom, in order.
    pub blows: Vec<String>,
    /// The ends of the servers' logs; empty if all is well.
    pub logs: String,
    /// All that was seen.
    pub seen: Seen,
}

/// Lives through a campaign.
///
/// # Errors
/// If it can't be lived through to its end: a server that doesn't come up, a rollout that doesn't come on. The ends of all logs are told then.
pub async fn run(campaign: &Campaign) -> anyhow::Result<Found> {
    let pace = Pace::of(campaign.devices, campaign.seconds);
    let house = House::found(&campaign.program, &pace, campaign.seed).await?;
    let house = Arc::new(house);
    match live(campaign, &pace, &house).await {
        Ok(found) => Ok(found),
        Err(error) => bail!("{error:#}\n{}", house.logs().await),
    }
}

async fn live(campaign: &Campaign, pace: &Pace, house: &Arc<House>) -> anyhow::Result<Found> {
    let record = Arc::new(Record::default());
    let hardware = &house.plan.classes[0].hardware;
    let homes = population::draw(campaign.devices, hardware, Hardship::NONE, campaign.seed);
    let tokens = register(house, &homes).await?;
    let count = usize::try_from(campaign.real)?.min(homes.len());
    let town = town(campaign, pace, house, &record, &tokens[count..]);
    let (first_heard, town) = (town.spread, Crowd::new(town)?);
    let crowd = Arc::new(town);
    let real = Real::start(
        house,
        (&homes[..count], &tokens[..count]),
        campaign.seed,
        pace.poll,
    )?;
    let living = crowd.start();
    everybody_is_heard(&crowd, first_heard + pace.poll * 3).await?;
    let quiet_from = SystemClock.now();
    tokio::time::sleep(campaign.stop_lasts).await;
    let quiet = (quiet_from, SystemClock.now());
    let stormy = storm(campaign, pace, house, &record).await?;
    settle(&crowd, pace.poll * 3 + Duration::from_secs(180)).await?;
    drop(living);
    let mut run = real.end().await?;
    run.extend(crowd.run().await);
    if let Some(device) = run.iter().position(Option::is_none) {
        bail!("device {device} isn't done when all is over, or runs what nobody has handed in");
    }
    let names = Names {
        devices: &homes.iter().map(|home| home.id.clone()).collect::<Vec<_>>(),
        manifests: digests(house),
    };
    let truth = look(house, &names, run, (0..count).collect::<BTreeSet<_>>()).await?;
    let seen = record.seen();
    let endings = [(SOUND, Ending::Complete), (FAULTY, Ending::Halted)];
    let mut broken = judge(&seen, &truth, &pace.limits, &endings);
    broken.extend(tried::untried(&seen, &truth, &pace.limits));
    let parts = Parts { quiet, stormy };
    let mut figures = figures::lines(&seen, &pace.limits, &parts, broken.len());
    figures.extend(tried::lines(&seen, &truth));
    Ok(Found {
        figures,
        blows: blows(&seen),
        logs: match broken.is_empty() {
            true => String::new(),
            false => house.logs().await,
        },
        broken,
        seen,
    })
}

/// Both rollouts, while replicas die; when that began and ended.
async fn storm(
    campaign: &Campaign,
    pace: &Pace,
    house: &Arc<House>,
    record: &Arc<Record>,
) -> anyhow::Result<(Timestamp, Timestamp)> {
    let stage = Stage {
        house: house.clone(),
        record: record.clone(),
        devices: usize::try_from(campaign.devices)?,
        stop_lasts: campaign.stop_lasts,
        frozen_for: campaign.frozen_for,
        patience: Duration::from_secs(campaign.seconds * 4 + 600) + pace.poll * 10,
    };
    let dice = |stream| Dice::new(campaign.seed, stream);
    let from = SystemClock.now();
    let killer = Killer::start(
        house.clone(),
        record.clone(),
        campaign.kill_every,
        dice(KILLER),
    );
    println!("{from} the sound release");
    stage.sound(&mut dice(ACTS)).await?;
    println!("{} the faulty release", SystemClock.now());
    stage.faulty(campaign.is_halted_by_person()).await?;
    killer.end().await?;
    Ok((from, SystemClock.now()))
}

fn town(
    campaign: &Campaign,
    pace: &Pace,
    house: &House,
    record: &Arc<Record>,
    tokens: &[String],
) -> Town {
    let devices = tokens.len() as u64;
    Town {
        first: usize::try_from(campaign.devices).unwrap_or(usize::MAX) - tokens.len(),
        tokens: tokens.to_vec(),
        bases: house.bases.clone(),
        goods: house.goods(),
        record: record.clone(),
        seed: campaign.seed,
        spread: pace
            .poll
            .max(Duration::from_secs(devices / FIRST_HEARD_PER_SECOND)),
        start: SystemClock.now(),
        downloads: pace.limits.downloads,
        works_on: match campaign.is_halted_by_person() {
            true => usize::MAX,
            false => (tokens.len() * WORKS_ON_PERCENT / 100).max(16),
        },
    }
}

/// Registers everybody; gives their tokens, in order.
async fn register(house: &House, homes: &[Home]) -> anyhow::Result<Vec<String>> {
    let mut tokens = Vec::with_capacity(homes.len());
    for some in homes.chunks(REGISTERED_AT_ONCE) {
        let devices = NewDevices {
            devices: some.iter().map(new).collect(),
        };
        let (registered, _) = house
            .people
            .ask(Duty::Operations, async |operator| {
                operator.register(&devices).await
            })
            .await?;
        tokens.extend(registered.devices.into_iter().map(|device| device.token));
    }
    Ok(tokens)
}

fn new(home: &Home) -> NewDevice {
    NewDevice {
        gateway: None,
        id: home.id.clone(),
        class: "thermo-v2".to_owned(),
        hardware: home.hardware.clone(),
        zone: home.zone.to_owned(),
        bootloader: "1.4.2".to_owned(),
        controller: None,
        token: None,
        site: None,
        attributes: BTreeMap::new(),
    }
}

/// Waits until every scripted device has said what it runs: before that none can be drawn.
async fn everybody_is_heard(crowd: &Crowd, within: Duration) -> anyhow::Result<()> {
    let began = SystemClock.now();
    let patience = within + Duration::from_secs(180);
    while crowd.heard() < crowd.len() {
        if since(began, SystemClock.now()) > patience {
            bail!(
                "only {} of {} devices are heard",
                crowd.heard(),
                crowd.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Waits until everybody has told all, and is in the midst of nothing.
async fn settle(crowd: &Crowd, within: Duration) -> anyhow::Result<()> {
    let began = SystemClock.now();
    loop {
        let unsettled = crowd.unsettled().await;
        if unsettled == 0 {
            return Ok(());
        }
        if since(began, SystemClock.now()) > within {
            bail!("{unsettled} devices can't tell what they have to");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn digests(house: &House) -> Vec<ReleaseDigest> {
    let all = house.releases.iter();
    all.map(|release| ReleaseDigest(release.manifest.0))
        .collect()
}

fn blows(seen: &Seen) -> Vec<String> {
    let each = seen.blows.iter();
    each.map(|blow| format!("{} {}", blow.at, blow.what))
        .collect()
}
