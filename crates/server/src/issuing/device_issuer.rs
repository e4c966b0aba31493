//! Who gives certificates to devices, whether they can at this moment or not. Read [`DeviceIssuer`].
//!
//! | what is found | at a start | later |
//! |---|---|---|
//! | the certificate isn't good today; the key's token isn't there, doesn't answer, or doesn't sign | the server starts, and issues nothing | it issues nothing |
//! | anything else that doesn't fit | the server doesn't start | it issues nothing, if that is found when it is opened anew |
//!
//! Devices must hear of holds and revocations also while nobody can be given a certificate. What isn't open is tried again by one task of the server's own, and
//! by no request: however many strangers ask, no token is asked once more for it.

use std::fmt;
use std::sync::mpsc::{self, SendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::IssuerError;
use super::open_issuer::{Made, OpenIssuer, Wish};
use super::opening::{IssuerTerms, Means, OpensKey, Trial};
use crate::clock::Clock;
use crate::flow::spread;
use crate::problem::Refused;
use crate::tls::{PeerCertificate, Tls};

/// What isn't open is tried again so long after it was tried last: soon enough for whoever plugs a token in, and seldom for a token that many others use.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// So often it is looked whether that is due, which costs nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Certificates that are made at once. A token signs one at a time, and a key in a file within a millisecond; a token that hangs keeps as many threads, of those
/// that all else that waits for a disk needs, too.
const MAKING_MAX: usize = 4;

/// Whoever still finds all of them taken after its wait comes back after this many seconds at least, and each at a moment of its own within as many more.
const RETRY_AFTER_BUSY_S: u32 = 30;

/// Who gives certificates to devices.
pub struct DeviceIssuer {
    means: Means,
    trial: Mutex<Trial>,
    condition: Mutex<Condition>,
    making: Arc<Semaphore>,
}

/// Whether certificates can be given.
#[derive(Debug, Clone)]
enum Condition {
    Open(Arc<OpenIssuer>),
    Closed(Arc<IssuerError>),
}

impl DeviceIssuer {
    /// Opens it, or finds out that it can't be opened yet. It waits for the key, as long as it was told to; then it starts without it, and takes it once it is
    /// there.
    ///
    /// # Errors
    /// [`IssuerError`] says what doesn't fit. What passes is no error: the issuer is closed then, and the log says why.
    pub fn begin(
        terms: IssuerTerms,
        opens: Box<OpensKey>,
        tls: Arc<Tls>,
        now: Timestamp,
    ) -> Result<Arc<Self>, IssuerError> {
        let issuer = Arc::new(Self {
            means: Means::new(terms, opens, tls),
            trial: Mutex::new(Trial::begun(now)),
            condition: Mutex::new(Condition::Closed(Arc::new(IssuerError::Silent))),
            making: Arc::new(Semaphore::new(MAKING_MAX)),
        });
        match issuer.first(now) {
            Some(Err(error)) if !error.passes() => return Err(error),
            Some(opened) => *issuer.condition() = Condition::of(opened),
            None => {}
        }
        if let Condition::Closed(why) = &*issuer.condition() {
            warn(why);
        }
        Ok(issuer)
    }

    /// What comes of the first try; none if nothing came of it yet.
    fn first(self: &Arc<Self>, now: Timestamp) -> Option<Result<OpenIssuer, IssuerError>> {
        let Some(waits) = self.means.terms.waits else {
            return Some(self.tried(now));
        };
        // Nothing lies in between: what comes is taken here, or the thread has it still.
        let (tell, told) = mpsc::sync_channel(0);
        let issuer = self.clone();
        // Not one of those that others wait for: if it hangs, it does so until the process ends.
        thread::spawn(move || {
            if let Err(SendError(late)) = tell.send(issuer.tried(now)) {
                issuer.turn(Condition::of(late));
            }
        });
        told.recv_timeout(waits).ok()
    }

    fn tried(&self, now: Timestamp) -> Result<OpenIssuer, IssuerError> {
        // A look that broke off leaves nothing in it that the next one can't go on with.
        let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        self.means.opened(&mut trial, now)
    }

    /// Whether certificates can be given at this instant, as far as is known.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open(now).is_ok()
    }

    /// Tries to open it, if it isn't open, nobody else is trying, and the last try is some while ago. It waits for the key.
    pub fn look(&self, now: Timestamp) {
        let mut trial = match self.trial.try_lock() {
            Ok(trial) => trial,
            Err(TryLockError::Poisoned(broken_off)) => broken_off.into_inner(),
            // For as long as a token may hang.
            Err(TryLockError::WouldBlock) => return,
        };
        let Err(why) = self.open(now) else {
            return;
        };
        // Whichever way the clock was set meanwhile.
        if now.duration_since(trial.at).abs() < TRY_AGAIN {
            return;
        }
        trial.at = now;
        if matches!(*why, IssuerError::Unsigned(_)) {
            trial.anew();
        }
        let opened = self.means.opened(&mut trial, now);
        self.turn(Condition::of(opened));
    }

    /// Looks again and again. Ends when it is dropped.
    pub(crate) async fn keep_open(self: &Arc<Self>, clock: &dyn Clock) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let (issuer, now) = (self.clone(), clock.now());
            if !issuer.is_open(now) {
                // A task that broke off is as good as a look that opened nothing.
                let _ = tokio::task::spawn_blocking(move || issuer.look(now)).await;
            }
        }
    }

    /// Whether it gave this certificate, or whoever else has its key did; also while it can give none.
    pub(crate) fn gave(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        self.means.gave(shown, now)
    }

    /// Who issues at this instant.
    ///
    /// # Errors
    /// Why nobody does.
    pub(super) fn open(&self, now: Timestamp) -> Result<Arc<OpenIssuer>, Arc<IssuerError>> {
        let open = match &*self.condition() {
            Condition::Open(open) => open.clone(),
            Condition::Closed(why) => return Err(why.clone()),
        };
        match open.expect_good_at(now) {
            Ok(()) => Ok(open),
            Err(error) => Err(self.close(&open, error)),
        }
    }

    /// Makes a certificate, and sees to it that this server would take it. Tokens sign slowly, so that is done elsewhere.
    ///
    /// # Errors
    /// `issuer.*` if nothing can be issued now, and `certificate.busy` if too much is at once.
    pub(super) async fn make(&self, wish: Wish) -> Result<Made, Refused> {
        let now = wish.now;
        // Who waits holds no thread: a burst of a fleet is served one after the other, and a token that hangs costs each asker this time alone.
        let permit = timeout(self.means.terms.queues, self.making.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(busy());
        };
        // It may have been closed while this one waited.
        let open = self.open(now).map_err(|why| unissued(&why))?;
        let maker = open.clone();
        let made = tokio::task::spawn_blocking(move || {
            // It is given back by the thread, and not by who asked: that one may have gone, and the token hang all the same.
            let _permit = permit;
            maker.make(&wish)
        });
        let made = made.await.map_err(|error| Refused::internal(&error))?;
        let taken = made.and_then(|made| match self.means.vouch_for(&made, now) {
            true => Ok(made),
            false => Err(IssuerError::Unvouched),
        });
        taken.map_err(|error| unissued(&self.failed(&open, error)))
    }

    /// What kept a certificate from being made. What could be that one's fault, and not the issuer's, closes nothing for others.
    fn failed(&self, open: &Arc<OpenIssuer>, error: IssuerError) -> Arc<IssuerError> {
        if error.passes() {
            return self.close(open, error);
        }
        let (id, cure) = (error.id(), error.cure());
        tracing::error!(id, %error, cure, "no certificate can be issued");
        Arc::new(error)
    }

    fn close(&self, open: &Arc<OpenIssuer>, error: IssuerError) -> Arc<IssuerError> {
        let why = Arc::new(error);
        let mut condition = self.condition();
        // Another one may have been opened meanwhile, of which this says nothing; or somebody else has closed it.
        let is_that_one = matches!(&*condition, Condition::Open(now) if Arc::ptr_eq(now, open));
        if is_that_one {
            *condition = Condition::Closed(why.clone());
            drop(condition);
            warn(&why);
        }
        why
    }

    /// It is told once when it turns, and not at each try.
    fn turn(&self, turned: Condition) {
        let before = std::mem::replace(&mut *self.condition(), turned.clone());
        match &turned {
            _ if before.flaw() == turned.flaw() => {}
            Condition::Open(_) => tracing::info!("certificates can be issued again"),
            Condition::Closed(why) => warn(why),
        }
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        // It is exchanged whole: no panic leaves it half made.
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition {
    fn of(opened: Result<OpenIssuer, IssuerError>) -> Self {
        match opened {
            Ok(open) => Self::Open(Arc::new(open)),
            Err(error) => Self::Closed(Arc::new(error)),
        }
    }

    /// What keeps it closed.
    fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::Open(_) => None,
            Self::Closed(why) => Some(why.id()),
        }
    }
}

impl fmt::Debug for DeviceIssuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DeviceIssuer")
            .field("terms", &self.means.terms)
            .finish_non_exhaustive()
    }
}

fn warn(why: &IssuerError) {
    let (id, cure) = (why.id(), why.cure());
    tracing::warn!(id, error = %why, cure, "no certificates can be issued");
}

/// Who asks can do nothing about it, and may ask again later. Where files are and how tokens are called is told in the log alone.
pub(super) fn unissued(why: &IssuerError) -> Refused {
    Refused::new(
        StatusCode::SERVICE_UNAVAILABLE,
        why.id(),
        format_args!(
            "This server can issue no certificate now: {}. Its log says more.",
            why.told()
        ),
        "Ask again later, by what still lets the device in.",
    )
}

fn busy() -> Refused {
    let refused = Refused::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "certificate.busy",
        "This server makes as many certificates as it can at once.",
        "Ask again after the time that Retry-After tells, by what still lets the device in.",
    );
    let seconds = RETRY_AFTER_BUSY_S + spread(RETRY_AFTER_BUSY_S);
    refused.tried_again_after(Duration::from_secs(seconds.into()))
}
