//! One simulated device: the real core over a simulated flash, in a home with its luck.
//!
//! Everything that the core decides is the core's; this file only does what it wants: it sends and fetches
//! over the [`Link`], runs the declared self-test, cuts the power now and then, and restarts.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use mainstay_device::{BundleParts, Config, Cut, Device, DeviceError, Want};
use mainstay_protocol::{BootReason, CHECK_IN_PATH, Event, PAYLOADS_PATH, REPORTS_PATH, SelfTest};
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Digest, Refusal};

use crate::behaviour::{Behaviour, Behaviours};
use crate::body::{Body, Region};
use crate::dice::Dice;
use crate::link::{Link, LinkError, Luck};
use crate::population::{Hardship, Home};
use crate::stick::Stick;
use crate::weather;

/// The real device core, as simulated devices have it.
pub type Core = Device<Region, RustCrypto, Arc<[u8]>>;

/// A device that has more to do at one instant than this is caught in a loop, and the run must say so.
const STEPS_AT_ONCE_MAX: usize = 100_000;
/// The largest request: a check-in with a full queue of reports has some 1,500 bytes.
const REQUEST_BYTES_MAX: usize = 4 * 1024;
/// A planned power cut hits one of the next so many flash operations.
const CUT_WITHIN_OPERATIONS: u64 = 12;

/// What all devices of a run share.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The way to the server.
    pub link: Link,
    /// How each image behaves.
    pub behaviours: Arc<Behaviours>,
    /// What can go wrong.
    pub hardship: Hardship,
    /// How long a restart takes, in milliseconds.
    pub restart_ms: u64,
    /// From when on the offline homes are offline.
    pub offline_from: Timestamp,
}

/// One simulated device.
pub struct SimulatedDevice {
    /// Where it stands.
    pub home: Home,
    /// What it shows to be let in.
    pub token: String,
    dice: Dice,
    config: Config<Arc<[u8]>>,
    pub(crate) body: Body,
    pub(crate) booted_ms: u64,
    pub(crate) missed_polls: u16,
    cut_planned_for: Option<Digest>,
    ever_ran: BTreeSet<Digest>,
    stick: Option<Stick>,
}

impl SimulatedDevice {
    /// A device with a provisioned region of flash, to be switched on at `first_on`. Its name is its home's.
    pub fn new(
        home: Home,
        token: String,
        dice: Dice,
        config: Config<Arc<[u8]>>,
        region: Region,
        first_on: Timestamp,
    ) -> Self {
        let config = Config {
            device_id: Arc::from(home.id.to_string().as_bytes()),
            ..config
        };
        let body = Body::Down(Box::new(region), unix_ms(first_on));
        Self {
            home,
            token,
            dice,
            config,
            body,
            booted_ms: 0,
            missed_polls: 0,
            cut_planned_for: None,
            ever_ran: BTreeSet::new(),
            stick: None,
        }
    }

    /// Does all that the device wants at `now`, and returns when it wants to act next.
    ///
    /// # Panics
    /// If the device wants ever more at one instant: a fault of the core that a run must not hide.
    pub async fn act(&mut self, now: Timestamp, around: &Circumstances) -> Timestamp {
        let now_ms = unix_ms(now);
        for _ in 0..STEPS_AT_ONCE_MAX {
            if let Some(until_ms) = self.act_once(now_ms, around).await {
                return from_unix_ms(until_ms.max(now_ms + 1));
            }
        }
        panic!("{} wants ever more at {now}", self.home.id);
    }

    /// The manifest digest of the release that runs; none while it restarts or in safe mode.
    pub fn running_release(&self) -> Option<Digest> {
        self.core_if_up()?.running_release()
    }

    /// Whether it runs something that it has confirmed.
    pub fn is_settled(&self) -> bool {
        matches!(&self.body, Body::Up(core) if !core.is_on_trial())
    }

    /// Whether its self-test passes at `now`; none while it restarts or in safe mode.
    pub fn is_well(&self, behaviours: &Behaviours, now: Timestamp) -> Option<bool> {
        let behaviour = behaviours.of(&self.core_if_up()?.running_image()?);
        let uptime_s = unix_ms(now).saturating_sub(self.booted_ms) / 1000;
        Some(behaviour.self_test_passes(uptime_s, &self.home.hardware))
    }

    /// Whether it is up and boots nothing: what the field calls a brick.
    pub fn is_bricked(&self) -> bool {
        matches!(&self.body, Body::Up(core) if core.boot_reason() == BootReason::SafeMode)
    }

    /// Whether the release with this manifest digest ever ran here.
    pub fn ever_ran(&self, manifest: &Digest) -> bool {
        self.ever_ran.contains(manifest)
    }

    /// The device core, to look at; none while it restarts.
    pub fn core_if_up(&self) -> Option<&Core> {
        self.body.core()
    }

    /// Hands it a bundle, whose image is `payload`: that one it reads from the bundle, whatever becomes
    /// of the network. Returns why it refuses, if it does.
    ///
    /// # Errors
    /// If flash fails.
    ///
    /// # Panics
    /// If it is restarting: nobody can hand it anything then.
    pub fn take_bundle(
        &mut self,
        bundle: &BundleParts<'_>,
        payload: Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Option<Refusal>, DeviceError> {
        let core = self.core();
        let told = core.record().reports.last().map_or(0, |report| report.seq);
        core.take_bundle(bundle, unix_ms(now))?;
        let new = core
            .record()
            .reports
            .iter()
            .filter(|report| report.seq > told);
        let refused = new.map(|report| report.event).find_map(refusal_in);
        self.stick = Some(Stick::with(payload));
        Ok(refused)
    }

    /// Does one thing. Returns when the device wants to act next; none is at once.
    pub(crate) async fn act_once_at(
        &mut self,
        now: Timestamp,
        around: &Circumstances,
    ) -> Option<Timestamp> {
        let until_ms = self.act_once(unix_ms(now), around).await?;
        Some(from_unix_ms(until_ms))
    }

    /// One step; returns an instant if there is nothing to do before it.
    async fn act_once(&mut self, now_ms: u64, around: &Circumstances) -> Option<u64> {
        let Body::Up(core) = &mut self.body else {
            return self.come_up(now_ms);
        };
        let want = core.wants(now_ms);
        if self.slips(now_ms, around) {
            return Some(self.go_down(now_ms, around));
        }
        let done = match want {
            Want::Sleep { until_ms } => return Some(self.wakes_at(until_ms, now_ms, around)),
            Want::Reboot => return Some(self.go_down(now_ms, around)),
            Want::Look => {
                let self_test = self.self_test(now_ms, around);
                self.core().looked(self_test, now_ms)
            }
            Want::CheckIn => self.check_in(now_ms, around).await,
            Want::Report => self.report(now_ms, around).await,
            Want::Fetch {
                payload,
                offset,
                left,
            } => {
                self.plan_cut(payload, around);
                self.fetch(payload, offset, left, now_ms, around).await
            }
        };
        match done {
            // An answer that can't be read is as good as none.
            Err(DeviceError::Message(_)) => self
                .core()
                .exchange_failed(now_ms)
                .is_err()
                .then(|| self.go_down(now_ms, around)),
            Err(DeviceError::Flash(_)) => Some(self.go_down(now_ms, around)),
            Ok(()) => None,
        }
    }

    fn core(&mut self) -> &mut Core {
        let core = self.body.core_mut();
        core.expect("only asked of a device that is up")
    }

    fn come_up(&mut self, now_ms: u64) -> Option<u64> {
        let (mut region, until_ms) = match std::mem::replace(&mut self.body, Body::Moving) {
            Body::Down(region, until_ms) => (region, until_ms),
            other => {
                self.body = other;
                return None;
            }
        };
        if until_ms > now_ms {
            self.body = Body::Down(region, until_ms);
            return Some(until_ms);
        }
        region.flash_mut().restore_power();
        match Device::power_on(*region, RustCrypto, self.config.clone(), now_ms) {
            Ok(core) => {
                self.booted_ms = now_ms;
                self.ever_ran.extend(core.running_release());
                self.body = Body::Up(Box::new(core));
            }
            Err((region, _)) => self.body = Body::Down(Box::new(region), now_ms + 1),
        }
        None
    }

    /// Restarts; returns when it is up again.
    fn go_down(&mut self, now_ms: u64, around: &Circumstances) -> u64 {
        let up_ms = now_ms + around.restart_ms;
        self.body.go_down(up_ms);
        up_ms
    }

    async fn check_in(&mut self, now_ms: u64, around: &Circumstances) -> Result<(), DeviceError> {
        let mut buffer = [0; REQUEST_BYTES_MAX];
        let (nonce, health) = (self.dice.nonce(), self.health(now_ms, around));
        let length = self.core().check_in(nonce, health, &mut buffer)?;
        let luck = self.luck(now_ms, around);
        let answer = around
            .link
            .post(CHECK_IN_PATH, &self.token, &buffer[..length], luck)
            .await;
        self.missed_polls = if answer.is_ok() {
            0
        } else {
            self.missed_polls.saturating_add(1)
        };
        match answer {
            Ok(bytes) => self.core().take_directive(&bytes, now_ms),
            Err(error) => self.give_up_exchange(&error, now_ms),
        }
    }

    async fn report(&mut self, now_ms: u64, around: &Circumstances) -> Result<(), DeviceError> {
        let mut buffer = [0; REQUEST_BYTES_MAX];
        let length = self.core().reports(&mut buffer)?;
        let luck = self.luck(now_ms, around);
        match around
            .link
            .post(REPORTS_PATH, &self.token, &buffer[..length], luck)
            .await
        {
            Ok(bytes) => self.core().take_acknowledged(&bytes, now_ms),
            Err(error) => self.give_up_exchange(&error, now_ms),
        }
    }

    async fn fetch(
        &mut self,
        image: Digest,
        offset: u32,
        left: u32,
        now_ms: u64,
        around: &Circumstances,
    ) -> Result<(), DeviceError> {
        if let Some(bytes) = self
            .stick
            .as_ref()
            .and_then(|stick| stick.read(&image, offset, left))
        {
            return self.core().take_image_bytes(&bytes, now_ms);
        }
        let path = format!("{PAYLOADS_PATH}{image}");
        let mut luck = self.luck(now_ms, around);
        if luck == Luck::Fine && self.dice.chance(around.hardship.download_cut) {
            luck = Luck::Cut;
        }
        match around
            .link
            .fetch(&path, &self.token, offset.into(), left.into(), luck)
            .await
        {
            Ok(bytes) => self.core().take_image_bytes(&bytes, now_ms),
            Err(error) => self.give_up_exchange(&error, now_ms),
        }
    }

    fn give_up_exchange(&mut self, error: &LinkError, now_ms: u64) -> Result<(), DeviceError> {
        tracing::trace!(device = %self.home.id, %error, "no answer");
        self.core().exchange_failed(now_ms)
    }

    fn luck(&mut self, now_ms: u64, around: &Circumstances) -> Luck {
        let offline = self.home.offline && now_ms >= unix_ms(around.offline_from);
        if offline || self.dice.chance(around.hardship.request_lost) {
            Luck::RequestLost
        } else if self.dice.chance(around.hardship.answer_lost) {
            Luck::AnswerLost
        } else {
            Luck::Fine
        }
    }

    /// Now and then the power goes away during an installation: decided once for each image.
    fn plan_cut(&mut self, image: Digest, around: &Circumstances) {
        if self.cut_planned_for == Some(image) {
            return;
        }
        self.cut_planned_for = Some(image);
        if self.dice.chance(around.hardship.power_cut) {
            let index = self.dice.below(CUT_WITHIN_OPERATIONS);
            let permille = u32::try_from(self.dice.below(1000)).unwrap_or(500);
            self.core()
                .storage_mut()
                .flash_mut()
                .cut_at(index, Cut::Torn { permille });
        }
    }

    /// When it acts next: at the latest when it loses its image.
    fn wakes_at(&self, until_ms: u64, now_ms: u64, around: &Circumstances) -> u64 {
        let slips_at_ms = self.slips_at_ms(around).filter(|at| *at > now_ms);
        slips_at_ms.map_or(until_ms, |at| at.min(until_ms))
    }

    fn behaviour<'a>(&mut self, around: &'a Circumstances) -> Option<&'a Behaviour> {
        let image = self.core().running_image()?;
        Some(around.behaviours.of(&image))
    }

    fn self_test(&mut self, now_ms: u64, around: &Circumstances) -> SelfTest {
        let uptime_s = now_ms.saturating_sub(self.booted_ms) / 1000;
        match self.behaviour(around) {
            Some(behaviour) if behaviour.self_test_passes(uptime_s, &self.home.hardware) => {
                SelfTest::Passed
            }
            Some(_) => SelfTest::Failed,
            None => SelfTest::NotRun,
        }
    }

    fn health(&mut self, now_ms: u64, around: &Circumstances) -> mainstay_protocol::Health {
        let uptime_s = now_ms.saturating_sub(self.booted_ms) / 1000;
        let behaviour = self.behaviour(around).unwrap_or(&Behaviour::Healthy);
        let missed = self.missed_polls;
        weather::measure(
            behaviour,
            &self.home.hardware,
            uptime_s,
            missed,
            &mut self.dice,
        )
    }
}

fn refusal_in(event: Event) -> Option<Refusal> {
    match event {
        Event::Refused { refusal, .. } => Refusal::from_code(refusal),
        _ => None,
    }
}

/// Unix milliseconds of an instant; 0 for one before 1970, which no story has.
pub fn unix_ms(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

fn from_unix_ms(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}
