//! What the devices' reports amount to.
//!
//! [`DeviceEvent`] is a report as the host keeps it, and [`fold()`] turns it into the
//! [`Progress`](mainstay_rollout::Progress) that the rollout decides on; [`summary()`] counts that
//! for pages; [`levels`] measures releases by what the plan promises; [`Incident`] is what people work on after a halt, and [`Review`] what
//! they learnt; [`version_word`] judges what devices with other clients say that they run; [`said_milli`] and [`missed_polls`] are what soft signals read. Nothing here decides about a rollout, keeps anything, or reads
//! a clock. A device counts as updated only when it said itself that it confirmed.
//!
//! Read `event.rs`, then `fold.rs`.

pub mod adoption;
pub mod client_word;
pub mod closing;
pub mod event;
pub mod fold;
pub mod incident;
pub mod levels;
pub mod plan_change;
pub mod review;
mod review_refusal;
pub mod signals;
pub mod summary;
pub mod version_word;

pub use adoption::{Adoption, Runs, adoption};
pub use client_word::{UnknownWord, event_of};
pub use closing::{Brought, ReviewState};
pub use event::{DeviceEvent, Said};
pub use fold::{fold, fold_said, is_its_doing};
pub use incident::{Incident, IncidentId, TimelineEntry};
pub use levels::{ServiceLevels, service_levels};
pub use plan_change::Plans;
pub use review::{
    Deed, Entry, Part, PlanChange, Reopens, Review, TestGap, WORDS_BYTES_MAX, Words, Written,
};
pub use review_refusal::ReviewRefusal;
pub use signals::{missed_milli_per_day, missed_polls, said_milli};
pub use summary::{Counting, Summary, WaveHealth, summary};
pub use version_word::{NoStatement, PastWords, Statement, Word, heed, taken_at_its_word};
