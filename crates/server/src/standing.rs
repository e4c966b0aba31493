//! What the server's word to devices rests on now: the newest root, the newest revocations, the
//! holds.
//!
//! It is read from the store and kept in memory under the number that counts its changes, so it is
//! never older than the store. It judges a release as a device would that holds the newest papers,
//! and decides nothing else. Read [`Standing`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::ReleaseDigest;
use mainstay_keys::HostPrimitives;
use mainstay_protocol::HeldRevocations;
use mainstay_release::Hold;
use mainstay_rollout::Withheld;
use mainstay_store::{Store, StoreError, StoredRevocations, StoredRoot};
use mainstay_trust::manifest::Uuid;
use mainstay_trust::root::Role;
use mainstay_trust::{
    Authority, BootloaderVersion, Digest, Envelope, Manifest, Primitives as _, Refusal,
    Revocations, Root, Verified, verify,
};

/// People are asked for the next revocations so long before the present ones are stale: time enough
/// to bring the holders of an offline role together.
pub(crate) const REVOCATIONS_WARNING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// So many judgements are kept: releases on offer at one time are far fewer.
const JUDGEMENTS_MAX: usize = 1024;

/// The newest root, the newest revocations, the holds.
pub(crate) struct Standing {
    root: StoredRoot,
    expires: Timestamp,
    /// Whether anybody holds role revocation.
    can_revoke: bool,
    revocations: Option<StoredRevocations>,
    next_update: Option<Timestamp>,
    holds: Vec<Hold>,
    judged: Mutex<HashMap<Digest, Judgement>>,
}

/// What a device that holds the newest papers would say of a release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement {
    /// The class that it is for.
    pub class: Uuid,
    /// Whether the class installs nothing without a schedule.
    pub needs_schedule: bool,
    /// The oldest boot loader that it may have.
    pub bootloader_min: BootloaderVersion,
    /// From when on it would refuse it as too old, if ever.
    pub use_before: Option<Timestamp>,
    /// Why it would refuse it, whatever else it knows.
    pub refusal: Option<Refusal>,
}

impl Judgement {
    /// Why it would refuse it at `now`.
    pub fn refusal_at(&self, now: Timestamp) -> Option<Refusal> {
        let is_over = self.use_before.is_some_and(|end| end <= now);
        self.refusal.or(is_over.then_some(Refusal::Expired))
    }

    /// The refusal, if it is for good: no later paper gives back what a key or a release has lost.
    pub fn withdrawn(&self) -> Option<Refusal> {
        self.refusal.filter(|refusal| {
            matches!(
                refusal,
                Refusal::RevokedRelease
                    | Refusal::BelowMinimum
                    | Refusal::RevokedKey
                    | Refusal::RetiredKey
            )
        })
    }
}

impl Standing {
    /// Reads it.
    ///
    /// # Errors
    /// If the store fails, or holds what doesn't verify.
    pub async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let newest = store.roots().await?.pop();
        let root = newest.ok_or_else(|| StoreError::damaged("root", "there is none"))?;
        let opened = open(&root.signed)?;
        let rule = opened.get().role(Role::Revocation);
        // Signed by keys that the newest root has dropped, they count for nothing here or on devices.
        let stored = store.newest_revocations(rule.epoch).await?;
        let next_update = stored.as_ref().and_then(|stored| {
            let verified = verify::revocations(&stored.signed, &opened, &HostPrimitives).ok()?;
            Some(moment(verified.get().next_update))
        });
        Ok(Self {
            expires: moment(opened.get().expires),
            can_revoke: rule.is_held(),
            revocations: stored.filter(|_| next_update.is_some()),
            next_update,
            holds: store.holds().await?,
            judged: Mutex::default(),
            root,
        })
    }

    /// The newest root, as it was published.
    pub fn stored_root(&self) -> &StoredRoot {
        &self.root
    }

    /// The newest root's version.
    pub fn root_version(&self) -> u32 {
        self.root.version
    }

    /// The newest root, verified anew: it is asked for at uploads only.
    ///
    /// # Errors
    /// Never after [`Standing::read`] accepted the same bytes; the type of `trust` says so once more.
    pub fn root(&self) -> Result<Verified<Root<'_>>, Refusal> {
        verify::pinned_root(&self.root.signed, &HostPrimitives)
    }

    /// The newest revocations of the root's epoch, as they were published.
    pub fn stored_revocations(&self) -> Option<&StoredRevocations> {
        self.revocations.as_ref()
    }

    /// The newest revocations of the root's epoch, verified anew under `root`.
    ///
    /// # Errors
    /// As [`Standing::root`].
    pub fn revocations(
        &self,
        root: &Verified<Root<'_>>,
    ) -> Result<Option<Verified<Revocations<'_>>>, Refusal> {
        match &self.revocations {
            Some(stored) => verify::revocations(&stored.signed, root, &HostPrimitives).map(Some),
            None => Ok(None),
        }
    }

    /// What devices must hold to install anything.
    pub fn held_revocations(&self) -> Option<HeldRevocations> {
        self.revocations.as_ref().map(|stored| HeldRevocations {
            epoch: stored.epoch,
            seq: stored.seq,
        })
    }

    /// The digest by which a status names the newest revocations.
    pub fn revocations_digest(&self) -> Option<Digest> {
        self.revocations
            .as_ref()
            .map(|stored| Digest(stored.digest))
    }

    /// The holds in force, newest first.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// The hold on the release with this manifest.
    pub fn hold_on(&self, release: &ReleaseDigest) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.manifest.0 == release.0)
    }

    /// Why no device installs anything now, if that is so.
    pub fn stops_installs(&self, now: Timestamp) -> Option<Withheld> {
        if now >= self.expires {
            let refusal = Refusal::RootExpired.id().to_owned();
            return Some(Withheld::Refused { refusal });
        }
        match self.next_update {
            Some(since) if now >= since => Some(Withheld::RevocationsStale { since }),
            None if self.can_revoke => Some(Withheld::RevocationsMissing),
            _ => None,
        }
    }

    /// When the revocations become stale, if that is within [`REVOCATIONS_WARNING`] of `now`.
    pub fn revocations_due(&self, now: Timestamp) -> Option<Timestamp> {
        let soon = |due: &Timestamp| due.duration_since(now) <= REVOCATIONS_WARNING;
        self.next_update.filter(|due| *due > now).filter(soon)
    }

    /// What a device that holds these papers would say of the release in `envelope`.
    pub fn judge(&self, envelope: &[u8]) -> Judgement {
        let key = HostPrimitives.digest(envelope);
        // Each change is one insertion; a panic elsewhere can't leave it half made.
        let lock = || self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key).copied() {
            return known;
        }
        let judged = self
            .judge_anew(envelope)
            .unwrap_or_else(|refusal| Judgement {
                class: [0; 16],
                needs_schedule: false,
                bootloader_min: BootloaderVersion::default(),
                use_before: None,
                refusal: Some(refusal),
            });
        let mut kept = lock();
        if kept.len() >= JUDGEMENTS_MAX {
            kept.clear();
        }
        kept.insert(key, judged);
        judged
    }

    fn judge_anew(&self, envelope: &[u8]) -> Result<Judgement, Refusal> {
        let root = self.root()?;
        let revocations = self.revocations(&root)?;
        let manifest = Envelope::parse(envelope)?.open(&HostPrimitives)?;
        let withdrawn = revocations
            .as_ref()
            .and_then(|r| withdraws(r.get(), &manifest));
        let authority = Authority::new(&root, revocations.as_ref());
        let verified = verify::release(envelope, authority, &HostPrimitives);
        let roles = root.get().required_roles(&manifest.class_id);
        Ok(Judgement {
            class: manifest.class_id,
            needs_schedule: roles.contains(&Role::Operations),
            bootloader_min: manifest.bootloader_min,
            use_before: manifest.use_before.map(moment),
            refusal: withdrawn.or_else(|| verified.err()),
        })
    }
}

/// How `revocations` withdraw a release, its keys aside.
fn withdraws(revocations: &Revocations<'_>, manifest: &Manifest<'_>) -> Option<Refusal> {
    if revocations.releases.contains(&manifest.digest) {
        return Some(Refusal::RevokedRelease);
    }
    let least = revocations.minimum(&manifest.class_id)?;
    (manifest.sequence < least).then_some(Refusal::BelowMinimum)
}

fn open(signed: &[u8]) -> Result<Verified<Root<'_>>, StoreError> {
    verify::pinned_root(signed, &HostPrimitives).map_err(damaged)
}

fn damaged(refusal: Refusal) -> StoreError {
    StoreError::damaged("root or revocations", refusal.id())
}

/// The end of time for a number beyond it.
pub(crate) fn moment(unix_s: u64) -> Timestamp {
    let second = i64::try_from(unix_s).ok();
    let at = second.and_then(|second| Timestamp::from_second(second).ok());
    at.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_refused_from_its_last_day_on() {
        let end = moment(1_800_000_000);
        let judgement = Judgement {
            class: [0; 16],
            needs_schedule: false,
            bootloader_min: BootloaderVersion::default(),
            use_before: Some(end),
            refusal: None,
        };
        let before = moment(1_799_999_999);
        assert_eq!(judgement.refusal_at(before), None);
        assert_eq!(judgement.refusal_at(end), Some(Refusal::Expired));
        let refusal = Some(Refusal::RevokedRelease);
        let revoked = Judgement {
            refusal,
            ..judgement
        };
        assert_eq!(
            revoked.refusal_at(end),
            refusal,
            "what is for good goes first"
        );
        let endless = Judgement {
            use_before: None,
            ..judgement
        };
        assert_eq!(endless.refusal_at(end), None);
    }
}
