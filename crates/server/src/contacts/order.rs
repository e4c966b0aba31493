//! The order in which contacts are written. Read [`sort`].

use std::collections::BinaryHeap;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::{Contact, List};

/// Of a name, so much decides where it stands among others.
const KEY_BYTES: usize = 32;

/// After so many, whoever answers has the processor for a [`BREATH`]: where they share one, a whole fleet that is sorted in one go may take half of it for some
/// hundredths of a second, and answers that need as much wait for each other.
pub(super) const RUN: usize = 2000;

/// See [`RUN`].
const BREATH: Duration = Duration::from_millis(1);

/// A contact and where it stands.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Keyed {
    key: [u8; KEY_BYTES],
    /// Its place in the list, which is all that is compared beside the key.
    at: usize,
}

/// Names are mostly given in the order in which devices are registered: in it, their rows lie side by side.
///
/// Each stands in it once afterwards: whoever was heard of again after a write that failed was listed again. More than [`RUN`] keep the thread for a while.
pub(super) fn sort(list: &mut List) {
    let mut sorted = List::with_capacity(list.len());
    // Each run gives its last one, and the heap the last of those: so the list is filled from its end.
    let mut runs: Vec<Vec<Keyed>> = (0..list.len())
        .step_by(RUN)
        .map(|at| run(list, at))
        .collect();
    let mut heads: BinaryHeap<(Keyed, usize)> = BinaryHeap::with_capacity(runs.len());
    for (number, run) in runs.iter_mut().enumerate() {
        heads.extend(run.pop().map(|head| (head, number)));
    }
    while let Some((head, number)) = heads.pop() {
        heads.extend(runs[number].pop().map(|next| (next, number)));
        sorted.push(list[head.at].clone());
        if sorted.len().is_multiple_of(RUN) && !heads.is_empty() {
            sleep(BREATH);
        }
    }
    sorted.reverse();
    sorted.dedup_by(|one, other| Arc::ptr_eq(one, other));
    *list = sorted;
}

/// Those from `at` on in their order.
fn run(list: &List, at: usize) -> Vec<Keyed> {
    let some = list.iter().enumerate().skip(at).take(RUN);
    let mut run: Vec<_> = some.map(|(at, contact)| keyed(contact, at)).collect();
    run.sort_unstable();
    if at + RUN < list.len() {
        sleep(BREATH);
    }
    run
}

fn keyed(contact: &Contact, at: usize) -> Keyed {
    let mut key = [0; KEY_BYTES];
    let name = contact.device().as_str().bytes();
    key.iter_mut().zip(name).for_each(|(to, byte)| *to = byte);
    Keyed { key, at }
}

#[cfg(test)]
mod tests {
    use mainstay_fleet::DeviceId;

    use super::*;

    fn contact(name: &str) -> Arc<Contact> {
        Arc::new(Contact::new(DeviceId::new(name).expect("a safe name")))
    }

    /// As many as several runs, from the last name to the first, some of them twice.
    #[test]
    fn all_stand_in_the_order_of_names_and_once() {
        for size in [0, 1, 2, RUN, RUN + 1, 3 * RUN + 7] {
            let names: Vec<_> = (0..size).map(|number| format!("th-{number:06}")).collect();
            let mut list: List = names.iter().rev().map(|name| contact(name)).collect();
            list.extend_from_within(..size.min(5));
            sort(&mut list);
            let told: Vec<_> = list.iter().map(|one| one.device().as_str()).collect();
            assert_eq!(told, names, "{size}");
        }
    }
}
