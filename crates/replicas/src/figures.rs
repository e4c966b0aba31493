//! The figures of a campaign, each one line that programs read: `figure replicas_NAME NUMBER UNIT`. Read [`lines`].

use std::time::Duration;

use jiff::Timestamp;

use crate::budgets::{self, Limits, since};
use crate::seen::{Answer, End, Seen};

/// The parts of a campaign, by when they began and ended.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Nobody was killed, and nothing was rolled out.
    pub quiet: (Timestamp, Timestamp),
    /// Replicas were killed.
    pub stormy: (Timestamp, Timestamp),
}

/// All figures.
#[must_use]
pub fn lines(seen: &Seen, limits: &Limits, parts: &Parts, violations: usize) -> Vec<String> {
    let ends = |end: End| {
        seen.answers
            .iter()
            .filter(|answer| answer.end == end)
            .count()
    };
    let good = good(&seen.answers);
    let late = seen.late.iter().map(|late| late.by).max();
    let whole =
        |name: &str, number: usize, unit: &str| format!("figure replicas_{name} {number} {unit}");
    let time = |name: &str, time: Duration| {
        format!(
            "figure replicas_{name} {:.1} ms",
            time.as_secs_f64() * 1000.0
        )
    };
    let permille = |name: &str, permille: u64| {
        let percent = permille as f64 / 10.0;
        format!("figure replicas_{name} {percent:.1} %")
    };
    vec![
        whole("kills", seen.kills(), "kills"),
        whole("database_outages", seen.outages(), "outages"),
        whole("requests", seen.answers.len(), "requests"),
        whole("answers_good", ends(End::Good), "answers"),
        whole("answers_unavailable", ends(End::Unavailable), "answers"),
        whole("answers_broken", ends(End::Broken), "connections"),
        whole("offers", seen.offers.len(), "offers"),
        whole("reports", seen.acknowledged.len(), "reports"),
        whole("stops", seen.stops.len(), "stops"),
        time("p99_quiet", percentile(&within(&good, parts.quiet), 99)),
        time("p99_stormy", percentile(&within(&good, parts.stormy), 99)),
        time(
            "longest_answer",
            seen.answers
                .iter()
                .map(|answer| answer.took)
                .max()
                .unwrap_or_default(),
        ),
        time("longest_without_answer", longest_without(&good)),
        permille("bytes_most", budgets::bytes(seen, limits).most_permille),
        permille("bytes_judged", budgets::judged_permille(seen)),
        permille(
            "downloads_most",
            budgets::downloads(seen, limits).most_permille,
        ),
        time("devices_late", late.unwrap_or_default()),
        whole("violations", violations, "violations"),
    ]
}

/// Good answers in the order in which they were there.
fn good(answers: &[Answer]) -> Vec<Answer> {
    let good = answers.iter().filter(|answer| answer.end == End::Good);
    let mut good: Vec<Answer> = good.copied().collect();
    good.sort_by_key(|answer| answer.at + answer.took);
    good
}

fn within(answers: &[Answer], (from, to): (Timestamp, Timestamp)) -> Vec<Duration> {
    let within = answers
        .iter()
        .filter(|answer| (from..to).contains(&answer.at));
    within.map(|answer| answer.took).collect()
}

/// The least time that so many of a hundred don't exceed; nought of none.
#[must_use]
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// The longest time in which no device at all got a good answer.
fn longest_without(good: &[Answer]) -> Duration {
    let there = |answer: &Answer| answer.at + answer.took;
    let gaps = good
        .windows(2)
        .map(|two| since(there(&two[0]), there(&two[1])));
    gaps.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(all: &[u64]) -> Vec<Duration> {
        all.iter().map(|ms| Duration::from_millis(*ms)).collect()
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        for (times, percent, expected) in [
            (&[][..], 99, 0),
            (&[7], 99, 7),
            (&[3, 1, 2], 50, 2),
            (&hundred, 99, 99),
            (&hundred, 100, 100),
        ] {
            let found = percentile(&ms(times), percent);
            assert_eq!(found, Duration::from_millis(expected), "{times:?}");
        }
    }

    #[test]
    fn the_longest_silence_is_between_two_good_answers() {
        let start = Timestamp::from_second(1_000_000).unwrap();
        let answer = |at: u64, took: u64, end| Answer {
            device: 0,
            replica: 0,
            is_check_in: true,
            at: start + Duration::from_millis(at),
            took: Duration::from_millis(took),
            end,
        };
        let all = [
            answer(0, 10, End::Good),
            answer(500, 10, End::Unavailable),
            answer(20, 990, End::Good),
            answer(5000, 0, End::Broken),
        ];
        assert_eq!(longest_without(&good(&all)), Duration::from_millis(1000));
        assert_eq!(longest_without(&[]), Duration::ZERO);
    }
}
