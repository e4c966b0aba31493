//! How the issuer's certificate and key are opened, and what is known of them meanwhile. Read [`Means::opened`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_artifact::Signer;

use super::certificate::IssuerCertificate;
use super::error::IssuerError;
use super::key::IssuingKey;
use super::open_issuer::{Made, OpenIssuer};
use super::unopened::{Passes, Unopened};
use crate::tls::{self, PeerCertificate, Tls};

/// Opens the issuer's key. It may take long, and is never called on a thread that serves others; the first time, somebody may be there to be asked for a secret.
pub type OpensKey = dyn Fn() -> Result<Arc<dyn Signer>, Unopened> + Send + Sync;

/// What the server was told of its issuer, beside the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerTerms {
    /// The file with its certificate, and those above it.
    pub certificate: PathBuf,
    /// For how many days a certificate is good.
    pub days: u32,
    /// For how long a start waits for the key; none if for as long as it takes, as where somebody types its secret.
    pub waits: Option<Duration>,
    /// For how long a device that asks waits, at most, until one of the certificates that are made at once is done.
    pub queues: Duration,
}

/// By what it is opened.
pub(super) struct Means {
    /// What the server was told.
    pub terms: IssuerTerms,
    opens: Box<OpensKey>,
    tls: Arc<Tls>,
    known: Mutex<Known>,
}

/// The certificates with which this server gives others, or gave them when it was open last.
#[derive(Debug, Default)]
struct Known {
    /// The newest whose key was open.
    proven: Option<IssuerCertificate>,
    /// One that was read since, whose key isn't open. If it turns out to be another key's, it is left here until the right one is there: at worst, somebody
    /// isn't welcome meanwhile.
    unproven: Option<IssuerCertificate>,
}

/// What is left of the tries to open it.
pub(super) struct Trial {
    /// When it was tried last.
    pub at: Timestamp,
    /// The key, if it was open then.
    signer: Option<Arc<dyn Signer>>,
    /// Why the key isn't asked for again.
    refused: Option<Unopened>,
}

impl Means {
    /// Of a server that was told these, and takes devices by that.
    pub fn new(terms: IssuerTerms, opens: Box<OpensKey>, tls: Arc<Tls>) -> Self {
        Self {
            terms,
            opens,
            tls,
            known: Mutex::default(),
        }
    }

    /// Reads the certificate anew, opens the key unless it is open, and tries what they give. Which of the certificates could have given others is
    /// known from then on, also if these two give none today.
    ///
    /// # Errors
    /// [`IssuerError`] says why they give nothing.
    pub fn opened(&self, trial: &mut Trial, now: Timestamp) -> Result<OpenIssuer, IssuerError> {
        let certificate = IssuerCertificate::read(&self.terms.certificate)?;
        if trial.signer.is_none() {
            // Before the key is opened, which may take for ever.
            self.known().unproven = Some(certificate.clone());
        }
        let signer = trial.signer(&*self.opens);
        let signer = signer.map_err(IssuerError::Unopened)?;
        let key = IssuingKey::of(signer)?;
        certificate.expect_key(&key.public())?;
        *self.known() = Known {
            proven: Some(certificate.clone()),
            unproven: None,
        };
        certificate.expect_good_at(now)?;
        let open = OpenIssuer::new(certificate, key, self.terms.days, &self.tls, now)?;
        open.warn(now);
        Ok(open)
    }

    /// Whether this server would let a device in that shows this certificate.
    pub fn vouch_for(&self, made: &Made, now: Timestamp) -> bool {
        self.tls.vouches_for(&made.der, now)
    }

    /// Whether a certificate was given by one of those that are known, or by whoever else has that one's key. No key of ours is asked.
    pub fn gave(&self, shown: &PeerCertificate, now: Timestamp) -> bool {
        let known = self.known();
        let both = [known.proven.clone(), known.unproven.clone()];
        drop(known);
        let mut both = both.iter().flatten();
        both.any(|known| tls::is_given_by(known.own(), shown, now))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Each of them is exchanged whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trial {
    /// The first one, at this instant.
    pub fn begun(now: Timestamp) -> Self {
        Self {
            at: now,
            signer: None,
            refused: None,
        }
    }

    /// The key is opened once more. A token that was pulled out and is there again doesn't know who logged in before.
    pub fn anew(&mut self) {
        self.signer = None;
    }

    fn signer(&mut self, opens: &OpensKey) -> Result<Arc<dyn Signer>, Unopened> {
        if let Some(signer) = &self.signer {
            return Ok(signer.clone());
        }
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        match opens() {
            Ok(signer) => {
                self.signer = Some(signer.clone());
                Ok(signer)
            }
            Err(unopened) => {
                if unopened.passes == Passes::AtAStart {
                    self.refused = Some(unopened.clone());
                }
                Err(unopened)
            }
        }
    }
}
