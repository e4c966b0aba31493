//! What the story needs: keys, releases, a data folder, devices, and the real server's binary.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_access::Duty;
use mainstay_api::{NewDevice, NewDevices};
use mainstay_client::Operator;
use mainstay_device::config::TrialPolicy;
use mainstay_device::{Config, Layout, OnFlash, provision};
use mainstay_plan::Plan;
use mainstay_server::{Clock as _, DataDir, SystemClock};
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::demo::folder::Folder;
use mainstay_simulator::demo::goods::{Order, Release, class_name, packed};
use mainstay_simulator::{
    Behaviours, Circumstances, Crowd, Dice, Hardship, Link, SimulatedDevice, population, real_time,
};
use mainstay_store::Devices;
use mainstay_store::devices::{TIMELINE_KEPT, TimelineKind};
use mainstay_telemetry::DeviceEvent;
use mainstay_trust::BootloaderVersion;
use mainstay_trust::rustcrypto::RustCrypto;

use crate::address::free_address;
use crate::patience::retried;
use crate::people::founded;
use crate::served::Server;

const DEVICES: u32 = 40;
/// Decides homes, keys and the moments of the kills.
pub const SEED: u64 = 11;
pub const PLAN: &str = include_str!("plan.toml");

/// A server's data folder, its people, and two releases.
pub struct Stage {
    pub data: PathBuf,
    pub passphrase: PathBuf,
    base: String,
    pub address: SocketAddr,
    plan: Plan,
    root: Vec<u8>,
    factory: Release,
    /// The release that is rolled out, approved.
    pub good: Release,
    built: Release,
    /// What people show.
    pub tokens: BTreeMap<Duty, String>,
}

impl Stage {
    pub async fn set(path: &Path) -> Self {
        let folder = Folder::create(&path.join("papers")).expect("an empty folder");
        let plan = mainstay_plan::parse(PLAN).expect("the plan above is well-formed");
        let now = SystemClock.now();
        let cast = Cast::assemble(&folder, &plan, SEED, now).expect("keys for everybody");
        let class = class_name(&plan, &plan.classes[0]).expect("a class with a good name");
        let pack = |version, sequence, image: &[u8]| {
            let class = class.clone();
            packed(&Order {
                class,
                version,
                sequence,
                returns_to: &[],
                image,
            })
            .expect("packed")
        };
        let approve = |release: &Release| release.clone().approved(&cast, &plan).expect("approved");
        let factory = approve(&pack("1.0.0", 1, &[1; 5000]).built(&cast).expect("built"));
        let built = pack("1.1.0", 2, &[2; 9000]).built(&cast).expect("built");
        let good = approve(&built);
        let data = path.join("data");
        let tokens = founded(&DataDir::at(&data), &cast, PLAN).await;
        let address = free_address();
        let (root, passphrase) = (cast.root, path.join("papers/keys/passphrase"));
        let base = format!("http://{address}");
        Self {
            data,
            passphrase,
            base,
            address,
            plan,
            root,
            factory,
            good,
            built,
            tokens,
        }
    }

    fn operator(&self, duty: Duty) -> Operator {
        self.operator_at(duty, self.address)
    }

    /// A person's way to a server.
    pub fn operator_at(&self, duty: Duty, address: SocketAddr) -> Operator {
        let base = format!("http://{address}");
        Operator::new(&base, &self.tokens[&duty]).expect("an address and a token")
    }

    /// Starts the real server and waits until it listens.
    pub fn serve(&self) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command
            .args(["serve", "--listen", &self.address.to_string(), "--data"])
            .arg(&self.data)
            .arg("--passphrase-file")
            .arg(&self.passphrase)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Server::start(&mut command, self.address)
    }

    pub async fn crowd(&self) -> Crowd {
        self.crowd_on(Behaviours::default()).await
    }

    /// Devices on which images behave like this.
    pub async fn crowd_on(&self, behaviours: Behaviours) -> Crowd {
        let hardware = &self.plan.classes[0].hardware;
        let homes = population::draw(DEVICES, hardware, Hardship::NONE, SEED);
        let new = |home: &mainstay_simulator::Home| NewDevice {
            gateway: None,
            attributes: BTreeMap::new(),
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
        let answer =
            retried(|| async { self.operator(Duty::Operations).register(&devices).await }).await;
        let config = self.config();
        let layout = Layout::new(4096, 8, 16 * 1024).expect("good sizes");
        let mut region = OnFlash::simulated(layout);
        let (envelope, image) = (&self.factory.envelope, &self.factory.image);
        provision(&mut region, &config, &RustCrypto, envelope, image).expect("a good release");
        let now = SystemClock.now();
        let tokens = answer.devices.into_iter().map(|device| device.token);
        let devices = homes
            .into_iter()
            .zip(tokens)
            .zip(1..)
            .map(|((home, token), number)| {
                let dice = Dice::new(SEED, number);
                SimulatedDevice::new(home, token, dice, config.clone(), region.clone(), now)
            });
        let around = Circumstances {
            link: Link::new(&self.base).expect("an address"),
            behaviours: Arc::new(behaviours),
            hardship: Hardship::NONE,
            restart_ms: 200,
            offline_from: Timestamp::MAX,
        };
        let mut crowd = Crowd::new(devices.collect(), around, now);
        // Everyone must have said what they run before a rollout can draw them.
        let all_seen = real_time::live(&mut crowd, Duration::from_secs(3), |_| false);
        assert!(!all_seen.await);
        crowd
    }

    fn config(&self) -> Config<Arc<[u8]>> {
        let name = class_name(&self.plan, &self.plan.classes[0]).expect("a class with a good name");
        Config {
            device_id: Arc::from(&[][..]),
            trusts_clock: false,
            image_per_slot: false,
            root: Arc::from(self.root.as_slice()),
            vendor_id: name.vendor_id(),
            class_id: name.class_id(),
            bootloader: BootloaderVersion {
                major: 1,
                minor: 4,
                patch: 0,
            },
            trial: TrialPolicy::within(10, 8000),
            fetch_bytes: 2048,
            checkpoint_bytes: 4096,
            retry_ms: 200,
        }
    }

    /// Hands the release in, approves it and starts its rollout.
    pub async fn roll_out(&self) {
        let (file, envelope) = (
            self.built.file().expect("an artifact"),
            self.good.envelope.clone(),
        );
        let submitted = self
            .operator(Duty::Engineer)
            .submit("maintenance", file)
            .await;
        let id = submitted.unwrap_or_else(|error| panic!("{error}")).id;
        let approved = self
            .operator(Duty::ReleaseManager)
            .approve(&id, envelope)
            .await;
        approved.unwrap_or_else(|error| panic!("{error}"));
        let rollout = self.operator(Duty::Operations).roll_out(&id).await;
        rollout.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Lets the crowd live until the rollout is complete; tells when that began and ended.
    pub async fn wait_until_complete(&self, crowd: &mut Crowd) -> (Timestamp, Timestamp) {
        let operations = self.operator(Duty::Operations);
        for _ in 0..480 {
            real_time::live(crowd, Duration::from_millis(500), |_| false).await;
            let rollouts = retried(|| async { operations.rollouts().await }).await;
            if rollouts.iter().all(|rollout| rollout.phase == "complete") {
                let updated: usize = rollouts[0].waves.iter().map(|wave| wave.updated).sum();
                assert_eq!(updated, DEVICES as usize);
                let ended = rollouts[0].ended_at.expect("a complete rollout has ended");
                return (rollouts[0].started_at, ended);
            }
        }
        panic!("the rollout isn't complete");
    }

    /// Reads the database itself, after the last server is gone.
    pub async fn check_every_report_is_there_once(&self) {
        let store = DataDir::at(&self.data)
            .store()
            .await
            .expect("a sound database");
        self.check_every_report(&store).await;
        store.close().await;
    }

    /// The same of any database.
    pub async fn check_every_report(&self, store: &dyn Devices) {
        let release = mainstay_fleet::ReleaseDigest(self.good.manifest.0);
        for device in store.devices(None).await.expect("devices") {
            let running = device.running.as_ref().expect("it has said what it runs");
            assert!(
                running.verified && running.release == release,
                "{}",
                device.id
            );
            let timeline = store
                .timeline(&device.id, TIMELINE_KEPT)
                .await
                .expect("a timeline");
            let told: Vec<DeviceEvent> = timeline
                .iter()
                .filter_map(|entry| entry.event.as_deref())
                .map(|event| serde_json::from_str(event).expect("a stored event"))
                .collect();
            let expected = [
                DeviceEvent::DownloadStarted { release },
                DeviceEvent::Installed { release },
                DeviceEvent::TrialBooted { release },
                DeviceEvent::Confirmed { release },
            ];
            for event in expected {
                let times = told.iter().filter(|other| **other == event).count();
                assert_eq!(times, 1, "{}: {event:?} among {told:?}", device.id);
            }
            let promised = timeline
                .iter()
                .any(|entry| entry.kind == TimelineKind::Promised);
            assert!(
                promised,
                "{} installed what nobody remembers to have promised",
                device.id
            );
        }
    }
}
