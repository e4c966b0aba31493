//! One device: the machine of `machine.rs`, its storage, and the effects between them.
//!
//! The owner supplies the world: it asks [`Device::wants`], does that (sends a message, fetches bytes,
//! runs the self-test, restarts), and hands the result back. What the storage must do for it
//! stands in `effects.rs`.

use mainstay_protocol::{
    Acknowledged, CheckIn, Directive, Health, InstallFailure, ReportList, Reports, Running,
    SelfTest, Todo, read, write,
};
use mainstay_trust::status::NONCE_BYTES;
use mainstay_trust::{Digest, Freshness, Offer, Primitives};

use crate::boot::{Booted, power_up};
use crate::config::Config;
use crate::error::DeviceError;
use crate::flash::{Flash, FlashError};
use crate::on_flash::OnFlash;
use crate::record::Record;
use crate::slot::{Head, Slot};
use crate::state::{Input, Phase, Release, State};
use crate::storage::Storage;
use crate::take_papers::PaperStanding;
use crate::want::{Want, wants};

/// One device that has come up.
#[derive(Debug)]
pub struct Device<S, P, R> {
    pub(crate) storage: S,
    pub(crate) primitives: P,
    pub(crate) config: Config<R>,
    pub(crate) state: State,
    pub(crate) booted: Booted,
    /// The digest of the running image; none in safe mode.
    pub(crate) image: Option<Digest>,
    /// The nonce of the check-in that is under way: an answer is taken once.
    nonce: Option<[u8; NONCE_BYTES]>,
    /// What the check-in says of its papers.
    pub(crate) standing: PaperStanding,
}

impl<F: Flash, P: Primitives, R: AsRef<[u8]>> Device<OnFlash<F>, P, R> {
    /// Switches a device on that is its own boot loader: decides what to boot, and starts.
    ///
    /// # Errors
    /// As for [`Device::start`].
    pub fn power_on(
        mut storage: OnFlash<F>,
        primitives: P,
        config: Config<R>,
        now_ms: u64,
    ) -> Result<Self, (OnFlash<F>, FlashError)> {
        match power_up(&mut storage, &primitives, now_ms / 1000) {
            Ok(booted) => Self::start(storage, primitives, config, booted, now_ms),
            Err(error) => Err((storage, error)),
        }
    }
}

impl<S: Storage, P: Primitives, R: AsRef<[u8]>> Device<S, P, R> {
    /// Starts what the boot loader has `booted`. `now_ms` is the device's clock, in Unix milliseconds.
    /// Until the next start it must run evenly: an owner that sets its clock on the way goes on counting
    /// here from where it began, since a leap would be taken for time that an image on trial has stayed
    /// healthy.
    ///
    /// # Errors
    /// The storage, given back, and what failed; after a power cut the owner starts over.
    pub fn start(
        storage: S,
        primitives: P,
        config: Config<R>,
        booted: Booted,
        now_ms: u64,
    ) -> Result<Self, (S, FlashError)> {
        let mut device = Self::assemble(storage, primitives, config, booted, now_ms)?;
        let reason = booted.reason;
        let looked = device.look_at_papers();
        match looked.and_then(|()| device.feed(Input::Started { reason }, now_ms)) {
            Ok(()) => Ok(device),
            Err(error) => Err((device.storage, error)),
        }
    }

    /// What `start` begins with. Apart, so that what it is put together from doesn't lie below the signature checks.
    #[inline(never)]
    fn assemble(
        storage: S,
        primitives: P,
        config: Config<R>,
        booted: Booted,
        now_ms: u64,
    ) -> Result<Self, (S, FlashError)> {
        let mut device = Self {
            storage,
            primitives,
            config,
            state: State::new(Record::default(), None, now_ms),
            booted,
            image: None,
            nonce: None,
            standing: PaperStanding::default(),
        };
        match device.find() {
            Ok(()) => Ok(device),
            Err(error) => Err((device.storage, error)),
        }
    }

    /// Looks what the storage says of what was booted.
    fn find(&mut self) -> Result<(), FlashError> {
        if let Some(record) = self.storage.record()? {
            self.state.record = record;
        }
        self.state.booted = self.booted.slot;
        if let Some(slot) = self.booted.slot
            && let Some(head) = self.storage.head(slot)?
        {
            self.image = Some(head.image_digest);
            self.state.running = release(slot, &head, &self.primitives);
        }
        Ok(())
    }

    /// What the device wants at `now_ms`.
    #[must_use]
    pub fn wants(&self, now_ms: u64) -> Want {
        match wants(&self.state, now_ms) {
            Want::Fetch {
                payload,
                offset,
                left,
            } => Want::Fetch {
                payload,
                offset,
                left: left.min(self.config.fetch_bytes),
            },
            other => other,
        }
    }

    /// Writes the check-in into `buffer` and returns its length. The nonce must be fresh random bytes.
    ///
    /// # Errors
    /// If the buffer is too small.
    pub fn check_in(
        &mut self,
        nonce: [u8; NONCE_BYTES],
        health: Health,
        buffer: &mut [u8],
    ) -> Result<usize, DeviceError> {
        self.nonce = Some(nonce);
        let record = &self.state.record;
        let head = match self.booted.slot {
            Some(slot) => self.storage.head(slot)?,
            None => None,
        };
        let manifest = head
            .as_ref()
            .and_then(|head| head.manifest(&self.primitives));
        let message = CheckIn {
            nonce,
            running: self.running_as(manifest.as_ref().map_or("", |manifest| manifest.version)),
            boot: self.booted.reason,
            root_version: self.standing.root_version,
            status_seq: record.counters.status.number,
            health,
            reports: ReportList(record.reports.clone()),
            revocations: self.standing.revocations,
        };
        Ok(write(&message, buffer)?)
    }

    /// Writes the reports that don't wait for a check-in into `buffer` and returns their length.
    ///
    /// # Errors
    /// If the buffer is too small.
    pub fn reports(&self, buffer: &mut [u8]) -> Result<usize, DeviceError> {
        let reports = ReportList(self.state.record.reports.clone());
        Ok(write(&Reports { reports }, buffer)?)
    }

    /// Takes the answer to a check-in. One that no check-in asked for changes nothing.
    ///
    /// # Errors
    /// If it can't be read (nothing changes then), or flash fails.
    pub fn take_directive(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), DeviceError> {
        let directive: Directive<'_> = read(bytes)?;
        let Some(nonce) = self.nonce.take() else {
            return Ok(());
        };
        let poll_after_ms = u64::from(directive.poll_after_s) * 1000;
        let acknowledged = directive.acknowledged;
        self.feed(
            Input::Answered {
                acknowledged,
                poll_after_ms,
            },
            now_ms,
        )?;
        if let Some(root) = directive.root {
            self.take_root(root, now_ms)?;
        }
        if let Some(revocations) = directive.revocations {
            self.take_revocations(revocations, now_ms)?;
        }
        if let Todo::Install {
            envelope, schedule, ..
        } = directive.todo
        {
            let freshness = Freshness::Status(directive.status);
            let offer = Offer {
                envelope,
                freshness,
                schedule,
            };
            self.take_offer(&offer, Some(nonce), now_ms)?;
        }
        Ok(())
    }

    /// Takes the answer to reports.
    ///
    /// # Errors
    /// If it can't be read; nothing changes then.
    pub fn take_acknowledged(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), DeviceError> {
        let Acknowledged { seq } = read(bytes)?;
        Ok(self.feed(Input::Acknowledged { acknowledged: seq }, now_ms)?)
    }

    /// Takes bytes of the payload that [`Want::Fetch`] asked for, from the offset that it named. Fewer
    /// bytes than asked for are fine; what doesn't fill a write of the flash is fetched again.
    ///
    /// # Errors
    /// If flash fails.
    pub fn take_image_bytes(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), DeviceError> {
        let Phase::Fetching {
            admitted,
            slot,
            written,
            ..
        } = self.state.phase
        else {
            return Ok(());
        };
        let left = admitted.image_bytes().saturating_sub(written) as usize;
        let bytes = &bytes[..bytes.len().min(left)];
        let unit = self.storage.grain().write_bytes as usize;
        let usable = if bytes.len() == left {
            left
        } else {
            bytes.len() - bytes.len() % unit
        };
        if usable == 0 {
            return Ok(self.feed(Input::ExchangeFailed, now_ms)?);
        }
        if let Err(error) = self.storage.write_image(slot, written, &bytes[..usable]) {
            let cause = error.as_failure().ok_or(error)?;
            return self.install_failed(cause, now_ms);
        }
        Ok(self.feed(
            Input::Written {
                bytes: usable as u32,
            },
            now_ms,
        )?)
    }

    /// Says that a message or a fetch brought no answer.
    ///
    /// # Errors
    /// If flash fails.
    pub fn exchange_failed(&mut self, now_ms: u64) -> Result<(), DeviceError> {
        Ok(self.feed(Input::ExchangeFailed, now_ms)?)
    }

    /// Says that what is being installed can't be, for a reason on the owner's side.
    ///
    /// # Errors
    /// If the power goes away.
    pub fn install_failed(
        &mut self,
        cause: InstallFailure,
        now_ms: u64,
    ) -> Result<(), DeviceError> {
        let manifest = self.state.at_work_on().unwrap_or(Digest::ZERO);
        Ok(self.feed(Input::InstallFailed { manifest, cause }, now_ms)?)
    }

    /// Takes the self-test that [`Want::Look`] asked for.
    ///
    /// # Errors
    /// If flash fails.
    pub fn looked(&mut self, self_test: SelfTest, now_ms: u64) -> Result<(), DeviceError> {
        Ok(self.feed(Input::Looked(self_test), now_ms)?)
    }

    /// Stops fetching what was admitted. What lies in the slot stays, and counts if the same is offered again.
    ///
    /// # Errors
    /// If flash fails.
    pub fn set_aside(&mut self, now_ms: u64) -> Result<(), DeviceError> {
        Ok(self.feed(Input::SetAside, now_ms)?)
    }

    /// Where it keeps what it keeps.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Its storage, for an owner that does something to it, such as planning a power cut.
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Switches the device off; only what is stored stays.
    #[must_use]
    pub fn power_off(self) -> (S, P, Config<R>) {
        (self.storage, self.primitives, self.config)
    }

    fn running_as<'v>(&self, version: &'v str) -> Running<'v> {
        let release = self.state.running;
        Running {
            manifest: release.map_or(Digest::ZERO, |release| release.manifest),
            sequence: release.map_or(0, |release| release.sequence.number),
            version,
            confirmed: self.confirmed_slot().is_some(),
            slot: release.map_or(0, |release| release.slot.number() as u8),
        }
    }
}

fn release<E: AsRef<[u8]>>(
    slot: Slot,
    head: &Head<E>,
    primitives: &impl Primitives,
) -> Option<Release> {
    let manifest = head.manifest(primitives)?;
    Some(Release {
        slot,
        manifest: manifest.digest,
        sequence: head.mark(manifest.sequence),
        floor: head.mark(manifest.security_floor),
    })
}
