//! What the demonstration leaves.

use mainstay_report::{
    ArtifactDigest, Fact, Halt, Incident, ReleaseStory, RolloutCard, Signature, StoryReport, Tone,
};

use super::dashboard::fleet;
use super::incidents::incident;
use super::rollouts::{complete_card, halted_card, halting};
use super::{DIGEST, at, frame};

pub fn signatures(minutes: i64) -> Vec<Signature> {
    [
        ("built and signed", "ana@northwind.example", "engineer", 0),
        ("approved", "sam@northwind.example", "release manager", 20),
        ("scheduled", "kim@northwind.example", "operations", 30),
    ]
    .map(|(step, by, duty, later)| Signature {
        step: step.into(),
        by: by.into(),
        duty: duty.into(),
        at: at(minutes + later),
    })
    .to_vec()
}

pub fn release(card: RolloutCard, summary: &str, minutes: i64, halt: Option<Halt>) -> ReleaseStory {
    ReleaseStory {
        version: card.version,
        class: card.class,
        track: "maintenance".into(),
        state: card.state,
        summary: summary.into(),
        signatures: signatures(minutes),
        waves: card.waves,
        never_offered: halt.is_some().then_some(485),
        halt,
    }
}

pub fn halt() -> Halt {
    Halt {
        at: at(1441),
        wave: "canary".into(),
        reason: "2 of the first 6 devices scored failed their self-test, 4 min after boot.".into(),
        recovery: "15 of 15 devices run 1.1.0 again: 2 by themselves, 13 because the rollout \
                   returned them."
            .into(),
        sprt: Some(halting()),
    }
}

/// What the demonstration leaves.
pub fn story_report() -> StoryReport {
    let verified = "Verified on 498 of 500 devices; 2 were offline.";
    StoryReport {
        frame: frame(),
        title: "Demonstration: 500 simulated thermostats, seed 7".into(),
        outcome: "1.1.0 reached the fleet. 1.2.0 was stopped by its canary, and the devices that \
                  had it saved themselves."
            .into(),
        outcome_tone: Tone::Good,
        figures: vec![
            Fact::new("verified on 1.1.0", "498"),
            Fact::new("ever ran 1.2.0", "15"),
            Fact::new("still on 1.2.0", "0"),
            Fact::new("bricked", "0"),
            Fact::new("simulated time", "25 h"),
        ],
        plan: vec![
            Fact::new("Plan", "Northwind thermostats, checked with 0 errors"),
            Fact::new(
                "Class",
                "thermo-v2: hardware B and C, dual bank, 3 trial boots",
            ),
            Fact::new("Waves", "canary of 40, then 10 %, then 100 %"),
            Fact::new(
                "Window",
                "01:00 to 04:00 in each device's own time zone, daily",
            ),
            Fact::new(
                "Halts at",
                "12 % failures, where 1 % is expected; 5 % false halts, 90 % power",
            ),
            Fact::new(
                "Needs",
                "one engineer, one release manager, one for operations",
            ),
        ],
        releases: vec![
            release(complete_card(), verified, 20, None),
            release(
                halted_card(),
                "Stopped after 15 devices.",
                1340,
                Some(halt()),
            ),
        ],
        refusals: vec![],
        incidents: vec![Incident {
            sprt: None,
            ..incident()
        }],
        fleet: fleet([("1.2.0", 0, 0), ("1.1.0", 498, 0), ("1.0.0", 2, 0)]),
        artifacts: ["1.0.0", "1.1.0", "1.2.0"]
            .map(|version| ArtifactDigest {
                file: format!("thermo-v2-{version}.mainstay"),
                version: version.into(),
                manifest: DIGEST.into(),
                image: DIGEST.chars().rev().collect(),
                image_bytes: 24_576,
            })
            .to_vec(),
    }
}
