//! The devices that are real cores, in a task of their own. Read [`Real`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::simulated_device::{Core, SimulatedDevice};
use mainstay_simulator::{
    Behaviours, Circumstances, Crowd, Dice, Hardship, Home, Link, model, real_time,
};
use mainstay_trust::Digest;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::house::House;
use crate::plan_text::IMAGE_BYTES;
use crate::seen::{FACTORY, ReleaseNumber};

/// They are looked after for so long at a time.
const TURN: Duration = Duration::from_millis(500);
/// After an exchange that failed they wait so long, and twice as long after the next one. Whoever is refused a payload, since its release was halted meanwhile, tries
/// five times more before it asks what to do instead: that is over within [`ENDS_WITHIN`], as with the wait of a device in the field it wouldn't be.
const RETRY_MS: u64 = 500;
/// When all is over they have so long to end what they are in the midst of.
const ENDS_WITHIN: Duration = Duration::from_secs(180);

/// The real cores, alive until they are told to end.
pub struct Real {
    end: watch::Sender<bool>,
    living: JoinHandle<anyhow::Result<Crowd>>,
    manifests: Vec<Digest>,
}

impl Real {
    /// Lets these devices live, with these tokens.
    ///
    /// # Errors
    /// If they can't be made.
    pub fn start(
        house: &House,
        (homes, tokens): (&[Home], &[String]),
        seed: u64,
        poll: Duration,
    ) -> anyhow::Result<Self> {
        let (class, factory) = (&house.plan.classes[0], &house.releases[FACTORY]);
        let mut made = model::provisioned(&house.plan, class, &house.root, factory, IMAGE_BYTES)?;
        made.config.retry_ms = RETRY_MS;
        let now = SystemClock.now();
        let each = homes.iter().zip(tokens).zip(1..);
        let devices = each.map(|((home, token), number)| {
            let (dice, token) = (Dice::new(seed, number), token.clone());
            let (config, region) = (made.config.clone(), made.region.clone());
            SimulatedDevice::new(home.clone(), token, dice, config, region, now)
        });
        let around = Circumstances {
            link: Link::to_any(house.bases.clone())?,
            behaviours: Arc::new(Behaviours::default()),
            hardship: Hardship::NONE,
            restart_ms: 200,
            offline_from: Timestamp::MAX,
        };
        let mut cores = Crowd::new(devices.collect(), around, now);
        let (end, ended) = watch::channel(false);
        let living = tokio::spawn(async move {
            while !*ended.borrow() {
                real_time::live(&mut cores, TURN, |_| *ended.borrow()).await;
            }
            // They tell what they have to, and what they run since.
            tell_all(&mut cores).await?;
            real_time::live(&mut cores, poll + TURN * 2, |_| false).await;
            tell_all(&mut cores).await?;
            Ok(cores)
        });
        let manifests = house.releases.iter().map(|release| release.manifest);
        Ok(Self {
            end,
            living,
            manifests: manifests.collect(),
        })
    }

    /// Ends them; gives what each runs and has confirmed, and none for one that runs what nobody has handed in.
    ///
    /// # Errors
    /// If a core never ends what it has to tell.
    pub async fn end(self) -> anyhow::Result<Vec<Option<ReleaseNumber>>> {
        let _ = self.end.send(true);
        let cores = self.living.await??;
        let runs = |device: &SimulatedDevice| {
            let running = has_told_all(device).then(|| device.running_release())??;
            self.manifests.iter().position(|one| *one == running)
        };
        Ok(cores.devices().map(runs).collect())
    }
}

/// Lets real cores live until they have told all.
async fn tell_all(cores: &mut Crowd) -> anyhow::Result<()> {
    if real_time::live(cores, ENDS_WITHIN, have_told_all).await {
        return Ok(());
    }
    let untold = cores.devices().filter(|device| !has_told_all(device));
    let untold: Vec<_> = untold.map(how_it_is).collect();
    bail!(
        "real cores can't tell what they have to within {ENDS_WITHIN:?}: {}",
        untold.join("; ")
    )
}

fn have_told_all(cores: &Crowd) -> bool {
    cores.devices().all(has_told_all)
}

/// What keeps one from having told all.
fn how_it_is(device: &SimulatedDevice) -> String {
    let name = &device.home.id;
    match device.core_if_up() {
        None => format!("{name} restarts"),
        Some(core) => format!(
            "{name} has {} reports left, on trial: {}",
            core.record().reports.len(),
            core.is_on_trial()
        ),
    }
}

fn has_told_all(device: &SimulatedDevice) -> bool {
    let told = |core: &Core| core.record().reports.is_empty();
    device.is_settled() && device.core_if_up().is_some_and(told)
}
