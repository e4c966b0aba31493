//! What became of a promise to a device with another update client, in words.

use mainstay_report::{TimelineEntry, Tone};
use mainstay_rollout::Ending;
use mainstay_rollout::order::log::{ENTRIES_MAX, LogEntry};
use mainstay_rollout::order::{FETCHES_MAX, Order, OrderState};

/// So many fetches without another word are told: twice is a download that was cut.
const FETCHES_TOLD: u32 = 3;

/// An order by its number, `1000008: installed 1.1.0, unverified: ...`.
pub fn order_words(order: &Order, version: &str) -> String {
    let state = match &order.state {
        OrderState::Offered => {
            format!("{version} was offered, and its client hasn't read that yet")
        }
        OrderState::Retrieved { .. } => {
            format!("its client has read that it is to install {version}")
        }
        OrderState::Fetching { .. } => fetching(order, version),
        OrderState::Installed { .. } => format!(
            "installed {version}, unverified: its client says so, and the device hasn't said that it runs it"
        ),
        OrderState::Cancelling { .. } => {
            format!("its client is asked to leave {version}, and hasn't answered")
        }
        OrderState::Closed { how, .. } => ended(*how, version),
    };
    let full = match order.seen.log {
        ENTRIES_MAX.. => "; its log is full, and what else its client tells is dropped",
        _ => "",
    };
    format!("{}: {state}{full}", order.number)
}

/// One thing that was said of an order.
pub fn order_word(entry: LogEntry) -> TimelineEntry {
    let is_bad = ["/failure", "not readable", "denied"].map(|end| entry.word.ends_with(end));
    TimelineEntry {
        at: entry.at,
        what: entry.word,
        detail: entry.details.join(" / "),
        tone: match is_bad.contains(&true) {
            true => Tone::Attention,
            false => Tone::Plain,
        },
    }
}

fn fetching(order: &Order, version: &str) -> String {
    match order.seen.fetches {
        fetches @ FETCHES_MAX.. => format!(
            "its client has fetched {version} {fetches} times, and never ended it; it is told of it no more"
        ),
        fetches @ FETCHES_TOLD.. => {
            format!("its client has fetched {version} {fetches} times, and hasn't ended it")
        }
        _ => format!("its client fetches {version}"),
    }
}

fn ended(how: Ending, version: &str) -> String {
    match how {
        Ending::Verified => format!("the device said that it runs {version}"),
        Ending::TakenAtItsWord => {
            format!("its client says that it installed {version}, and is taken at its word")
        }
        Ending::Unverified => {
            format!(
                "its client says that it installed {version}; the device never said that it runs it"
            )
        }
        Ending::Failed => format!("its client couldn't install {version}"),
        Ending::NothingFetched => {
            format!("its client said that it was done with {version}, and had fetched nothing")
        }
        Ending::BrokeOff => {
            format!("what its client fetched of {version} broke off, and it said that it failed")
        }
        Ending::Cancelled => format!("its client left {version}"),
        Ending::Superseded => format!("another promise took the place of {version}"),
        Ending::Withdrawn => format!("{version} was taken back"),
        Ending::GivenUp => format!("{version} was given up: its client doesn't answer"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_fleet::ReleaseDigest;
    use mainstay_rollout::order::OrderNumber;
    use mainstay_rollout::{Kind, Offer, RolloutId};

    use super::*;

    #[test]
    fn an_installed_order_is_never_called_an_update() {
        let number = OrderNumber::new(1_000_008).expect("a number");
        let (release, kind) = (ReleaseDigest([2; 32]), Kind::Forward);
        let at = Timestamp::UNIX_EPOCH;
        let mut order = Order::open(number, RolloutId(1), Offer { release, kind }, at);
        let words = |order: &Order| order_words(order, "1.1.0");
        assert_eq!(
            words(&order),
            "1000008: 1.1.0 was offered, and its client hasn't read that yet"
        );
        order.state = OrderState::Fetching { since: at };
        assert_eq!(words(&order), "1000008: its client fetches 1.1.0");
        order.seen.fetches = 7;
        assert_eq!(
            words(&order),
            "1000008: its client has fetched 1.1.0 7 times, and hasn't ended it"
        );
        order.state = OrderState::Installed { at };
        let installed = "1000008: installed 1.1.0, unverified: its client says so, and the device hasn't said that it runs it";
        assert_eq!(words(&order), installed);
        order.seen.log = ENTRIES_MAX;
        assert!(
            words(&order).ends_with("; its log is full, and what else its client tells is dropped")
        );
    }
}
