//! What part of the plan's line each of several servers on one store has. Read [`LineShares`].
//!
//! A share is noted until some time by the database's clock, like a lease, and in the same table: as that of a job that each server has for
//! itself, whose number is the share. The shares that are noted never come to more than the whole. So a server that comes is given what is free, and
//! no more; who has too much is told so, goes by less from then on, and says so the next time: then it is free. Nobody ever waits for an
//! answer to be heard, and none that gets lost makes two servers believe in the same part.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;
use crate::leases::{LEASE_MAX, Row, left_of};

/// All of it, in millionths.
pub const WHOLE_PPM: u32 = 1_000_000;

/// So long a share is noted: what a server had that is gone lies idle for as long.
pub(crate) const SHARE_LASTS: Duration = LEASE_MAX;

/// So long a server may go by what it was told, counted from before it asked: a database that is started anew slows nobody down. Whoever still has more than
/// that of what is noted, and a little, is told the same again, and nothing is written.
pub const SHARE_HOLDS: Duration = Duration::from_secs(40);

/// That little: a server sees some moments late that its time is over.
const LATE_MAX: Duration = Duration::from_secs(5);

/// What the names of such jobs begin with; behind it stands the server's.
pub(crate) const JOB: &str = "line of ";

/// A share that has been over for this long, in microseconds, is forgotten: a day.
pub(crate) const FORGOTTEN_AFTER_US: i64 = 86_400_000_000;

/// Of servers that all send payloads over the plan's line, each its share.
#[async_trait]
pub trait LineShares: Send + Sync {
    /// The share that this server may go by from now on, in millionths, for [`SHARE_HOLDS`] counted from before this was asked; `uses_ppm` is what it goes by
    /// until it hears the answer. Told less than that, it goes by less, and asks again.
    ///
    /// # Errors
    /// If the store can't be written to.
    async fn share_line(&self, server: &str, uses_ppm: u32) -> Result<u32, StoreError>;

    /// Gives a share back: the server sends nothing any more.
    ///
    /// # Errors
    /// If the store can't be written to.
    async fn leave_line(&self, server: &str) -> Result<(), StoreError>;
}

/// What is noted of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Noted {
    share_ppm: u32,
    left: Duration,
}

/// What a server hears, and what is noted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granted {
    /// What it may go by.
    pub share_ppm: u32,
    /// As much it may be using.
    pub noted_ppm: u32,
    /// Whether that is noted already, and holds for a while.
    pub is_noted: bool,
}

/// What a server that goes by `uses_ppm` hears, by the shares as they were found.
pub(crate) fn granted(server: &str, uses_ppm: u32, found: &[Row]) -> Granted {
    let (mut own, mut taken, mut servers) = (None, 0_u64, 1_u32);
    for (job, _, share, left) in found {
        let noted = Noted {
            // What can't be read takes all: rather too little is sent than too much.
            share_ppm: u32::try_from(*share).unwrap_or(WHOLE_PPM),
            left: left_of(*left),
        };
        if job.strip_prefix(JOB) == Some(server) {
            own = Some(noted);
        } else if !noted.left.is_zero() {
            taken += u64::from(noted.share_ppm);
            servers += 1;
        }
    }
    let free = u64::from(WHOLE_PPM).saturating_sub(taken);
    let share_ppm = u32::try_from(free).map_or(0, |free| free.min(WHOLE_PPM / servers));
    let noted_ppm = share_ppm.max(uses_ppm.min(WHOLE_PPM));
    let is_noted =
        own.is_some_and(|own| own.share_ppm == noted_ppm && own.left > SHARE_HOLDS + LATE_MAX);
    Granted {
        share_ppm,
        noted_ppm,
        is_noted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(server: &str, share: i64, left_s: i64) -> Row {
        (
            format!("{JOB}{server}"),
            server.to_owned(),
            share,
            left_s * 1_000_000,
        )
    }

    const ALL: u32 = 1_000_000;
    const HALF: u32 = 500_000;

    #[test]
    fn nobody_gets_what_another_one_may_still_use() {
        let one = |share: u32| row("one", share.into(), 50);
        let (two, three) = (row("two", 500_000, 50), row("three", 333_333, 50));
        let cases: [(&str, u32, Vec<Row>, u32, u32); 10] = [
            ("alone", 0, vec![], 1_000_000, 1_000_000),
            ("its own from before", 0, vec![one(ALL)], ALL, ALL),
            ("comes second", 0, vec![row("two", 1_000_000, 50)], 0, 0),
            (
                "hears of a second",
                1_000_000,
                vec![one(1_000_000), row("two", 0, 50)],
                500_000,
                1_000_000,
            ),
            (
                "goes by less",
                500_000,
                vec![one(1_000_000), row("two", 0, 50)],
                500_000,
                500_000,
            ),
            ("half is free", 0, vec![one(0), two.clone()], HALF, HALF),
            (
                "a third server",
                500_000,
                vec![one(500_000), two.clone(), row("three", 0, 50)],
                333_333,
                500_000,
            ),
            (
                "one has gone",
                333_333,
                vec![one(333_333), row("two", 333_333, 0), three.clone()],
                500_000,
                500_000,
            ),
            (
                "a clock was set back",
                0,
                vec![row("two", 1_000_000, 999)],
                1_000_000,
                1_000_000,
            ),
            ("what can't be read", 0, vec![row("two", -7, 50)], 0, 0),
        ];
        for (name, uses_ppm, found, share_ppm, noted_ppm) in cases {
            let got = granted("one", uses_ppm, &found);
            assert_eq!(
                (got.share_ppm, got.noted_ppm),
                (share_ppm, noted_ppm),
                "{name}"
            );
        }
    }

    #[test]
    fn what_stays_as_it_is_is_written_seldom() {
        for (left_s, uses_ppm, is_noted) in [
            (59, 500_000, true),
            (46, 500_000, true),
            (45, 500_000, false),
            (59, 600_000, false),
            (0, 500_000, false),
        ] {
            let found = [row("one", 500_000, left_s), row("two", 500_000, 50)];
            assert_eq!(
                granted("one", uses_ppm, &found).is_noted,
                is_noted,
                "{left_s} {uses_ppm}"
            );
        }
        assert!(!granted("one", 0, &[]).is_noted);
    }

    /// Servers come, go and ask in any order, and answers get lost: what they use never comes to more than the whole, and in the end each has as much.
    #[test]
    fn however_they_ask_they_never_use_more_than_the_whole() {
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let names = ["a", "b", "c", "d", "e"];
        let mut rows: Vec<Row> = Vec::new();
        let mut uses = [0_u32; 5];
        let ask = |rows: &mut Vec<Row>, uses: &mut [u32; 5], n: usize, is_heard: bool| {
            let got = granted(names[n], uses[n], rows);
            rows.retain(|(job, ..)| job.strip_prefix(JOB) != Some(names[n]));
            rows.push(row(names[n], got.noted_ppm.into(), 60));
            if is_heard {
                uses[n] = got.share_ppm;
            }
        };
        for _ in 0..10_000 {
            let n = usize::try_from(draw(5)).expect("small");
            match draw(20) {
                0 => {
                    uses[n] = 0;
                    rows.retain(|(job, ..)| job.strip_prefix(JOB) != Some(names[n]));
                }
                lost => ask(&mut rows, &mut uses, n, lost > 4),
            }
            assert!(uses.iter().sum::<u32>() <= WHOLE_PPM, "{uses:?} {rows:?}");
        }
        for n in [0, 1, 2, 3, 4].repeat(6) {
            ask(&mut rows, &mut uses, n, true);
        }
        assert_eq!(uses, [200_000; 5]);
    }
}
