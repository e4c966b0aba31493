//! What devices and people saw: the record that is judged when all is over.
//!
//! Every instant is the machine's clock, which the servers go by as well. Nothing here decides. Read [`Seen`].

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// A device, by its place in the fleet.
pub type DeviceNumber = usize;

/// A release, by its place in [`RELEASES`].
pub type ReleaseNumber = usize;

/// A replica, by its place among the servers.
pub type ReplicaNumber = usize;

/// The versions of the releases: what devices leave the factory with, a sound one, and one whose fault shows late.
pub const RELEASES: [&str; 3] = ["1.0.0", "1.1.0", "1.2.0"];

/// What devices leave the factory with.
pub const FACTORY: ReleaseNumber = 0;
/// The sound release.
pub const SOUND: ReleaseNumber = 1;
/// The one that is halted.
pub const FAULTY: ReleaseNumber = 2;

/// One question of a device and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// Who asked.
    pub device: DeviceNumber,
    /// Whom.
    pub replica: ReplicaNumber,
    /// Just before the first byte of the request left.
    pub asked: Timestamp,
    /// When all of the answer was there, or it was certain that none comes.
    pub answered: Timestamp,
}

/// An answer that told a device to install something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The exchange.
    pub by: Exchange,
    /// What was offered.
    pub release: ReleaseNumber,
}

/// A report, as a device makes it: what happened ([`mainstay_protocol::Event::kind`]) with which release.
pub type Event = (&'static str, ReleaseNumber);

/// A report that a server acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The exchange.
    pub by: Exchange,
    /// What was reported.
    pub event: Event,
}

/// A report that was sent for the first time, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// By whom.
    pub device: DeviceNumber,
    /// What.
    pub event: Event,
    /// Just before its first byte left.
    pub at: Timestamp,
}

/// One download, from just before its first byte was asked for until the last one was there or it was given up; cuts and retries are within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// Whose.
    pub device: DeviceNumber,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
}

/// Bytes of payloads that arrived at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub at: Timestamp,
    /// How many.
    pub bytes: u64,
}

/// That the devices' own program got the processor late: whatever arrived meanwhile was read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// When it got it.
    pub at: Timestamp,
    /// By how much that was late.
    pub by: Duration,
}

/// An answer that is wrong by itself: one that no device should ever get, or none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The exchange.
    pub by: Exchange,
    /// What was wrong.
    pub what: String,
}

/// How long one exchange took, and whether it succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Who asked.
    pub device: DeviceNumber,
    /// Whom.
    pub replica: ReplicaNumber,
    /// Whether the device asked what to do, and may have been offered something; else it told its reports, or fetched.
    pub is_check_in: bool,
    /// When it was asked.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub end: End,
}

/// What came of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An answer that the device can go on with.
    Good,
    /// "Not now, come back later".
    Unavailable,
    /// The connection broke, or nobody listened.
    Broken,
}

/// What stops offers of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// The rollout is halted, for good.
    Halt,
    /// The release is on hold.
    Hold,
    /// The rollout is paused; who has begun goes on.
    Pause,
}

impl StopKind {
    /// The name that violations have.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Halt => "halt",
            Self::Hold => "hold",
            Self::Pause => "pause",
        }
    }
}

/// A stop, as people saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Which kind.
    pub kind: StopKind,
    /// Of which release.
    pub release: ReleaseNumber,
    /// Which replica said that it is stopped.
    pub replica: ReplicaNumber,
    /// When that answer had arrived: the answer to whoever stopped it, or the first one that shows that the rollout halted itself.
    pub acknowledged: Timestamp,
    /// When it was asked to end; none if it never was.
    pub ends: Option<Timestamp>,
}

/// How many devices a server counted as updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// When the answer had arrived.
    pub at: Timestamp,
    /// Which replica said so.
    pub replica: ReplicaNumber,
    /// With which release.
    pub release: ReleaseNumber,
    /// How many.
    pub updated: usize,
}

/// What was done to a replica or the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blow {
    /// When.
    pub at: Timestamp,
    /// To whom, and what.
    pub what: String,
    /// The replica; none for the database.
    pub replica: Option<ReplicaNumber>,
}

/// A replica that had ended, and nobody had killed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When that was seen.
    pub at: Timestamp,
    /// Which.
    pub replica: ReplicaNumber,
}

/// All that was seen, each kind in the order in which it was noted.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Offers.
    pub offers: Vec<Offer>,
    /// Reports that were acknowledged.
    pub acknowledged: Vec<Acknowledged>,
    /// Reports when they were first sent.
    pub sent: Vec<Sent>,
    /// Downloads.
    pub downloads: Vec<Download>,
    /// Bytes of payloads.
    pub pieces: Vec<Piece>,
    /// How late the devices' own program was.
    pub late: Vec<Late>,
    /// Wrong answers.
    pub faults: Vec<Fault>,
    /// All exchanges.
    pub answers: Vec<Answer>,
    /// Stops.
    pub stops: Vec<Stop>,
    /// Counts of updated devices.
    pub counts: Vec<Count>,
    /// Kills and outages.
    pub blows: Vec<Blow>,
    /// Replicas that ended by themselves, once for each time that somebody looked.
    pub ended: Vec<Ended>,
}

impl Seen {
    /// How often a replica was killed.
    #[must_use]
    pub fn kills(&self) -> usize {
        let of_replicas = self.blows.iter().filter(|blow| blow.replica.is_some());
        of_replicas.count()
    }

    /// How often the database was stopped or silent.
    #[must_use]
    pub fn outages(&self) -> usize {
        self.blows.len() - self.kills()
    }
}

/// Where everybody notes what they see.
#[derive(Debug, Default)]
pub struct Record(Mutex<Seen>);

impl Record {
    /// Notes something.
    pub fn note(&self, write: impl FnOnce(&mut Seen)) {
        // Lists that only grow have no state that a panic could leave half made.
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Looks something up in what was seen so far.
    pub fn read<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The stops alone, so far.
    #[must_use]
    pub fn stops(&self) -> Vec<Stop> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.stops.clone()
    }
}
