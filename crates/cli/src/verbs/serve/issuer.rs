//! Who gives certificates to devices that ask, opened at the start. Read [`opened`].

use std::sync::Arc;

use mainstay_keys::UseLog;
use mainstay_server::issuing::{IssuerCertificate, IssuerError};
use mainstay_server::settings::Settings;
use mainstay_server::tls::Tls;
use mainstay_server::{Clock as _, DeviceIssuer, SystemClock};

use super::places::Places;
use crate::failure::Failure;
use crate::passphrase::PassphraseSource;
use crate::signing::Secrets;

/// In the data folder: that the key was opened, and when. What it signs is in the database, a row for each certificate.
const USES: &str = "device-issuer.uses";

/// The library that speaks to a token whose URI names none.
const MODULE: &str = "MAINSTAY_PKCS11_MODULE";

/// The issuer, if there is to be one.
pub fn opened(
    settings: &Settings,
    tls: Option<&Tls>,
    places: &Places,
) -> Result<Option<DeviceIssuer>, Failure> {
    let asked = &settings.device_issuer;
    // Without TLS there is no authority of devices either, and the settings are refused.
    let (Some((certificate, key)), Some(tls)) = (asked.files(), tls) else {
        return Ok(None);
    };
    let about = |error: IssuerError| places.about(error.setting(), error);
    let now = SystemClock.now();
    let certificate = IssuerCertificate::read(certificate, now).map_err(about)?;
    let own = asked.passphrase_file.clone();
    let secrets = Secrets {
        passphrase: PassphraseSource::of(own.or_else(|| settings.passphrase_file.clone())),
        pkcs11_module: std::env::var_os(MODULE).map(Into::into),
    };
    let program = concat!("mainstay server ", env!("CARGO_PKG_VERSION"));
    let uses = UseLog::at(settings.data.join(USES), now_s, program);
    let module = secrets.pkcs11_module.as_deref();
    let signer = mainstay_keys::open_for_service(key, module, &secrets, &uses);
    let signer = signer.map_err(|failure: Failure| places.about("device_issuer_key", failure))?;
    let issuer = DeviceIssuer::new(certificate, Arc::from(signer), asked.days, tls, now);
    let issuer = issuer.map_err(about)?;
    issuer.warn(now);
    Ok(Some(issuer))
}

fn now_s() -> u64 {
    u64::try_from(SystemClock.now().as_second()).unwrap_or(0)
}
