//! One word of a client: from where an order stood to where it stands, and what that tells the rollout.
//!
//! | from \ word | retrieved, downloading | fetch began (5) | fetched whole | installed | failed | cancelled | cancel accepted | cancel refused | runs it |
//! |---|---|---|---|---|---|---|---|---|---|
//! | offered | retrieved | fetching (1) | | installed (2) | failed (2) | cancelled | refused (4) | refused (4) | verified |
//! | retrieved | | fetching (1) | | installed (2) | failed (2) | cancelled | refused (4) | refused (4) | verified |
//! | fetching | | | | installed (2) | failed (2) | cancelled | refused (4) | refused (4) | verified |
//! | cancelling | | (1) | | installed (2) | failed (2) | cancelled (3) | cancelled (3) | fetching, else offered | verified |
//! | installed | | | | | failed | | refused (4) | refused (4) | verified |
//! | closed | refused | refused | refused | refused | refused | refused | refused | refused | refused |
//!
//! An empty field leaves the order where it stands, so that a repeated word does; `failed`, `cancelled` and `verified` close it. Progress,
//! a rejection, words that nobody understands and another release that the device runs leave it there, too. Each payload that this
//! server begins to hand out is counted, and what the client said itself is counted for its log. So is, once the last byte has left, the rest of a payload
//! for whoever goes on from no further than the last time: a client that keeps a part of it, and asks for the rest after each restart, fetches it again
//! and again. One that goes on over a bad line comes further each time.
//!
//! (1) The rollout is told that the device has begun, once: by the bytes that it fetches, never by what it says, for from then on it counts in the
//! statistics. (2) If anything was handed out for it; else it is closed as nothing-fetched, and the
//! rollout is told that the device refused ([`CLOSED_WITHOUT_DOWNLOAD`], [`FAILED_WITHOUT_DOWNLOAD`]): a client that remembers an old number, or
//! skips what it is offered, says the same as one that installed; and one that got no answer, or whose restart is set to tell of a failure, the
//! same as one on which the release failed. One that says it failed before the last byte had left has failed to fetch: most clients close an order as
//! failed as soon as a connection breaks, and a server that is started anew breaks all of them. It is closed as broke-off, the device refused
//! ([`BROKE_OFF`]), and may try again; who [fails so again and again](super::fails_again) has failed. (3) As it was asked to: the rollout knows. What the device runs is asked for all the same, since a client may
//! leave an order also after it installed the release. (4) The client wasn't asked to leave it. (5) Also from the middle on, or where it has the whole already, from
//! an earlier order.

use jiff::Timestamp;

use super::log;
use super::{Ending, Order, OrderState};
use crate::ReleaseDigest;

/// The refusal's id of a device whose client says that it is done, and has fetched nothing.
pub const CLOSED_WITHOUT_DOWNLOAD: &str = "ddi.closed-without-download";

/// The refusal's id of a device whose client says that it failed, and has fetched nothing: the release had no part in it.
pub const FAILED_WITHOUT_DOWNLOAD: &str = "ddi.failed-without-download";

/// The refusal's id of a device whose client says that it failed, and had fetched a part only: what it fetched broke off.
pub const BROKE_OFF: &str = "ddi.broke-off";

/// The refusal's id of a device whose client left an order that it wasn't asked to leave.
pub const CANCELLED: &str = "ddi.cancelled";

/// What a client said or did about an order, already understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It read what is to be done.
    Retrieved,
    /// It says that it downloads: it has read what is to be done, at least.
    Downloading,
    /// This server handed it the first byte of a payload.
    FetchBegan,
    /// This server handed it bytes from the middle of a payload, and none before: what it has of the beginning may be of something else.
    FetchEntered,
    /// It asked for what comes after the last byte of a payload that it was handed out for an earlier order: it has all of it.
    HasWhole,
    /// This server handed it the last byte of a payload; with the first one, that is the whole.
    FetchedWhole,
    /// It asked for the rest of a payload whose last byte had left before.
    FetchResumed {
        /// The first byte of that, which isn't the payload's first.
        from: u64,
    },
    /// It says how far it is, or that it will begin.
    Progress,
    /// It says that it can't do it now.
    Rejected,
    /// It said something that nobody understands; the entry of the log has it.
    NotUnderstood,
    /// It says that it is done, and well.
    Installed,
    /// It says that it is done, and that it failed.
    Failed,
    /// The same, of what broke off often enough: it counts, however much of it was handed out.
    FailedAgain,
    /// It says that it has left it, of its own.
    Cancelled,
    /// It says that it leaves it, as it was asked to.
    CancelAccepted,
    /// It says that it doesn't.
    CancelRefused,
    /// The device said which release it runs: the version word.
    Runs {
        /// Which.
        release: ReleaseDigest,
    },
}

impl Word {
    /// Whether the client itself said it about the order, so that it has its entry in the log.
    #[must_use]
    pub fn is_spoken(self) -> bool {
        !matches!(
            self,
            Self::Retrieved
                | Self::FetchBegan
                | Self::FetchEntered
                | Self::HasWhole
                | Self::FetchedWhole
                | Self::FetchResumed { .. }
                | Self::Runs { .. }
        )
    }
}

/// What a rollout is told of a device; always of the release that the order promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The device has begun.
    Began,
    /// Its client says that it installed the release; nobody says that it runs it.
    Installed,
    /// The device won't.
    Refused {
        /// The refusal's stable id.
        refusal: &'static str,
    },
    /// Its client couldn't install it.
    Failed,
    /// It has left what it was asked to leave. Mostly it runs what it ran; only its version word tells.
    Stopped,
    /// It said that it runs the release.
    Confirmed,
}

/// Why a word isn't heeded. The order stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRefusal {
    /// The order is over.
    #[error("the order is closed: {}", .how.id())]
    Closed {
        /// How it ended.
        how: Ending,
    },
    /// Nobody asked the client to leave it.
    #[error("the order isn't being cancelled")]
    NotCancelling,
    /// The log is full, and the word changes nothing.
    #[error("the order's log has {} entries", log::ENTRIES_MAX)]
    LogFull,
}

impl OrderRefusal {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Closed { .. } => "ddi.order-closed",
            Self::NotCancelling => "ddi.not-cancelling",
            Self::LogFull => "ddi.log-full",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Closed { .. } => "poll again; what is to be done now has another number",
            Self::NotCancelling => "poll again; leave an order only when a poll says so",
            Self::LogFull => "report less often; the end of the order is heard all the same",
        }
    }
}

/// Takes a word about an order, heard at `now`. Pure; the same word twice is the same as once, but for counters.
///
/// # Errors
/// If the order is closed, the word answers what nobody asked, or it is one intermediate word too many.
pub fn heed(order: Order, word: Word, now: Timestamp) -> Result<(Order, Vec<Told>), OrderRefusal> {
    if let OrderState::Closed { how, .. } = order.state {
        return Err(OrderRefusal::Closed { how });
    }
    let before = order.state.clone();
    let (mut after, told) = moved(order, word, now)?;
    if word.is_spoken() {
        if after.seen.log < log::ENTRIES_MAX || after.state != before {
            after.seen.log = after.seen.log.saturating_add(1);
        } else if !matches!(word, Word::Installed) {
            return Err(OrderRefusal::LogFull);
        }
    }
    Ok((after, told))
}

/// Whether the device should now be asked for its attributes: one of them may be its version. So it is whenever its client says how an order ended:
/// what it says of that may be wrong.
#[must_use]
pub fn asks_for_version(told: &[Told]) -> bool {
    told.iter().any(|told| *told != Told::Began)
}

fn moved(mut order: Order, word: Word, now: Timestamp) -> Result<(Order, Vec<Told>), OrderRefusal> {
    let told = match word {
        Word::Progress | Word::Rejected | Word::NotUnderstood => Vec::new(),
        Word::Retrieved | Word::Downloading => {
            if order.state == OrderState::Offered {
                order.state = OrderState::Retrieved { at: now };
            }
            Vec::new()
        }
        Word::FetchBegan | Word::FetchEntered => {
            order.seen.fetches = order.seen.fetches.saturating_add(1);
            order.seen.from_start |= word == Word::FetchBegan;
            // Whoever begins anew has the whole of it before it.
            order.seen.rest_from = order.seen.rest_from.map(|_| 0);
            begin(&mut order, now)
        }
        Word::HasWhole => {
            order.seen.whole = true;
            begin(&mut order, now)
        }
        Word::FetchedWhole => {
            order.seen.whole |= order.seen.from_start;
            order.seen.rest_from = order.seen.rest_from.or(Some(0));
            Vec::new()
        }
        Word::FetchResumed { from } => {
            if order.seen.has_fetched() {
                resume(&mut order, from);
            }
            Vec::new()
        }
        Word::CancelRefused => return keep_on(order, now),
        _ => return end(order, word, now),
    };
    Ok((order, told))
}

/// The words that end an order, or nearly.
fn end(order: Order, word: Word, now: Timestamp) -> Result<(Order, Vec<Told>), OrderRefusal> {
    let is_installed = matches!(order.state, OrderState::Installed { .. });
    let is_cancelling = matches!(order.state, OrderState::Cancelling { .. });
    let closed = |order: Order, how, told| (order.closed(now, how), vec![told]);
    Ok(match word {
        Word::Installed | Word::Cancelled if is_installed => (order, Vec::new()),
        Word::Installed | Word::Failed | Word::FailedAgain if !order.seen.has_fetched() => {
            let refusal = match word {
                Word::Installed => CLOSED_WITHOUT_DOWNLOAD,
                _ => FAILED_WITHOUT_DOWNLOAD,
            };
            closed(order, Ending::NothingFetched, Told::Refused { refusal })
        }
        Word::Installed => install(order, now),
        Word::Failed if !is_installed && !order.seen.whole => {
            let refusal = BROKE_OFF;
            closed(order, Ending::BrokeOff, Told::Refused { refusal })
        }
        Word::Failed | Word::FailedAgain => closed(order, Ending::Failed, Told::Failed),
        Word::CancelAccepted if !is_cancelling => return Err(OrderRefusal::NotCancelling),
        Word::Cancelled | Word::CancelAccepted if is_cancelling => {
            closed(order, Ending::Cancelled, Told::Stopped)
        }
        Word::Cancelled => {
            let refusal = CANCELLED;
            closed(order, Ending::Cancelled, Told::Refused { refusal })
        }
        Word::Runs { release } if release == order.offer.release => {
            closed(order, Ending::Verified, Told::Confirmed)
        }
        _ => (order, Vec::new()),
    })
}

/// A client that is asked to leave the order may be fetching all the same.
fn begin(order: &mut Order, now: Timestamp) -> Vec<Told> {
    if matches!(
        order.state,
        OrderState::Offered | OrderState::Retrieved { .. }
    ) {
        order.state = OrderState::Fetching { since: now };
    }
    match order.seen.began {
        Some(_) => Vec::new(),
        None => {
            order.seen.began = Some(now);
            vec![Told::Began]
        }
    }
}

/// A client goes on, or fetches again what it had fetched.
fn resume(order: &mut Order, from: u64) {
    let reached = order.seen.rest_from.replace(from).unwrap_or(0);
    if from <= reached {
        order.seen.fetches = order.seen.fetches.saturating_add(1);
    }
}

fn install(mut order: Order, now: Timestamp) -> (Order, Vec<Told>) {
    order.state = OrderState::Installed { at: now };
    (order, vec![Told::Installed])
}

fn keep_on(mut order: Order, now: Timestamp) -> Result<(Order, Vec<Told>), OrderRefusal> {
    let OrderState::Cancelling { .. } = order.state else {
        return Err(OrderRefusal::NotCancelling);
    };
    order.seen.keeps_on = true;
    order.state = match order.seen.began {
        // It has as long from now on as any other: it said just now that it goes on.
        Some(_) => OrderState::Fetching { since: now },
        None => OrderState::Offered,
    };
    Ok((order, Vec::new()))
}
