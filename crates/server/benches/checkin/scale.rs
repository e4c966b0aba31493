//! How much is measured. Read [`Scale`].

use std::time::Duration;

use mainstay_server::jobs::write_last_seen::WRITTEN_EVERY;

/// How large the fleet is, and how long it is asked.
#[derive(Debug)]
pub struct Scale {
    /// Registered devices.
    pub devices: u32,
    /// Finished orders that there are: after so many a poll should take what it takes after so few.
    pub histories: [u32; 2],
    /// Rounds that count; one before them warms up.
    pub rounds: usize,
    /// How long a contender is asked in a round.
    pub lasts: Duration,
    /// Rounds at half load.
    pub paced_rounds: usize,
    /// How long a contender is asked in one of them: as long as from one writing of whom it heard to the next, so that each has its share of it.
    pub paced_lasts: Duration,
    /// How long it takes at most until a server has written whom it heard, and rests.
    pub rests: Duration,
    /// How long a server is asked that is then killed: longer than it takes until it has written when it heard of whom.
    pub until_crash: Duration,
    /// Whether servers have a processor of their own.
    pub is_pinned: bool,
    /// Whether figures are held against goals. Those of a moment on a busy machine say nothing.
    pub has_goals: bool,
}

/// The bench itself. Rounds are short and many: whatever else the machine does then weighs on all contenders alike.
pub const WHOLE: Scale = Scale {
    devices: 100_000,
    histories: [10, 200_000],
    rounds: 9,
    lasts: Duration::from_secs(2),
    paced_rounds: 5,
    paced_lasts: WRITTEN_EVERY,
    // A writing is spread over three seconds.
    rests: Duration::from_secs(WRITTEN_EVERY.as_secs() + 4),
    until_crash: Duration::from_secs(15),
    is_pinned: true,
    has_goals: true,
};

/// What a test run has time for.
pub const BRIEF: Scale = Scale {
    devices: 200,
    histories: [10, 1000],
    rounds: 1,
    lasts: Duration::from_millis(100),
    paced_rounds: 1,
    paced_lasts: Duration::from_millis(300),
    rests: Duration::ZERO,
    until_crash: Duration::from_secs(7),
    is_pinned: false,
    has_goals: false,
};
