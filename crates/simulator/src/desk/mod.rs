//! One device at a desk, in real time: for people who build what it talks to.
//!
//! It is the real device core with a simulated flash, as in a crowd; somebody sits before it, cuts its power,
//! breaks its network, sets its clock wrong ([`Command`]) and sees what it does ([`Notice`]). Read
//! [`Desk::act`].

pub mod command;
pub mod flash_file;
pub mod notice;
pub mod set_up;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_device::{Cut, Flash as _, FlashError, Storage as _, Want};
use mainstay_telemetry::DeviceEvent;
use mainstay_trust::Refusal;
use mainstay_trust::rustcrypto::RustCrypto;

pub use command::{Command, CommandError};
pub use flash_file::{FlashFile, FlashFileError};
pub use notice::Notice;

use crate::behaviour::Behaviour;
use crate::population::Hardship;
use crate::simulated_device::{Circumstances, Core, SimulatedDevice, unix_ms};

/// How long the power stays away when it is cut, or the clock set.
const CUT: SignedDuration = SignedDuration::from_secs(1);

/// The device, and what somebody does to it.
pub struct Desk {
    device: SimulatedDevice,
    around: Circumstances,
    file: Option<FlashFile>,
    /// How far its clock is ahead.
    ahead: SignedDuration,
    /// The number of the newest report that was noticed.
    noticed: u32,
    was_up: bool,
}

impl Desk {
    /// A device that is about to be switched on, and the file that its flash lies in, if it does.
    pub fn new(device: SimulatedDevice, around: Circumstances, file: Option<FlashFile>) -> Self {
        Self {
            device,
            around,
            file,
            ahead: SignedDuration::ZERO,
            noticed: 0,
            was_up: false,
        }
    }

    /// Lets the device do one thing. Returns what was seen, and when it wants to act next; none is at once.
    ///
    /// # Errors
    /// If its flash can't be written down.
    pub async fn act(
        &mut self,
        now: Timestamp,
    ) -> Result<(Vec<Notice>, Option<Timestamp>), FlashFileError> {
        let its_now = shifted(now, self.ahead);
        let want = self.want(its_now);
        let missed = self.device.missed_polls;
        let until = self.device.act_once_at(its_now, &self.around).await;
        if let (Some(file), Some(region)) = (&mut self.file, self.device.body.region()) {
            file.save(region)?;
        }
        let mut notices = Vec::new();
        let answered = self.device.missed_polls <= missed;
        notices.extend(seen(want, answered));
        notices.extend(self.changes());
        Ok((notices, until.map(|at| shifted(at, -self.ahead))))
    }

    fn want(&self, its_now: Timestamp) -> Option<Want> {
        let core = self.device.core_if_up()?;
        Some(core.wants(unix_ms(its_now)))
    }

    /// Whether it came up or went down, and what happened on it.
    fn changes(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let Some(core) = self.device.core_if_up() else {
            let went_down = std::mem::take(&mut self.was_up);
            notices.extend(went_down.then_some(Notice::Down));
            return notices;
        };
        if !std::mem::replace(&mut self.was_up, true) {
            notices.push(Notice::Started {
                boot: core.boot_reason().id().to_owned(),
                version: running_version(core),
            });
        }
        let reports = &core.record().reports;
        let new = reports.iter().filter(|report| report.seq > self.noticed);
        notices.extend(new.map(|report| Notice::Happened {
            event: DeviceEvent::of(&report.event, refusal_id),
        }));
        let newest = reports.last().map_or(0, |report| report.seq);
        self.noticed = self.noticed.max(newest);
        notices
    }

    /// Does to the device what somebody asked for, except what is for the caller to do: reading a bundle,
    /// speaking, ending.
    ///
    /// # Errors
    /// If its flash has no such page, or can't be written down.
    pub fn obey(&mut self, command: &Command, now: Timestamp) -> Result<(), FlashFileError> {
        match command {
            Command::PowerCut(None) => self.restart(now),
            Command::PowerCut(Some(index)) => self.plan_cut(*index),
            Command::Power(false) => self.device.body.go_down(u64::MAX),
            Command::Power(true) => self.switch_on(now),
            Command::NetworkLoses(permille) => self.around.hardship = losing(*permille),
            Command::Clock(ahead) => {
                self.ahead = *ahead;
                self.restart(now);
            }
            Command::FlashRefuses(refuses) => self.refuse_writes(*refuses),
            Command::FlashRots(slot) => {
                if let Some(region) = self.device.body.region_mut() {
                    let page = region.layout().image(region.place(*slot));
                    region.flash_mut().erase_page(page)?;
                }
            }
            Command::SelfTest(passes) => self.declare(*passes),
            Command::Bundle(_) | Command::Status | Command::Help | Command::Quit => {}
        }
        if let (Some(file), Some(region)) = (&mut self.file, self.device.body.region()) {
            file.save(region)?;
        }
        Ok(())
    }

    /// The device, to be looked at or handed something.
    pub fn device_mut(&mut self) -> &mut SimulatedDevice {
        &mut self.device
    }

    /// The device's own time.
    pub fn its_time(&self, now: Timestamp) -> Timestamp {
        shifted(now, self.ahead)
    }

    fn restart(&mut self, now: Timestamp) {
        let up = unix_ms(shifted(self.its_time(now), CUT));
        self.device.body.go_down(up);
        self.device.body.come_up_at(up);
    }

    fn switch_on(&mut self, now: Timestamp) {
        let up = unix_ms(self.its_time(now));
        self.device.body.come_up_at(up);
    }

    fn plan_cut(&mut self, index: u64) {
        if let Some(region) = self.device.body.region_mut() {
            region
                .flash_mut()
                .cut_at(index, Cut::Torn { permille: 500 });
        }
    }

    fn refuse_writes(&mut self, refuses: bool) {
        if let Some(region) = self.device.body.region_mut() {
            let refusal = refuses.then_some(FlashError::Full);
            region.flash_mut().refuse_writes(refusal);
        }
    }

    fn declare(&mut self, passes: bool) {
        let image = self
            .device
            .core_if_up()
            .and_then(|core| core.running_image());
        let behaviour = match passes {
            true => Behaviour::Healthy,
            false => Behaviour::FailsAfter {
                after_s: 0,
                hardware: Vec::new(),
            },
        };
        if let Some(image) = image {
            Arc::make_mut(&mut self.around.behaviours).declare(image, behaviour);
        }
    }
}

fn running_version(core: &Core) -> Option<String> {
    let head = core.storage().head(core.running_slot()?).ok()??;
    let manifest = head.manifest(&RustCrypto)?;
    Some(manifest.version.to_owned())
}

fn seen(want: Option<Want>, answered: bool) -> Option<Notice> {
    match want? {
        Want::CheckIn => Some(Notice::Asked { answered }),
        Want::Fetch { offset, left, .. } => Some(Notice::Fetched { offset, left }),
        Want::Reboot | Want::Look | Want::Report | Want::Sleep { .. } => None,
    }
}

fn losing(permille: u32) -> Hardship {
    Hardship {
        request_lost: permille,
        answer_lost: permille,
        download_cut: permille,
        ..Hardship::NONE
    }
}

fn refusal_id(code: u16) -> String {
    Refusal::from_code(code)
        .map_or_else(|| format!("refusal-{code}"), |known| known.id().to_owned())
}

/// An instant moved; the nearest one that there is, where years run out.
fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::UNIX_EPOCH
    } else {
        Timestamp::MAX
    };
    at.checked_add(by).unwrap_or(end)
}
