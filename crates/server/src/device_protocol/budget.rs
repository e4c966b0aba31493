//! How many bytes may have left by when: the arithmetic of a plan's `bytes_per_second`.
//!
//! It waits for nothing and knows no clock; [`super::line`] does. Read [`Budget`] first.

use std::time::Duration;

/// A byte per second grants one of these in a nanosecond, so that nothing is ever rounded.
const BILLIONTHS: u128 = 1_000_000_000;
/// A piece takes at most this part of a second of the whole line: a hundred downloads that share it
/// each get something every second, and no client takes its server for dead.
const PIECES_A_SECOND: u64 = 100;
/// No piece is smaller, however narrow the line: below, headers would outweigh what they carry.
const PIECE_BYTES_MIN: u64 = 1024;

/// What may leave at a rate, and what was asked for, both since the server began.
///
/// Whoever asks gets a ticket, and may send once as much is granted as was asked for up to then. So all are served
/// in the order in which they asked. A ticket that isn't used is [given back](Self::give_back): nobody behind it waits for what never leaves.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Bytes per second; none before there is a plan, and nobody waits then.
    rate: Option<u64>,
    /// Until when `granted` is worked out.
    until: Duration,
    /// Billionths of a byte. At most one second's worth more than `asked`: that is all a silent line saves up.
    granted: u128,
    /// Billionths of a byte.
    asked: u128,
}

/// As much as was asked for up to here, in billionths of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u128);

impl Budget {
    /// From now on so many bytes leave in a second. `now` is counted from when the server began, here as everywhere.
    pub fn follow(&mut self, bytes_per_second: u64, now: Duration) {
        self.grant(now);
        let rate = bytes_per_second.max(1);
        if self.rate.is_none() {
            self.granted = self.asked + u128::from(rate) * BILLIONTHS;
        }
        self.rate = Some(rate);
    }

    /// How many of `bytes` go in one piece.
    pub fn piece(&self, bytes: usize) -> usize {
        let Some(rate) = self.rate else {
            return bytes;
        };
        let most = (rate / PIECES_A_SECOND).max(PIECE_BYTES_MIN);
        bytes.min(usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Asks for `bytes`, behind all who have asked before.
    pub fn ask(&mut self, bytes: usize, now: Duration) -> Ticket {
        self.grant(now);
        self.asked += bytes as u128 * BILLIONTHS;
        Ticket(self.asked)
    }

    /// How long it is until what the ticket asks for may leave, at the present rate; zero if it may now.
    pub fn wait(&mut self, ticket: Ticket, now: Duration) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        self.grant(now);
        let missing = ticket.0.saturating_sub(self.granted);
        let ns = missing.div_ceil(u128::from(rate));
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Nobody will send the `bytes` of one ticket. Those who wait have that much less to wait for, also the few before it: each of them
    /// sends one piece early, and never more than is asked for now.
    pub fn give_back(&mut self, bytes: usize, now: Duration) {
        self.grant(now);
        self.granted += bytes as u128 * BILLIONTHS;
        self.grant(now);
    }

    fn grant(&mut self, now: Duration) {
        let passed_ns = now.saturating_sub(self.until).as_nanos();
        self.until = self.until.max(now);
        if let Some(rate) = self.rate {
            let rate = u128::from(rate);
            let most = self.asked + rate * BILLIONTHS;
            self.granted = (self.granted + rate * passed_ns).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn at_rate(bytes_per_second: u64) -> Budget {
        let mut budget = Budget::default();
        budget.follow(bytes_per_second, Duration::ZERO);
        budget
    }

    fn asked(budget: &mut Budget, bytes: usize, now: Duration) -> Duration {
        let ticket = budget.ask(bytes, now);
        budget.wait(ticket, now)
    }

    /// At this rate, one after the other asks, at a millisecond, for so many bytes, and has to wait so long.
    fn check(name: &str, rate: u64, asks: &[(u64, usize, Duration)]) {
        let mut budget = at_rate(rate);
        for (at, bytes, wait) in asks {
            let waits = asked(&mut budget, *bytes, ms(*at));
            assert_eq!(waits, *wait, "{name}: {bytes} bytes at {at} ms");
        }
    }

    #[test]
    fn who_asks_waits_for_all_that_was_asked_before() {
        let third = Duration::from_nanos(333_333_334);
        check(
            "a second's worth goes at once",
            1000,
            &[(0, 600, ms(0)), (0, 400, ms(0)), (0, 1, ms(1))],
        );
        check(
            "the others in turn",
            1000,
            &[
                (0, 1000, ms(0)),
                (0, 100, ms(100)),
                (0, 200, ms(300)),
                (50, 50, ms(300)),
            ],
        );
        check(
            "more than a second's worth waits for all of it",
            1000,
            &[(0, 4000, ms(3000)), (0, 1000, ms(4000))],
        );
        check(
            "one byte a second",
            1,
            &[(0, 1, ms(0)), (0, 1, ms(1000)), (999, 1, ms(1001))],
        );
        check(
            "thirds aren't rounded away",
            3,
            &[
                (0, 3, ms(0)),
                (0, 1, third),
                (1000, 2, ms(0)),
                (1000, 1, third),
            ],
        );
        let widest = 12_500_000_000;
        check(
            "the widest line",
            widest,
            &[
                (0, 12_500_000_000, ms(0)),
                (0, 12_500, Duration::from_micros(1)),
            ],
        );
    }

    #[test]
    fn a_silent_line_saves_up_a_second_and_a_clock_that_goes_back_nothing() {
        check(
            "a day",
            1000,
            &[(0, 1000, ms(0)), (86_400_000, 1500, ms(500))],
        );
        check(
            "half a second",
            1000,
            &[(0, 1000, ms(0)), (500, 500, ms(0)), (500, 1, ms(1))],
        );
        check(
            "back",
            1000,
            &[(500, 1000, ms(0)), (400, 100, ms(100)), (500, 100, ms(200))],
        );
    }

    #[test]
    fn nobody_waits_before_there_is_a_plan_nor_pays_for_it_afterwards() {
        let mut budget = Budget::default();
        assert_eq!(budget.piece(usize::MAX), usize::MAX);
        assert_eq!(asked(&mut budget, 1_000_000, ms(0)), ms(0));
        budget.follow(1000, ms(5000));
        assert_eq!(asked(&mut budget, 1000, ms(5000)), ms(0));
        assert_eq!(asked(&mut budget, 1000, ms(5000)), ms(1000));
    }

    #[test]
    fn what_is_given_back_is_waited_for_by_nobody() {
        let mut budget = at_rate(1000);
        for _ in 0..1000 {
            budget.ask(1024, ms(0));
            budget.give_back(1024, ms(0));
        }
        assert_eq!(asked(&mut budget, 1000, ms(0)), ms(0), "nothing was sent");
        let ticket = budget.ask(500, ms(0));
        budget.ask(700, ms(0));
        let last = budget.ask(100, ms(0));
        assert_eq!(budget.wait(last, ms(0)), ms(1300));
        budget.give_back(700, ms(0));
        assert_eq!(budget.wait(last, ms(0)), ms(600));
        assert_eq!(budget.wait(ticket, ms(0)), ms(0), "one piece early");
        budget.give_back(1_000_000, ms(0));
        assert_eq!(
            asked(&mut budget, 2000, ms(0)),
            ms(1000),
            "a second's worth at most"
        );
    }

    /// Who waits already waits for less, or for more; what was granted before counts at the rate that held then.
    #[test]
    fn another_rate_holds_for_those_who_wait_as_well() {
        for (rate, wait) in [(4000, ms(750)), (1000, ms(3000)), (500, ms(6000))] {
            let mut budget = at_rate(1000);
            let ticket = budget.ask(5000, ms(0));
            assert_eq!(budget.wait(ticket, ms(0)), ms(4000));
            budget.follow(rate, ms(1000));
            assert_eq!(budget.wait(ticket, ms(1000)), wait, "{rate}");
            assert_eq!(budget.wait(ticket, ms(1000) + wait), ms(0), "{rate}");
        }
    }

    #[test]
    fn what_a_wide_line_has_saved_up_is_no_burst_on_a_narrow_one() {
        let mut budget = at_rate(1_000_000);
        budget.follow(1000, ms(0));
        assert_eq!(asked(&mut budget, 1500, ms(0)), ms(500));
        let mut budget = at_rate(1000);
        budget.follow(1_000_000, ms(0));
        assert_eq!(
            asked(&mut budget, 1000, ms(0)),
            ms(0),
            "nothing is saved up by a change"
        );
        assert_eq!(asked(&mut budget, 1000, ms(0)), ms(1));
    }

    #[test]
    fn a_piece_is_a_hundredth_of_a_second_and_never_a_crumb() {
        for (rate, bytes, piece) in [
            (50_000_000, 65_536, 65_536),
            (64_000_000, 1_000_000, 640_000),
            (400_000, 65_536, 4000),
            (64_000, 65_536, 1024),
            (1, 65_536, 1024),
            (64_000, 10, 10),
        ] {
            assert_eq!(at_rate(rate).piece(bytes), piece, "{rate} {bytes}");
        }
    }
}
