//! What the machine wants of the world while it runs: to check in, to report, bytes of an image, a look at its
//! health. Each ends with the machine being told what came of it.

use std::time::Duration;

use mainstay_device::DeviceError;
use mainstay_protocol::{CHECK_IN_PATH, Health, InstallFailure, REPORTS_PATH};
use mainstay_trust::Digest;

use crate::agent::Agent;
use crate::clock::random;
use crate::fault::Fault;
use crate::health;
use crate::link::{Link, LinkError};
use crate::log::{self, Level};
use crate::quiet::Quiet;

/// So many answers in a row that aren't the image end its installation, as an obstacle that people are told of. One may
/// be an accident on the way.
const LIES_MAX: u8 = 5;

/// The largest request: a check-in with a full queue of reports has some 1,500 bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

impl Agent {
    pub(crate) fn look(&mut self) -> Result<(), DeviceError> {
        // An application is started anew by each update, and the agent may have run for weeks by then.
        let up_ms = self.clock.elapsed_ms().saturating_sub(self.up_since_ms);
        let up = Duration::from_millis(up_ms);
        let (checks, grace) = (&self.settings.checks, self.settings.grace);
        let (self_test, fault) = health::look(checks, up, grace);
        match fault {
            Some(fault) => self.trouble(&fault),
            None => self.status.fault = None,
        }
        let now_ms = self.clock.now_ms();
        self.core().looked(self_test, now_ms)
    }

    pub(crate) fn check_in(&mut self) -> Result<(), DeviceError> {
        self.tend_certificate();
        let mut buffer = vec![0; REQUEST_BYTES_MAX];
        let health = self.health();
        let length = self.core().check_in(random(), health, &mut buffer)?;
        let answer = self.link().post(CHECK_IN_PATH, &buffer[..length]);
        let now_ms = self.clock.now_ms();
        match answer {
            Ok(bytes) => {
                self.heard(now_ms);
                self.core().take_directive(&bytes, now_ms)
            }
            Err(error) => {
                self.missed_polls = self.missed_polls.saturating_add(1);
                self.unheard(&error)
            }
        }
    }

    /// Checks in although nothing but a restart is wanted, if the server may be asked.
    pub(crate) fn keep_in_touch(&mut self) -> Result<(), Fault> {
        let now_ms = self.clock.now_ms();
        if self.quiet_until_ms(now_ms).is_some() {
            return Ok(());
        }
        let told = self.check_in();
        self.settle(told)
    }

    /// Until when the server is left alone; none if it may be asked. What else is due meanwhile is done.
    pub(crate) fn quiet_until_ms(&mut self, now_ms: u64) -> Option<u64> {
        let look_every_ms = self.settings.trial.look_every_ms;
        let on_trial = self.core().is_on_trial();
        let until_ms = self
            .quiet
            .until_ms(now_ms, on_trial.then_some(look_every_ms));
        until_ms.map(|until_ms| self.wake_by(until_ms))
    }

    pub(crate) fn report(&mut self) -> Result<(), DeviceError> {
        let mut buffer = vec![0; REQUEST_BYTES_MAX];
        let length = self.core().reports(&mut buffer)?;
        let now_ms = self.clock.now_ms();
        match self.link().post(REPORTS_PATH, &buffer[..length]) {
            Ok(bytes) => {
                self.heard(now_ms);
                self.core().take_acknowledged(&bytes, now_ms)
            }
            Err(error) => self.unheard(&error),
        }
    }

    pub(crate) fn fetch(
        &mut self,
        image: &Digest,
        offset: u32,
        left: u32,
    ) -> Result<(), DeviceError> {
        let now_ms = self.clock.now_ms();
        if let Err(fault) = self.before_install(image) {
            self.trouble(&fault);
            return self.core().install_failed(fault.obstacle, now_ms);
        }
        let carried = self.stick.as_ref().map(|stick| stick.read(offset, left));
        let bytes = match carried {
            Some(Ok(bytes)) => bytes,
            Some(Err(fault)) => {
                self.trouble(&fault);
                self.stick = None;
                return self.core().exchange_failed(now_ms);
            }
            None => match self.link().fetch(image, offset, left) {
                Ok(bytes) => {
                    self.status.unheard = None;
                    bytes
                }
                Err(error) if error.is_lie() => return self.lied_to(&error),
                Err(error) => return self.unheard(&error),
            },
        };
        self.lies = 0;
        self.status.fault = None;
        self.tell_download(offset, bytes.len());
        self.core().take_image_bytes(&bytes, now_ms)
    }

    /// Runs the hook once for each image: again after a restart of the agent, so it must bear that.
    fn before_install(&mut self, image: &Digest) -> Result<(), Fault> {
        if self.hooked == Some(*image) {
            return Ok(());
        }
        if let Some(hook) = &self.settings.before_install {
            let variables = [("MAINSTAY_IMAGE_DIGEST", image.to_string())];
            hook.run("hooks.before_install", &variables)?;
        }
        self.hooked = Some(*image);
        Ok(())
    }

    /// The way to the server, which knows how late it is at least.
    fn link(&mut self) -> &Link {
        let floor_s = self.core().record().counters.time;
        self.link.learn_time(floor_s);
        &self.link
    }

    /// The server, or somebody before it, sends something else than the image.
    fn lied_to(&mut self, error: &LinkError) -> Result<(), DeviceError> {
        self.lies = self.lies.saturating_add(1);
        if self.lies < LIES_MAX {
            return self.unheard(error);
        }
        self.lies = 0;
        let cure =
            "Look at what lies between the device and the server: a proxy, a cache, a gateway.";
        let what = format!("the image can't be fetched: {error}");
        let fault = Fault::new(error.id(), what, cure).told_as(InstallFailure::SourceFailed);
        self.trouble(&fault);
        let now_ms = self.clock.now_ms();
        self.core().install_failed(fault.obstacle, now_ms)
    }

    fn heard(&mut self, now_ms: u64) {
        // It listens again, before it said it would: what an image on trial has to say needn't wait for the rest.
        self.quiet = Quiet::default();
        self.status.unheard = None;
        self.status.last_contact = Some(now_ms / 1000);
        self.was_reached();
        self.missed_polls = 0;
    }

    fn unheard(&mut self, error: &LinkError) -> Result<(), DeviceError> {
        log::line(Level::Warning, error);
        self.status.unheard = Some(error.to_string());
        self.show_otherwise(error);
        let now_ms = self.clock.now_ms();
        if let Some(after) = error.retry_after() {
            self.quiet = Quiet::begin(now_ms, after);
        }
        self.core().exchange_failed(now_ms)
    }

    fn health(&self) -> Health {
        Health {
            uptime_s: u32::try_from(self.clock.elapsed_ms() / 1000).unwrap_or(u32::MAX),
            missed_polls: self.missed_polls,
            ..Health::default()
        }
    }
}
