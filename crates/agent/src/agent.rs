//! The agent: one device's machine, and the world around it. Read [`Agent::step`].

use std::time::Duration;

use mainstay_device::observe::Look;
use mainstay_device::{Booted, Config, Device, DeviceError, Want};
use mainstay_keys::HostPrimitives;
use mainstay_trust::Digest;

use crate::boot_again::BootAgain;
use crate::clock::{Clock, wall_ms};
use crate::config::Settings;
use crate::deferral::Deferral;
use crate::fault::Fault;
use crate::link::{Limits, Link};
use crate::lock::Lock;
use crate::log::{self, Level};
use crate::notify::Notify;
use crate::on_disk::OnDisk;
use crate::quiet::Quiet;
use crate::status::{Doing, Status};
use crate::stick::Stick;
use crate::tend::Tending;
use crate::{come_up, durable, status, window};

/// The machine, as agents have it.
pub type Core = Device<OnDisk, HostPrimitives, Vec<u8>>;

/// Bytes fetched at once: a piece lies in memory whole.
const FETCH_BYTES: u32 = 256 * 1024;
/// Bytes between two checkpoints: what a power cut makes the device fetch again at most.
const CHECKPOINT_BYTES: u32 = 1024 * 1024;
/// The largest signed root.
const ROOT_BYTES_MAX: u64 = 64 * 1024;
/// How often a device that waits to restart looks whether it may, and asks the server meanwhile.
const WAIT_LOOK: Duration = Duration::from_secs(30);

/// One device's machine, and the world around it.
pub struct Agent {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) status: Status,
    pub(crate) notify: Notify,
    pub(crate) stick: Option<Stick>,
    core: Option<Core>,
    pub(crate) booted: Booted,
    pub(crate) link: Link,
    /// How long the server wants to be left alone, and when to ask it next although a restart waits.
    pub(crate) quiet: Quiet,
    pub(crate) ask_at_ms: u64,
    /// The user's file that puts a restart off.
    deferral: Option<Deferral>,
    /// Since when what was decided on has been started, in milliseconds of the agent's life.
    pub(crate) up_since_ms: u64,
    pub(crate) boot_again: BootAgain,
    pub(crate) missed_polls: u16,
    /// Of the certificate that the device gets for itself.
    pub(crate) tending: Tending,
    /// How often in a row the server sent something else than the image that was asked for.
    pub(crate) lies: u8,
    /// The image for which the hook before the installation has run.
    pub(crate) hooked: Option<Digest>,
    /// The number of the newest report that was logged.
    pub(crate) noted: u32,
    /// How people call what runs.
    pub(crate) version: String,
    _lock: Lock,
}

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next step.
    Step,
    /// Nothing before this instant, in milliseconds of the agent's clock.
    SleepUntil(u64),
    /// To be restarted.
    Restart,
}

impl Agent {
    /// Starts the agent of these settings. What keeps it from starting stands in the status too.
    ///
    /// # Errors
    /// If another one runs, or something that the configuration names can't be used.
    pub fn start(settings: Settings) -> Result<Self, Fault> {
        let lock = Lock::take(&settings.state)?;
        let run = settings.run.clone();
        Self::come_up(settings, lock).inspect_err(|fault| status::write_stopped(&run, fault))
    }

    fn come_up(settings: Settings, lock: Lock) -> Result<Self, Fault> {
        let mut notify = Notify::from_environment();
        notify.alive();
        let mut storage = come_up::open_alone(&settings, &lock)?;
        let clock = Clock::begin();
        let look = come_up::look(&settings.run);
        let came_up = come_up::boot(&mut storage, look, clock.now_ms() / 1000)?;
        let booted = came_up.booted;
        let core = power_on(storage, &settings, booted, clock.now_ms())?;
        // Last: a boot loader of others has been told by now that what is kept came up, whether a server can be asked
        // or not.
        let link = Link::new(
            &settings.server,
            Limits::of(&settings.server),
            settings.trusts_clock,
        )?;
        let deferral = settings.defer.clone().map(|(file, _)| Deferral::by(file));
        let mut agent = Self {
            settings,
            clock,
            status: Status::default(),
            notify,
            stick: None,
            core: Some(core),
            booted,
            link,
            quiet: Quiet::default(),
            ask_at_ms: 0,
            deferral,
            up_since_ms: clock.elapsed_ms(),
            boot_again: BootAgain::default(),
            missed_polls: 0,
            tending: Tending::default(),
            lies: 0,
            hooked: None,
            noted: 0,
            version: String::new(),
            _lock: lock,
        };
        agent.begin(came_up)?;
        agent.tell(Doing::Idle);
        Ok(agent)
    }

    /// The machine.
    pub(crate) fn core(&mut self) -> &mut Core {
        self.core
            .as_mut()
            .expect("it is taken out only within `again`, which puts it back or ends the agent")
    }

    /// Does one thing that the machine wants.
    ///
    /// # Errors
    /// If the machine can't go on; the agent must be started again then.
    pub fn step(&mut self) -> Result<Next, Fault> {
        self.notify.alive();
        self.deferred_s();
        let now_ms = self.clock.now_ms();
        if self.boot_again_at_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.again()?;
        }
        let want = self.core().wants(now_ms);
        let outside = matches!(want, Want::CheckIn | Want::Report)
            || (matches!(want, Want::Fetch { .. }) && self.stick.is_none());
        if let Some(until_ms) = self.quiet_until_ms(now_ms).filter(|_| outside) {
            return Ok(Next::SleepUntil(until_ms));
        }
        let done = match want {
            Want::Sleep { until_ms } => return Ok(self.rest(until_ms)),
            Want::Reboot => match self.may_restart() {
                None => return Ok(Next::Restart),
                Some(wait) => return self.wait(wait),
            },
            Want::Look => self.look(),
            Want::CheckIn => self.check_in(),
            Want::Report => self.report(),
            Want::Fetch {
                payload,
                offset,
                left,
            } => self.fetch(&payload, offset, left),
        };
        self.settle(done)?;
        self.note_outcome();
        Ok(Next::Step)
    }

    /// Whether a bundle could be taken now.
    pub(crate) fn is_free(&mut self) -> bool {
        !self.core().is_installing() && !self.core().is_on_trial()
    }

    /// Whether the machine waits for nothing but a restart.
    pub(crate) fn wants_restart(&mut self) -> bool {
        let now_ms = self.clock.now_ms();
        self.core().wants(now_ms) == Want::Reboot
    }

    fn rest(&mut self, until_ms: u64) -> Next {
        let doing = match self.core().is_on_trial() {
            true => Doing::OnTrial,
            false => Doing::Idle,
        };
        self.tell(doing);
        Next::SleepUntil(self.wake_by(until_ms))
    }

    /// The instant, or an earlier one at which something else is due.
    pub(crate) fn wake_by(&mut self, until_ms: u64) -> u64 {
        until_ms.min(self.boot_again_at_ms().unwrap_or(u64::MAX))
    }

    /// For how long the user has put a restart off; none if nobody has. Asked at each step, so that no file is there for
    /// long before it is seen.
    pub(crate) fn deferred_s(&mut self) -> Option<u64> {
        let now_ms = self.clock.now_ms();
        let deferral = self.deferral.as_mut()?;
        deferral.age_s(now_ms, wall_ms())
    }

    /// What becomes of a step that failed.
    pub(crate) fn settle(&mut self, done: Result<(), DeviceError>) -> Result<(), Fault> {
        let now_ms = self.clock.now_ms();
        match done {
            Ok(()) => {
                // The machine has lived with it and told the server; here it is told to people.
                if let Some(fault) = self.core().storage_mut().take_fault() {
                    self.trouble(&fault);
                    self.stick = None;
                }
                Ok(())
            }
            // An answer that can't be read is as good as none.
            Err(DeviceError::Message(error)) => {
                let why = format!("{}: {error}", error.id());
                log::line(Level::Warning, &why);
                self.status.unheard = Some(why);
                let failed = self.core().exchange_failed(now_ms);
                self.settle_storage(failed)
            }
            Err(error) => self.settle_storage(Err(error)),
        }
    }

    fn settle_storage(&mut self, done: Result<(), DeviceError>) -> Result<(), Fault> {
        let Err(error) = done else {
            return Ok(());
        };
        let fault = self.core().storage_mut().take_fault().unwrap_or_else(|| {
            Fault::new(
                error.id(),
                error.to_string(),
                "Look at the kernel's log for that disk.",
            )
        });
        self.trouble(&fault);
        match self.core().is_installing() {
            true => self.hinder(&fault),
            false => Err(fault),
        }
    }

    /// Ends an installation that something stands in the way of.
    pub(crate) fn hinder(&mut self, fault: &Fault) -> Result<(), Fault> {
        self.trouble(fault);
        self.stick = None;
        let now_ms = self.clock.now_ms();
        let told = self.core().install_failed(fault.obstacle, now_ms);
        told.map_err(|_| fault.clone())
    }

    /// Starts the machine again with what is stored: after a restart of what runs, or a failure.
    ///
    /// # Errors
    /// If that fails.
    pub(crate) fn again(&mut self) -> Result<(), Fault> {
        if let Some(core) = self.core.take() {
            let (mut storage, ..) = core.power_off();
            let at = self.clock.now_ms() / 1000;
            let came_up = come_up::boot(&mut storage, Look::Again, at)?;
            self.booted = came_up.booted;
            self.up_since_ms = self.clock.elapsed_ms();
            // A trial's time begins here too: what was started may have taken long to.
            let now_ms = self.clock.now_ms();
            self.core = Some(power_on(storage, &self.settings, self.booted, now_ms)?);
            self.hooked = None;
            self.status.fault = None;
            self.begin(came_up)?;
        }
        Ok(())
    }

    /// Why a restart waits. One that goes back, or that an image on trial needs, never does.
    fn may_restart(&mut self) -> Option<window::Wait> {
        if !self.core().is_installing() {
            return None;
        }
        let deferred_s = self.deferred_s();
        let defer_s_max = self.settings.defer.as_ref().map_or(0, |(_, max)| *max);
        // Windows follow the clock on the wall, also once it was set while the agent runs.
        let now = window::local_time(wall_ms());
        window::wait(&self.settings.windows, now, deferred_s, defer_s_max)
    }

    /// Waits to restart, and goes on telling the server meanwhile.
    fn wait(&mut self, wait: window::Wait) -> Result<Next, Fault> {
        let now_ms = self.clock.now_ms();
        if self.ask_at_ms <= now_ms {
            self.ask_at_ms = now_ms.saturating_add(3_600_000);
            self.keep_in_touch()?;
        }
        self.status.wait = Some(wait.id().to_owned());
        self.tell(Doing::Waiting);
        let look_ms = u64::try_from(WAIT_LOOK.as_millis()).unwrap_or(u64::MAX);
        Ok(Next::SleepUntil(now_ms.saturating_add(look_ms)))
    }
}

fn power_on(
    storage: OnDisk,
    settings: &Settings,
    booted: Booted,
    now_ms: u64,
) -> Result<Core, Fault> {
    let config = config(settings)?;
    Device::start(storage, HostPrimitives, config, booted, now_ms).map_err(
        |(mut storage, error)| match storage.known::<()>(Err(error)) {
            Err(fault) => fault,
            Ok(()) => unreachable!("an error was given"),
        },
    )
}

/// What the machine must know of these settings.
///
/// # Errors
/// If the root can't be read.
pub(crate) fn config(settings: &Settings) -> Result<Config<Vec<u8>>, Fault> {
    let root = durable::read(&settings.root, ROOT_BYTES_MAX)?.ok_or_else(|| {
        Fault::new(
            "agent.root-missing",
            format!("{} isn't there", settings.root.display()),
            "Put the signed root there that the device was made with.",
        )
    })?;
    Ok(Config {
        root,
        device_id: settings.id.as_bytes().to_vec(),
        trusts_clock: settings.trusts_clock,
        image_per_slot: false,
        vendor_id: settings.vendor_id,
        class_id: settings.class_id,
        bootloader: settings.bootloader,
        trial: settings.trial,
        fetch_bytes: FETCH_BYTES,
        checkpoint_bytes: CHECKPOINT_BYTES,
        retry_ms: u64::try_from(settings.server.retry.as_millis()).unwrap_or(u64::MAX),
    })
}
