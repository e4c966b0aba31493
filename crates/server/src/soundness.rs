//! Which payloads are damaged, as far as this server has looked.
//!
//! Disks lose what they were given, and people restore half of a backup. A payload that isn't what its release says is offered to
//! nobody: devices would refuse it, after the download. It is in order again once somebody hands the release in again. All of this is
//! memory, which only ever withholds: what it forgets, it finds again. Read [`Damage`] and [`App::damage_of`]; who reads whole
//! payloads is [`crate::jobs::measure_payloads`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mainstay_release::Facts;
use mainstay_store::{ReleasePayload, StoreError};
use mainstay_trust::Digest;

use crate::App;

/// A payload's size is looked at again after this long: its release is asked about at every check-in, and a home of blobs may be
/// far away.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// What is wrong with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It isn't there.
    Missing,
    /// It has another size.
    Size {
        /// Bytes that are there.
        found: u64,
        /// Bytes by its release's word.
        expected: u64,
    },
    /// Its size is right, and its bytes aren't.
    Bytes,
    /// Whoever keeps it can't say, or stops in the middle.
    Unreadable,
}

impl Damage {
    /// What the size alone tells of a payload.
    fn by_size(opened: &Result<Option<u64>, StoreError>, expected: u64) -> Option<Self> {
        match opened {
            Ok(Some(found)) if *found == expected => None,
            Ok(Some(found)) => Some(Self::Size {
                found: *found,
                expected,
            }),
            Ok(None) => Some(Self::Missing),
            Err(_) => Some(Self::Unreadable),
        }
    }
}

/// As a clause: "it has 0 bytes instead of 2100".
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it isn't there"),
            Self::Size { found, expected } => {
                write!(f, "it has {found} bytes instead of {expected}")
            }
            Self::Bytes => f.write_str("its bytes aren't those that were handed in"),
            Self::Unreadable => f.write_str("it can't be read"),
        }
    }
}

/// What is known of each payload that was looked at. Releases bound how many there are.
#[derive(Debug, Default)]
pub(crate) struct Soundness(Mutex<BTreeMap<Digest, Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    looked_at: Timestamp,
    damage: Option<Damage>,
}

impl Soundness {
    /// Notes what a look at a payload told, and logs what is new about it.
    pub fn note(&self, image: Digest, damage: Option<Damage>, now: Timestamp) {
        let known = Known {
            looked_at: now,
            damage,
        };
        let before = self.lock().insert(image, known);
        match (before.and_then(|known| known.damage), damage) {
            (before, Some(damage)) if before != Some(damage) => tracing::error!(
                %image, %damage,
                "a payload is damaged, and nobody is offered it; hand its release in again"
            ),
            (Some(_), None) => tracing::info!(%image, "a payload is whole again"),
            _ => {}
        }
    }

    /// The damaged payloads.
    pub fn damaged(&self) -> BTreeMap<Digest, Damage> {
        let known = self.lock();
        let damaged = known
            .iter()
            .filter_map(|(image, known)| Some((*image, known.damage?)));
        damaged.collect()
    }

    fn of(&self, image: &Digest) -> Option<Known> {
        self.lock().get(image).copied()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Known>> {
        // Each entry is replaced as a whole, so no panic leaves one half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// What is wrong with the payload of a release, as far as is known; its size is looked at from time to time.
    pub(crate) async fn damage_of(&self, facts: &Facts) -> Option<Damage> {
        let age = |known: &Known| self.now().duration_since(known.looked_at).abs();
        let known = self.soundness.of(&facts.image);
        match known.filter(|known| age(known) < LOOK_AGAIN) {
            Some(known) => known.damage,
            None => self.look_at(payload(facts)).await,
        }
    }

    /// Looks at a payload's size now. That its bytes are others stays known until they are read or handed in again.
    pub(crate) async fn look_at(&self, payload: ReleasePayload) -> Option<Damage> {
        let ReleasePayload { image, bytes } = payload;
        let opened = self.blobs.open(&image).await;
        if let Err(error) = &opened {
            tracing::error!(id = error.id(), %error, %image, "a payload can't be looked at");
        }
        let known = self.soundness.of(&image).and_then(|known| known.damage);
        let read = known.filter(|damage| *damage == Damage::Bytes);
        let damage = Damage::by_size(&opened, bytes).or(read);
        self.soundness.note(image, damage, self.now());
        damage
    }
}

/// The payload that a release is made of.
pub(crate) fn payload(facts: &Facts) -> ReleasePayload {
    ReleasePayload {
        image: facts.image,
        bytes: facts.image_bytes,
    }
}
