//! Whether all servers together kept to the plan's budgets, measured where the bytes arrive.
//!
//! **Bytes per second.** A line that was silent saves up one second's worth, as with one server. Beyond that, all servers together may once be ahead by one
//! server's share for one second. So a bucket that holds `rate + rate / replicas` bytes and runs dry at `rate` a second never runs over,
//! whatever window one looks at. Bytes are counted when the devices' program reads them. Where it got the processor late by some time, it reads at once what
//! arrived meanwhile: so many seconds' worth the bucket is larger for the moments after.
//!
//! **Downloads.** No more than the plan's number at once. More are borne for a second at most, and never more than one server's share of the number, rounded up.
//!
//! Read [`bytes`] and [`downloads`].

use std::time::Duration;

use jiff::Timestamp;

use crate::seen::{Download, Late, Piece, Seen};

/// For so long more downloads than allowed are borne: one server's share for one second.
const BORNE: Duration = Duration::from_secs(1);

/// Lateness counts for so long: by then what had been waiting is read.
const LATE_COUNTS: Duration = Duration::from_secs(2);

/// Where the devices' program was late by more, the bucket is so much larger that it says little.
const LATE_MAX: Duration = Duration::from_secs(1);

/// What the plan allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of payloads, all servers together.
    pub bytes_per_second: u64,
    /// At once, all servers together.
    pub downloads: usize,
    /// How many servers share it.
    pub replicas: usize,
}

impl Limits {
    fn bucket_bytes(&self) -> u64 {
        self.bytes_per_second + self.bytes_per_second / self.replicas.max(1) as u64
    }

    fn downloads_borne(&self) -> usize {
        self.downloads + self.downloads.div_ceil(self.replicas.max(1))
    }
}

/// What a measurement found.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The most that was reached, in thousandths of what the plan allows: of the bucket for bytes, of the number for downloads.
    pub most_permille: u64,
    /// When.
    pub at: Option<Timestamp>,
    /// What is over the budget, as sentences; the first few.
    pub over: Vec<String>,
}

/// So many sentences are enough: what is over once is over at each piece that follows.
const SENTENCES_MAX: usize = 5;

/// Bytes against the bucket.
#[must_use]
pub fn bytes(seen: &Seen, limits: &Limits) -> Measured {
    let mut pieces = seen.pieces.clone();
    pieces.sort_by_key(|piece: &Piece| piece.at);
    let (rate, bucket) = (limits.bytes_per_second.max(1), limits.bucket_bytes());
    let (mut level, mut before) = (0_u64, None);
    let mut found = Measured {
        most_permille: 0,
        at: None,
        over: Vec::new(),
    };
    for piece in pieces {
        level = level.saturating_sub(run_dry(rate, before, piece.at)) + piece.bytes;
        before = Some(piece.at);
        let late = latest(&seen.late, piece.at);
        let room = bucket + worth(rate, late);
        let permille = level.saturating_mul(1000) / room.max(1);
        if permille > found.most_permille {
            (found.most_permille, found.at) = (permille, Some(piece.at));
        }
        if level > room && found.over.len() < SENTENCES_MAX {
            found.over.push(format!(
                "at {} the line was {level} bytes ahead, and {room} are allowed ({rate} a second, {} servers, the devices' program {} ms late)",
                piece.at,
                limits.replicas,
                late.as_millis()
            ));
        }
    }
    found
}

/// Of a thousand bytes, so many were judged by a bucket that lateness had made larger by a second's worth at most; none if there were none.
#[must_use]
pub fn judged_permille(seen: &Seen) -> u64 {
    let is_judged = |piece: &&Piece| latest(&seen.late, piece.at) <= LATE_MAX;
    let judged = sum(seen.pieces.iter().filter(is_judged));
    judged.saturating_mul(1000) / sum(seen.pieces.iter()).max(1)
}

fn sum<'a>(pieces: impl Iterator<Item = &'a Piece>) -> u64 {
    pieces.map(|piece| piece.bytes).sum()
}

/// How many bytes leave the bucket between two instants.
fn run_dry(rate: u64, before: Option<Timestamp>, at: Timestamp) -> u64 {
    before.map_or(0, |before| worth(rate, since(before, at)))
}

fn worth(rate: u64, time: Duration) -> u64 {
    let bytes = u128::from(rate) * time.as_micros() / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// From one instant to a later one; nought if it isn't later.
#[must_use]
pub fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// The greatest lateness shortly before an instant.
fn latest(all: &[Late], at: Timestamp) -> Duration {
    // They are noted in their order.
    let until = all.partition_point(|late| late.at <= at);
    let shortly_before = all[..until].iter().rev();
    let counted = shortly_before.take_while(|late| since(late.at, at) <= LATE_COUNTS);
    counted.map(|late| late.by).max().unwrap_or_default()
}

/// Downloads at once against the number.
#[must_use]
pub fn downloads(seen: &Seen, limits: &Limits) -> Measured {
    let mut found = Measured {
        most_permille: 0,
        at: None,
        over: Vec::new(),
    };
    let (mut at_once, mut over_since) = (0_usize, None);
    for (at, change) in changes(&seen.downloads) {
        at_once = match change {
            Change::Ends => at_once.saturating_sub(1),
            Change::Begins => at_once + 1,
        };
        let permille = (at_once as u64).saturating_mul(1000) / limits.downloads.max(1) as u64;
        if permille > found.most_permille {
            (found.most_permille, found.at) = (permille, Some(at));
        }
        let is_over = at_once > limits.downloads;
        let lasted = over_since.map_or(Duration::ZERO, |from| since(from, at));
        let is_too_much = at_once > limits.downloads_borne() || lasted > BORNE;
        if is_too_much && found.over.len() < SENTENCES_MAX {
            found.over.push(format!(
                "at {at} there were {at_once} downloads, for {} ms more than the {} that are allowed",
                lasted.as_millis(),
                limits.downloads
            ));
        }
        over_since = is_over.then(|| over_since.unwrap_or(at));
    }
    found
}

/// What happens to the number of downloads; one that ends at an instant makes room for one that begins at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Ends,
    Begins,
}

fn changes(all: &[Download]) -> Vec<(Timestamp, Change)> {
    let both = |one: &Download| [(one.from, Change::Begins), (one.until, Change::Ends)];
    let mut changes: Vec<_> = all.iter().flat_map(both).collect();
    changes.sort_unstable();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        bytes_per_second: 3000,
        downloads: 6,
        replicas: 3,
    };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + ms).unwrap()
    }

    fn pieces(all: &[(i64, u64)]) -> Seen {
        Seen {
            pieces: all
                .iter()
                .map(|(ms, bytes)| Piece {
                    at: at(*ms),
                    bytes: *bytes,
                })
                .collect(),
            ..Seen::default()
        }
    }

    #[test]
    fn a_second_saved_up_and_a_share_of_one_are_allowed_and_no_byte_more() {
        for (what, all, over) in [
            ("nothing", &[][..], 0),
            ("a second's worth and a share", &[(0, 3000), (0, 1000)], 0),
            ("a byte more", &[(0, 3000), (0, 1001)], 1),
            (
                "at the rate from then on",
                &[(0, 4000), (500, 1500), (1000, 1500)],
                0,
            ),
            (
                "somewhat faster",
                &[(0, 4000), (500, 1500), (1000, 1501)],
                1,
            ),
            (
                "three servers, each with the whole",
                &[(0, 9000), (1000, 9000)],
                2,
            ),
            ("in any order", &[(1000, 3000), (0, 4000)], 0),
        ] {
            let found = bytes(&pieces(all), &LIMITS);
            assert_eq!(found.over.len(), over, "{what}: {:?}", found.over);
        }
    }

    #[test]
    fn what_was_read_late_is_borne_for_as_long_as_it_was_late() {
        let late = |ms: i64, by: u64| Late {
            at: at(ms),
            by: Duration::from_millis(by),
        };
        for (lates, over) in [
            (vec![], 1),
            (vec![late(-100, 200)], 0),
            (vec![late(-100, 199)], 1),
            (vec![late(-2001, 5000)], 1),
            (vec![late(1, 5000)], 1),
            (vec![late(-1000, 5000), late(-10, 1)], 0),
        ] {
            let seen = Seen {
                late: lates.clone(),
                ..pieces(&[(0, 4600)])
            };
            assert_eq!(bytes(&seen, &LIMITS).over.len(), over, "{lates:?}");
        }
    }

    #[test]
    fn what_was_read_much_too_late_is_hardly_judged() {
        for (by_ms, permille) in [(0, 1000), (1000, 1000), (1001, 250)] {
            let seen = Seen {
                late: vec![Late {
                    at: at(0),
                    by: Duration::from_millis(by_ms),
                }],
                ..pieces(&[(1000, 300), (3000, 100)])
            };
            assert_eq!(judged_permille(&seen), permille, "{by_ms}");
        }
        assert_eq!(judged_permille(&Seen::default()), 0);
    }

    fn at_once(all: &[(i64, i64)]) -> Measured {
        let downloads = all
            .iter()
            .enumerate()
            .map(|(device, (from, until))| Download {
                device,
                from: at(*from),
                until: at(*until),
            });
        let seen = Seen {
            downloads: downloads.collect(),
            ..Seen::default()
        };
        super::downloads(&seen, &LIMITS)
    }

    #[test]
    fn more_downloads_are_borne_for_a_second_and_a_share_at_most() {
        let six = [(0, 10_000); 6];
        for (what, more, over) in [
            ("as many as allowed", vec![], false),
            ("one after the other", vec![(10_000, 11_000)], false),
            ("two more for a second", vec![(5000, 6000); 2], false),
            ("one more for longer", vec![(5000, 6001)], true),
            ("a share and one", vec![(5000, 5010); 3], true),
            (
                "twice for less than a second each",
                vec![(1000, 1900), (3000, 3900)],
                false,
            ),
        ] {
            let found = at_once(&[&six[..], &more[..]].concat());
            assert_eq!(!found.over.is_empty(), over, "{what}: {:?}", found.over);
        }
        assert_eq!(at_once(&six).most_permille, 1000);
    }
}
