//! Tests of orders: the two tables, and what holds whatever clients say.

mod again;
mod always;
mod anew;
mod fetches;
mod given_up;
mod tables;
mod unknown;

use super::{Order, OrderNumber, OrderState, Word, cancel, heed};
use crate::offer::{Kind, Offer};
use crate::rollout::RolloutId;
use crate::testing::{NEW, at};
use crate::wait::Wait;

const FORWARD: Offer = Offer {
    release: NEW,
    kind: Kind::Forward,
};

/// An order of the rollout that [`crate::testing::opened`] makes.
fn offered() -> Order {
    let number = OrderNumber::new(1_000_001).expect("a number");
    Order::open(number, RolloutId(1), FORWARD, at(0))
}

fn after(order: Order, words: &[Word]) -> Order {
    words.iter().fold(order, |order, word| {
        heed(order, *word, at(1)).expect("it is heeded").0
    })
}

/// An order in each state, the fetched ones with a payload handed out; the last is closed.
fn orders() -> [Order; 7] {
    let retrieved = after(offered(), &[Word::Retrieved]);
    let fetching = after(retrieved.clone(), &[Word::FetchBegan]);
    let installed = after(fetching.clone(), &[Word::Installed]);
    let complete = |order: &Order| cancel(order.clone(), Wait::Complete, at(2));
    let (early, late) = (complete(&retrieved), complete(&fetching));
    let closed = after(fetching.clone(), &[Word::FailedAgain]);
    [
        offered(),
        retrieved,
        fetching,
        early,
        late,
        installed,
        closed,
    ]
}

/// Where it stands; of a closed one, how it ended.
fn place(order: &Order) -> &'static str {
    match order.state {
        OrderState::Closed { how, .. } => how.id(),
        _ => order.state.id(),
    }
}
