//! What was read on devices that are compared.

use mainstay_plan::SignalName;
use mainstay_rollout::{Phase, Rollout, SoftReading};
use mainstay_store::{NextStep, Store, TakenReading};

use super::fixture::{NEW, OLD, at, changed, id, start_another, started};

fn taken(rollout: &Rollout, n: usize, due: i64, taken_at: i64, milli: u32) -> TakenReading {
    TakenReading {
        rollout: rollout.id,
        due: at(due),
        reading: SoftReading {
            device: id(n),
            signal: SignalName::Battery,
            at: at(taken_at),
            milli,
        },
    }
}

async fn keep(store: &dyn Store, readings: &[TakenReading]) {
    let kept = store.keep_readings(readings).await;
    kept.expect("the rollouts are known");
}

async fn kept(store: &dyn Store, rollout: &Rollout) -> Vec<SoftReading> {
    let view = store.fleet_view(rollout.id).await.expect("readable");
    view.readings.expect("a store keeps readings")
}

pub async fn a_reading_comes_back_with_its_rollout(store: &dyn Store) {
    let (one, other) = (started(store, 3).await, start_another(store, OLD, 3).await);
    assert_eq!(kept(store, &one).await, []);
    let mut all: Vec<_> = SignalName::ALL
        .into_iter()
        .map(|signal| {
            let mut taken = taken(&one, 1, 10, 12, u32::MAX);
            taken.reading.signal = signal;
            taken
        })
        .collect();
    all.push(taken(&one, 0, 10, 11, 0));
    all.push(taken(&other, 0, 5, 6, 7));
    keep(store, &all).await;
    let mut found = kept(store, &one).await;
    let mut expected: Vec<_> = all[..4].iter().map(|one| one.reading.clone()).collect();
    for readings in [&mut found, &mut expected] {
        readings.sort_by_key(|reading| (reading.device.clone(), reading.signal));
    }
    assert_eq!(found, expected);
    assert_eq!(kept(store, &other).await, [all[4].reading.clone()]);
}

pub async fn the_first_reading_from_its_time_on_counts(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let (first, late) = (
        taken(&rollout, 0, 10, 12, 20_000),
        taken(&rollout, 0, 10, 13, 90_000),
    );
    for reading in [&first, &late, &first] {
        keep(store, std::slice::from_ref(reading)).await;
        assert_eq!(
            kept(store, &rollout).await,
            std::slice::from_ref(&first.reading)
        );
    }
    let of_another_wave = taken(&rollout, 0, 40, 41, 30_000);
    keep(store, std::slice::from_ref(&of_another_wave)).await;
    assert_eq!(kept(store, &rollout).await, [of_another_wave.reading]);
}

pub async fn readings_of_strangers_are_none(store: &dyn Store) {
    let rollout = started(store, 1).await;
    keep(store, &[taken(&rollout, 9, 10, 12, 1)]).await;
    assert_eq!(kept(store, &rollout).await, []);
    let missed = store.miss_polls(rollout.id, &id(9), at(0), 5).await;
    assert_eq!(missed.expect("no failure"), 0);
    let mut unknown = taken(&rollout, 0, 10, 12, 1);
    unknown.rollout.0 += 1;
    assert!(store.keep_readings(&[unknown]).await.is_err());
}

pub async fn missed_polls_add_up_from_one_instant(store: &dyn Store) {
    let (one, other) = (started(store, 2).await, start_another(store, OLD, 2).await);
    for (rollout, n, since, polls, expected) in [
        (&one, 0, 1, 0, 0),
        (&one, 0, 1, 3, 3),
        (&one, 0, 1, 4, 7),
        (&one, 0, 1, 0, 7),
        (&one, 1, 1, 2, 2),
        (&other, 0, 1, 1, 1),
        (&one, 0, 9, 5, 5),
        (&one, 0, 9, u32::MAX, u32::MAX),
    ] {
        let counted = store.miss_polls(rollout.id, &id(n), at(since), polls).await;
        assert_eq!(counted.expect("a known rollout"), expected);
    }
}

pub async fn what_is_over_is_forgotten_with_the_next_reading(store: &dyn Store) {
    let (ended, going_on) = (started(store, 1).await, start_another(store, NEW, 1).await);
    keep(store, &[taken(&ended, 0, 10, 12, 1)]).await;
    let missed = store.miss_polls(ended.id, &id(0), at(0), 5).await;
    assert_eq!(missed.expect("a known rollout"), 5);
    let mut complete = changed(&ended);
    complete.phase = Phase::Complete { at: at(50) };
    let step = NextStep {
        rollout: &complete,
        expected_generation: ended.generation,
        actions: &[],
        incidents: &[],
        release: None,
        at: at(50),
    };
    store
        .save_step(&step)
        .await
        .expect("nobody else changed it");
    assert_eq!(kept(store, &ended).await.len(), 1);
    let other = taken(&going_on, 0, 60, 61, 2);
    keep(store, std::slice::from_ref(&other)).await;
    assert_eq!(kept(store, &ended).await, []);
    assert_eq!(kept(store, &going_on).await, [other.reading]);
    let missed = store.miss_polls(ended.id, &id(0), at(0), 0).await;
    assert_eq!(missed.expect("a known rollout"), 0);
}
