//! The forty devices: 24 on line, 6 that never see a network, and 10 on a shelf until the end.
//!
//! Read [`Town`] first.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_api::{NewDevice, NewDevices};
use mainstay_artifact::BundleFile;
use mainstay_device::config::TrialPolicy;
use mainstay_device::{BundleParts, Config, Layout, provision};
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::demo::goods::class_name;
use mainstay_simulator::{
    Behaviours, Circumstances, Crowd, Dice, Hardship, Home, Link, Region, SimulatedDevice,
    population, real_time,
};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{BootloaderVersion, Digest, Refusal};

use crate::house::{House, Release};

/// Devices that are on line from the beginning.
pub const ON_LINE: usize = 24;
/// Devices without a network for ever.
pub const REMOTE: usize = 6;
/// Devices on the shelf: made as all others, switched on at the end.
pub const SHELVED: usize = 10;
/// All of them.
pub const ALL: usize = ON_LINE + REMOTE + SHELVED;
/// Decides homes and keys.
const SEED: u64 = 17;
/// Far longer than any step takes on a slow machine; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(240);

/// All devices, by how they are reached.
pub struct Town {
    /// Those that speak to the server.
    pub on_line: Crowd,
    /// Those that never do.
    pub remote: Crowd,
    shelf: Vec<SimulatedDevice>,
}

impl Town {
    /// Registers forty devices that were made under root 1 with `factory`, and switches thirty on.
    pub async fn settle(house: &House, plan: &mainstay_plan::Plan, factory: &Release) -> Self {
        let hardware = &plan.classes[0].hardware;
        let homes = population::draw(ALL as u32, hardware, Hardship::NONE, SEED);
        let tokens = registered(house, &homes).await;
        let config = config(house, plan);
        let region = region(&config, factory);
        let now = SystemClock.now();
        let mut devices: Vec<_> = (0..)
            .zip(homes.into_iter().zip(tokens))
            .map(|(number, (mut home, token))| {
                home.offline = (ON_LINE..ON_LINE + REMOTE).contains(&number);
                let dice = Dice::new(SEED, number as u64 + 1);
                SimulatedDevice::new(home, token, dice, config.clone(), region.clone(), now)
            })
            .collect();
        let shelf = devices.split_off(ON_LINE + REMOTE);
        let remote = devices.split_off(ON_LINE);
        Self {
            on_line: Crowd::new(devices, around(house), now),
            remote: Crowd::new(remote, around(house), now),
            shelf,
        }
    }

    /// Lets the devices on line live until each of them is as told.
    pub async fn wait(&mut self, what: &str, is_so: impl Fn(&SimulatedDevice) -> bool) {
        live(&mut self.on_line, what, is_so).await;
    }

    /// As [`wait`](Self::wait), for the remote devices.
    pub async fn wait_remote(&mut self, what: &str, is_so: impl Fn(&SimulatedDevice) -> bool) {
        live(&mut self.remote, what, is_so).await;
    }

    /// Lets the devices on line live until this rollout is complete.
    pub async fn wait_for_rollout(&mut self, house: &House, rollout: i64) {
        let deadline = SystemClock.now() + LIMIT;
        while SystemClock.now() < deadline {
            real_time::live(&mut self.on_line, Duration::from_millis(300), |_| false).await;
            match house.phase(rollout).await.as_str() {
                "complete" => return,
                phase => assert_eq!(phase, "rolling", "rollout {rollout}"),
            }
        }
        panic!("rollout {rollout} isn't complete within {LIMIT:?}");
    }

    /// Takes the shelved devices out of their boxes and plugs them in.
    pub fn switch_on_the_shelf(&mut self) {
        let now = SystemClock.now();
        for device in self.shelf.drain(..) {
            self.on_line.join(device, now);
        }
    }
}

/// Carries a bundle file to every device of a crowd; gives what each of them answers.
pub fn carry(bundle: &[u8], crowd: &mut Crowd) -> Vec<Option<Refusal>> {
    let mut source = Cursor::new(bundle);
    let file = BundleFile::read(&mut source).expect("a bundle");
    let roots: Vec<&[u8]> = file.roots.iter().map(Vec::as_slice).collect();
    let parts = BundleParts {
        roots: &roots,
        revocations: file.revocations.as_deref(),
        statement: &file.statement,
        envelope: &file.envelope,
    };
    let from = usize::try_from(file.payload_offset).expect("a small bundle");
    let payload: Arc<[u8]> = bundle[from..].into();
    let now = SystemClock.now();
    let take = |device: &mut SimulatedDevice| device.take_bundle(&parts, payload.clone(), now);
    let answers = crowd.devices_mut().map(take);
    answers.collect::<Result<_, _>>().expect("flash works")
}

/// Whether a device runs this release and has confirmed it.
pub fn runs(release: &Release) -> impl Fn(&SimulatedDevice) -> bool + use<> {
    let manifest: Digest = release.manifest;
    move |device| device.running_release() == Some(manifest) && device.is_settled()
}

/// Whether a device goes by this root.
pub fn holds_root(version: u32) -> impl Fn(&SimulatedDevice) -> bool {
    move |device| {
        device
            .core_if_up()
            .is_some_and(|core| core.root_version() == version)
    }
}

/// Whether a device holds these revocations.
pub fn holds_revocations(epoch: u32, seq: u64) -> impl Fn(&SimulatedDevice) -> bool {
    move |device| {
        let held = device.core_if_up().and_then(|core| core.revocations());
        held.is_some_and(|held| (held.epoch, held.seq) == (epoch, seq))
    }
}

async fn live(crowd: &mut Crowd, what: &str, is_so: impl Fn(&SimulatedDevice) -> bool) {
    let done = real_time::live(crowd, LIMIT, |crowd| crowd.devices().all(&is_so)).await;
    let count = crowd.devices().filter(|device| is_so(device)).count();
    assert!(done, "{what}: only {count} devices within {LIMIT:?}");
}

async fn registered(house: &House, homes: &[Home]) -> Vec<String> {
    let new = |home: &Home| NewDevice {
        gateway: None,
        attributes: std::collections::BTreeMap::new(),
        controller: None,
        token: None,
        site: None,
        id: home.id.clone(),
        class: "thermo-v2".to_owned(),
        hardware: home.hardware.clone(),
        zone: home.zone.to_owned(),
        bootloader: "1.4.0".to_owned(),
    };
    let devices = NewDevices {
        devices: homes.iter().map(new).collect(),
    };
    let answer = house.operator("kim").register(&devices).await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}"));
    answer
        .devices
        .into_iter()
        .map(|device| device.token)
        .collect()
}

fn region(config: &Config<Arc<[u8]>>, factory: &Release) -> Region {
    let layout = Layout::new(4096, 8, 16 * 1024).expect("good sizes");
    let mut region = Region::simulated(layout);
    let (envelope, image) = (&factory.envelope, &factory.image);
    provision(&mut region, config, &RustCrypto, envelope, image).expect("a good release");
    region
}

fn config(house: &House, plan: &mainstay_plan::Plan) -> Config<Arc<[u8]>> {
    let name = class_name(plan, &plan.classes[0]).expect("a class with a good name");
    Config {
        device_id: Arc::from(&[][..]),
        trusts_clock: false,
        image_per_slot: false,
        root: house.read("root-1.cbor").into(),
        vendor_id: name.vendor_id(),
        class_id: name.class_id(),
        bootloader: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        trial: TrialPolicy {
            boots: 10,
            soak_ms: 1000,
            deadline_ms: 8000,
            look_every_ms: 250,
        },
        fetch_bytes: 2048,
        checkpoint_bytes: 4096,
        retry_ms: 200,
    }
}

fn around(house: &House) -> Circumstances {
    Circumstances {
        link: Link::new(house.base()).expect("an address"),
        behaviours: Arc::new(Behaviours::default()),
        hardship: Hardship::NONE,
        restart_ms: 200,
        offline_from: Timestamp::UNIX_EPOCH,
    }
}
