//! The authority with which a house gives certificates: its certificate, and a key that does what a token may do. Read [`Issuing`] and [`Token`].

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use mainstay_artifact::{PublicKeyBuf, SignError, Signer};
use mainstay_keys::pkcs11::TokenError;
use mainstay_keys::{FileSigner, KeyError, generate, public_formats};
use mainstay_server::DeviceIssuer;
use mainstay_server::issuing::{IssuerError, IssuerTerms, OpensKey, Unopened};
use mainstay_server::tls::Tls;
use mainstay_trust::{Algorithm, KeyId, PublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyUsagePurpose, SubjectPublicKeyInfo, date_time_ymd,
};
use tokio::sync::Semaphore;

use super::stage::{Authority, common};
use crate::house::start;

/// For how long a device waits for its turn: as long as a story may take that ends in vain.
const QUEUES: Duration = Duration::from_secs(3);

/// What a token does that is asked to be opened, or for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// What it should.
    Signs,
    /// It isn't there, or isn't there any more.
    Away,
    /// It opens, and doesn't sign.
    Fails,
    /// It doesn't open by the PIN that the server has.
    WrongPin,
    /// It says nothing, until it does something else.
    Hangs,
}

/// A key in what may be a token.
pub(super) struct Token {
    key: FileSigner,
    how: Mutex<How>,
    turned: Condvar,
    opened: AtomicUsize,
    hanging: Semaphore,
}

/// As long as this is held, a token hangs; then it signs.
pub(super) struct Hanging(Arc<Token>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.now(How::Signs);
    }
}

impl Token {
    fn with(key: FileSigner) -> Arc<Self> {
        Arc::new(Self {
            key,
            how: Mutex::new(How::Signs),
            turned: Condvar::new(),
            opened: AtomicUsize::new(0),
            hanging: Semaphore::new(0),
        })
    }

    /// What it does from now on.
    pub fn now(&self, how: How) {
        *self.how.lock().unwrap() = how;
        self.turned.notify_all();
    }

    /// From now on it hangs.
    pub fn hangs(self: &Arc<Self>) -> Hanging {
        self.now(How::Hangs);
        Hanging(self.clone())
    }

    /// Returns once so many more wait for it in vain.
    pub async fn hung(&self, count: u32) {
        let hung = self.hanging.acquire_many(count).await;
        hung.unwrap().forget();
    }

    /// How often somebody tried to open it.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// What it does to whoever asks for something now.
    fn does(&self) -> How {
        let mut how = self.how.lock().unwrap();
        if *how == How::Hangs {
            self.hanging.add_permits(1);
        }
        while *how == How::Hangs {
            how = self.turned.wait(how).unwrap();
        }
        *how
    }

    /// As a server opens it.
    pub fn opens(self: &Arc<Self>) -> Box<OpensKey> {
        let token = self.clone();
        Box::new(move || {
            token.opened.fetch_add(1, Ordering::SeqCst);
            let label = || "ours".to_owned();
            let refused = match token.does() {
                How::Away => TokenError::Removed(label()),
                How::WrongPin => TokenError::WrongPin {
                    token: label(),
                    last_try: false,
                },
                How::Signs | How::Fails | How::Hangs => {
                    return Ok(Arc::new(Opened(token.clone())) as Arc<dyn Signer>);
                }
            };
            Err(Unopened::from(KeyError::from(refused)))
        })
    }
}

/// A token that was opened.
struct Opened(Arc<Token>);

impl Signer for Opened {
    fn key_id(&self) -> KeyId {
        self.0.key.key_id()
    }

    fn public_key(&self) -> PublicKey<'_> {
        self.0.key.public_key()
    }

    fn holder(&self) -> &str {
        self.0.key.holder()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.0.does() {
            How::Signs => self.0.key.sign(message),
            _ => Err(SignError::new(self.holder(), "the token isn't there")),
        }
    }
}

/// An authority that issues: its key, and its certificate in PEM.
pub(super) struct Issuing {
    pub token: Arc<Token>,
    pub pem: String,
}

impl Issuing {
    /// One that another authority vouches for, good in these years.
    pub fn below(above: &Authority, years: (i32, i32)) -> Self {
        Self::with(Algorithm::Esp256, params(years), above)
    }

    /// One whose certificate says this.
    pub fn with(algorithm: Algorithm, params: CertificateParams, above: &Authority) -> Self {
        let key = generate::fresh(algorithm, "issuing.example").unwrap();
        let key = key.signer().unwrap();
        let pem = certified(&key.public_key().into(), &params, above);
        let token = Token::with(key);
        Self { token, pem }
    }

    /// Another certificate of the same authority, good in these years.
    pub fn renewed(&self, above: &Authority, years: (i32, i32)) -> String {
        let key = self.token.key.public_key().into();
        certified(&key, &params(years), above)
    }

    /// What a server makes of it that starts, and whose certificate is in this file.
    pub fn open(&self, file: &Path, tls: &Arc<Tls>) -> Result<Arc<DeviceIssuer>, IssuerError> {
        self.open_within(None, file, tls)
    }

    /// The same, of a server that starts without the key after this time.
    pub fn open_within(
        &self,
        waits: Option<Duration>,
        file: &Path,
        tls: &Arc<Tls>,
    ) -> Result<Arc<DeviceIssuer>, IssuerError> {
        let terms = IssuerTerms {
            certificate: file.to_owned(),
            days: 90,
            waits,
            queues: QUEUES,
        };
        DeviceIssuer::begin(terms, self.token.opens(), tls.clone(), start())
    }
}

fn params((from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = common("issuing");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

fn certified(key: &PublicKeyBuf, params: &CertificateParams, above: &Authority) -> String {
    let public = public_formats::to_pem(&key.as_key());
    let public = SubjectPublicKeyInfo::from_pem(&public).unwrap();
    params.clone().signed_by(&public, above).unwrap().pem()
}
