//! A key that is opened beside other work.
//!
//! A key file is slow to open on purpose, and whoever signs a firmware image must read it first anyway.
//! Who it belongs to and which key it is, its public half says at once. Read [`Opening`].

use std::fmt;
use std::sync::LazyLock;
use std::thread;

use mainstay_artifact::{SignError, Signer};
use mainstay_trust::{KeyId, PublicKey};

use crate::{KeyError, PublicHalf};

type Opened = Result<Box<dyn Signer>, KeyError>;

/// A signer whose private half may still be on its way; [`Signer::sign`] waits for it.
pub struct Opening {
    public: PublicHalf,
    opened: LazyLock<Opened, Box<dyn FnOnce() -> Opened + Send>>,
}

impl Opening {
    /// Runs `open` on a thread of its own. The signer that it yields must be the one of `public`.
    pub(crate) fn beside(
        public: PublicHalf,
        open: impl FnOnce() -> Opened + Send + 'static,
    ) -> Self {
        let thread = thread::spawn(open);
        let wait = move || {
            let joined = thread.join();
            joined.unwrap_or(Err(KeyError::Library("open a key")))
        };
        Self {
            public,
            opened: LazyLock::new(Box::new(wait)),
        }
    }

    /// A signer that was opened already.
    pub(crate) fn done(signer: Box<dyn Signer>) -> Self {
        Self {
            public: PublicHalf::of(&*signer),
            opened: LazyLock::new(Box::new(|| Ok(signer))),
        }
    }

    /// Waits until the key is open.
    ///
    /// # Errors
    /// Why it can't be opened.
    pub fn wait(&self) -> Result<&dyn Signer, &KeyError> {
        self.opened.as_ref().map(|signer| &**signer)
    }
}

impl Signer for Opening {
    fn key_id(&self) -> KeyId {
        self.public.key_id
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.public.public_key.as_key()
    }

    fn holder(&self) -> &str {
        &self.public.holder
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = self.wait().map_err(|error| {
            SignError::new(self.holder(), error.to_string()).with_advice(error.id(), error.cure())
        })?;
        signer.sign(message)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
