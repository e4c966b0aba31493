//! One fleet's story as models: 1.1.0 complete, 1.2.0 halted in its canary. The tests render them
//! too.

mod dashboard;
mod devices;
mod door;
mod incidents;
mod report;
mod rollouts;

use jiff::{SignedDuration, Timestamp};
use mainstay_report::{Frame, ProblemPage, TimelineEntry, Tone};

pub use dashboard::{dashboard, quiet_dashboard, uncounted_dashboard};
pub use devices::{device_list, device_page};
pub use door::{
    account_page, code_page, first_setup_page, people_page, second_factor_page, setup_page,
    sign_in_page,
};
pub use incidents::incident_page;
pub use report::story_report;
pub use rollouts::{rollout_devices_page, rollout_page};

pub const DIGEST: &str = "3b1f5c0e9ad2474b88a1f0a4c6f2d7e95b60c1d83e4fa7920617b5d8c9e3f041";

pub const ZONES: [&str; 6] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
];

/// Minutes after the story's begin.
pub fn at(minutes: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-10T08:00:00Z".parse().expect("a timestamp");
    begin + SignedDuration::from_mins(minutes)
}

pub fn frame() -> Frame {
    Frame {
        product: "Mainstay".into(),
        plan: "Northwind thermostats".into(),
        plan_revision: DIGEST.into(),
        market: vec!["us".into()],
        generated_at: at(1500),
        viewer: None,
        live: None,
    }
}

pub fn entry(minutes: i64, what: &str, detail: &str, tone: Tone) -> TimelineEntry {
    TimelineEntry {
        at: at(minutes),
        what: what.into(),
        detail: detail.into(),
        tone,
    }
}

/// A link that leads nowhere.
pub fn problem_page() -> ProblemPage {
    ProblemPage {
        frame: frame(),
        status: 404,
        id: "devices.unknown".into(),
        title: "No device has this id".into(),
        cause: "th-9999 was never registered here.".into(),
        cure: "look for it in the device list, or register it: mainstay device add th-9999".into(),
    }
}
