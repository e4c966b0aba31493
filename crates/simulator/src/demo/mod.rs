//! The demonstration: a good release reaches a fleet, a bad one is stopped by its canary, and the devices
//! that had it save themselves.
//!
//! | file | what happens there |
//! |---|---|
//! | `folder.rs` | the papers that stay behind |
//! | `cast.rs` | the people, their keys, the root |
//! | `goods.rs` | the releases |
//! | `scene.rs` | the server, the devices, the clock |
//! | `carry_out.rs` | one release from hand to fleet |
//! | `story.rs` | the whole story |
//! | `attack.rs` | the same scene with a conquered server |
//! | `papers.rs` | the report |
//!
//! Nothing is printed here: an [`Audience`] hears [`Event`]s. Read [`story::tell`] first.

pub mod attack;
mod carry_out;
pub mod cast;
pub mod error;
pub mod event;
pub mod folder;
pub mod goods;
pub mod images;
mod papers;
mod scene;
pub mod story;

use std::path::PathBuf;
use std::sync::LazyLock;

use mainstay_plan::SignalName;

pub use attack::Attack;
pub use error::DemoError;
pub use event::{AttackSummary, Event, Summary};
pub use images::Images;

/// Somebody who listens.
pub trait Audience {
    /// Hears what just happened.
    fn hear(&mut self, event: &Event);
}

/// What may be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many devices: [`DEVICES_MIN`] to [`DEVICES_MAX`].
    pub devices: u32,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Where the papers go.
    pub folder: PathBuf,
    /// The images.
    pub images: Images,
    /// The port to listen on; 0 for any.
    pub port: u16,
}

/// Fewer devices than this leave too few outside of the canary of 40 for two more waves.
pub const DEVICES_MIN: u32 = 60;
/// More would take longer than anybody watches.
pub const DEVICES_MAX: u32 = 10_000;

/// The demonstration's plan: the example, without what is compared with devices held back. That takes two days for each wave, and
/// a fleet as small as this one would leave many a comparison to a person.
pub static PLAN: LazyLock<String> = LazyLock::new(|| without_comparisons(EXAMPLE));

const EXAMPLE: &str = include_str!("../../../../plans/thermostat.toml");

/// The paragraphs of a plan but for those of soft signals.
fn without_comparisons(plan: &str) -> String {
    let header = |signal: SignalName| format!("[health.{}]", signal.id());
    let headers = SignalName::ALL.map(header);
    let compares = |paragraph: &str| headers.iter().any(|header| paragraph.contains(header));
    let kept = plan.split("\n\n").filter(|paragraph| !compares(paragraph));
    kept.collect::<Vec<_>>().join("\n\n")
}

/// The story begins on a Monday at noon in New York; no federal holiday lies in the two weeks after.
const START: &str = "2026-07-06T16:00:00Z";

fn start() -> jiff::Timestamp {
    START.parse().expect("the constant is an instant")
}

fn check(options: &Options) -> Result<(), DemoError> {
    if (DEVICES_MIN..=DEVICES_MAX).contains(&options.devices) {
        return Ok(());
    }
    Err(DemoError::Options {
        what: format!("a story with {} devices can't be told", options.devices),
        cure: "choose 60 to 10000 devices with --devices",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_the_example_without_comparisons() {
        let read = |text| mainstay_plan::parse(text).expect("both are plans");
        let (mut example, told) = (read(EXAMPLE), read(&PLAN));
        assert_eq!(example.health.soft.len(), 3);
        example.health.soft.clear();
        example.digest = told.digest;
        assert_eq!(told, example);
    }
}
