//! The revocations: what is withdrawn for good, by people who keep their keys offline.
//!
//! They only ever take permission away. Each document replaces the one before it, so it names
//! everything that is still withdrawn.
//!
//! ```text
//! { 1: epoch, 2: seq, 3: issued, 4: next update, 5: [* kid], 6: [* manifest digest],
//!   7: [* [class id, minimum sequence]] }
//! ```

use crate::cbor::Canonical;
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::document::{Document, lasts};
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::key::KeyId;
use crate::list::{Item, List};
use crate::manifest::Uuid;
use crate::mark::Mark;
use crate::refusal::Refusal;
use crate::root::{CLASSES_MAX, Role};

/// The most keys, and the most releases, that one document withdraws. Keys that a root no longer
/// lists, and releases below a class's minimum, needn't be named.
pub const REVOKED_MAX: u32 = 32;

/// The longest time to the next update, in seconds: 400 days, for fleets that a person visits once
/// a year. The usual is 30 days.
pub const NEXT_UPDATE_S_MAX: u64 = 400 * 86_400;

/// What is withdrawn.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Revocations<'a> {
    /// SHA-256 of the payload, as a status names it. It isn't part of the encoding;
    /// [`verify::revocations`](crate::verify::revocations) computes it.
    pub digest: Digest,
    /// The epoch of role revocation in which it was made: what a compromised key once withdrew is
    /// void in the next epoch.
    pub epoch: u32,
    /// Rises with every document of an epoch, from 1; devices never go back.
    pub seq: u64,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// From this moment on nothing is installed until a newer one has come, in Unix seconds: so a
    /// frozen copy is of bounded use.
    pub next_update: u64,
    /// Keys whose signatures refuse what they stand on. They bind no root: a stolen revocation key
    /// can't keep a new root out.
    pub keys: List<'a, KeyId>,
    /// Releases that aren't installed, by their manifest digest.
    pub releases: List<'a, Digest>,
    /// The least sequence number that a class still installs, in rising order of class ids.
    pub minimums: List<'a, Minimum>,
}

/// The least sequence number that a class still installs.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Minimum {
    /// The class id, as in the manifest.
    pub class: Uuid,
    /// What lies below it is refused.
    pub sequence: u64,
}

impl Revocations<'_> {
    /// Where it stands in the order of revocations.
    pub fn mark(&self) -> Mark {
        Mark {
            epoch: self.epoch,
            number: self.seq,
        }
    }

    /// The least sequence number for this class, if one is named.
    pub fn minimum(&self, class: &Uuid) -> Option<u64> {
        let named = self.minimums.iter().find(|entry| entry.class == *class);
        named.map(|entry| entry.sequence)
    }

    /// Whether a device that holds `known` may take this document in its place. The same one again
    /// is welcome; another one under the same number is not.
    ///
    /// # Errors
    /// [`Refusal::RevocationsReplayed`].
    pub fn check_follows(&self, known: Option<&Revocations<'_>>) -> Result<(), Refusal> {
        match known {
            Some(known) if self.mark() < known.mark() => Err(Refusal::RevocationsReplayed),
            Some(known) if self.mark() == known.mark() && self.digest != known.digest => {
                Err(Refusal::RevocationsReplayed)
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Document<'a> for Revocations<'a> {
    const CONTENT_TYPE: &'static str = "application/vnd.mainstay.revocations+cbor";
    const ROLE: Role = Role::Revocation;
    /// 32 keys, 32 digests and 16 classes take some 2,200 bytes.
    const BYTES_MAX: usize = 2560;

    fn read(d: &mut Decoder<'a>) -> Self {
        let mut fields = Fields::open(d);
        let revocations = Revocations {
            digest: Digest::ZERO,
            epoch: fields.need(1).u32(),
            seq: fields.need(2).u64(),
            issued: fields.need(3).u64(),
            next_update: fields.need(4).u64(),
            keys: List::read(fields.need(5), REVOKED_MAX),
            releases: List::read(fields.need(6), REVOKED_MAX),
            minimums: List::read(fields.need(7), CLASSES_MAX),
        };
        fields.end();
        revocations
    }

    fn check(&self) -> Result<(), Refusal> {
        self.keys.check_within(REVOKED_MAX)?;
        self.releases.check_within(REVOKED_MAX)?;
        self.minimums.check_within(CLASSES_MAX)?;
        lasts(self.issued, self.next_update, NEXT_UPDATE_S_MAX)?;
        let classes = self.minimums.iter().map(|entry| entry.class);
        if self.seq > 0 && classes.is_sorted_by(|one, next| one < next) {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }

    fn sequence(&self) -> u64 {
        self.seq
    }
}

impl Canonical for Revocations<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(7)
            .int(1)
            .uint(self.epoch.into())
            .int(2)
            .uint(self.seq);
        e.int(3).uint(self.issued).int(4).uint(self.next_update);
        self.keys.write(e.int(5));
        self.releases.write(e.int(6));
        self.minimums.write(e.int(7));
    }
}

impl<'a> Item<'a> for Minimum {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.array();
        Minimum {
            class: *d.fixed(),
            sequence: d.u64(),
        }
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.array(2).bytes(&self.class).uint(self.sequence);
    }
}
