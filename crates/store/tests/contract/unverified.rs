//! Orders that are installed, and whose device hasn't said that it runs the release.

use mainstay_rollout::order::Word;
use mainstay_rollout::{Ending, Rollout};
use mainstay_store::Store;

use super::fixture::{NEW, OLD, start_another};
use super::orders::{finish, numbered, order, say};

async fn unverified(store: &dyn Store, rollout: &Rollout) -> u32 {
    store.unverified(rollout.id).await.expect("readable")
}

/// One for each way in which an order may stand.
pub async fn what_is_installed_and_waits_for_a_word_is_counted(store: &dyn Store) {
    let rollout = numbered(store, 6).await;
    let other = start_another(store, OLD, 0).await;
    assert_eq!(unverified(store, &rollout).await, 0);
    let mut numbers = Vec::new();
    for n in 0..5 {
        numbers.push(order(store, &rollout, n).await);
    }
    assert_eq!(unverified(store, &rollout).await, 0, "offered");
    for (n, number) in numbers.iter().enumerate().skip(1) {
        say(store, n, *number, Word::FetchBegan).await;
    }
    assert_eq!(unverified(store, &rollout).await, 0, "fetching");
    for (n, number) in numbers.iter().enumerate().skip(2) {
        say(store, n, *number, Word::Installed).await;
    }
    assert_eq!(unverified(store, &rollout).await, 3);
    say(store, 2, numbers[2], Word::Runs { release: NEW }).await;
    assert_eq!(unverified(store, &rollout).await, 2, "verified");
    finish(store, 3, numbers[3], Ending::Unverified).await;
    assert_eq!(unverified(store, &rollout).await, 1, "over");
    assert_eq!(unverified(store, &other).await, 0, "another rollout's");
}
