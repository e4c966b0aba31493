//! Answers to an authority that looks whether a name leads to this server before it gives it a certificate: TLS-ALPN-01 (RFC 8737).
//!
//! Who begins a handshake and speaks `acme-tls/1` alone is shown a certificate made for that one name and that one question, and is sent away once the
//! handshake is over. None of its bytes reach a route, it shows no certificate of its own, and it is given no ticket to come again with. Read [`Challenges`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::error::TlsError;

/// What the authority speaks, and nobody else (RFC 8737, section 6.2).
const PROTOCOL: &[u8] = b"acme-tls/1";

/// The questions that are under way, each with its answer.
#[derive(Debug)]
pub(crate) struct Challenges {
    config: Arc<ServerConfig>,
    open: Arc<Open>,
}

/// What is shown for which name.
#[derive(Default)]
struct Open(RwLock<HashMap<String, Arc<CertifiedKey>>>);

/// That a question for this name is answered, as long as it isn't dropped.
#[derive(Debug)]
pub(crate) struct Answer {
    name: String,
    open: Arc<Open>,
}

impl Challenges {
    /// None is under way.
    ///
    /// # Errors
    /// [`TlsError::Library`] if TLS can't be spoken here.
    pub fn none() -> Result<Self, TlsError> {
        let open = Arc::<Open>::default();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Library)?;
        let config = config.with_no_client_auth();
        let mut config = config.with_cert_resolver(open.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Nobody comes again by such a handshake.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            open,
        })
    }

    /// Whether a handshake that begins so asks a question, and nothing else.
    pub fn is_one(hello: &ClientHello<'_>) -> bool {
        let mut spoken = hello.alpn().into_iter().flatten();
        spoken.next() == Some(PROTOCOL) && spoken.next().is_none()
    }

    /// How such a handshake is gone through with. One for a name of which nothing is asked fails.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// From now on the question for this name has an answer, `digest`: SHA-256 of the key authorization (RFC 8737, section 3).
    ///
    /// # Errors
    /// What keeps its certificate from being made.
    pub fn answer(&self, name: &str, digest: &[u8; 32]) -> Result<Answer, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let made = params.self_signed(&key)?;
        let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let keys = aws_lc_rs::default_provider().key_provider;
        let secret = keys.load_private_key(secret);
        let secret = secret.map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        // Whether the two belong together isn't asked: that would have to read the certificate, and no library takes a critical extension that it doesn't know.
        let shown = CertifiedKey::new(vec![made.der().clone()], secret);
        let name = name.to_ascii_lowercase();
        self.open
            .with(|open| open.insert(name.clone(), Arc::new(shown)));
        let open = self.open.clone();
        Ok(Answer { name, open })
    }
}

impl Open {
    fn with<T>(&self, change: impl FnOnce(&mut HashMap<String, Arc<CertifiedKey>>) -> T) -> T {
        // One entry is put in or taken out: no panic leaves it half made.
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Open {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        let open = self.0.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&name).cloned()
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Open").finish_non_exhaustive()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.open.with(|open| open.remove(&self.name));
    }
}
