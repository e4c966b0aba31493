//! Numbered promises, and what is heard of them.

use std::collections::BTreeSet;

use mainstay_access::Duty;
use mainstay_fleet::DeviceId;
use mainstay_release::Hold;
use mainstay_rollout::order::log::{ENTRIES_MAX, LogEntry};
use mainstay_rollout::order::{Order, OrderNumber, OrderState, Told, Word, cancel, close};
use mainstay_rollout::{Candidate, Ending, Offer, Progress, Rollout, Wait};
use mainstay_store::orders::{DRAWN_MAX, FIRST_ORDER, LOGS_KEPT};
use mainstay_store::{HeardWord, HeedRefusal, Heeded, Known, NextStep, Promise, Store};

use super::fixture::{
    BACK, FORWARD, NEW, OLD, at, changed, id, kinds, person, progress, release, running,
    set_progress, start_another, started,
};

/// A store whose order numbers have begun, with a rollout of so many devices.
pub async fn numbered(store: &dyn Store, devices: usize) -> Rollout {
    store.begin_order_numbers(17).await.expect("writable");
    started(store, devices).await
}

pub(super) async fn try_order(
    store: &dyn Store,
    rollout: &Rollout,
    n: usize,
    offer: Offer,
) -> Result<OrderNumber, &'static str> {
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &id(n),
        offer,
        at: at(7),
        numbered: true,
    };
    match store.promise(&promise).await {
        Ok(promised) => Ok(promised.order.expect("it was to be numbered")),
        Err(refusal) => Err(refusal.id()),
    }
}

pub async fn order(store: &dyn Store, rollout: &Rollout, n: usize) -> OrderNumber {
    let number = try_order(store, rollout, n, FORWARD).await;
    number.expect("nothing speaks against it")
}

async fn open(store: &dyn Store, n: usize) -> Option<Order> {
    store.open_order(&id(n)).await.expect("readable")
}

pub(super) async fn stored(store: &dyn Store, n: usize, number: OrderNumber) -> Order {
    let order = store.order(&id(n), number).await.expect("readable");
    order.expect("it is the device's")
}

/// Folds as the server does: a first download begins, a version word confirms.
pub fn fold(heeded: &Heeded, _: &Candidate, progress: Progress, _: Known) -> Progress {
    let told = |word: Told| heeded.told.contains(&word);
    match progress {
        Progress::Promised { .. } if told(Told::Began) => Progress::Began { at: at(8) },
        Progress::Began { at: began } if told(Told::Confirmed) => Progress::Confirmed {
            began,
            booted: at(9),
            at: at(9),
        },
        other => other,
    }
}

pub fn heard<'a>(device: &'a DeviceId, number: OrderNumber, word: Word) -> HeardWord<'a> {
    HeardWord {
        device,
        number,
        word,
        entry: None,
        running: None,
        at: at(8),
    }
}

pub async fn say(store: &dyn Store, n: usize, number: OrderNumber, word: Word) -> Heeded {
    let heeded = store.heed(&heard(&id(n), number, word), &fold).await;
    heeded.expect("it is heeded")
}

pub async fn finish(store: &dyn Store, n: usize, number: OrderNumber, how: Ending) {
    let before = stored(store, n, number).await;
    let after = close(before.clone(), how, at(9));
    let saved = store.save_order(&id(n), &before, &after, None).await;
    saved.expect("unchanged");
}

pub async fn numbers_begin_where_they_were_drawn_and_rise(store: &dyn Store) {
    let rollout = started(store, 3).await;
    let early = try_order(store, &rollout, 0, FORWARD).await;
    assert_eq!(early, Err("store.damaged"), "nobody has drawn one");
    assert_eq!(progress(store, &rollout, 0).await, Progress::Waiting);
    let drawn = DRAWN_MAX + 5;
    for drawn in [drawn, drawn, 99] {
        let begun = store.begin_order_numbers(drawn).await;
        begun.expect("only the first one counts");
    }
    for n in 0..3 {
        let number = order(store, &rollout, n).await;
        assert_eq!(number.get(), FIRST_ORDER + 6 + n as u32);
    }
}

pub async fn no_number_comes_twice(store: &dyn Store) {
    let rollout = numbered(store, 3).await;
    let mut seen = BTreeSet::new();
    for ending in [Ending::Failed, Ending::Cancelled, Ending::GivenUp] {
        for n in 0..3 {
            let number = order(store, &rollout, n).await;
            assert!(seen.last().is_none_or(|last| *last < number));
            seen.insert(number);
            finish(store, n, number, ending).await;
        }
    }
    assert_eq!(seen.len(), 9);
}

pub async fn a_repeated_promise_has_the_number_it_had(store: &dyn Store) {
    let rollout = numbered(store, 2).await;
    let number = order(store, &rollout, 0).await;
    assert_eq!(order(store, &rollout, 0).await, number);
    for word in [Word::Retrieved, Word::FetchBegan, Word::Installed] {
        say(store, 0, number, word).await;
        assert_eq!(order(store, &rollout, 0).await, number, "{word:?}");
    }
    let expected = Order::open(number, rollout.id, FORWARD, at(7));
    let found = open(store, 0).await.expect("it is open");
    assert_eq!(
        (found.opened_at, found.offer),
        (expected.opened_at, FORWARD)
    );
    assert_eq!(
        store
            .recent_orders(&id(0), 9)
            .await
            .expect("readable")
            .len(),
        1
    );
    assert_eq!(
        kinds(store, 0).await,
        ["reported", "reported", "promised", "enrolled", "registered"]
    );
}

pub async fn a_device_has_one_open_order(store: &dyn Store) {
    let rollout = numbered(store, 2).await;
    let first = order(store, &rollout, 0).await;
    let other = order(store, &rollout, 1).await;
    let confirmed = Progress::Confirmed {
        began: at(1),
        booted: at(2),
        at: at(3),
    };
    set_progress(store, 0, confirmed).await;
    let back = try_order(store, &rollout, 0, BACK).await;
    let back = back.expect("the way back is promised");
    let ending = stored(store, 0, first).await.ending();
    assert_eq!(ending, Some(Ending::Superseded));
    assert_eq!(open(store, 0).await.expect("open").number, back);
    assert_eq!(open(store, 1).await.expect("open").number, other);
    // An order is its device's alone.
    let strange = store.order(&id(1), first).await.expect("readable");
    assert_eq!(strange, None);
    let strange = store
        .heed(&heard(&id(1), back, Word::Retrieved), &fold)
        .await;
    assert_eq!(strange.expect_err("not its order").id(), "store.not-found");
    let ghost = id(77);
    assert_eq!(store.open_order(&ghost).await.expect("readable"), None);
    let ghost = store
        .heed(&heard(&ghost, back, Word::Retrieved), &fold)
        .await;
    assert_eq!(ghost.expect_err("no device").id(), "store.not-found");
}

pub async fn what_is_stopped_opens_no_order(store: &dyn Store) {
    let rollout = numbered(store, 2).await;
    let next = changed(&rollout);
    let step = NextStep {
        rollout: &next,
        expected_generation: rollout.generation,
        actions: &[],
        incidents: &[],
        release: None,
        gives: true,
        at: at(5),
    };
    store.save_step(&step).await.expect("unchanged");
    let stale = try_order(store, &rollout, 0, FORWARD).await;
    assert_eq!(stale, Err("store.generation-changed"));
    let kim = person("kim", Duty::Operations);
    let hold = Hold::place(&release("1.1.0", NEW.0[0]), &kim, "smoke", 0, at(6));
    let hold = hold.expect("operations may");
    store.add_hold(&hold, 0).await.expect("new");
    let held = try_order(store, &next, 0, FORWARD).await;
    assert_eq!(held, Err("store.held"));
    let moved_on = Progress::Returned {
        began: at(1),
        at: at(2),
    };
    set_progress(store, 1, moved_on).await;
    let past = try_order(store, &next, 1, BACK).await;
    assert_eq!(past, Err("store.moved-on"));
    for n in 0..2 {
        let orders = store.recent_orders(&id(n), 9).await.expect("readable");
        assert_eq!(orders, []);
    }
}

pub async fn a_word_and_its_fold_are_kept_together(store: &dyn Store) {
    let rollout = numbered(store, 1).await;
    let number = order(store, &rollout, 0).await;
    let began = say(store, 0, number, Word::FetchBegan).await;
    assert_eq!(began.told, [Told::Began]);
    assert_eq!(progress(store, &rollout, 0).await.id(), "began");
    say(store, 0, number, Word::Installed).await;
    assert_eq!(progress(store, &rollout, 0).await.id(), "began");
    let runs = running(NEW, true);
    let device = id(0);
    let word = HeardWord {
        running: Some(&runs),
        ..heard(&device, number, Word::Runs { release: NEW })
    };
    let heeded = store.heed(&word, &fold).await.expect("it is heeded");
    assert_eq!(heeded.order.ending(), Some(Ending::Verified));
    assert_eq!(progress(store, &rollout, 0).await.id(), "confirmed");
    let known = store
        .device(&device)
        .await
        .expect("readable")
        .expect("known");
    assert_eq!((known.running, known.last_seen), (Some(runs), Some(at(8))));
    let told = store.timeline(&device, 3).await.expect("readable");
    let events: Vec<_> = told
        .iter()
        .filter_map(|entry| entry.event.as_deref())
        .collect();
    assert!(events[0].contains("\"confirmed\""), "{events:?}");
    assert!(events[2].contains("\"download-started\""), "{events:?}");
    let newest = store.newest_installed(&device).await.expect("readable");
    assert_eq!(newest, Some(number));
    // What a closed order refuses changes nothing, and nobody is asked about it.
    let other = running(OLD, true);
    let late = HeardWord {
        running: Some(&other),
        at: at(20),
        ..heard(&device, number, Word::Failed)
    };
    let never = |_: &Heeded, _: &Candidate, _: Progress, _: Known| -> Progress {
        unreachable!("it is refused")
    };
    let refused = store.heed(&late, &never).await.expect_err("it is closed");
    assert!(matches!(refused, HeedRefusal::Order(_)), "{refused}");
    assert_eq!(refused.id(), "ddi.order-closed");
    let known = store
        .device(&device)
        .await
        .expect("readable")
        .expect("known");
    assert_eq!(known.last_seen, Some(at(8)));
    assert_eq!(known.running.map(|running| running.release), Some(NEW));
}

pub async fn only_what_ended_well_is_the_newest_installed(store: &dyn Store) {
    let rollout = numbered(store, 1).await;
    let mut good = None;
    for how in [Ending::TakenAtItsWord, Ending::Unverified, Ending::Failed] {
        let number = order(store, &rollout, 0).await;
        finish(store, 0, number, how).await;
        good = good.or(Some(number));
        let newest = store.newest_installed(&id(0)).await.expect("readable");
        assert_eq!(newest, good, "{how:?}");
    }
    let second = start_another(store, OLD, 1).await;
    let forward = Offer {
        release: OLD,
        ..FORWARD
    };
    let open = try_order(store, &second, 0, forward).await;
    open.expect("nothing speaks against it");
    let newest = store.newest_installed(&id(0)).await.expect("readable");
    assert_eq!(newest, good);
    let all = store.recent_orders(&id(0), 9).await.expect("readable");
    let numbers: Vec<_> = all.iter().map(|order| order.number.get()).collect();
    let newest_first: Vec<_> = (1..=4).rev().map(|n| FIRST_ORDER + 17 + n).collect();
    assert_eq!(numbers, newest_first);
    let two = store.recent_orders(&id(0), 2).await.expect("readable");
    assert_eq!(two, all[..2]);
}

pub fn entry(minute: i64) -> LogEntry {
    LogEntry::new(at(minute), "proceeding/none", [format!("\"{minute}\" %")])
}

async fn log(store: &dyn Store, number: OrderNumber) -> Vec<LogEntry> {
    let log = store.order_log(&id(0), number, 2 * ENTRIES_MAX).await;
    log.expect("readable")
}

pub async fn a_log_is_bounded_and_ends_are_heard(store: &dyn Store) {
    let rollout = numbered(store, 2).await;
    let number = order(store, &rollout, 0).await;
    let device = id(0);
    say(store, 0, number, Word::FetchBegan).await;
    let mut order = stored(store, 0, number).await;
    let entries = [entry(1), entry(2)];
    for entry in &entries {
        let word = HeardWord {
            entry: Some(entry),
            ..heard(&device, number, Word::Progress)
        };
        order = store.heed(&word, &fold).await.expect("heeded").order;
    }
    assert_eq!(log(store, number).await, [entry(2), entry(1)]);
    let strange = store.order_log(&id(1), number, 9).await.expect("readable");
    assert_eq!(strange, []);
    let mut full = order.clone();
    full.seen.log = ENTRIES_MAX;
    store
        .save_order(&device, &order, &full, None)
        .await
        .expect("unchanged");
    let third = entry(3);
    let babble = HeardWord {
        entry: Some(&third),
        ..heard(&device, number, Word::Progress)
    };
    let refused = store.heed(&babble, &fold).await.expect_err("it is full");
    assert_eq!(refused.id(), "ddi.log-full");
    let end = HeardWord {
        word: Word::Failed,
        ..babble
    };
    store.heed(&end, &fold).await.expect("it is an end");
    assert_eq!(log(store, number).await, [entry(3), entry(2), entry(1)]);
}

pub async fn logs_of_old_orders_are_forgotten(store: &dyn Store) {
    let rollout = numbered(store, 1).await;
    let (device, first) = (id(0), order(store, &rollout, 0).await);
    let said = entry(1);
    let word = HeardWord {
        entry: Some(&said),
        ..heard(&device, first, Word::Progress)
    };
    store.heed(&word, &fold).await.expect("it is heeded");
    let mut number = first;
    for _ in 1..LOGS_KEPT {
        finish(store, 0, number, Ending::GivenUp).await;
        number = order(store, &rollout, 0).await;
    }
    assert_eq!(log(store, first).await, [entry(1)]);
    finish(store, 0, number, Ending::GivenUp).await;
    order(store, &rollout, 0).await;
    assert_eq!(log(store, first).await, []);
    let kept = store.order(&device, first).await.expect("readable");
    assert!(kept.is_some(), "the order itself is kept");
}

pub async fn what_happened_to_an_order_meanwhile_is_not_overwritten(store: &dyn Store) {
    let rollout = numbered(store, 1).await;
    let number = order(store, &rollout, 0).await;
    let before = open(store, 0).await.expect("it is open");
    let after = cancel(before.clone(), Wait::Complete, at(9));
    say(store, 0, number, Word::FetchBegan).await;
    let late = store.save_order(&id(0), &before, &after, None).await;
    assert_eq!(late.expect_err("it fetches").id(), "store.conflict");
    let before = open(store, 0).await.expect("it is open");
    let after = cancel(before.clone(), Wait::Complete, at(9));
    let by_hand = LogEntry::new(at(9), "cancel", ["kim@northwind.example"]);
    store
        .save_order(&id(0), &before, &after, Some(&by_hand))
        .await
        .expect("unchanged");
    let found = open(store, 0).await.expect("it is open");
    assert!(matches!(found.state, OrderState::Cancelling { .. }));
    assert_eq!(log(store, number).await, [by_hand]);
    let accepted = say(store, 0, number, Word::CancelAccepted).await;
    assert_eq!(accepted.told, [Told::Stopped]);
    assert_eq!(open(store, 0).await, None);
    let device = id(0);
    let again = store.save_order(&device, &accepted.order, &before, None);
    let again = again.await.expect_err("it is over");
    assert_eq!(again.id(), "store.conflict");
    assert!(order(store, &rollout, 0).await > number);
}
