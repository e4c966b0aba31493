//! What the plan promises, and how it stands. Read [`promises`].

use mainstay_report::{Promise, PromiseState};
use mainstay_telemetry::ServiceLevels;
use mainstay_telemetry::levels::{Level, Standing, Subject};

/// The promises of classes of which there is something to say, broken ones first.
pub fn promises(levels: &ServiceLevels) -> Vec<Promise> {
    let of_a_class = |level: &&Level| matches!(level.subject, Subject::Class { .. });
    let levels = levels.levels.iter().filter(of_a_class);
    let mut promises: Vec<_> = levels.filter_map(promise).collect();
    promises.sort_by_key(|promise| promise.state == PromiseState::Kept);
    promises
}

fn promise(level: &Level) -> Option<Promise> {
    let state = match level.standing {
        Standing::Met => PromiseState::Kept,
        Standing::Missed => PromiseState::Broken,
        Standing::Unsaid | Standing::NoGoal => return None,
    };
    let (class, track) = (level.subject.name(), level.track);
    Some(Promise {
        name: format!("{class}, {track}: {}", level.measure.words()),
        state,
        sentence: level.because.clone(),
    })
}
