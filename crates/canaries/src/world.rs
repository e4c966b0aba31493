//! The field, as far as a canary feels it. Times are minutes.

/// How long after its start a device is judged: a day, so that most failures come before.
pub const HORIZON: i64 = 24 * 60;

/// How often devices ask.
pub const POLL: i64 = 60;

/// A device that hasn't begun by then is unreached.
pub const GIVE_UP: i64 = 7 * 24 * 60;

/// When the canary is over, whatever it came to: everybody is judged, or silent, by then.
pub const END: i64 = GIVE_UP + HORIZON + 4 * POLL;

/// How long after its start a device's soft signals are read.
pub const SOFT_HORIZON: i64 = 48 * 60;

/// When a comparison is over, whatever it came to.
pub const SOFT_END: i64 = GIVE_UP + SOFT_HORIZON + 4 * POLL;

/// What happens to devices besides the release.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    /// What people call it.
    pub name: &'static str,
    /// Over how many nights devices begin: three hours of each.
    pub nights: i64,
    /// The share that is never reached.
    pub away: f64,
    /// The share that loses its network at some time within two horizons of its start, whatever the release does.
    pub silent: f64,
    /// For how long.
    pub silence: i64,
    /// So many devices stand at one site, and fail together: 1 where each fails for itself.
    pub site: u32,
}

/// Everybody begins in one night, is reached and heard of: what the figures of `plan size` are said of.
pub const LABORATORY: World = World {
    name: "laboratory",
    nights: 1,
    away: 0.0,
    silent: 0.0,
    silence: 0,
    site: 1,
};

/// An ordinary fleet.
pub const FIELD: World = World {
    name: "field",
    nights: 3,
    away: 0.03,
    silent: 0.04,
    silence: 3 * 24 * 60,
    site: 1,
};

/// The same, where five devices share a site, and the release fails on all of a site or on none. The canary is a fifth of
/// the fleet.
pub const SITES: World = World {
    name: "sites",
    site: 5,
    ..FIELD
};
