//! The papers that a device lacks: the root after its own, or the newest revocations.
//!
//! A device climbs root by root, then takes the revocations, and only then is offered anything: what
//! a status says under the newest root it wouldn't believe before. Read [`lacks`] and [`Handed`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use mainstay_fleet::DeviceId;
use mainstay_protocol::CheckIn;
use mainstay_store::StoreError;

use crate::App;
use crate::standing::Standing;

/// What a device lacks of the papers that this server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// Nothing: it may be offered something.
    Nothing,
    /// The root of this version.
    Root(u32),
    /// The revocations of this epoch and number.
    Revocations(u32, u64),
    /// The server lacks what the device holds: it was set back to an older state. Whatever it says,
    /// the device won't believe it.
    Ahead,
}

/// What the device that checks in lacks.
pub(super) fn lacks(standing: &Standing, check_in: &CheckIn<'_>) -> Lacks {
    let newest = standing.root_version();
    if check_in.root_version < newest {
        return Lacks::Root(check_in.root_version + 1);
    }
    if check_in.root_version > newest {
        return Lacks::Ahead;
    }
    let mark = |held: mainstay_protocol::HeldRevocations| (held.epoch, held.seq);
    let ours = standing.held_revocations().map(mark);
    let theirs = check_in.revocations.map(mark);
    match (ours, theirs) {
        (ours, theirs) if ours == theirs => Lacks::Nothing,
        (Some((epoch, seq)), theirs) if theirs < ours => Lacks::Revocations(epoch, seq),
        _ => Lacks::Ahead,
    }
}

/// The papers that an answer carries.
#[derive(Debug, Default)]
pub(super) struct Papers {
    /// The signed root that follows the device's own.
    pub root: Option<Vec<u8>>,
    /// The newest signed revocations.
    pub revocations: Option<Vec<u8>>,
}

impl Papers {
    /// What makes up for what a device lacks. A root from before this server's first is lost to it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn for_lack(
        app: &App,
        standing: &Standing,
        lacks: Lacks,
    ) -> Result<Self, StoreError> {
        let mut papers = Self::default();
        match lacks {
            Lacks::Root(version) => {
                papers.root = app.store.root(version).await?.map(|root| root.signed);
            }
            Lacks::Revocations(..) => {
                let newest = standing.stored_revocations();
                papers.revocations = newest.map(|stored| stored.signed.clone());
            }
            Lacks::Nothing | Lacks::Ahead => {}
        }
        Ok(papers)
    }

    /// Whether there is one.
    pub fn any(&self) -> bool {
        self.root.is_some() || self.revocations.is_some()
    }
}

/// Which paper each device was handed at its last check-in. A device that took it lacks the next one,
/// or none; one that can't take it must not ask again at once for ever. Losing this costs one early
/// check-in a device.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<BTreeMap<DeviceId, Lacks>>);

impl Handed {
    /// Notes what a device lacks now; true unless it lacked the same at its last check-in.
    pub fn is_news(&self, device: &DeviceId, lacks: Lacks) -> bool {
        // Each change is one assignment; a panic elsewhere can't leave it half made.
        let mut handed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lacks {
            Lacks::Nothing => handed.remove(device).is_some(),
            _ => handed.insert(device.clone(), lacks) != Some(lacks),
        }
    }
}
