//! What a recorded decision makes of a device's progress; the same for every back end.
//!
//! A device may have moved on between a decision and its recording: how far it said that it has come is never
//! overwritten. A refusal before it began is given another try, by whoever knows of it. Reports aren't handled here: the `telemetry` crate folds them.

use jiff::Timestamp;
use mainstay_fleet::ReleaseDigest;
use mainstay_rollout::returns::CannotReturn;
use mainstay_rollout::{Kind, Offer, Progress};

/// The progress of a device after it was promised `offer`; `runs_it` says whether it runs the candidate by now, `is_halted` whether
/// the rollout is.
///
/// # Errors
/// With the id of the present progress, if the offer doesn't fit it any more.
pub(crate) fn promised(
    progress: &Progress,
    offer: &Offer,
    (runs_it, is_halted): (bool, bool),
    at: Timestamp,
) -> Result<Progress, &'static str> {
    match (offer.kind, progress) {
        (Kind::Forward, Progress::Waiting) => Ok(Progress::Promised { at }),
        // Another try, decided after the refusal was known.
        (
            Kind::Forward,
            Progress::Refused {
                began: None,
                at: refused,
                ..
            },
        ) if *refused < at => Ok(Progress::Promised { at }),
        (Kind::Forward, Progress::Promised { .. } | Progress::Began { .. }) => Ok(progress.clone()),
        // It lost what it had kept, and takes that and nothing older.
        (Kind::Forward, _) if progress.lost_it() => Ok(progress.clone()),
        // A failed device that still runs the candidate, or nothing, is offered the way back and keeps its failure.
        (Kind::Return, _) if progress.failure().is_some() => Ok(progress.clone()),
        // It has nothing to run while the candidate is withheld, and gets that as soon as it isn't.
        (Kind::Return, Progress::Began { .. }) if !is_halted => Ok(progress.clone()),
        (Kind::Return, _) => {
            returning(progress, runs_it, offer.release, at).ok_or_else(|| progress.id())
        }
        (Kind::Forward, _) => Err(progress.id()),
    }
}

/// The progress of a device that is told to go back to `to`; none if it has gone, or never can. One that had come back goes once
/// more if it `runs_it` again: it lost what it came back to.
pub(crate) fn returning(
    progress: &Progress,
    runs_it: bool,
    to: ReleaseDigest,
    at: Timestamp,
) -> Option<Progress> {
    match progress {
        Progress::Returning { to: known, .. } if *known == to => Some(progress.clone()),
        Progress::Returned { began, .. } if runs_it => Some(Progress::Returning {
            began: *began,
            at,
            to: to.into(),
        }),
        _ if is_settled(progress) => None,
        _ => {
            let began = progress.began().unwrap_or(at);
            let to = to.into();
            Some(Progress::Returning { began, at, to })
        }
    }
}

/// The progress of a device for which no way back was found; none if it needs none any more.
pub(crate) fn stranded(progress: &Progress, why: CannotReturn, at: Timestamp) -> Option<Progress> {
    if is_settled(progress) {
        return None;
    }
    let began = progress.began().unwrap_or(at);
    let why = why.into();
    Some(Progress::CannotReturn { began, at, why })
}

fn is_settled(progress: &Progress) -> bool {
    let is_back = matches!(
        progress,
        Progress::Returned { .. } | Progress::CannotReturn { .. }
    );
    is_back || progress.failure().is_some()
}

#[cfg(test)]
mod tests {
    use mainstay_rollout::FailureCause;

    use super::*;

    const OLD: ReleaseDigest = ReleaseDigest([1; 32]);
    const NEW: ReleaseDigest = ReleaseDigest([2; 32]);
    /// It doesn't run the candidate, and the rollout isn't halted.
    const NEITHER: (bool, bool) = (false, false);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    fn states() -> Vec<Progress> {
        let (began, cause) = (at(1), FailureCause::SelfTest);
        vec![
            Progress::Waiting,
            Progress::Promised { at: at(0) },
            Progress::Began { at: began },
            Progress::Refused {
                began: None,
                at: at(2),
                refusal: "trust.unsigned".into(),
            },
            Progress::OnTrial {
                began,
                booted: at(2),
            },
            Progress::Confirmed {
                began,
                booted: at(2),
                at: at(3),
            },
            Progress::Failed {
                began,
                at: at(3),
                cause,
            },
            Progress::Returning {
                began,
                at: at(4),
                to: OLD.into(),
            },
            Progress::Returned { began, at: at(5) },
            Progress::CannotReturn {
                began,
                at: at(4),
                why: CannotReturn::NothingBefore.into(),
            },
        ]
    }

    fn after_promise(offer: Offer, is_halted: bool) -> Vec<&'static str> {
        let now = at(9);
        let outcomes = states()
            .into_iter()
            .map(|state| promised(&state, &offer, (false, is_halted), now));
        outcomes
            .map(|outcome| outcome.map_or("refused", |progress| progress.id()))
            .collect()
    }

    #[test]
    fn a_promise_never_overwrites_how_far_a_device_has_come() {
        let forward = Offer {
            release: NEW,
            kind: Kind::Forward,
        };
        let mut expected = vec!["promised", "promised", "began", "promised"];
        expected.resize(10, "refused");
        assert_eq!(after_promise(forward, false), expected);
        let back = Offer {
            release: OLD,
            kind: Kind::Return,
        };
        let mut expected = vec!["returning"; 6];
        expected.extend(["failed", "returning", "refused", "refused"]);
        assert_eq!(after_promise(back, true), expected);
        expected[2] = "began";
        assert_eq!(after_promise(back, false), expected);
    }

    #[test]
    fn a_failure_stays_one_on_the_way_back() {
        let refused = Progress::Refused {
            began: Some(at(1)),
            at: at(2),
            refusal: "trust.image-digest".into(),
        };
        let back = Offer {
            release: OLD,
            kind: Kind::Return,
        };
        let promised = promised(&refused, &back, (false, false), at(9));
        assert_eq!(promised, Ok(refused));
    }

    #[test]
    fn who_had_come_back_and_runs_it_again_is_promised_the_way_once_more() {
        let returned = Progress::Returned {
            began: at(1),
            at: at(5),
        };
        let back = Offer {
            release: OLD,
            kind: Kind::Return,
        };
        let promised = |runs_it| promised(&returned, &back, (runs_it, true), at(9));
        assert_eq!(promised(false), Err("returned"));
        assert_eq!(
            promised(true).map(|progress| progress.id()),
            Ok("returning")
        );
    }

    #[test]
    fn a_refusal_that_came_meanwhile_is_heard() {
        let refused = Progress::Refused {
            began: None,
            at: at(9),
            refusal: "trust.held".into(),
        };
        let offer = Offer {
            release: NEW,
            kind: Kind::Forward,
        };
        assert_eq!(promised(&refused, &offer, NEITHER, at(9)), Err("refused"));
        let again = Progress::Promised { at: at(10) };
        assert_eq!(promised(&refused, &offer, NEITHER, at(10)), Ok(again));
    }

    #[test]
    fn the_same_promise_twice_is_the_first_one() {
        for kind in [Kind::Forward, Kind::Return] {
            let offer = Offer { release: OLD, kind };
            for state in states() {
                let Ok(once) = promised(&state, &offer, NEITHER, at(9)) else {
                    continue;
                };
                assert_eq!(
                    promised(&once, &offer, NEITHER, at(10)),
                    Ok(once.clone()),
                    "{state:?}"
                );
            }
        }
    }

    #[test]
    fn going_back_keeps_when_it_began_and_leaves_settled_devices_alone() {
        let confirmed = Progress::Confirmed {
            began: at(1),
            booted: at(2),
            at: at(3),
        };
        let expected = Progress::Returning {
            began: at(1),
            at: at(9),
            to: OLD.into(),
        };
        assert_eq!(returning(&confirmed, true, OLD, at(9)), Some(expected));
        let why = CannotReturn::NothingBefore;
        let expected = Progress::CannotReturn {
            began: at(1),
            at: at(9),
            why: why.into(),
        };
        assert_eq!(stranded(&confirmed, why, at(9)), Some(expected));
        let failed = Progress::Failed {
            began: at(1),
            at: at(3),
            cause: FailureCause::Bricked,
        };
        let returned = Progress::Returned {
            began: at(1),
            at: at(5),
        };
        assert_eq!(returning(&failed, true, OLD, at(9)), None);
        assert_eq!(returning(&returned, false, OLD, at(9)), None);
        let again = returning(&confirmed, true, OLD, at(9));
        assert_eq!(returning(&returned, true, OLD, at(9)), again);
        for settled in [failed, returned] {
            assert_eq!(stranded(&settled, why, at(9)), None);
        }
    }
}
