//! The certificate that is shown now, which may be exchanged at any moment. Read [`Shown`].

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;

/// The pair that is shown now; none before the first was given, and then no handshake succeeds.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Option<Arc<Pair>>>);

impl Shown {
    /// This one, to begin with.
    pub fn of(pair: Option<Pair>) -> Self {
        Self(RwLock::new(pair.map(Arc::new)))
    }

    /// What is shown now.
    pub fn pair(&self) -> Option<Arc<Pair>> {
        // One pointer is exchanged: no panic leaves it half made.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows this one from now on.
    pub fn show(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(pair));
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair()?.shown.clone())
    }
}
