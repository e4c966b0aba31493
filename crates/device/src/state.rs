//! A device between two inputs, and the words in which the machine is spoken to.
//!
//! [`Record`] is the part that survives a power cut; everything else is lost with it, and harmlessly.

use heapless::Vec;
use mainstay_protocol::{BootReason, InstallFailure, SelfTest};
use mainstay_trust::admission::Admitted;
use mainstay_trust::{Counters, Digest, Mark, Refusal};

use crate::config::TrialPolicy;
use crate::papers::Paper;
use crate::record::Record;
use crate::slot::Slot;
use crate::trial::Watch;

/// Policies of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How a new image is tried out.
    pub trial: TrialPolicy,
    /// Bytes of a flash page: a checkpoint never splits one.
    pub page_bytes: u32,
    /// Bytes written between two saved checkpoints.
    pub checkpoint_bytes: u32,
    /// Whether there is one slot alone, which safe mode writes over.
    pub single_slot: bool,
    /// Milliseconds before the first retry.
    pub retry_ms: u64,
}

/// The release that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// From which slot.
    pub slot: Slot,
    /// Its identity.
    pub manifest: Digest,
    /// Its sequence number, in the epoch in which it was accepted.
    pub sequence: Mark,
    /// Its security floor, likewise.
    pub floor: Mark,
}

/// A device between two inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What survives a power cut.
    pub record: Record,
    /// Where what runs lies; none in safe mode. Nothing is ever installed there.
    pub booted: Option<Slot>,
    /// What runs; none in safe mode, and if its head can't be read.
    pub running: Option<Release>,
    /// What is under way.
    pub phase: Phase,
    /// The eye on an image on trial.
    pub watch: Option<Watch>,
    /// When to look at the image on trial next, in milliseconds.
    pub look_at_ms: u64,
    /// When to check in next, in milliseconds.
    pub check_in_at_ms: u64,
    /// Exchanges that failed since the last good one.
    pub failures: u16,
    /// Whether a check-in was answered since the start.
    pub answered: bool,
    /// Whether a report shouldn't wait for the next check-in.
    pub tell_now: bool,
    /// The refusal that was reported last: a server that insists isn't told twice.
    pub refused: Option<(Digest, Refusal)>,
    /// The failure that was reported last: what goes on failing isn't told again and again.
    pub failed: Option<(Digest, InstallFailure)>,
    /// A release whose payload was not what it says, and until when it isn't fetched again.
    pub avoided: Option<(Digest, u64)>,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// An admitted release is being fetched.
    Fetching {
        /// The proof that it may be installed.
        admitted: Admitted,
        /// Where it goes.
        slot: Slot,
        /// Bytes in flash.
        written: u32,
        /// When to fetch on, in milliseconds.
        at_ms: u64,
    },
    /// A reboot is due.
    Rebooting,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The device has come up.
    Started {
        /// Why this image.
        reason: BootReason,
    },
    /// A release was offered, and admitted or refused.
    Offered(Result<Admitted, (Digest, Refusal)>),
    /// A paper was verified and taken; with it the counters moved.
    PaperTaken {
        /// Which one.
        paper: Paper,
        /// The counters as they are with it.
        counters: Counters,
    },
    /// A paper was refused.
    PaperRefused(Refusal),
    /// So many bytes more are in flash.
    Written {
        /// How many.
        bytes: u32,
    },
    /// The image in flash was compared with the admitted one.
    PayloadChecked(Result<(), Refusal>),
    /// The running image's self-test.
    Looked(SelfTest),
    /// The server answered a check-in.
    Answered {
        /// Reports up to this one are durable there.
        acknowledged: u32,
        /// When to check in next.
        poll_after_ms: u64,
    },
    /// The server took reports between check-ins.
    Acknowledged {
        /// Reports up to this one are durable there.
        acknowledged: u32,
    },
    /// An exchange with the server failed.
    ExchangeFailed,
    /// The owner stops fetching: something else is to be installed.
    SetAside,
    /// What was to be installed can't be, for a reason that lies on the device.
    InstallFailed {
        /// Which release; [`Digest::ZERO`] if it was about none.
        manifest: Digest,
        /// The reason.
        cause: InstallFailure,
    },
}

/// What must be done, in this order, before the next input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Save the record.
    Save,
    /// Save a paper that was taken.
    SavePaper(Paper),
    /// Erase a slot, head and image.
    EraseSlot(Slot),
    /// Write the head of the offered release.
    WriteHead(Slot),
    /// Erase the pages of a slot's image from this offset on, a multiple of the page size.
    EraseImageFrom(Slot, u32),
    /// Compare the image in flash with the admitted one, and say so by [`Input::PayloadChecked`].
    CheckPayload(Slot),
    /// Make the boot loader try a slot next, so many times at most: see [`Storage::arm`].
    ///
    /// [`Storage::arm`]: crate::Storage::arm
    Arm(Slot, u8),
    /// Make the boot loader start a slot from now on: see [`Storage::settle`].
    ///
    /// [`Storage::settle`]: crate::Storage::settle
    Settle(Slot),
}

/// The effects of one step.
pub type Effects = Vec<Effect, 4>;

impl State {
    /// A device that has just come up with this record, running `running`.
    #[must_use]
    pub fn new(record: Record, running: Option<Release>, now_ms: u64) -> Self {
        Self {
            record,
            booted: running.map(|release| release.slot),
            running,
            phase: Phase::Idle,
            watch: None,
            look_at_ms: 0,
            check_in_at_ms: now_ms,
            failures: 0,
            answered: false,
            tell_now: false,
            refused: None,
            failed: None,
            avoided: None,
        }
    }

    /// Whether a new image is in its slot, and the device about to try it out for the first time.
    #[must_use]
    pub fn is_restarting_into_trial(&self) -> bool {
        let running = self.booted;
        let trial = self
            .record
            .trial
            .filter(|trial| running.is_some_and(|running| running != trial.slot));
        self.phase == Phase::Rebooting && trial.is_some_and(|trial| trial.given_up.is_none())
    }

    /// The release that is being installed or tried out.
    #[must_use]
    pub fn at_work_on(&self) -> Option<Digest> {
        match self.phase {
            Phase::Fetching { admitted, .. } => Some(admitted.manifest()),
            Phase::Idle | Phase::Rebooting => self.record.trial.map(|trial| trial.manifest),
        }
    }

    /// Whether this is safe mode although something could be booted: it came to write over the one slot, and
    /// leaves again if there is nothing to write.
    #[must_use]
    pub fn is_visit(&self) -> bool {
        self.booted.is_none() && self.record.confirmed.is_some()
    }

    /// The slot that an installation goes to: the one that doesn't run.
    #[must_use]
    pub fn target(&self) -> Slot {
        self.booted.map_or(Slot::A, Slot::other)
    }

    /// Whether there is a slot to install to: an image on trial must first be kept or given up.
    #[must_use]
    pub fn may_install(&self) -> bool {
        self.phase == Phase::Idle && self.watch.is_none()
    }
}
