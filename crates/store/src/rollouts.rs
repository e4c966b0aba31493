//! The rollouts, the devices enrolled in them, and what each was promised. Read [`Rollouts`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_rollout::{
    Action, DeviceView, Enrolment, FleetView, Offer, OrderNumber, Progress, Rollout, RolloutId,
};
use mainstay_telemetry::{Incident, IncidentId};

use crate::{StageChange, StoreError};

/// A check-in looks at so many of a device's newest enrolments; older ones are long settled.
pub const ENROLMENTS_MAX: u32 = 8;

/// The rollouts that a server looks after.
#[derive(Debug)]
pub struct UnderWatch {
    /// Those that could be read, by their numbers.
    pub rollouts: Vec<Rollout>,
    /// Why another one couldn't, if so; of several the first.
    pub unread: Option<StoreError>,
}

/// The rollouts and their enrolments.
#[async_trait]
pub trait Rollouts: Send + Sync {
    /// A number that no rollout has had or will have. One that isn't used leaves a harmless gap.
    async fn reserve_rollout(&self) -> Result<RolloutId, StoreError>;

    /// Starts a rollout with its enrolled devices, in one transaction with the release that it
    /// schedules. Every device is [`Waiting`](mainstay_rollout::Progress::Waiting), and the
    /// verified release that it runs is kept as the one it may go back to. Of one that is [starting](mainstay_rollout::starting) nobody is
    /// enrolled yet: that comes by [`crate::Draws`].
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] for a used number, [`StoreError::NotFound`] for an unknown
    /// device, [`StoreError::Conflict`] if the release isn't in the expected stage any more, or the class has another
    /// rollout under way (of a "device class", then).
    async fn start_rollout(
        &self,
        rollout: &Rollout,
        enrolments: &[Enrolment],
        release: Option<StageChange<'_>>,
    ) -> Result<(), StoreError>;

    /// The rollout of this number.
    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>, StoreError>;

    /// The rollouts that aren't over ([`Rollout::is_over`]), oldest first; all, or of one class.
    async fn active_rollouts(&self, class: Option<&str>) -> Result<Vec<Rollout>, StoreError>;

    /// The rollouts that a server looks after, by their numbers: the active ones, and the newest halted
    /// ones, at most [`crate::LIST_MAX`]: devices may still have to go back. One that can't be read doesn't hide the others.
    async fn rollouts_under_watch(&self) -> Result<UnderWatch, StoreError>;

    /// Rollouts, newest first, at most [`crate::LIST_MAX`].
    async fn rollouts(&self) -> Result<Vec<Rollout>, StoreError>;

    /// At most `most` rollouts, newest first: the newest ones, or those with a lower number than `after`.
    async fn rollouts_after(
        &self,
        after: Option<RolloutId>,
        most: u32,
    ) -> Result<Vec<Rollout>, StoreError>;

    /// All devices of a rollout, in the order of their registration, with what [`crate::Readings`] keeps of them; nobody for an
    /// unknown rollout.
    async fn fleet_view(&self, id: RolloutId) -> Result<FleetView, StoreError>;

    /// One device of a rollout, if it is enrolled.
    async fn enrolment(
        &self,
        id: RolloutId,
        device: &DeviceId,
    ) -> Result<Option<DeviceView>, StoreError>;

    /// The newest enrolments of a device, newest first, at most [`ENROLMENTS_MAX`]. What was withdrawn promised nothing: of such rollouts
    /// only the very newest one is among them.
    async fn enrolments_of(&self, device: &DeviceId) -> Result<Vec<Enrolled>, StoreError>;

    /// How far each of `devices` is in the newest rollout that it is in and that wasn't withdrawn, in any order; nothing of one that is in
    /// none. One question, for as many as a page shows.
    async fn newest_progress_of(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, Progress)>, StoreError>;

    /// Saves the outcome of one step, in one transaction. Returns the numbers of the opened
    /// incidents, in their order.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored rollout has another generation than expected, or the
    /// release another stage; nothing is changed then.
    async fn save_step(&self, step: &NextStep<'_>) -> Result<Vec<IncidentId>, StoreError>;

    /// Promises a device what its offer says, durably before it is told. Promising the same again
    /// changes nothing, until the promise has [lapsed](mainstay_rollout::has_lapsed) and is a new one. With the first promise of the candidate, the verified release that the device runs is kept
    /// as the one it may go back to: it may have changed since it was enrolled.
    ///
    /// A numbered promise has an order, in the same transaction: the device's open one if it stands for the same promise, else a new
    /// one, which closes an open one as [superseded](mainstay_rollout::Ending::Superseded). A device that has begun, and whose client has nothing of it in
    /// hand any more, is promised it anew, and needs a place ([`mainstay_rollout::order::begins_anew`]).
    ///
    /// # Errors
    /// [`PromiseRefusal::GenerationChanged`] if the offer was decided on an older state of the
    /// rollout; the caller decides anew, or offers nothing this time. [`PromiseRefusal::Held`] if
    /// the release is on hold by now: who holds it, and is answered, has stopped every later promise.
    /// [`PromiseRefusal::StandingChanged`] if a plan, a root, revocations or a hold came since the offer was decided: the same holds of those.
    /// [`PromiseRefusal::NoRoom`] if [`mainstay_rollout::has_room`] says so of all that was promised by now,
    /// by whichever server and in whichever rollout. [`PromiseRefusal::NumbersUsedUp`] after two thousand million orders.
    async fn promise(&self, promise: &Promise<'_>) -> Result<Promised, PromiseRefusal>;
}

/// What a device is to be promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise<'a> {
    /// The rollout that promises it.
    pub rollout: RolloutId,
    /// The generation of the rollout that the offer was decided on.
    pub expected_generation: u64,
    /// What the server's word rested on when the offer was decided ([`crate::Roots::standing_generation`]): plan, roots, revocations and holds.
    pub expected_standing: i64,
    /// The device.
    pub device: &'a DeviceId,
    /// What is promised.
    pub offer: Offer,
    /// The server's time.
    pub at: Timestamp,
    /// Whether it needs an order: the device has another update client than ours.
    pub numbered: bool,
}

/// A promise that was made, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promised {
    /// Its order, if it is a numbered one.
    pub order: Option<OrderNumber>,
}

/// A device's part in one rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// The rollout.
    pub rollout: Rollout,
    /// The device in it.
    pub device: DeviceView,
}

/// The outcome of one step, ready to be saved.
#[derive(Debug, Clone, Copy)]
pub struct NextStep<'a> {
    /// The rollout as it is now.
    pub rollout: &'a Rollout,
    /// The generation that the step was decided on.
    pub expected_generation: u64,
    /// What to do. `Return` and `CannotReturn` change their devices' progress, unless a device has
    /// moved on by itself meanwhile; the others are the caller's.
    pub actions: &'a [Action],
    /// The incidents to open; the store numbers them.
    pub incidents: &'a [Incident],
    /// The release, if the step moved it to another stage.
    pub release: Option<StageChange<'a>>,
    /// Whether it may give a device something that waits ([`mainstay_rollout::rest::may_end_a_wait`]), so that it raises the [pulse](crate::Pulse).
    pub gives: bool,
    /// When it was decided.
    pub at: Timestamp,
}

/// Why a promise wasn't made. The device is told nothing then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromiseRefusal {
    /// The device isn't in this rollout.
    #[error("{device} isn't enrolled in rollout {rollout}")]
    NotEnrolled {
        /// The device.
        device: DeviceId,
        /// The rollout.
        rollout: RolloutId,
    },
    /// The rollout has changed since the offer was decided.
    #[error("the offer was decided on generation {expected}, and the rollout has {found}")]
    GenerationChanged {
        /// The generation that the offer was decided on.
        expected: u64,
        /// The present one.
        found: u64,
    },
    /// The release is on hold.
    #[error("the release is on hold")]
    Held,
    /// A plan, a root, revocations or a hold came since the offer was decided.
    #[error("the offer was decided on standing {expected}, and the store has {found}")]
    StandingChanged {
        /// The standing that the offer was decided on.
        expected: i64,
        /// The present one.
        found: i64,
    },
    /// Every place for a download is taken by now.
    #[error("all {limit} places for downloads are taken")]
    NoRoom {
        /// The plan's limit.
        limit: u32,
    },
    /// The device has reported something meanwhile that the offer doesn't fit.
    #[error("the device is {found} by now")]
    MovedOn {
        /// Its present progress, [`mainstay_rollout::Progress::id`].
        found: &'static str,
    },
    /// No order can have a further number.
    #[error("the numbers of orders are used up")]
    NumbersUsedUp,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PromiseRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::NotEnrolled { .. } => "store.not-enrolled",
            Self::GenerationChanged { .. } => "store.generation-changed",
            Self::Held => "store.held",
            Self::StandingChanged { .. } => "store.standing-changed",
            Self::NoRoom { .. } => "store.no-room",
            Self::MovedOn { .. } => "store.moved-on",
            Self::NumbersUsedUp => "store.numbers-used-up",
            Self::Store(error) => error.id(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NotEnrolled { .. } => "offer this device only what its own rollouts carry",
            Self::NumbersUsedUp => {
                "set up a new server for these devices: their clients can't count further"
            }
            Self::Held => "nothing; two people end the hold, or revoke the release",
            Self::GenerationChanged { .. }
            | Self::StandingChanged { .. }
            | Self::NoRoom { .. }
            | Self::MovedOn { .. } => {
                "nothing; the device asks again, and the offer is decided anew"
            }
            Self::Store(error) => error.cure(),
        }
    }
}
