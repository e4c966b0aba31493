//! Which payloads are damaged, as far as this server has looked.
//!
//! Disks lose what they were given, and people restore half of a backup. A payload that isn't what its release says is offered to
//! nobody: devices would refuse it, after the download. It is in order again once somebody hands the release in again, or a reading
//! finds it whole. Where it is kept may be far away and may not answer: that is no damage, and nobody who checks in waits for it. All of
//! this is memory, which only ever withholds: what it forgets, it finds again. Read [`Damage`] and [`App::damage_of`]; who reads whole
//! payloads is [`crate::jobs::measure_payloads`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_release::Facts;
use mainstay_store::{Blobs, ReleasePayload, StoreError};
use mainstay_trust::Digest;
use tokio::time::timeout;

use crate::App;
use crate::problem::Refused;

/// A payload's size is looked at again after this long: its release is asked about at every check-in, and a home of blobs may be
/// far away.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// A home of blobs that says nothing for so long isn't waited for: a size is a few milliseconds' work, in a bucket as well.
pub(crate) const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

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
    /// A reading didn't come to its end.
    Unreadable,
}

impl Damage {
    /// What the size alone tells of a payload.
    pub(crate) fn by_size(found: Option<u64>, expected: u64) -> Option<Self> {
        match found {
            Some(found) if found == expected => None,
            Some(found) => Some(Self::Size { found, expected }),
            None => Some(Self::Missing),
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

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// When somebody last began to look at its size.
    looked_at: Option<Timestamp>,
    by_size: Option<Damage>,
    /// What a reading found, which no look at the size takes back.
    by_reading: Option<Damage>,
    /// Whether it is to be read before the day is over, because the last reading couldn't begin.
    is_unread: bool,
    hand_ins: u32,
}

impl Known {
    fn damage(&self) -> Option<Damage> {
        self.by_size.or(self.by_reading)
    }
}

/// What a look or a reading began with. What it finds counts unless the payload was handed in meanwhile: it may have seen the old bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began(u32);

impl Soundness {
    /// Before a look or a reading.
    pub fn begin(&self, image: &Digest) -> Began {
        Began(self.lock().get(image).map_or(0, |known| known.hand_ins))
    }

    /// As [`Soundness::begin`], for one caller a minute: whoever gets it looks at the size, and nobody else does meanwhile.
    fn begin_if_due(&self, image: &Digest, now: Timestamp) -> Option<Began> {
        let mut all = self.lock();
        let known = all.entry(*image).or_default();
        let is_due = |at: Timestamp| now.duration_since(at).abs() >= LOOK_AGAIN;
        if !known.looked_at.is_none_or(is_due) {
            return None;
        }
        known.looked_at = Some(now);
        Some(Began(known.hand_ins))
    }

    /// Notes what a payload's size told; what is known of it then.
    fn note_look(&self, image: Digest, began: Began, by_size: Option<Damage>) -> Option<Damage> {
        self.change(image, |known| {
            if began.0 == known.hand_ins {
                known.by_size = by_size;
            }
        })
    }

    /// Notes what a reading found, from its begin to its end.
    pub fn note_reading(&self, image: Digest, began: Began, damage: Option<Damage>) {
        self.change(image, |known| {
            if began.0 == known.hand_ins {
                (known.by_size, known.by_reading) = (None, damage);
                known.is_unread = false;
            }
        });
    }

    /// Notes that a payload is to be read, and that this couldn't begin: what was known of it stays.
    pub fn note_unread(&self, image: Digest) {
        self.change(image, |known| known.is_unread = true);
    }

    /// Notes that a payload was handed in, and so is whole.
    pub fn note_hand_in(&self, image: Digest) {
        self.change(image, |known| {
            *known = Known {
                hand_ins: known.hand_ins.wrapping_add(1),
                ..Known::default()
            };
        });
    }

    /// Changes what is known of a payload, and logs what is new about it.
    fn change(&self, image: Digest, change: impl FnOnce(&mut Known)) -> Option<Damage> {
        let mut all = self.lock();
        let known = all.entry(image).or_default();
        let before = known.damage();
        change(known);
        let after = known.damage();
        match (before, after) {
            (before, Some(damage)) if before != after => tracing::error!(
                %image, %damage,
                "a payload is damaged, and nobody is offered it; hand its release in again"
            ),
            (Some(_), None) => tracing::info!(%image, "a payload is whole again"),
            _ => {}
        }
        after
    }

    /// The damaged payloads.
    pub fn damaged(&self) -> BTreeMap<Digest, Damage> {
        let known = self.lock();
        let damaged = known
            .iter()
            .filter_map(|(image, known)| Some((*image, known.damage()?)));
        damaged.collect()
    }

    /// Those that are worth a reading before everything is read: the damaged ones, as a backup may have brought them back, and
    /// those that couldn't be asked about.
    pub fn to_read_again(&self) -> BTreeSet<Digest> {
        let known = self.lock();
        let again = known
            .iter()
            .filter(|(_, known)| known.is_unread || known.damage().is_some());
        again.map(|(image, _)| *image).collect()
    }

    fn of(&self, image: &Digest) -> Option<Damage> {
        self.lock().get(image)?.damage()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Known>> {
        // Each entry is changed as a whole, so no panic leaves one half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a payload is kept didn't say anything about it, in time or at all. What that was is in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotAsked;

/// It may be over soon, so whoever asked is to come back.
impl From<NotAsked> for Refused {
    fn from(_not_asked: NotAsked) -> Self {
        Self::unavailable(
            "store.unreadable",
            "Try again in a minute; look after the disk or the bucket if it stays so.",
        )
    }
}

impl App {
    /// What is wrong with the payload of a release, as far as is known now. From time to time its size is looked at, behind the
    /// back of whoever asks: a check-in waits for no disk and no bucket.
    pub(crate) fn damage_of(&self, facts: &Facts) -> Option<Damage> {
        if let Some(began) = self.soundness.begin_if_due(&facts.image, self.now()) {
            let (blobs, soundness) = (self.blobs.clone(), self.soundness.clone());
            let payload = payload(facts);
            tokio::spawn(async move { look(&*blobs, &soundness, payload, began).await });
        }
        self.soundness.of(&facts.image)
    }

    /// Looks at a payload's size now. What a reading found stays known until it is read again or handed in.
    ///
    /// # Errors
    /// If that can't be told within [`LOOK_TIME_MAX`]; what was known stays as it was.
    pub(crate) async fn look_at(
        &self,
        payload: ReleasePayload,
    ) -> Result<Option<Damage>, NotAsked> {
        let began = self.soundness.begin(&payload.image);
        look(&*self.blobs, &self.soundness, payload, began).await
    }
}

async fn look(
    blobs: &dyn Blobs,
    soundness: &Soundness,
    ReleasePayload { image, bytes }: ReleasePayload,
    began: Began,
) -> Result<Option<Damage>, NotAsked> {
    let found = in_time(&image, blobs.size(&image)).await?;
    Ok(soundness.note_look(image, began, Damage::by_size(found, bytes)))
}

/// What a home of blobs answers to a question about a payload, unless it takes too long or fails.
///
/// # Errors
/// [`NotAsked`], after logging why.
pub(crate) async fn in_time<T>(
    image: &Digest,
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, NotAsked> {
    match timeout(LOOK_TIME_MAX, asked).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => {
            tracing::error!(id = error.id(), %error, %image, "a payload can't be asked about");
        }
        Err(_elapsed) => tracing::error!(%image, "what keeps a payload doesn't answer"),
    }
    Err(NotAsked)
}

/// The payload that a release is made of.
pub(crate) fn payload(facts: &Facts) -> ReleasePayload {
    ReleasePayload {
        image: facts.image,
        bytes: facts.image_bytes,
    }
}
