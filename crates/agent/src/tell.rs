//! What the agent says of itself while it runs: to the log, in the status, to systemd.

use mainstay_device::{Storage as _, Want};
use mainstay_protocol::BootReason;

use crate::agent::Agent;
use crate::fault::Fault;
use crate::log::{self, Level};
use crate::status::{self, Doing, Trouble};
use crate::{boot_env, bundles};

impl Agent {
    /// Logs what is wrong, and keeps it for the status.
    pub(crate) fn trouble(&mut self, fault: &Fault) {
        log::line(Level::Error, fault);
        self.status.fault = Some(Trouble::of(fault, self.clock.now_ms() / 1000));
        self.write_status();
    }

    pub(crate) fn tell_download(&mut self, offset: u32, bytes: usize) {
        let of = self.status.download.map_or(0, |download| download.of);
        let left = match self.core().wants(u64::MAX) {
            Want::Fetch { left, .. } => u64::from(left),
            _ => 0,
        };
        let there = u64::from(offset) + bytes as u64;
        let of = of.max(u64::from(offset) + left);
        self.status.download = Some(status::Download { bytes: there, of });
        self.tell(Doing::Downloading);
    }

    /// Says what the agent does.
    pub(crate) fn tell(&mut self, doing: Doing) {
        self.status.doing = doing;
        if doing != Doing::Downloading {
            self.status.download = None;
        }
        if doing != Doing::Waiting {
            self.status.wait = None;
        }
        self.write_status();
    }

    fn write_status(&mut self) {
        let at = self.clock.now_ms() / 1000;
        let running = self.core().running_release();
        let slot = self.booted.slot;
        let trial = self.core().is_on_trial();
        let unsent = self.core().record().reports.len();
        self.status.version = 1;
        self.status.at = at;
        self.status.boot = self.booted.reason.id().to_owned();
        self.status.unsent_reports = unsent;
        self.status.failures = self.missed_polls;
        let version = self.version.clone();
        self.status.running = running.zip(slot).map(|(release, slot)| status::Running {
            release: release.to_string(),
            version,
            slot: boot_env::scheme::name(slot).to_ascii_lowercase(),
            confirmed: !trial && self.booted.reason != BootReason::LastResort,
        });
        status::write(&self.settings.run, &self.status);
        self.notify.status(&self.status.sentences());
    }

    /// Notes what happened last, and logs it: once the server has acknowledged it, the machine forgets it.
    pub(crate) fn note_outcome(&mut self) {
        let newest = self.core().record().reports.last().copied();
        let Some(report) = newest.filter(|report| report.seq > self.noted) else {
            return;
        };
        self.noted = report.seq;
        let outcome = bundles::outcome(&report.event);
        log::line(Level::Notice, &outcome);
        self.status.outcome = Some(outcome);
        self.write_status();
    }

    /// Looks up how people call what runs.
    pub(crate) fn name_version(&mut self) {
        let slot = self.booted.slot;
        let core = self.core();
        let head = slot.and_then(|slot| core.storage().head(slot).ok().flatten());
        let manifest = head
            .as_ref()
            .and_then(|head| head.manifest(&mainstay_keys::HostPrimitives));
        self.version = manifest.map_or_else(String::new, |manifest| manifest.version.to_owned());
    }
}
