//! Whether a device that got nothing may be told so again without another look.
//!
//! Some waits end by what other devices do, such as the line for a place: whoever waits like that is looked at each time it asks. All
//! others end by a step or by people, who say that something changed; by a word of the device itself; or at an instant that is known
//! now. Read [`rests`], then [`may_end_a_wait`] (which steps say that something changed).

use crate::progress::Progress;
use crate::rollout::Rollout;
use crate::view::DeviceView;
use crate::wait::Wait;
use crate::withheld::Withheld;

/// Whether a device that was told to `wait` gets nothing from this rollout until its [`turn`](crate::turn::turn) comes (for good, if
/// none is known), unless a step or people change something or the device itself says something new.
#[must_use]
pub fn rests(device: &DeviceView, wait: &Wait) -> bool {
    match wait {
        // A step or people end it.
        Wait::Paused { .. }
        | Wait::Starting
        | Wait::Prerequisite { .. }
        | Wait::WaveNotOpen { .. }
        | Wait::UnknownZone { .. } => true,
        // The device itself does, or a step; what time makes of it is no offer.
        Wait::BehindStone { .. } | Wait::OnTrial { .. } | Wait::AlreadyRuns => true,
        // Its turn is known.
        Wait::WindowOpens { .. } | Wait::Jitter { .. } => true,
        // Nothing ends it, or only what the device says.
        Wait::NotEnrolled
        | Wait::Halted { .. }
        | Wait::Withdrawn { .. }
        | Wait::Failed { .. }
        | Wait::GaveUp { .. }
        | Wait::Returned
        | Wait::CannotReturn { .. }
        | Wait::Complete => true,
        // One that hadn't begun is asked again after a while.
        Wait::Refused { .. } => !matches!(device.progress, Progress::Refused { began: None, .. }),
        Wait::Withheld { because } => is_said_to_end(because),
        // Others make room.
        Wait::Budget { .. } => false,
        // No device is told these.
        Wait::Soak { .. }
        | Wait::Evidence { .. }
        | Wait::Comparison { .. }
        | Wait::Unsettled { .. }
        | Wait::Human { .. }
        | Wait::Installing { .. } => false,
    }
}

/// Whether what a step made of a rollout may end the wait of any device: it differs in more than counts for which no device waits, of members that
/// were scored, and of devices of other classes that must come first. These move all day long, with the news of single devices.
#[must_use]
pub fn may_end_a_wait(before: &Rollout, after: &Rollout) -> bool {
    without_counts(before) != without_counts(after)
}

fn without_counts(rollout: &Rollout) -> Rollout {
    let mut rollout = rollout.clone();
    rollout.generation = 0;
    for wave in &mut rollout.waves {
        (wave.monitor.scored, wave.monitor.failures) = (0, 0);
    }
    for unmet in &mut rollout.unmet {
        (unmet.ready, unmet.needed, unmet.devices) = (0, 0, 0);
    }
    rollout
}

/// Whether people say so when it ends, or its end is known now. A server may find a release, or read it, at any time.
fn is_said_to_end(because: &Withheld) -> bool {
    match because {
        Withheld::Held { .. }
        | Withheld::Refused { .. }
        | Withheld::RevocationsMissing
        | Withheld::RevocationsStale { .. }
        | Withheld::Unscheduled
        | Withheld::ScheduleRefused { .. }
        | Withheld::ScheduleOpens { .. }
        | Withheld::ScheduleOver { .. }
        | Withheld::OutsideShare { .. }
        | Withheld::Unfit { .. }
        | Withheld::AfterAWhile { .. } => true,
        Withheld::NotHere | Withheld::Unspeakable { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::Time;
    use mainstay_plan::VersionNumber;

    use super::*;
    use crate::needs::Unmet;
    use crate::offer::offer;
    use crate::progress::FailureCause;
    use crate::returns::CannotReturn;
    use crate::rollout::Phase;
    use crate::testing::{NEW, OLD, at, confirmed, device, failed, on_trial, opened, view};
    use crate::turn::turn;
    use crate::{halt, pause};

    fn refused(began: Option<i64>) -> Progress {
        Progress::Refused {
            began: began.map(at),
            at: at(5),
            refusal: "trust.held".into(),
        }
    }

    /// A device in each state, running what fits and what doesn't.
    fn devices() -> Vec<DeviceView> {
        let progresses = [
            Progress::Waiting,
            Progress::Promised { at: at(3) },
            Progress::Began { at: at(3) },
            refused(None),
            refused(Some(3)),
            on_trial(3),
            confirmed(3),
            failed(3, FailureCause::SelfTest),
            Progress::Returning {
                began: at(3),
                at: at(9),
                to: OLD.into(),
            },
            Progress::Returned {
                began: at(3),
                at: at(9),
            },
            Progress::CannotReturn {
                began: at(3),
                at: at(9),
                why: CannotReturn::NothingBefore.into(),
            },
        ];
        let running = [Some(OLD), Some(NEW), None];
        let of = |progress: Progress| {
            running.map(|running| DeviceView {
                progress: progress.clone(),
                running: running.map(Into::into),
                ..device(0)
            })
        };
        progresses.into_iter().flat_map(of).collect()
    }

    /// The same rollout in each phase, with a window that opens at night and a turn of one's own in it.
    fn rollouts() -> Vec<Rollout> {
        let mut rolling = opened(40);
        rolling.rules.window.from = Time::constant(22, 0, 0, 0);
        rolling.rules.window.until = Time::constant(4, 0, 0, 0);
        rolling.rules.jitter = SignedDuration::from_mins(90);
        rolling.rules.limits.downloads = 1;
        let mut unopened = rolling.clone();
        unopened.waves[0].opened_at = None;
        let paused = pause::by_person(&rolling, "kim", "wait", at(2)).expect("it rolls");
        let halted = halt::by_person(&rolling, &view(1), "kim", "smoke", at(2)).expect("it rolls");
        vec![rolling, unopened, paused, halted.rollout]
    }

    /// Looks at each device every quarter of an hour for four days: who rests is offered nothing before its turn, however much room
    /// others make.
    #[test]
    fn who_rests_is_offered_nothing_before_its_turn() {
        let (mut rested, mut looked_at) = (0, 0);
        let quarters = |days: i64| (0..days * 96).map(|n| at(n * 15));
        for rollout in rollouts() {
            for device in devices() {
                for now in quarters(4).step_by(23) {
                    let Err(wait) = offer(&rollout, &device, 1, now) else {
                        continue;
                    };
                    looked_at += 1;
                    if !rests(&device, &wait) {
                        continue;
                    }
                    rested += 1;
                    let turn = turn(&rollout, &device, &wait, 1, now);
                    let later = quarters(4).filter(|later| *later >= now);
                    for later in later.take_while(|later| turn.is_none_or(|turn| *later < turn)) {
                        let then = offer(&rollout, &device, 0, later);
                        assert!(then.is_err(), "{wait:?} at {now}, and {then:?} at {later}");
                    }
                }
            }
        }
        assert!(rested > 300, "{rested}");
        assert!(looked_at > rested, "{looked_at}");
    }

    /// The same rollout, a step later, in which something was counted.
    fn counted(rollout: &Rollout) -> Rollout {
        let mut later = rollout.clone();
        later.generation += 1;
        later.waves[0].monitor.scored += 1;
        later.waves[0].monitor.failures += 1;
        for unmet in &mut later.unmet {
            unmet.ready += 1;
            unmet.devices += 1;
        }
        later
    }

    #[test]
    fn what_is_only_counted_gives_nobody_anything() {
        let unmet = Unmet {
            class: "gateway".to_owned(),
            at_least: VersionNumber::new(2, 0, 0),
            ready: 7,
            needed: 95,
            devices: 100,
        };
        let mut behind = opened(40);
        behind.unmet.push(unmet);
        let mut compared = 0;
        for before in rollouts().into_iter().chain([behind.clone()]) {
            let later = counted(&before);
            assert!(!may_end_a_wait(&before, &later));
            for device in devices() {
                for now in (0..400).map(|n| at(n * 15)).step_by(23) {
                    let [before, later] = [&before, &later].map(|of| offer(of, &device, 0, now));
                    assert_eq!(before.ok(), later.ok());
                    compared += 1;
                }
            }
        }
        assert!(compared > 300, "{compared}");
        let changes: [fn(&mut Rollout); 4] = [
            |rollout| rollout.unmet.clear(),
            |rollout| rollout.waves[0].opened_at = None,
            |rollout| rollout.waves[0].monitor.decided_at = Some(at(9)),
            |rollout| rollout.phase = Phase::Complete { at: at(9) },
        ];
        for (which, change) in changes.into_iter().enumerate() {
            let mut later = counted(&behind);
            change(&mut later);
            assert!(may_end_a_wait(&behind, &later), "{which}");
        }
    }

    #[test]
    fn what_others_may_end_at_any_time_is_no_rest() {
        let budget = Wait::Budget {
            in_flight: 1,
            limit: 1,
        };
        assert!(!rests(&device(0), &budget));
        let of = |because| Wait::Withheld { because };
        assert!(!rests(&device(0), &of(Withheld::NotHere)));
        assert!(rests(&device(0), &of(Withheld::Unscheduled)));
        let (mut early, mut late) = (device(0), device(0));
        (early.progress, late.progress) = (refused(None), refused(Some(3)));
        let wait = Wait::Refused {
            refusal: "trust.held".to_owned(),
        };
        assert!(!rests(&early, &wait));
        assert!(rests(&late, &wait));
    }
}
