//! Which devices get a release, when, and when to stop: the next actions from a state.
//!
//! A [`Rollout`] carries a [`Candidate`] through waves. A small loop outside feeds [`step()`] with
//! what is known of the enrolled devices and performs the [`Action`]s that come back; [`offer()`]
//! answers one device at its check-in. Everything here is a pure function of its arguments: no
//! clock, no chance, no input or output. It never sees how telemetry or releases are made.
//!
//! Read [`Rollout`] first, then [`step()`]. Each reason to decide has its own file:
//!
//! | question | file |
//! |---|---|
//! | what do many devices have in common? | `label.rs` |
//! | how many are in the field? | `fleet_facts.rs` |
//! | who is in a cohort of the plan? | `cohort.rs` |
//! | who may get it at all? | `terms.rs` |
//! | who is in the canary? | `sample.rs`, from what `urn.rs` keeps of each device |
//! | when is that drawn? | `starting.rs` |
//! | what comes first, on the device and in other classes? | `needs.rs` |
//! | what counts once? | `unit.rs` |
//! | how did this device do? | `score.rs` |
//! | is the release good enough, or bad enough? | `sprt.rs`, fed by `monitor.rs` |
//! | who is held back to be compared with? | `control.rs` |
//! | is a soft signal worse? | `soft.rs`, on what `readings.rs` makes of readings |
//! | did it silence devices? | `excess.rs` |
//! | when is looked, and how much is enough? | `looks.rs`, by `spending.rs`, `flips.rs` and `normal.rs` |
//! | how may a wave end, before it begins? | `chances.rs` |
//! | must we stop this instant? | `tripwire.rs`, `halt.rs` |
//! | what may only a person decide? | `question.rs` |
//! | may the next wave open? | `wave.rs` |
//! | does it stand still for a while? | `pause.rs`; the time it takes, `held.rs` |
//! | may it be taken back before the first one does? | `withdrawal.rs` |
//! | who goes back, and to what? | `returns.rs` |
//! | does this device get it now? | `offer.rs`, which remembers windows in `windows.rs` |
//! | may it fetch the bytes? | `payloads.rs`; how long that may take, `download.rs`; from which mirror, `near.rs` |
//! | when does it ask again? | `turn.rs` |
//! | may it be told the same again without a look? | `rest.rs` |
//! | what became of a promise to a device with another update client? | `order/` |
//! | what do the failing devices share? | `incident.rs` |
//! | what is told of it, without all of its devices in memory? | `glance.rs` |
//! | why not yet? | `wait.rs`, said in words by `why.rs`, comparisons by `compared.rs` |
//! | what can withhold it all the same? | `withheld.rs` |
//! | how would it go, if it started now? | `preview/` |

pub mod chances;
pub mod cohort;
mod compared;
pub mod control;
mod download;
pub mod excess;
mod false_trips;
pub mod fleet_facts;
pub mod flips;
pub mod glance;
pub mod halt;
mod held;
pub mod incident;
pub mod label;
pub mod looks;
pub mod mistakes;
pub mod monitor;
pub mod near;
pub mod needs;
mod normal;
pub mod offer;
pub mod order;
pub mod pause;
pub mod payloads;
pub mod preview;
pub mod progress;
pub mod question;
pub mod readings;
pub mod rest;
pub mod returns;
pub mod rollout;
pub mod rules;
pub mod sample;
pub mod score;
pub mod soft;
pub mod spending;
pub mod sprt;
pub mod starting;
pub mod step;
mod subject;
pub mod terms;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tripwire;
pub mod turn;
mod unit;
mod urn;
pub mod version;
pub mod view;
pub mod wait;
pub mod wave;
pub mod why;
mod windows;
pub mod withdrawal;
pub mod withheld;
mod words;

pub use chances::{Chances, Walk};
pub use fleet_facts::{FieldCount, fleet_facts};
pub use glance::Glance;
pub use halt::HaltReason;
pub use incident::Evidence;
pub use label::{Label, Labels, SharedDigest};
pub use mainstay_fleet::{DeviceId, ReleaseDigest};
pub use monitor::Monitor;
pub use near::near;
pub use needs::{ClassVersions, Unmet, past_stones};
pub use offer::{
    Kind, Offer, has_lapsed, has_room, holds_place, in_flight, instead, may_hold_places, offer,
};
pub use order::{Ending, Order, OrderNumber, OrderState};
pub use pause::{Pause, Paused};
pub use payloads::fetchable;
pub use preview::{Pace, Premise, Preview, preview, preview_until};
pub use progress::{FailureCause, Progress};
pub use question::{Answer, Question};
pub use returns::CannotReturn;
pub use rollout::{Candidate, Phase, Rollout, RolloutId};
pub use rules::Rules;
pub use sample::{DrawRefusal, Enrolment, Shared, draw};
pub use score::Score;
pub use sprt::{Sprt, Verdict};
pub use step::{Action, Step, step};
pub use terms::terms;
pub use urn::Urn;
pub use view::{DeviceView, FleetView, SoftReading};
pub use wait::Wait;
pub use wave::{Grounds, Passed, WaveState};
pub use withheld::Withheld;
