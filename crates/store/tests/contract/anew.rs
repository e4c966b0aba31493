//! Devices whose client has left off: promised anew, and asked what they run.

use mainstay_rollout::order::Word;
use mainstay_rollout::{Candidate, Ending, Progress};
use mainstay_store::{Known, Reported, Store};

use super::controllers::register as clients;
use super::fixture::{
    FORWARD, NEW, OLD, at, id, progress, rules, running, set_progress, start_another, started,
};
use super::orders::{finish, numbered, order, say, stored, try_order};

pub async fn who_has_nothing_in_hand_is_promised_anew(store: &dyn Store) {
    let rollout = numbered(store, 1).await;
    for ending in [Ending::Cancelled, Ending::GivenUp, Ending::NothingFetched] {
        let number = order(store, &rollout, 0).await;
        let promised = Progress::Promised { at: at(7) };
        assert_eq!(progress(store, &rollout, 0).await, promised, "{ending:?}");
        say(store, 0, number, Word::FetchBegan).await;
        let began = Progress::Began { at: at(8) };
        assert_eq!(order(store, &rollout, 0).await, number, "it goes on");
        assert_eq!(progress(store, &rollout, 0).await, began, "{ending:?}");
        finish(store, 0, number, ending).await;
        assert_eq!(progress(store, &rollout, 0).await, began, "{ending:?}");
    }
}

pub async fn who_begins_anew_needs_a_place(store: &dyn Store) {
    let places = usize::try_from(rules().limits.downloads).expect("a small number");
    store.begin_order_numbers(17).await.expect("writable");
    let rollout = started(store, places + 1).await;
    let began = async |at| {
        let first = order(store, &rollout, 0).await;
        say(store, 0, first, Word::FetchBegan).await;
        finish(store, 0, first, Ending::Cancelled).await;
        set_progress(store, 0, Progress::Began { at }).await;
    };
    began(at(7)).await;
    for n in 1..places {
        order(store, &rollout, n).await;
    }
    let late = try_order(store, &rollout, places, FORWARD).await;
    assert_eq!(late, Err("store.no-room"), "it still has its place");
    order(store, &rollout, 0).await;
    // Long after it began its place is another device's.
    let long_ago = at(-100_000_000);
    began(long_ago).await;
    order(store, &rollout, places).await;
    let again = try_order(store, &rollout, 0, FORWARD).await;
    assert_eq!(again, Err("store.no-room"));
    let stays = Progress::Began { at: long_ago };
    assert_eq!(progress(store, &rollout, 0).await, stays);
}

async fn wants(store: &dyn Store) -> bool {
    let known = store.controller(&id(0)).await.expect("readable");
    known.expect("it has a client").wants_attributes
}

/// Says the same as before; returns whether it is asked once more.
async fn tells(store: &dyn Store) -> bool {
    let said = |_: Reported| Reported::from([("sw_version".to_owned(), "1.0.0".to_owned())]);
    let kept = store.keep_attributes(&id(0), &said).await;
    kept.expect("it has a client");
    wants(store).await
}

pub async fn who_was_given_up_is_asked_until_it_says_what_it_runs(store: &dyn Store) {
    clients(store, &["gateway-7"]).await;
    store.begin_order_numbers(17).await.expect("writable");
    let rollout = start_another(store, NEW, 1).await;
    assert!(!tells(store).await);
    let untouched = order(store, &rollout, 0).await;
    finish(store, 0, untouched, Ending::GivenUp).await;
    assert!(!wants(store).await, "it has nothing");
    let number = order(store, &rollout, 0).await;
    say(store, 0, number, Word::FetchBegan).await;
    assert!(!wants(store).await);
    finish(store, 0, number, Ending::GivenUp).await;
    assert!(
        tells(store).await,
        "what it says may be of before its restart"
    );
    let runs = async |release| {
        let stays = |_: &Candidate, progress: Progress, _: Known| progress;
        let runs = running(release, true);
        let said = store.record(&id(0), Some(&runs), at(9), &[], &stays).await;
        said.expect("a known device");
    };
    runs(OLD).await;
    assert!(tells(store).await);
    runs(NEW).await;
    assert!(!tells(store).await);
}

pub async fn what_was_handed_out_is_in_hand_until_it_is_over(store: &dyn Store) {
    let rollout = numbered(store, 3).await;
    let in_hand_since = async |since| {
        let in_hand = store.in_hand(rollout.id, since).await;
        in_hand.expect("readable")
    };
    let in_hand = async || in_hand_since(at(9)).await;
    let mut numbers = Vec::new();
    for n in 0..3 {
        numbers.push(order(store, &rollout, n).await);
    }
    say(store, 0, numbers[0], Word::Retrieved).await;
    assert_eq!(in_hand().await, 0);
    say(store, 1, numbers[1], Word::FetchBegan).await;
    say(store, 2, numbers[2], Word::FetchBegan).await;
    say(store, 2, numbers[2], Word::Installed).await;
    assert_eq!(in_hand().await, 2);
    assert_eq!(store.unverified(rollout.id).await.expect("readable"), 1);
    // Who was given up, or has left it, may have installed it before, and may say so for a while yet.
    finish(store, 1, numbers[1], Ending::GivenUp).await;
    assert_eq!((in_hand().await, in_hand_since(at(8)).await), (1, 2));
    let confirmed = Progress::Confirmed {
        began: at(8),
        booted: at(9),
        at: at(9),
    };
    set_progress(store, 1, confirmed).await;
    assert_eq!(in_hand_since(at(8)).await, 1, "it did");
    finish(store, 0, numbers[0], Ending::Cancelled).await;
    assert_eq!(in_hand_since(at(8)).await, 1, "it was handed nothing");
    let again = order(store, &rollout, 0).await;
    say(store, 0, again, Word::FetchBegan).await;
    finish(store, 0, again, Ending::Cancelled).await;
    assert_eq!(in_hand_since(at(8)).await, 2, "it left off on its way");
    let say_it = Word::Runs { release: NEW };
    say(store, 2, numbers[2], say_it).await;
    assert_eq!(in_hand().await, 0);
    assert!(!stored(store, 2, numbers[2]).await.is_open());
}
