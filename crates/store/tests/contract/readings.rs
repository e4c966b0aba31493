//! What was read on devices that are compared.

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::SignalName;
use mainstay_rollout::{Phase, Rollout, SoftReading};
use mainstay_store::{NextStep, PollCount, Store, TakenReading};

use super::fixture::{NEW, OLD, at, changed, id, start_another, started};

pub fn taken(rollout: &Rollout, n: usize, due: i64, taken_at: i64, milli: u32) -> TakenReading {
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

pub async fn keep(store: &dyn Store, readings: &[TakenReading]) {
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
    hear(store, 9, 0, 50, &[count(&rollout, 0)]).await;
    assert_eq!(missed(store, &rollout, 9, 0).await, 0);
    let mut unknown = taken(&rollout, 0, 10, 12, 1);
    unknown.rollout.0 += 1;
    assert!(store.keep_readings(&[unknown]).await.is_err());
}

/// A poll is due every ten minutes.
pub fn count(rollout: &Rollout, since: i64) -> PollCount {
    PollCount {
        rollout: rollout.id,
        since: at(since),
        poll: SignedDuration::from_mins(10),
    }
}

/// A device is heard of, and was before, at these minutes.
pub async fn hear(store: &dyn Store, n: usize, last: i64, now: i64, counts: &[PollCount]) {
    let device = id(n);
    let counted = store.count_missed_polls(&device, at(last), at(now), counts);
    counted.await.expect("the rollouts are known");
}

async fn missed(store: &dyn Store, rollout: &Rollout, n: usize, since: i64) -> u32 {
    let missed = store.missed_polls(rollout.id, &id(n), at(since)).await;
    missed.expect("readable")
}

async fn last_seen(store: &dyn Store, n: usize) -> Option<Timestamp> {
    let device = store.device(&id(n)).await.expect("readable");
    device.expect("a known device").last_seen
}

pub async fn missed_polls_add_up_from_one_instant(store: &dyn Store) {
    let (one, other) = (started(store, 2).await, start_another(store, OLD, 2).await);
    assert_eq!(missed(store, &one, 0, 0).await, 0);
    let both = [count(&one, 0), count(&other, 60)];
    for (n, last, now, counts, expected) in [
        (0, 0, 10, &both[..1], 0),
        (0, 10, 50, &both[..1], 3),
        (0, 50, 100, &both[..], 7),
        (0, 100, 110, &both[..], 7),
        (1, 0, 30, &both[..1], 2),
    ] {
        hear(store, n, last, now, counts).await;
        assert_eq!(missed(store, &one, n, 0).await, expected, "at {now}");
        assert_eq!(last_seen(store, n).await, Some(at(now)));
    }
    assert_eq!(missed(store, &other, 0, 60).await, 3);
    assert_eq!(missed(store, &one, 0, 1).await, 0, "counted from elsewhere");
    hear(store, 0, 110, 160, &[count(&one, 110)]).await;
    assert_eq!(missed(store, &one, 0, 110).await, 4);
    assert_eq!(
        missed(store, &one, 0, 0).await,
        0,
        "only the newest is kept"
    );
    let mut often = count(&one, 110);
    often.poll = SignedDuration::from_millis(1);
    for hundred_days in 1..3 {
        let now = 160 + hundred_days * 144_000;
        hear(store, 0, 160, now, std::slice::from_ref(&often)).await;
    }
    assert_eq!(missed(store, &one, 0, 110).await, u32::MAX);
}

pub async fn a_gap_is_counted_once(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let counts = [count(&rollout, 0)];
    // A device that lost patience asks again, and both times the server last remembers it at 0; the second try may be the
    // first to be counted.
    hear(store, 0, 0, 52, &counts).await;
    hear(store, 0, 0, 50, &counts).await;
    hear(store, 0, 0, 53, &counts).await;
    assert_eq!(missed(store, &rollout, 0, 0).await, 4);
    assert_eq!(last_seen(store, 0).await, Some(at(53)));
    // What the server remembers may also be newer than what is written.
    hear(store, 0, 90, 100, &counts).await;
    assert_eq!(missed(store, &rollout, 0, 0).await, 4);
}

pub async fn a_gap_that_could_not_be_counted_is_still_open(store: &dyn Store) {
    let rollout = started(store, 1).await;
    hear(store, 0, 0, 10, &[]).await;
    let mut unknown = count(&rollout, 0);
    unknown.rollout.0 += 1;
    let counts = [count(&rollout, 0), unknown];
    let failed = store
        .count_missed_polls(&id(0), at(10), at(50), &counts)
        .await;
    assert!(failed.is_err());
    assert_eq!(last_seen(store, 0).await, Some(at(10)));
    assert_eq!(missed(store, &rollout, 0, 0).await, 0);
    hear(store, 0, 10, 51, &counts[..1]).await;
    assert_eq!(missed(store, &rollout, 0, 0).await, 3);
}

pub async fn what_is_over_is_forgotten_with_the_next_reading(store: &dyn Store) {
    let (ended, going_on) = (started(store, 1).await, start_another(store, NEW, 1).await);
    keep(store, &[taken(&ended, 0, 10, 12, 1)]).await;
    hear(store, 0, 0, 60, &[count(&ended, 0)]).await;
    assert_eq!(missed(store, &ended, 0, 0).await, 5);
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
    assert_eq!(missed(store, &ended, 0, 0).await, 0);
}
