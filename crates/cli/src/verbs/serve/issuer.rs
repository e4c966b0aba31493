//! Who gives certificates to devices that ask, opened at the start, and anew if its key goes away. Read [`begun`].

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_artifact::Signer;
use mainstay_keys::pkcs11::Pin;
use mainstay_keys::{KeyError, Passphrase, PinOf, SecretSource, UseLog, UseLogError};
use mainstay_server::issuing::{IssuerError, IssuerTerms, Passes, USES, Unopened};
use mainstay_server::settings::Settings;
use mainstay_server::tls::Tls;
use mainstay_server::{Clock as _, DeviceIssuer, SystemClock};

use super::places::Places;
use crate::failure::Failure;
use crate::passphrase::PassphraseSource;
use crate::signing::Secrets;

/// The library that speaks to a token whose URI names none.
const MODULE: &str = "MAINSTAY_PKCS11_MODULE";

/// So long a start waits for a key that nobody has to type anything for: far longer than one in a file takes on a slow machine. Then it starts, and takes the key
/// once a token has answered.
const START_WAITS: Duration = Duration::from_secs(20);

/// So long a device waits for its turn: in that time a key in a file signs for thousands, and a token for some dozens; and it is far shorter than the time after
/// which a device gives a request up.
const QUEUES: Duration = Duration::from_secs(5);

/// The issuer, if there is to be one. It may be closed, if what keeps it so passes.
pub fn begun(
    settings: &Settings,
    tls: Option<&Arc<Tls>>,
    places: &Places,
) -> Result<Option<Arc<DeviceIssuer>>, Failure> {
    let asked = &settings.device_issuer;
    // Without TLS there is no authority of devices either, and the settings are refused.
    let (Some((certificate, key)), Some(tls)) = (asked.files(), tls) else {
        return Ok(None);
    };
    let own = asked.passphrase_file.clone();
    let source = PassphraseSource::of(own.or_else(|| settings.passphrase_file.clone()));
    let terms = IssuerTerms {
        certificate: certificate.to_owned(),
        days: asked.days,
        waits: (!source.is_typed()).then_some(START_WAITS),
        queues: QUEUES,
    };
    let opens = opens(settings, key, source);
    let begun = DeviceIssuer::begin(terms, Box::new(opens), tls.clone(), SystemClock.now());
    let about = |error: IssuerError| places.about(error.setting(), failure(error));
    begun.map(Some).map_err(about)
}

/// A key that can't be opened is told as by every other command.
fn failure(error: IssuerError) -> Failure {
    match error {
        IssuerError::Unopened(Unopened { id, what, cure, .. }) => Failure::usage(id, what, cure),
        error => error.into(),
    }
}

/// Opens the key. Only at the start somebody may be there to type its secret.
fn opens(
    settings: &Settings,
    key: &Path,
    source: PassphraseSource,
) -> impl Fn() -> Result<Arc<dyn Signer>, Unopened> + Send + Sync + 'static {
    let program = concat!("mainstay server ", env!("CARGO_PKG_VERSION"));
    let uses = UseLog::at(settings.data.join(USES), now_s, program);
    let key = key.to_owned();
    let is_start = AtomicBool::new(true);
    move || {
        let passphrase = match is_start.swap(false, Ordering::Relaxed) {
            true => source.clone(),
            false => source.clone().unattended(),
        };
        let secrets = OfService(Secrets {
            passphrase,
            pkcs11_module: std::env::var_os(MODULE).map(Into::into),
        });
        let module = secrets.0.pkcs11_module.as_deref();
        let signer = mainstay_keys::open_for_service(&key, module, &secrets, &uses);
        signer.map(Arc::from).map_err(|NotOpen(why)| why)
    }
}

/// Secrets for a key that may be opened again while the server runs.
struct OfService(Secrets);

/// Why it isn't open, in the server's words.
struct NotOpen(Unopened);

impl From<KeyError> for NotOpen {
    fn from(error: KeyError) -> Self {
        Self(error.into())
    }
}

impl From<UseLogError> for NotOpen {
    fn from(error: UseLogError) -> Self {
        Self(error.into())
    }
}

impl From<Failure> for NotOpen {
    /// A secret that can't be had is one of the settings.
    fn from(failure: Failure) -> Self {
        Self(Unopened {
            id: failure.id,
            what: failure.what,
            cure: failure.cure,
            passes: Passes::OnceMended,
        })
    }
}

impl SecretSource for OfService {
    type Error = NotOpen;

    fn passphrase(&self, key: &Path) -> Result<Passphrase, NotOpen> {
        Ok(self.0.passphrase(key)?)
    }

    fn pin(&self, of: &PinOf<'_>) -> Result<Pin, NotOpen> {
        // A service that is started again and again with a wrong PIN would lock the token within a minute.
        if of.last_try && !self.0.passphrase.is_typed() {
            return Err(NotOpen(last_try(of.token)));
        }
        Ok(self.0.pin(of)?)
    }
}

/// It is over once somebody has logged in with the right PIN.
fn last_try(token: &str) -> Unopened {
    Unopened {
        id: "token.last-try".to_owned(),
        what: format!(
            "one more wrong PIN would lock token {token}, so that no server tries its own"
        ),
        cure:
            "Log in to it with the right PIN and its own software, and check the file with the PIN."
                .to_owned(),
        passes: Passes::ByItself,
    }
}

fn now_s() -> u64 {
    u64::try_from(SystemClock.now().as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_takes_the_last_try_before_a_token_locks() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("pin");
        std::fs::write(&file, "123456\n").expect("a file");
        let secrets = OfService(Secrets {
            passphrase: PassphraseSource::of(Some(file)),
            pkcs11_module: None,
        });
        let asked = |last_try| {
            secrets.pin(&PinOf {
                token: "ours",
                last_try,
                file: None,
            })
        };
        assert!(asked(false).is_ok());
        let Err(NotOpen(why)) = asked(true) else {
            panic!("the PIN was handed over");
        };
        assert_eq!((&*why.id, why.passes), ("token.last-try", Passes::ByItself));
    }
}
