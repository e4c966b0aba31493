//! What the demonstration tells its audience, step by step.
//!
//! A machine reads these as JSON, an event a line, tagged by `event`; the command line turns them into
//! bars and sentences. Instants are the story's own, not the wall's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// One step of the story.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The story begins.
    Started {
        /// Devices in the fleet.
        devices: u32,
        /// The seed that decides everything that is left to chance.
        seed: u64,
        /// Where the server listens.
        server: String,
    },
    /// The plan was checked.
    PlanChecked {
        /// Findings that forbid going on; always 0 here.
        errors: usize,
        /// Findings worth a look.
        warnings: usize,
        /// Who may do what: duty to people.
        people: BTreeMap<String, Vec<String>>,
    },
    /// A release went one stage further.
    Release {
        /// The release's version.
        version: String,
        /// "packed", "signed", "approved" or "scheduled".
        stage: &'static str,
        /// Who did it.
        by: String,
        /// The manifest's digest, hex.
        manifest: String,
    },
    /// Every reachable device runs the factory image and has said so.
    FleetReady {
        /// The factory version.
        version: String,
        /// Devices that said so.
        devices: usize,
    },
    /// A wave's numbers changed.
    Wave {
        /// The release's version.
        version: String,
        /// The wave's name: "canary", "10 %" and so on.
        wave: String,
        /// Devices in it.
        members: usize,
        /// Devices that run the version, verified.
        updated: usize,
        /// Devices that tried and failed.
        failed: usize,
        /// Devices under way.
        under_way: usize,
        /// The story's time.
        at: Timestamp,
    },
    /// A rollout reached every device that it could reach.
    Completed {
        /// The release's version.
        version: String,
        /// Devices that run it, verified.
        updated: usize,
        /// Devices that never picked it up.
        unreached: usize,
        /// The story's time.
        at: Timestamp,
    },
    /// A rollout was stopped by its own evidence.
    Halted {
        /// The release's version.
        version: String,
        /// Why, as the server says it.
        reason: String,
        /// Devices of the wave that had begun to install.
        installed: usize,
        /// Devices of the wave.
        members: usize,
        /// The story's time.
        at: Timestamp,
    },
    /// The devices that had the bad version run the good one again.
    Returned {
        /// The version they came back to.
        version: String,
        /// How many came back.
        devices: usize,
        /// Devices that were never offered the bad version.
        never_offered: usize,
    },
    /// An incident opened itself.
    Incident {
        /// Its id.
        id: String,
        /// What the failing devices have in common.
        suspected: String,
    },
    /// Where the story's papers are.
    Papers {
        /// The report.
        report: String,
        /// The dashboard, if it goes on being served.
        dashboard: Option<String>,
    },
    /// The end of the story.
    Summary(Summary),
    /// The end of an attack.
    #[serde(rename = "summary")]
    AttackSummary(AttackSummary),
}

/// How the story ended. The same seed gives the same summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Devices in the fleet.
    pub devices: u32,
    /// The version that reached the fleet.
    pub good_version: String,
    /// The version that didn't.
    pub bad_version: String,
    /// Devices that run the good version at the end, verified by their own word from it.
    pub verified_good: usize,
    /// Devices on which the bad version ever ran.
    pub ever_ran_bad: usize,
    /// Devices that run the bad version at the end.
    pub still_on_bad: usize,
    /// Devices that boot nothing.
    pub bricked: usize,
    /// Name of the wave in which the bad version was halted; none if it wasn't.
    pub halted_in: Option<String>,
    /// The incident that opened itself; none if none did.
    pub incident: Option<String>,
    /// Devices without a network for the whole story.
    pub unreachable: usize,
    /// Devices on which the bad version ever ran, outside of its canary.
    pub ever_ran_bad_outside_canary: usize,
}

impl Summary {
    /// Whether the story ended as it must: everyone who can be reached is on the good version, the
    /// bad one was halted in its canary, and nobody was harmed.
    pub fn is_safe(&self) -> bool {
        let reachable = usize::try_from(self.devices)
            .unwrap_or(0)
            .saturating_sub(self.unreachable);
        self.verified_good == reachable
            && self.still_on_bad == 0
            && self.bricked == 0
            && self.ever_ran_bad > 0
            && self.ever_ran_bad_outside_canary == 0
            && self.halted_in.as_deref() == Some("canary")
            && self.incident.is_some()
    }
}

/// How an attack ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttackSummary {
    /// Which attack.
    pub attack: String,
    /// Devices to which the conquered server offered the forged artifact.
    pub offered: usize,
    /// Devices that installed it.
    pub installed: usize,
    /// How often each reason for refusal was given, by its id.
    pub refused: BTreeMap<String, usize>,
    /// Devices that installed the good artifact which went the same way.
    pub control_installed: usize,
}

impl AttackSummary {
    /// Whether every device withstood it, and the way itself was open.
    pub fn is_safe(&self) -> bool {
        let refused: usize = self.refused.values().sum();
        self.offered > 0
            && self.installed == 0
            && refused == self.offered
            && self.control_installed > 0
    }
}
