//! Domain values as the models of `mainstay-report`. Pure: no store, no clock.
//!
//! The demonstration's report is made of the same pieces. Read [`rollout_card`] first.

mod charts;
mod device;
mod incident;
mod order;
mod picture;
mod progress;
mod promises;
mod rollout;

pub use charts::{shares_of, sprt_chart, version_shares, wave_bars};
pub use device::{device_row, health_figures, slots, timeline_entry};
pub use incident::{incident, incident_line};
pub use order::{order_word, order_words};
pub use picture::{Drawing, Picture};
pub use progress::progress_words;
pub use promises::promises;
pub use rollout::{enrolled, rollout_card, rollout_state, rollout_timeline, uncounted_card};
