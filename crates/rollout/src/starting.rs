//! Between asking for a rollout and its beginning: drawing and enrolling a hundred thousand devices takes longer than anybody waits.
//!
//! A rollout that was asked for has its number, its rules, its seed and its class, and no devices: nobody is offered anything, no step is
//! taken, and it can be withdrawn or halted. Its devices are drawn once ([`drawn`]), and the sample is kept; then they are enrolled part by
//! part; then it begins ([`begun`]), whole. What can't begin is taken back with the reason ([`could_not_begin`]). Read [`Starting`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::needs::{self, ClassVersions};
use crate::rollout::{Candidate, Phase, Rollout, RolloutId};
use crate::rules::Rules;
use crate::sample::Enrolment;
use crate::step::Step;
use crate::wait::Wait;
use crate::wave::WaveState;

/// Who takes back a rollout that can't begin.
pub const THE_SERVER: &str = "the server";

/// What is to be done next for a rollout that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Starting {
    /// Its devices are to be drawn.
    ToDraw,
    /// They are drawn, and to be enrolled.
    ToEnrol,
}

impl Rollout {
    /// A rollout whose devices are still to be drawn.
    #[must_use]
    pub fn asked_for(
        id: RolloutId,
        candidate: Candidate,
        rules: Rules,
        plan_revision: String,
        seed: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            starting: Some(Starting::ToDraw),
            ..Self::start(id, candidate, rules, plan_revision, seed, &[], now)
        }
    }

    /// Whether it is still to begin, and will.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.starting.is_some() && !self.is_over()
    }
}

/// The rollout with its devices drawn; they are to be enrolled.
#[must_use]
pub fn drawn(rollout: &Rollout, enrolments: &[Enrolment]) -> Rollout {
    let mut next = rollout.clone();
    next.starting = Some(Starting::ToEnrol);
    next.waves = WaveState::for_enrolments(&next.rules.waves, enrolments);
    next.since(rollout)
}

/// The rollout with its devices enrolled: it counts from now on, and its first wave is about to open. `others` is what the classes run
/// that come first.
#[must_use]
pub fn begun(rollout: &Rollout, others: &[ClassVersions], now: Timestamp) -> Rollout {
    let mut next = rollout.clone();
    next.starting = None;
    next.unmet = needs::unmet(&next.rules.prerequisites, others);
    next.started_at = now;
    // A pause before the beginning took no time from anybody.
    next.held_since = next.held_since.map(|_| now);
    next.since(rollout)
}

/// The rollout taken back, because its devices couldn't be drawn.
#[must_use]
pub fn could_not_begin(rollout: &Rollout, because: &str, now: Timestamp) -> Step {
    let (who, why) = (
        THE_SERVER.to_owned(),
        format!("it could not start: {because}"),
    );
    let mut next = rollout.clone();
    next.phase = Phase::Withdrawn {
        at: now,
        who: who.clone(),
        why: why.clone(),
    };
    Step {
        rollout: next.since(rollout),
        actions: Vec::new(),
        waits: vec![Wait::Withdrawn { who, why }],
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use mainstay_plan::{SignalName, SoftSignal};

    use super::*;
    use crate::readings::wants;
    use crate::testing::{at, candidate, device, rules};
    use crate::view::FleetView;
    use crate::{halt, offer, pause, step, why, withdrawal};

    fn asked_for() -> Rollout {
        let id = RolloutId(7);
        Rollout::asked_for(id, candidate(), rules(), "ab".to_owned(), 1, at(0))
    }

    fn enrolments(count: usize) -> Vec<Enrolment> {
        let enrolment = |n: usize| Enrolment {
            device: device(n).id,
            wave: usize::from(n > 0),
        };
        (0..count).map(enrolment).collect()
    }

    #[test]
    fn nothing_moves_before_it_begins() {
        let view = FleetView {
            devices: vec![device(0)],
            ..FleetView::default()
        };
        for asked in [asked_for(), drawn(&asked_for(), &enrolments(1))] {
            let stepped = step(&asked, &view, at(600));
            assert_eq!((&stepped.rollout, stepped.actions.len()), (&asked, 0));
            assert_eq!(stepped.waits, [Wait::Starting]);
            assert_eq!(offer(&asked, &device(0), 0, at(1)), Err(Wait::Starting));
            let told = why::rollout(&asked, &Wait::Starting, at(1));
            assert_eq!(told, "1.1.0 waits, because its devices are being drawn.");
        }
    }

    #[test]
    fn nobody_needs_to_look_at_its_devices_before_it_begins() {
        let mut asked = asked_for();
        asked.rules.soft = vec![SoftSignal {
            name: SignalName::Battery,
            worse_by_at_most: 10,
            horizon: SignedDuration::from_hours(48),
        }];
        let drawn = drawn(&asked, &enrolments(2));
        assert!(!wants(&asked) && !wants(&drawn));
        assert!(wants(&begun(&drawn, &[], at(5))));
    }

    #[test]
    fn it_begins_with_all_its_devices_and_counts_from_then_on() {
        let drawn = drawn(&asked_for(), &enrolments(3));
        assert_eq!(drawn.starting, Some(Starting::ToEnrol));
        assert!(drawn.is_starting() && drawn.generation == 2);
        let begun = begun(&drawn, &[], at(5));
        assert!(!begun.is_starting());
        assert_eq!((begun.generation, begun.started_at), (3, at(5)));
        let at_once = Rollout::start(
            RolloutId(7),
            candidate(),
            rules(),
            "ab".to_owned(),
            1,
            &enrolments(3),
            at(5),
        );
        let generation = begun.generation;
        assert_eq!(
            begun,
            Rollout {
                generation,
                ..at_once
            }
        );
    }

    #[test]
    fn it_is_taken_back_by_people_or_with_the_reason_why_it_can_not_begin() {
        for asked in [asked_for(), drawn(&asked_for(), &enrolments(2))] {
            is_taken_back(&asked);
        }
    }

    fn is_taken_back(asked: &Rollout) {
        let failed = could_not_begin(asked, "nobody may get it", at(5)).rollout;
        let withdrawn = withdrawal::by_person(asked, "kim@northwind.example", "not yet", at(5));
        let view = FleetView::default();
        let halted = halt::by_person(asked, &view, "sam@northwind.example", "smoke", at(5));
        let withdrawn = withdrawn.expect("no wave is open").rollout;
        let halted = halted.expect("it is under way").rollout;
        for over in [&failed, &withdrawn, &halted] {
            assert!(over.is_over() && !over.is_starting() && over.generation > asked.generation);
        }
        let waits = step(&failed, &view, at(6)).waits;
        assert_eq!(
            why::rollout(&failed, &waits[0], at(6)),
            "1.1.0 isn't rolled out, because the server withdrew its rollout before a wave opened: it could not start: nobody may get it."
        );
    }

    #[test]
    fn a_pause_outlasts_the_beginning_and_took_no_time_before() {
        let paused = pause::by_person(&asked_for(), "sam@northwind.example", "wait", at(1));
        let paused = paused.expect("it is under way");
        let nobody = FleetView::default();
        let waits = step(&paused, &nobody, at(2)).waits;
        assert!(
            matches!(&waits[..], [Wait::Paused { .. }, Wait::Starting]),
            "{waits:?}"
        );
        let begun = begun(&drawn(&paused, &enrolments(3)), &[], at(600));
        assert_eq!(begun.paused, paused.paused);
        assert_eq!(begun.held_since, Some(at(600)));
        assert!(step(&begun, &nobody, at(601)).actions.is_empty());
    }

    #[test]
    fn a_rollout_that_began_is_kept_as_before() {
        let drawn = drawn(&asked_for(), &enrolments(1));
        let begun = begun(&drawn, &[], at(5));
        let text = serde_json::to_string(&begun).expect("it is plain");
        assert!(!text.contains("starting"), "{text}");
        for starting in [asked_for(), drawn] {
            let text = serde_json::to_string(&starting).expect("it is plain");
            let read: Rollout = serde_json::from_str(&text).expect("it is one");
            assert_eq!(read, starting);
        }
    }
}
