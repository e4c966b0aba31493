//! Devices that said they begin while a person had paused the rollout.

use super::offers::outcome;
use super::pauses::{pause, resume, rolling};
use crate::progress::Progress;
use crate::rollout::Rollout;
use crate::score::{Score, horizon, score};
use crate::testing::{NOTHING, OLD, at, device};
use crate::{DeviceView, ReleaseDigest};

/// Its word came while nobody was served: it got nothing, and its time begins when the rollout goes on.
#[test]
fn who_began_while_it_stood_still_is_judged_from_its_end_on() {
    let (open, _) = rolling();
    let paused = pause(&open, 10);
    let resumed = resume(&paused, 400);
    let with = |minutes, running: ReleaseDigest| DeviceView {
        progress: Progress::Began { at: at(minutes) },
        running: Some(running.into()),
        ..device(0)
    };
    let due = |rollout: &Rollout, device: &DeviceView| horizon(rollout, device);
    assert_eq!(due(&paused, &with(10, OLD)), Some(at(40)));
    assert_eq!(due(&paused, &with(11, OLD)), None);
    assert_eq!(due(&paused, &with(11, NOTHING)), Some(at(41)));
    assert_eq!(due(&resumed, &with(10, OLD)), Some(at(40)));
    assert_eq!(due(&resumed, &with(11, OLD)), Some(at(430)));
    assert_eq!(due(&resumed, &with(401, OLD)), Some(at(431)));
    for now in [12, 100, 429] {
        let rollout = if now < 400 { &paused } else { &resumed };
        assert_eq!(score(rollout, &with(11, OLD), at(now)), Score::Pending);
    }
    // It waits for its window like one that hasn't begun.
    let closed = |device: &DeviceView| outcome(&in_the_night(&resumed), device, 401);
    assert_eq!(closed(&with(10, OLD)), "forward");
    assert_eq!(closed(&with(11, OLD)), "WindowOpens");
    assert_eq!(closed(&with(11, NOTHING)), "forward");
}

/// Devices update from one to two in the morning.
fn in_the_night(rollout: &Rollout) -> Rollout {
    let mut rollout = rollout.clone();
    rollout.rules.window.from = jiff::civil::time(1, 0, 0, 0);
    rollout.rules.window.until = jiff::civil::time(2, 0, 0, 0);
    rollout
}
