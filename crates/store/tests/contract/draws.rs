//! Rollouts that are starting: drawn at once, enrolled part by part, begun whole.

use mainstay_rollout::starting::{self, Starting, could_not_begin};
use mainstay_rollout::{Enrolment, Rollout};
use mainstay_store::{NextStep, Store, StoreError};

use super::fixture::{NEW, OLD, at, enrolments, id, kinds, register, rollout, start_another};

/// A rollout that was asked for, and is kept so.
pub async fn asked_for(store: &dyn Store) -> Rollout {
    let mut asked = rollout(store, NEW, 0).await;
    asked.starting = Some(Starting::ToDraw);
    let kept = store.start_rollout(&asked, &[], None).await;
    kept.expect("the class is free");
    asked
}

/// Its devices are drawn, two in each part.
pub async fn drawn(store: &dyn Store, asked: &Rollout, devices: &[Enrolment]) -> Rollout {
    let drawn = starting::drawn(asked, devices);
    let parts: Vec<_> = devices.chunks(2).collect();
    let kept = store.keep_draw(&drawn, asked.generation, &parts).await;
    kept.expect("nobody changed it");
    drawn
}

/// Saves a rollout of the generation before.
async fn save(store: &dyn Store, rollout: &Rollout) {
    let saved = NextStep {
        rollout,
        expected_generation: rollout.generation - 1,
        actions: &[],
        incidents: &[],
        release: None,
        gives: true,
        at: at(3),
    };
    store.save_step(&saved).await.expect("nobody changed it");
}

async fn enrolled(store: &dyn Store, rollout: &Rollout) -> usize {
    let view = store.fleet_view(rollout.id).await.expect("readable");
    view.devices.len()
}

async fn is_kept(store: &dyn Store, rollout: &Rollout) -> bool {
    let kept = store.rollout(rollout.id).await.expect("readable");
    kept.as_ref() == Some(rollout)
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> (&'static str, String) {
    let error = outcome.expect_err("it is refused");
    (error.id(), error.to_string())
}

pub async fn what_was_drawn_is_enrolled_part_by_part_and_begins_whole(store: &dyn Store) {
    register(store, 5).await;
    let asked = asked_for(store).await;
    let found = store.active_rollouts(None).await.expect("readable");
    assert_eq!(found, std::slice::from_ref(&asked));
    let watched = store.rollouts_under_watch().await.expect("readable");
    assert_eq!(watched.rollouts, std::slice::from_ref(&asked));
    let all = enrolments(5);
    let drawn = drawn(store, &asked, &all).await;
    assert!(is_kept(store, &drawn).await);
    let mut seen = Vec::new();
    loop {
        let begun = starting::begun(&drawn, &[], at(9));
        seen.push(enrolled(store, &drawn).await);
        match store.enrol_part(&drawn).await.expect("all are known") {
            // Between any two parts it isn't whole.
            true if seen.len() < 3 => {
                let early = store.begin_rollout(&begun, drawn.generation).await;
                let (id, because) = refused(early);
                assert_eq!(id, "store.conflict");
                assert!(because.contains("draw"), "{because}");
            }
            true => {}
            false => break,
        }
    }
    assert_eq!(seen, [0, 2, 4, 5]);
    assert!(is_kept(store, &drawn).await);
    let begun = starting::begun(&drawn, &[], at(9));
    let done = store.begin_rollout(&begun, drawn.generation).await;
    done.expect("all are enrolled");
    assert!(is_kept(store, &begun).await);
    let found = store.active_rollouts(None).await.expect("readable");
    assert_eq!(found, std::slice::from_ref(&begun));
    // As if it had been started at once: each device in its wave, and told so once.
    let view = store.fleet_view(begun.id).await.expect("readable");
    let waves: Vec<_> = view.devices.iter().map(|device| device.wave).collect();
    assert_eq!(waves, [0, 0, 1, 1, 1]);
    assert_eq!(view.devices[4].before, Some(OLD.into()));
    for n in 0..5 {
        assert_eq!(kinds(store, n).await, ["enrolled", "registered"]);
    }
}

pub async fn what_changed_meanwhile_is_neither_drawn_enrolled_nor_begun(store: &dyn Store) {
    register(store, 3).await;
    let asked = asked_for(store).await;
    let all = enrolments(3);
    let drawn = drawn(store, &asked, &all).await;
    // Another server has drawn, too, and is late.
    let parts: Vec<_> = all.chunks(2).collect();
    let late = store.keep_draw(&drawn, asked.generation, &parts).await;
    assert_eq!(refused(late).0, "store.conflict");
    assert_eq!(refused(store.enrol_part(&asked).await).0, "store.conflict");
    let begun = starting::begun(&drawn, &[], at(9));
    let early = store.begin_rollout(&begun, asked.generation).await;
    assert_eq!(refused(early).0, "store.conflict");
    assert!(is_kept(store, &drawn).await);
    assert_eq!(enrolled(store, &drawn).await, 0);
}

pub async fn a_device_that_is_unknown_is_not_enrolled_nor_are_those_beside_it(store: &dyn Store) {
    register(store, 3).await;
    let asked = asked_for(store).await;
    let drawn = drawn(store, &asked, &enrolments(4)).await;
    // The last one comes first.
    let unknown = store.enrol_part(&drawn).await;
    let (refusal, because) = refused(unknown);
    assert_eq!(refusal, "store.not-found");
    assert!(because.contains(id(3).as_str()), "{because}");
    assert_eq!(enrolled(store, &drawn).await, 0);
    assert_eq!(kinds(store, 2).await, ["registered"]);
}

/// Its class is free, and what was still to be enrolled is forgotten.
pub async fn what_is_taken_back_while_it_starts_goes_no_further(store: &dyn Store) {
    register(store, 5).await;
    let asked = asked_for(store).await;
    let drawn = drawn(store, &asked, &enrolments(5)).await;
    assert!(store.enrol_part(&drawn).await.expect("all are known"));
    let step = could_not_begin(&drawn, "of a test", at(3));
    save(store, &step.rollout).await;
    assert_eq!(refused(store.enrol_part(&drawn).await).0, "store.conflict");
    let left = store.enrol_part(&step.rollout).await;
    assert!(!left.expect("readable"), "nothing is left of it");
    let found = store.active_rollouts(None).await.expect("readable");
    assert!(found.is_empty(), "{found:?}");
}

/// A server of the version before doesn't see that the class has one that is starting, and may have started another.
pub async fn a_class_with_a_rollout_begins_no_other(store: &dyn Store) {
    register(store, 2).await;
    let other = start_another(store, OLD, 2).await;
    let mut withdrawn = could_not_begin(&other, "of a test", at(3)).rollout;
    save(store, &withdrawn).await;
    let mut asked = rollout(store, NEW, 0).await;
    asked.starting = Some(Starting::ToDraw);
    asked.candidate.class.clone_from(&other.candidate.class);
    let kept = store.start_rollout(&asked, &[], None).await;
    kept.expect("the class is free");
    let drawn = drawn(store, &asked, &enrolments(2)).await;
    while store.enrol_part(&drawn).await.expect("all are known") {}
    withdrawn.phase = other.phase;
    withdrawn.generation += 1;
    save(store, &withdrawn).await;
    let begun = starting::begun(&drawn, &[], at(9));
    let refusal = refused(store.begin_rollout(&begun, drawn.generation).await);
    assert_eq!(refusal.0, "store.conflict");
    assert!(refusal.1.contains("device class"), "{refusal:?}");
    assert!(is_kept(store, &drawn).await);
}

/// Two in one class share a canary's evidence, whether the first has begun or not.
pub async fn a_class_has_one_that_is_starting(store: &dyn Store) {
    let asked = asked_for(store).await;
    let mut other = rollout(store, OLD, 0).await;
    other.candidate.class.clone_from(&asked.candidate.class);
    let busy = store.start_rollout(&other, &[], None).await;
    assert_eq!(refused(busy).0, "store.conflict");
}

/// Of two servers that enrol, each takes parts of its own.
pub async fn two_servers_enrol_each_device_once(a: &dyn Store, b: &dyn Store) {
    register(a, 9).await;
    let asked = asked_for(a).await;
    let drawn = drawn(a, &asked, &enrolments(9)).await;
    let enrol = async |store: &dyn Store| {
        let mut parts = 0;
        while store.enrol_part(&drawn).await.expect("all are known") {
            parts += 1;
        }
        parts
    };
    let (one, other) = tokio::join!(enrol(a), enrol(b));
    assert_eq!(one + other, 5);
    assert_eq!(enrolled(b, &drawn).await, 9);
    for n in 0..9 {
        assert_eq!(kinds(b, n).await, ["enrolled", "registered"]);
    }
}
