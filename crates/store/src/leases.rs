//! That of several servers on one store one does a job. Read [`Leases`].
//!
//! A lease says who does a job for all, until when, by the clock of the database alone: no two servers' clocks are ever compared. It
//! saves work, and keeps nothing safe: a server that was stopped for a while finds out late that another one has taken its job over. So
//! whatever a job writes is checked in the transaction that writes it, as if every server did the job; older servers, which know of no
//! leases, do.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// The most that a lease lasts. One that would hold for longer by the database's clock is over: that clock was set back.
pub const LEASE_MAX: Duration = Duration::from_secs(60);

/// A server whose clock is further from the database's than this gets no lease: it would do the job at other times than all others.
/// Servers' clocks agree to a second or so, and a question may be under way for some seconds.
pub const CLOCK_APART_MAX: Duration = Duration::from_secs(5);

/// Who wants to do a job, or to go on doing it.
#[derive(Debug, Clone, Copy)]
pub struct Bid<'a> {
    /// The job's name.
    pub job: &'a str,
    /// The server's name: the same after it was started anew, and no other server's.
    pub holder: &'a str,
    /// The number of its lease, if it has one since it was started.
    pub known: Option<u64>,
    /// How long it is to hold; [`LEASE_MAX`] at most.
    pub lasts: Duration,
    /// What the server takes for the time.
    pub now: Timestamp,
}

/// Who does a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job's name.
    pub job: String,
    /// The name of the server that took it last.
    pub holder: String,
    /// Goes up each time that the job is taken, and stays while its lease is renewed.
    pub generation: u64,
    /// How long it still holds, by the database's clock; nought if nobody does the job.
    pub left: Duration,
}

/// Who does the jobs that one server does for all.
#[async_trait]
pub trait Leases: Send + Sync {
    /// How long leases in this store are to last: where several servers share it, a few seconds, after which a job is taken over whose
    /// server has died or hangs.
    fn lease_lasts(&self) -> Duration;

    /// Takes the job, or renews its lease, from now on by the database's clock; none if another server has it.
    ///
    /// The answer is the lease's number. It is the known one only if the lease was renewed before it ran out: a server that slept, or
    /// was started anew, takes the job again and gets another. Of its own name a server needs no patience: whoever bore it before is gone.
    ///
    /// # Errors
    /// If the store can't be written to; [`StoreError::ClockApart`] if it has a clock of its own, nobody else has the job, and the
    /// server's clock is further from the store's than [`CLOCK_APART_MAX`].
    async fn take_lease(&self, bid: &Bid<'_>) -> Result<Option<u64>, StoreError>;

    /// Ends a lease before its time, so that another server takes the job at once. One that was lost meanwhile is left alone.
    ///
    /// # Errors
    /// If the store can't be written to.
    async fn give_lease_back(
        &self,
        job: &str,
        holder: &str,
        generation: u64,
    ) -> Result<(), StoreError>;

    /// Every job that was ever taken, by name.
    ///
    /// # Errors
    /// If the store can't be read.
    async fn leases(&self) -> Result<Vec<Lease>, StoreError>;
}

/// Job, holder, generation, and how many microseconds are left by the database's clock.
pub(crate) type Row = (String, String, i64, i64);

/// A lease as it is kept.
pub(crate) fn lease((job, holder, generation, left): Row) -> Result<Lease, StoreError> {
    let generation = self::generation(generation)?;
    Ok(Lease {
        job,
        holder,
        generation,
        left: left_of(left),
    })
}

pub(crate) fn generation(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|error| StoreError::damaged("lease", error))
}

pub(crate) fn left_of(micros: i64) -> Duration {
    let left = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    match left > LEASE_MAX {
        true => Duration::ZERO,
        false => left,
    }
}

/// How long a lease is to hold, in microseconds.
pub(crate) fn lasts(bid: &Bid<'_>) -> i64 {
    let lasts = bid.lasts.min(LEASE_MAX);
    i64::try_from(lasts.as_micros()).expect("a minute is no large number")
}

/// # Errors
/// [`StoreError::ClockApart`] if the bidder's clock is too far from the database's, which shows this many microseconds since 1970.
pub(crate) fn expect_clock(bid: &Bid<'_>, micros: i64) -> Result<(), StoreError> {
    let ahead = i128::from(bid.now.as_microsecond()) - i128::from(micros);
    match ahead.unsigned_abs() > CLOCK_APART_MAX.as_micros() {
        true => Err(StoreError::ClockApart {
            ahead_s: i64::try_from(ahead / 1_000_000).unwrap_or(i64::MAX),
        }),
        false => Ok(()),
    }
}

/// The number that a bid gets, of a lease as it was found; none if another server has the job.
pub(crate) fn granted(bid: &Bid<'_>, found: &Lease) -> Option<u64> {
    let (holds, is_own) = (found.left > Duration::ZERO, found.holder == bid.holder);
    match (holds, is_own) {
        (true, true) if bid.known == Some(found.generation) => Some(found.generation),
        (true, false) => None,
        _ => Some(found.generation + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_renewed_by_its_holder_and_taken_when_nobody_has_it() {
        let bid = |holder, known| Bid {
            job: "rollouts",
            holder,
            known,
            lasts: Duration::from_secs(6),
            now: Timestamp::UNIX_EPOCH,
        };
        for (left, holder, known, expected) in [
            (1, "one", Some(7), Some(7)),
            // Started anew, or another lease of its own.
            (1, "one", None, Some(8)),
            (1, "one", Some(6), Some(8)),
            (1, "other", Some(7), None),
            (1, "other", None, None),
            // Slept through it; nobody was faster.
            (0, "one", Some(7), Some(8)),
            (0, "other", None, Some(8)),
            (-5_000_000, "other", None, Some(8)),
            (59_000_000, "other", None, None),
            // The database's clock was set back by a day.
            (86_400_000_000, "other", None, Some(8)),
            (i64::MAX, "other", None, Some(8)),
        ] {
            let row = ("rollouts".to_owned(), "one".to_owned(), 7, left);
            let found = lease(row).expect("a good row");
            let got = granted(&bid(holder, known), &found);
            assert_eq!(got, expected, "{left} {holder} {known:?}");
        }
    }

    #[test]
    fn no_lease_lasts_longer_than_any_may() {
        let bid = Bid {
            job: "rollouts",
            holder: "one",
            known: None,
            lasts: Duration::from_secs(3600),
            now: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(lasts(&bid), 60_000_000);
    }

    #[test]
    fn whose_clock_is_apart_gets_no_lease() {
        let now = Timestamp::from_second(1_000).expect("a good instant");
        let bid = Bid {
            job: "rollouts",
            holder: "one",
            known: None,
            lasts: Duration::from_secs(6),
            now,
        };
        for (database, expected) in [
            (1_000_000_000, Ok(())),
            (995_000_000, Ok(())),
            (1_005_000_000, Ok(())),
            (994_999_999, Err(5)),
            (1_005_000_001, Err(-5)),
            (4_600_000_000, Err(-3600)),
            (i64::MIN, Err(9_223_372_037_854)),
        ] {
            let got = expect_clock(&bid, database);
            let got = got.map_err(|error| match error {
                StoreError::ClockApart { ahead_s } => ahead_s,
                other => panic!("{other}"),
            });
            assert_eq!(got, expected, "{database}");
        }
    }
}
