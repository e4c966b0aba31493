//! Where the story plays: the real server on loopback, the devices, and the clock between them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_access::Duty;
use mainstay_api::{NewDevice, NewDevices};
use mainstay_client::Operator;
use mainstay_fleet::DeviceId;
use mainstay_plan::{Class, Plan};
use mainstay_rollout::{FleetView, Rollout, RolloutId};
use mainstay_server::admin::{self, NewServer};
use mainstay_server::jobs::advance_rollouts::{self, Turn};
use mainstay_server::{
    Advance, App, AppConfig, DataDir, PagesAccess, SeededEntropy, VirtualClock, serve,
};
use mainstay_store::devices::TIMELINE_KEPT;
use mainstay_telemetry::DeviceEvent;
use mainstay_trust::Digest;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cast::Cast;
use super::error::DemoError;
use super::folder::Folder;
use super::goods::Release;
use crate::agenda::round_up;
use crate::behaviour::Behaviours;
use crate::crowd::Crowd;
use crate::dice::Dice;
use crate::link::Link;
use crate::model;
use crate::population::{self, Hardship, Home};
use crate::simulated_device::{Circumstances, SimulatedDevice};

/// Devices that act within so long of each other are served together.
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// How often rollouts are advanced. `mainstay serve` does it more often; nothing depends on it but how
/// soon a halt is noticed.
const JOB_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// A restart of a thermostat.
const RESTART_MS: u64 = 20_000;
/// The offline homes lose their network after so long: they have said what they run, and nothing since.
const OFFLINE_AFTER: SignedDuration = SignedDuration::from_hours(6);
/// Devices registered in one request.
const REGISTERED_AT_ONCE: usize = 500;

/// What a scene is set from.
pub struct Setting<'a> {
    /// The folder.
    pub folder: &'a Folder,
    /// The plan's text.
    pub plan_text: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// Everybody.
    pub cast: &'a Cast,
    /// What every device runs at the start.
    pub factory: &'a Release,
    /// The largest image of the story, in bytes.
    pub image_bytes_max: usize,
    /// How each image behaves.
    pub behaviours: Behaviours,
    /// What can go wrong.
    pub hardship: Hardship,
    /// How many devices.
    pub devices: u32,
    /// The seed.
    pub seed: u64,
    /// The story's first instant.
    pub start: Timestamp,
}

/// Takes the story's port; before anything is written, so that a port in use leaves nothing behind.
///
/// # Errors
/// If another program has it.
pub async fn take_port(port: u16) -> Result<TcpListener, DemoError> {
    Ok(serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?)
}

/// The scene.
pub struct Scene {
    /// The server.
    pub app: Arc<App>,
    /// Its address, `http://127.0.0.1:8480`.
    pub base: String,
    /// The devices.
    pub crowd: Crowd,
    /// The people at the server, by duty.
    operators: BTreeMap<Duty, Operator>,
    clock: VirtualClock,
    now: Timestamp,
    job_at: Timestamp,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Scene {
    /// Starts the server, lets the people in, registers the devices and provisions them.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn set(setting: &Setting<'_>, listener: TcpListener) -> Result<Self, DemoError> {
        let clock = VirtualClock::new(setting.start);
        let app = open_server(setting, &clock).await?;
        let address = listener
            .local_addr()
            .map_err(|cause| super::folder::file_error("the listener".as_ref(), cause))?;
        let base = format!("http://{address}");
        let (stop, stopped) = oneshot::channel();
        let until_stopped = async {
            // A dropped sender means that the scene is gone.
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve::run(listener, app.clone(), until_stopped));
        let operators = let_in(setting, &app, &base).await?;
        let crowd = populate(setting, &operators[&Duty::Operations], &base).await?;
        let (now, job_at) = (setting.start, setting.start);
        Ok(Self {
            app,
            base,
            crowd,
            operators,
            clock,
            now,
            job_at,
            stop: Some(stop),
            serving,
        })
    }

    /// The person with this duty, at the server.
    pub fn operator(&self, duty: Duty) -> &Operator {
        &self.operators[&duty]
    }

    /// The story's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A rollout with all its devices, as the server's own database has them.
    ///
    /// # Errors
    /// If the store fails, or there is no such rollout.
    pub async fn rollout(&self, id: i64) -> Result<(Rollout, FleetView), DemoError> {
        let rollout = self.app.store().rollout(RolloutId(id)).await?;
        let rollout = rollout.ok_or_else(|| DemoError::Step {
            id: "demo.rollout".to_owned(),
            cause: format!("rollout {id} has vanished"),
            cure: "report it: it is a fault of Mainstay".to_owned(),
        })?;
        let fleet = self.app.store().fleet_view(rollout.id).await?;
        Ok((rollout, fleet))
    }

    /// The devices of a rollout's first wave.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn canary_of(&self, rollout: i64) -> Result<BTreeSet<DeviceId>, DemoError> {
        let fleet = self.app.store().fleet_view(RolloutId(rollout)).await?;
        Ok(fleet.wave(0).map(|device| device.id.clone()).collect())
    }

    /// The ids of the reasons for which a device told the server that it refuses a release, each once.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn refusals_of(
        &self,
        device: &DeviceId,
        manifest: &Digest,
    ) -> Result<BTreeSet<String>, DemoError> {
        let entries = self.app.store().timeline(device, TIMELINE_KEPT).await?;
        let told = entries.iter().filter_map(|entry| entry.event.as_deref());
        Ok(told
            .filter_map(|event| refusal_in(event, manifest))
            .collect())
    }

    /// Moves the story on by one tick: the clock, then whoever is due, then the rollouts. Returns what
    /// the rollouts did, if they were looked at.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tick(&mut self) -> Result<Option<Turn>, DemoError> {
        let next = self
            .crowd
            .next_at()
            .map_or(self.job_at, |at| at.min(self.job_at));
        self.now = round_up(next, TICK).max(self.now);
        self.clock.set(self.now);
        self.crowd.act_until(self.now).await;
        if self.now < self.job_at {
            return Ok(None);
        }
        self.job_at = self.now.saturating_add(JOB_EVERY).unwrap_or(Timestamp::MAX);
        Ok(Some(advance_rollouts::run(&self.app, self.now).await?))
    }

    /// Serves on until `until` resolves, with the story's clock standing still, then ends the server.
    ///
    /// # Errors
    /// If the server failed.
    pub async fn end(mut self, until: impl Future<Output = ()>) -> Result<(), DemoError> {
        until.await;
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended already; joining it says why.
            let _ = stop.send(());
        }
        match self.serving.await {
            Ok(()) => Ok(()),
            Err(broken) => Err(DemoError::Step {
                id: "demo.server".to_owned(),
                cause: format!("the server broke down: {broken}"),
                cure: "run it again with the same --seed, and report it".to_owned(),
            }),
        }
    }
}

async fn open_server(setting: &Setting<'_>, clock: &VirtualClock) -> Result<Arc<App>, DemoError> {
    let cast = setting.cast;
    let data = DataDir::at(setting.folder.path("server"));
    let new = NewServer {
        root: &cast.root,
        status_key: &cast.status,
        passphrase: &cast.passphrase,
        plan: setting.plan_text,
        by: &cast.people[1].1,
    };
    admin::init(&data, &new, setting.start).await?;
    let mut parts = data.open(&cast.passphrase).await?;
    parts.clock = Arc::new(clock.clone());
    parts.entropy = Arc::new(SeededEntropy::new(setting.seed));
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    Ok(Arc::new(App::new(parts, config)?))
}

async fn let_in(
    setting: &Setting<'_>,
    app: &App,
    base: &str,
) -> Result<BTreeMap<Duty, Operator>, DemoError> {
    let entropy = SeededEntropy::new(!setting.seed);
    let mut operators = BTreeMap::new();
    for (duty, email) in &setting.cast.people {
        let token = admin::add_person(app.store(), &entropy, email.clone(), *duty).await?;
        operators.insert(*duty, Operator::new(base, &token.reveal())?);
    }
    Ok(operators)
}

async fn populate(
    setting: &Setting<'_>,
    operations: &Operator,
    base: &str,
) -> Result<Crowd, DemoError> {
    let class = &setting.plan.classes[0];
    let homes = population::draw(
        setting.devices,
        &class.hardware,
        setting.hardship,
        setting.seed,
    );
    let tokens = register(&homes, class, operations).await?;
    let (root, bytes_max) = (&setting.cast.root, setting.image_bytes_max);
    let model::Provisioned { config, region } =
        model::provisioned(setting.plan, class, root, setting.factory, bytes_max)?;
    let devices = homes
        .into_iter()
        .zip(tokens)
        .zip(1..)
        .map(|((home, token), number)| {
            let after = SignedDuration::from_secs(i64::try_from(home.first_seen_s).unwrap_or(0));
            let first_on = setting.start.saturating_add(after).unwrap_or(setting.start);
            let dice = Dice::new(setting.seed, number);
            SimulatedDevice::new(home, token, dice, config.clone(), region.clone(), first_on)
        });
    let around = Circumstances {
        link: Link::new(base)?,
        behaviours: Arc::new(setting.behaviours.clone()),
        hardship: setting.hardship,
        restart_ms: RESTART_MS,
        offline_from: setting
            .start
            .saturating_add(OFFLINE_AFTER)
            .unwrap_or(setting.start),
    };
    Ok(Crowd::new(devices.collect(), around, setting.start))
}

async fn register(
    homes: &[Home],
    class: &Class,
    operations: &Operator,
) -> Result<Vec<String>, DemoError> {
    let mut tokens = Vec::with_capacity(homes.len());
    for homes in homes.chunks(REGISTERED_AT_ONCE) {
        let new = |home: &Home| NewDevice {
            gateway: None,
            attributes: BTreeMap::new(),
            controller: None,
            token: None,
            site: None,
            id: home.id.clone(),
            class: class.id.to_string(),
            hardware: home.hardware.clone(),
            zone: home.zone.to_owned(),
            bootloader: model::BOOTLOADER.to_string(),
        };
        let devices = NewDevices {
            devices: homes.iter().map(new).collect(),
        };
        let answer = operations.register(&devices).await?;
        tokens.extend(answer.devices.into_iter().map(|device| device.token));
    }
    Ok(tokens)
}

/// The id of the refusal in a stored report, if it is one of this release.
fn refusal_in(event: &str, manifest: &Digest) -> Option<String> {
    match serde_json::from_str(event) {
        Ok(DeviceEvent::Refused { release, refusal }) if release.0 == manifest.0 => Some(refusal),
        _ => None,
    }
}
