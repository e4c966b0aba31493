//! A server in a few lines: it answers one device, and remembers what it was told.

use mainstay_artifact::document_file;
use mainstay_protocol::{
    Acknowledged, CheckIn, Directive, Event, MessageError, Report, Reports, Todo, read, write,
};
use mainstay_trust::{Digest, Refusal, Revocations};

use crate::scenario::{Act, Stage};

/// The largest message that it writes: three documents of some kilobytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Seconds between two check-ins.
const POLL_S: u32 = 60;

/// What it knows of the device.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Every report that arrived, in order, each once.
    pub events: Vec<Event>,
    acknowledged: u32,
    nonces: u64,
}

impl Server {
    /// A nonce that the device hasn't used.
    pub fn nonce(&mut self) -> [u8; 16] {
        self.nonces += 1;
        u128::from(self.nonces).to_le_bytes()
    }

    /// Whether the device has told that it gave this release up.
    #[must_use]
    pub fn was_given_up(&self, manifest: Digest) -> bool {
        self.was_told("reverted", manifest)
    }

    /// Whether the device has told that it keeps this release.
    #[must_use]
    pub fn was_confirmed(&self, manifest: Digest) -> bool {
        self.was_told("confirmed", manifest)
    }

    /// Whether the device has refused this release for this reason.
    #[must_use]
    pub fn was_refused(&self, manifest: Digest, reason: Refusal) -> bool {
        let refusal = reason.code();
        self.events.contains(&Event::Refused { manifest, refusal })
    }

    fn was_told(&self, kind: &str, manifest: Digest) -> bool {
        let is_it = |event: &Event| event.kind() == kind && event.manifest() == Some(manifest);
        self.events.iter().any(is_it)
    }

    fn note(&mut self, reports: &[Report]) {
        for report in reports {
            if report.seq > self.acknowledged {
                self.events.push(report.event);
                self.acknowledged = report.seq;
            }
        }
    }

    /// Takes reports that didn't wait for a check-in, and answers.
    ///
    /// # Errors
    /// If the message can't be read.
    pub fn take_reports(&mut self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Reports { reports } = read(message)?;
        self.note(&reports.0);
        let seq = self.acknowledged;
        written(|buffer| write(&Acknowledged { seq }, buffer))
    }

    /// Answers a check-in. As the real server does, it brings a device to the newest papers before it offers
    /// anything, and offers nothing that runs already or that the device has given up.
    ///
    /// # Errors
    /// If the message can't be read.
    pub fn answer(
        &mut self,
        stage: &Stage,
        act: &Act,
        message: &[u8],
        now_s: u64,
    ) -> anyhow::Result<Vec<u8>> {
        let message: CheckIn<'_> = read(message)?;
        self.note(&message.reports.0);
        let mut out = stage
            .vendor
            .roots
            .iter()
            .take(act.standing.root_version as usize);
        let root = out.nth(message.root_version as usize);
        let newest = act.standing.revocations.checked_sub(1);
        let newest = newest.and_then(|index| stage.vendor.revocations.get(index));
        let held = newest.filter(|signed| {
            let held = message.revocations.map(|held| (held.epoch, held.seq));
            root.is_none() && held != mark(signed)
        });
        let is_behind = root.is_some() || held.is_some();
        let offer = act.offers.map(|index| &stage.releases[index]);
        let offer = offer.filter(|offer| {
            let runs = offer.manifest == message.running.manifest;
            !runs && !is_behind && !self.was_given_up(offer.manifest)
        });
        let todo = offer.map_or(Todo::Nothing, |offer| Todo::Install {
            envelope: &offer.envelope,
            image_digest: Digest::ZERO,
            image_bytes: offer.payload.len() as u32,
            schedule: None,
        });
        let status = stage.vendor.status(message.nonce, now_s, act.standing);
        let directive = Directive {
            acknowledged: self.acknowledged,
            poll_after_s: if is_behind { 0 } else { POLL_S },
            status: &status,
            todo,
            root: root.map(Vec::as_slice),
            revocations: held.map(Vec::as_slice),
        };
        written(|buffer| write(&directive, buffer))
    }
}

fn mark(signed: &[u8]) -> Option<(u32, u64)> {
    let mark = document_file::read::<Revocations<'_>>(signed).ok()?.mark();
    Some((mark.epoch, mark.number))
}

/// What `write` puts into a buffer that is large enough.
fn written(
    write: impl FnOnce(&mut [u8]) -> Result<usize, MessageError>,
) -> anyhow::Result<Vec<u8>> {
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    let length = write(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}
