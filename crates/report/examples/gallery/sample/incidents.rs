//! The halt of 1.2.0.

use mainstay_report::{
    AffectedDevice, CommonTrait, Fact, Incident, IncidentLine, IncidentPage, IncidentReview,
    IncidentState, ReviewPart, Stranded, TimelineEntry, Tone,
};

use super::rollouts::halting;
use super::{at, entry, frame};

pub fn incident_line() -> IncidentLine {
    IncidentLine {
        id: 1,
        title: "1.2.0 halted in its canary".into(),
        opened_at: at(1441),
        state: IncidentState::Open,
        suspected: "Every failing device is hardware B; 8 of the 15 that ran it are.".into(),
    }
}

pub fn incident() -> Incident {
    Incident {
        line: incident_line(),
        version: "1.2.0".into(),
        class: "thermo-v2".into(),
        rollout: 3,
        reason: "2 of the first 6 devices scored failed; a good release fails on 1 %.".into(),
        evidence: vec![
            Fact::new("Enrolled", "500 devices"),
            Fact::new("Began to install", "15"),
            Fact::new("Ran it", "15"),
            Fact::new("Failed", "2, both in their self-test"),
        ],
        sprt: Some(halting()),
        common: vec![CommonTrait {
            kind: "Hardware revision".into(),
            value: "B".into(),
            failing: 2,
            ran_with: 8,
            ran: 15,
            coincidence_percent: 27,
        }],
        timeline: timeline(),
        affected: ["th-0018", "th-0242"]
            .map(|id| AffectedDevice {
                id: id.into(),
                hardware: "B".into(),
                cause: "self-test".into(),
                failed_at: at(1436),
                now: "back on 1.1.0".into(),
                tone: Tone::Good,
            })
            .to_vec(),
        affected_total: 2,
        cannot_return: vec![Stranded {
            id: "th-0407".into(),
            why: "It hasn't checked in since it began to install. It reverts by itself at its \
                  next boot."
                .into(),
        }],
        review: review(),
    }
}

/// People write in lines, and name things that have no blanks.
const ROOT_CAUSE: &str = "The display driver reads a register that revision B doesn't have:\n\
    9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is the first commit that does.\n\
    A cold start shows it, a warm one doesn't.";

fn review() -> IncidentReview {
    let part = |title: &str, text: &str, minute| ReviewPart {
        title: title.into(),
        text: text.into(),
        by: "ana@northwind.example".into(),
        at: at(minute),
    };
    IncidentReview {
        stands: "Open. The review lacks its plan change.".into(),
        parts: vec![
            part("Root cause", ROOT_CAUSE, 1462),
            part(
                "Missing test",
                "The display self-test on a rig of revision B.",
                1463,
            ),
        ],
        reopens: None,
        reopened_as: None,
    }
}

/// The incident's own page.
pub fn incident_page() -> IncidentPage {
    IncidentPage {
        frame: frame(),
        incident: incident(),
    }
}

fn timeline() -> Vec<TimelineEntry> {
    vec![
        entry(
            1380,
            "Rollout began",
            "Scheduled by kim@northwind.example.",
            Tone::Plain,
        ),
        entry(
            1432,
            "The first canary device ran 1.2.0",
            "th-0018",
            Tone::Busy,
        ),
        entry(
            1436,
            "First failure",
            "th-0018 failed its self-test.",
            Tone::Bad,
        ),
        entry(1441, "Halted", "The test crossed its bound.", Tone::Bad),
        entry(
            1460,
            "All reachable devices are back",
            "13 by the rollout.",
            Tone::Good,
        ),
        entry(
            1462,
            "ana@northwind.example wrote the root cause",
            ROOT_CAUSE,
            Tone::Plain,
        ),
    ]
}
