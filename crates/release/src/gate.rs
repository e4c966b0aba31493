//! The gates between a signed release and its approval.
//!
//! This version reads no reports: a track whose plan names no gates passes, with that very fact
//! recorded; a track that names gates can't pass. Zero evidence is never a pass.

use jiff::Timestamp;
use mainstay_plan::Track;
use mainstay_trust::Digest;

use crate::refusal::Refusal;
use crate::release::Release;
use crate::stage::{GateFact, Gated, Stage, StageName};

/// The digest of the empty set of evidence: SHA-256 of no bytes (FIPS 180-4). Gates that ask for nothing
/// open with it, and the approval of such a release names it.
pub const NO_EVIDENCE: Digest = Digest([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

impl Release {
    /// `Signed` to `Gated`: the gates that `track` names are open. `evidence` is the digest of the
    /// evidence set, which the approval will name.
    ///
    /// # Errors
    /// If the release isn't signed, is on another track, or the track names gates.
    pub fn gate(self, track: &Track, evidence: Digest, at: Timestamp) -> Result<Self, Refusal> {
        let Stage::Signed(signed) = &self.stage else {
            return Err(self.wrong_stage(StageName::Signed, StageName::Gated));
        };
        let fact = self.fact(track)?;
        let gated = Gated {
            signed: signed.clone(),
            fact,
            evidence,
            at,
        };
        Ok(self.into_stage(Stage::Gated(gated)))
    }

    fn fact(&self, track: &Track) -> Result<GateFact, Refusal> {
        if track.name != self.facts.track {
            return Err(Refusal::WrongTrack {
                release: self.id.clone(),
                is: self.facts.track,
                checked: track.name,
            });
        }
        if track.gates.is_empty() {
            return Ok(GateFact::PlanNamesNone);
        }
        let gates: Vec<_> = track.gates.iter().map(|gate| gate.as_str()).collect();
        Err(Refusal::GateNoEvidence {
            track: track.name,
            gates: gates.join(", "),
        })
    }
}
