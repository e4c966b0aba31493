//! The conquered server, played: makes this server offer devices whatever it is told to.
//!
//! It exists so that `mainstay demo --attack` can show devices refusing what an honest server would
//! never send. It is settable only from inside the process, by the simulator: no route, no option of
//! `mainstay serve`, and nothing stored ever touches it. Read [`ForcedOffer`] first.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use mainstay_fleet::DeviceId;
use mainstay_trust::Digest;

/// What the conquered server offers, past every check of its own.
#[derive(Debug, Clone)]
pub struct ForcedOffer {
    /// The envelope's bytes, sent as they are.
    pub envelope: Vec<u8>,
    /// The image digest that the directive names and the payload is served under; it need not be
    /// the digest of `payload`.
    pub image: Digest,
    /// The payload's bytes, sent as they are.
    pub payload: Vec<u8>,
    /// Who gets the offer at every check-in.
    pub devices: BTreeSet<DeviceId>,
}

/// The hook's state: off unless the simulator switched it on.
#[derive(Debug, Default)]
pub struct Attack {
    forced: RwLock<Option<Arc<ForcedOffer>>>,
    offered: AtomicU64,
    offered_to: Mutex<BTreeSet<DeviceId>>,
    downloads: AtomicU64,
}

impl Attack {
    /// Starts forcing `offer`, in place of any earlier one, and counts anew whom it reaches.
    pub fn force(&self, offer: ForcedOffer) {
        self.offered_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        *self.forced.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(offer));
    }

    /// Stops; the counts stay.
    pub fn stop(&self) {
        *self.forced.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many directives carried a forced offer so far.
    pub fn offered(&self) -> u64 {
        self.offered.load(Ordering::SeqCst)
    }

    /// The devices to which the present offer, or the last one, was made.
    pub fn offered_to(&self) -> BTreeSet<DeviceId> {
        self.offered_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many payload requests were answered with forced bytes so far.
    pub fn downloads(&self) -> u64 {
        self.downloads.load(Ordering::SeqCst)
    }

    /// The forced offer for a device that checks in, counted.
    pub(crate) fn offer_to(&self, device: &DeviceId) -> Option<Arc<ForcedOffer>> {
        let offer = self.forced_for(device)?;
        self.offered.fetch_add(1, Ordering::SeqCst);
        let mut reached = self
            .offered_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        reached.insert(device.clone());
        Some(offer)
    }

    /// The forced payload for a device that asks for `image`, counted.
    pub(crate) fn payload_for(
        &self,
        device: &DeviceId,
        image: &Digest,
    ) -> Option<Arc<ForcedOffer>> {
        let offer = self
            .forced_for(device)
            .filter(|offer| offer.image == *image)?;
        self.downloads.fetch_add(1, Ordering::SeqCst);
        Some(offer)
    }

    /// Whether a device that checks in now would be offered something, not counted.
    pub(crate) fn aims_at(&self, device: &DeviceId) -> bool {
        self.forced_for(device).is_some()
    }

    fn forced_for(&self, device: &DeviceId) -> Option<Arc<ForcedOffer>> {
        let forced = self
            .forced
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        forced.filter(|offer| offer.devices.contains(device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).unwrap()
    }

    #[test]
    fn only_the_named_devices_meet_it_and_each_meeting_counts() {
        let attack = Attack::default();
        let (victim, other) = (id("th-1"), id("th-2"));
        assert!(attack.offer_to(&victim).is_none());
        attack.force(ForcedOffer {
            envelope: vec![1],
            image: Digest([7; 32]),
            payload: vec![2],
            devices: BTreeSet::from([victim.clone()]),
        });
        assert!(attack.offer_to(&victim).is_some());
        assert!(attack.offer_to(&other).is_none());
        assert!(attack.payload_for(&victim, &Digest([7; 32])).is_some());
        assert!(attack.payload_for(&victim, &Digest([8; 32])).is_none());
        attack.stop();
        assert!(attack.offer_to(&victim).is_none());
        assert_eq!((attack.offered(), attack.downloads()), (1, 1));
        assert_eq!(attack.offered_to(), BTreeSet::from([victim]));
    }
}
