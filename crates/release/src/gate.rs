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
