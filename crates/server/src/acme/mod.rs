//! A certificate for this server from an authority that gives them by itself: ACME (RFC 8555), with TLS-ALPN-01 (RFC 8737) at the port that TLS is spoken at.
//!
//! | what is there | what is shown | what is asked for |
//! |---|---|---|
//! | nothing yet | nobody is let in but the authority, which looks whether the names lead here | a certificate, until one is given |
//! | one for other names, or of another authority | that one | another one, at once |
//! | one in the first part of its life | that one | nothing, at a restart neither |
//! | one of which a third is left | that one | the next one, until it is given; connections go on |
//!
//! What is asked for in vain is asked for again after minutes, then hours, or when the authority says. Nothing of it stops a start or ends a server.
//! Read [`Acme`], then `ordering.rs`.

mod asking;
mod due;
mod fault;
mod kept;
mod name;
mod ordering;
mod terms;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;

use asking::Asking;
pub use fault::AcmeError;
use fault::Fault;
use kept::Kept;
pub use name::DnsName;
use ordering::{Given, Ordering};
pub use terms::AcmeTerms;

use crate::clock::Clock;
use crate::flow::spread;
use crate::tls::{Pair, Tls, TlsError, TlsFiles};

/// So often it is looked whether a certificate is due, which costs nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// An attempt takes seconds, and with an authority that has much to do some minutes.
const ATTEMPT_MAX: Duration = Duration::from_secs(600);

/// After a certificate was given, none is asked for for so long, whatever that one says of itself: a clock that is years ahead would ask again and again.
const REST: Duration = Duration::from_secs(60 * 60);

/// By so much this machine's clock may be behind the authority's. What ends sooner is of no use anyway.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(10);

/// Asks for this server's certificate, and for the next one in time.
#[derive(Debug)]
pub struct Acme {
    terms: AcmeTerms,
    files: TlsFiles,
    kept: Kept,
    http: Client,
    tls: Arc<Tls>,
    state: Mutex<State>,
}

/// What came of it so far.
#[derive(Debug)]
struct State {
    /// Whether what is shown is what would be asked for.
    is_as_asked: bool,
    /// How often in a row it was asked in vain.
    failures: u32,
    /// When it was asked last, and how long nothing is asked after that.
    asked: Option<(Timestamp, Duration)>,
    /// Which part of the time for renewals is this server's.
    part: u32,
}

impl Acme {
    /// Reads what was given earlier. There may be nothing, or nothing of use: neither stops a start.
    ///
    /// # Errors
    /// [`AcmeError`] names what can't be used of the files that somebody brings.
    pub fn begin(terms: AcmeTerms, now: Timestamp) -> Result<Arc<Self>, AcmeError> {
        let http = asking::client(terms.ca.as_deref())?;
        let kept = Kept::below(&terms.folder);
        let files = TlsFiles {
            certificate: kept.certificate().to_owned(),
            key: kept.certificate().to_owned(),
            device_ca: terms.device_ca.clone(),
            ticket_key: terms.ticket_key.clone(),
        };
        let pair = given_earlier(&files, now);
        let is_as_asked = pair
            .as_ref()
            .is_some_and(|pair| is_as_asked(pair, &terms, &kept));
        let tls = Arc::new(Tls::given(files.clone(), pair, now)?);
        let state = State {
            is_as_asked,
            failures: 0,
            asked: None,
            part: spread(due::PARTS),
        };
        Ok(Arc::new(Self {
            terms,
            files,
            kept,
            http,
            tls,
            state: Mutex::new(state),
        }))
    }

    /// What shows the certificate.
    pub fn tls(&self) -> &Arc<Tls> {
        &self.tls
    }

    /// How often in a row it was asked in vain; 0 after a certificate was given.
    pub fn failures(&self) -> u32 {
        self.state().failures
    }

    /// Asks whenever that is due. Ends when it is dropped.
    pub(crate) async fn keep_current(self: &Arc<Self>, clock: &dyn Clock) {
        if self.tls.ends().is_none() {
            tracing::warn!("no certificate yet: nobody is let in before one is given");
        }
        loop {
            if self.tls.pair().is_none() {
                let (acme, now) = (self.clone(), clock.now());
                // A look that broke off is as good as one that found nothing.
                let _ = tokio::task::spawn_blocking(move || acme.recall(now)).await;
            }
            if self.is_due(clock.now()) {
                self.attempt(clock).await;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Shows what was kept, if nothing is shown and that is good by now: at the start the clock may have been years behind, as on a machine without a battery.
    fn recall(&self, now: Timestamp) {
        let Ok(pair) = Pair::read(&self.files, now + CLOCKS_APART) else {
            return;
        };
        self.state().is_as_asked = is_as_asked(&pair, &self.terms, &self.kept);
        self.tls.show(pair);
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let state = self.state();
        // Whichever way the clock was set meanwhile.
        let rests =
            |(at, wait): (Timestamp, Duration)| now.duration_since(at).unsigned_abs() < wait;
        if state.asked.is_some_and(rests) {
            return false;
        }
        match self.tls.pair() {
            Some(pair) if state.is_as_asked => {
                due::renewal(pair.begins, pair.ends, state.part) <= now
            }
            _ => true,
        }
    }

    async fn attempt(&self, clock: &dyn Clock) {
        let asking = Asking::by(self.http.clone());
        let ordered = tokio::time::timeout(ATTEMPT_MAX, self.ordered(&asking)).await;
        let taken = match ordered.unwrap_or(Err(Fault::Slow)) {
            Ok(given) => self.take(&given, clock.now()).await,
            Err(fault) => Err(fault),
        };
        let now = clock.now();
        match taken {
            Ok(()) => self.succeeded(now),
            Err(fault) => self.failed(&fault, &asking, now),
        }
    }

    async fn ordered(&self, asking: &Asking) -> Result<Given, Fault> {
        let Some(challenges) = self.tls.challenges() else {
            return Err(Fault::Odd("nobody answers its questions".to_owned()));
        };
        let ordering = Ordering {
            terms: &self.terms,
            kept: &self.kept,
            challenges,
            asking,
        };
        ordering.run().await
    }

    /// Shows what was given if a client would take it, and sees to it that it lasts. One that can't be kept is shown all the same, and asked for anew at the next
    /// start.
    async fn take(&self, given: &Given, now: Timestamp) -> Result<(), Fault> {
        let text = kept::text(&self.terms.directory, &given.key, &given.chain);
        let (bytes, soon) = (text.as_bytes(), now + CLOCKS_APART);
        let pair = Pair::judged(&self.files, bytes, bytes, soon).map_err(Fault::Unfit)?;
        if !is_for(&pair, &self.terms) {
            return Err(Fault::OtherNames);
        }
        self.tls.show(pair);
        if let Err(fault) = self.kept.keep_certificate(&text).await {
            let (id, cure) = (fault.id(), fault.cure());
            tracing::error!(id, error = %fault, cure, "certificate not kept: the next start asks for another one");
        }
        Ok(())
    }

    fn succeeded(&self, now: Timestamp) {
        *self.state() = State {
            is_as_asked: true,
            failures: 0,
            asked: Some((now, REST)),
            part: spread(due::PARTS),
        };
    }

    fn failed(&self, fault: &Fault, asking: &Asking, now: Timestamp) {
        let later = asking.later();
        let later = later.and_then(|header| due::asked(&header, now));
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let left = self.tls.ends().map(|ends| ends.duration_since(now));
        let left = left.and_then(|left| Duration::try_from(left).ok());
        let left = left.unwrap_or_default();
        let wait = due::wait(state.failures, later, left, spread(due::PARTS));
        state.asked = Some((now, wait));
        let failures = state.failures;
        drop(state);
        let (id, cure, minutes) = (fault.id(), fault.cure(), wait.as_secs() / 60);
        let is_good = self.tls.ends().is_some_and(|ends| now < ends);
        match is_good {
            true => {
                tracing::warn!(id, error = %fault, cure, failures, minutes, "no certificate was given; the one before is shown, and it is asked again");
            }
            false => {
                tracing::error!(id, error = %fault, cure, failures, minutes, "no certificate was given, and none is good; it is asked again");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers that are written one after the other: after a panic it is asked somewhat sooner or later.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_for(pair: &Pair, terms: &AcmeTerms) -> bool {
    let certificate = pair.certificate();
    certificate.is_some_and(|certificate| name::is_for(certificate, &terms.names))
}

/// Whether a pair that was kept is what would be asked for now.
fn is_as_asked(pair: &Pair, terms: &AcmeTerms, kept: &Kept) -> bool {
    is_for(pair, terms) && kept.is_from(&terms.directory)
}

/// What was kept, if a client would take it.
fn given_earlier(files: &TlsFiles, now: Timestamp) -> Option<Pair> {
    match Pair::read(files, now + CLOCKS_APART) {
        Ok(pair) => Some(pair),
        Err(TlsError::Unreadable { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let (id, file) = (error.id(), files.certificate.display());
            tracing::warn!(id, %error, %file, "the certificate that was kept is of no use; another one is asked for");
            None
        }
    }
}

#[cfg(test)]
mod tests;
