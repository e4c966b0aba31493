//! The emergency path: from the moment at which somebody begins to write a fix to the fix on every device, at worst.
//!
//! The waits are those of a rollout, each at its longest: a window in each zone with its days, freezes and holidays, and the nights
//! on which clocks change ([`Window::state`](crate::Window::state)); a poll until a device hears of its wave, the spreading, the
//! horizon, a poll until it is heard again, the soak between waves and the comparison with devices held back. Devices that are given up
//! before a window opens leave no path. All moments of a year are tried, and the one that takes
//! longest is told. A test of the crate `rollout` compares it with the engine itself.
//!
//! | question | file |
//! |---|---|
//! | when is a window open, for a year? | `nights.rs` |
//! | what does a wave wait for? | `terms.rs` |
//! | what is waited for, from one beginning? | `path.rs` |
//! | which beginning is the worst? | `search.rs` |
//! | why is there no path? | `stuck.rs` |
//! | what may come on top? | `left_out.rs` |
//!
//! Read [`Path`], then [`longest`].

mod left_out;
mod nights;
mod path;
mod search;
mod stuck;
mod terms;

pub use left_out::{NotCounted, Uncounted, not_counted};
pub(crate) use nights::Pause;
pub use nights::Place;
pub use path::{Path, Stage, Step, path};
pub use search::longest;
pub use stuck::Stuck;
pub use terms::{ASKS_LATER_PERCENT, SILENT_POLLS, comparison};

use crate::plan::Plan;

/// Where devices are taken to stand when nobody says where: each clock of the United States and its territories, from the first to
/// the last. Other zones of them (`America/Detroit`) have one of these clocks.
pub const ZONES_US: [&str; 12] = [
    "Pacific/Wake",
    "Pacific/Guam",
    "America/Puerto_Rico",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
    "Pacific/Pago_Pago",
];

/// The same for a plan that also has other markets, which may be any country: the first clock of the Earth and the last, some between
/// them, and the ways of changing them.
pub const ZONES_ELSEWHERE: [&str; 10] = [
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Australia/Sydney",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Europe/London",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Tijuana",
    "Pacific/Niue",
];

/// Where the devices of a plan are taken to stand, by its markets.
#[must_use]
pub fn assumed_places(plan: &Plan) -> Vec<Place> {
    let is_us = |country: &String| country == "us";
    let is_in = plan.market.iter().any(is_us);
    let is_out = plan.market.is_empty() || !plan.market.iter().all(is_us);
    let us = ZONES_US.iter().filter(|_| is_in);
    let elsewhere = ZONES_ELSEWHERE.iter().filter(|_| is_out);
    us.chain(elsewhere)
        .filter_map(|zone| Place::named(zone))
        .collect()
}
