//! The settings of who gives certificates to devices that ask. What they do stands in [`crate::issuing`]. Read [`IssuerSettings`].

use std::path::{Path, PathBuf};

use super::finding::Wrong;
use super::table::{Need, Setting, put};
use super::values::{self, Given, quoted};

/// The longest that a certificate may be good: who renews within it needs no longer one, and what is lost or stolen isn't good for ever.
const DAYS_MAX: u32 = 825;

/// Who gives certificates to devices that ask, if anybody does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerSettings {
    /// The issuer's certificate, and those above it.
    pub certificate: Option<PathBuf>,
    /// Its key, in a file of ours or a token.
    pub key: Option<PathBuf>,
    /// Where the key's passphrase, or its token's PIN, is, if it isn't the one of the server's key.
    pub passphrase_file: Option<PathBuf>,
    /// For how many days a certificate is good.
    pub days: u32,
}

impl IssuerSettings {
    /// The certificate and the key, if both are named.
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }

    /// What is said of it in vain, and the setting that it lacks.
    pub(super) fn lacking(&self, has_ca: bool) -> Option<(&'static str, &'static str)> {
        let (certificate, key) = ("device_issuer_certificate", "device_issuer_key");
        match (&self.certificate, &self.key) {
            (Some(_), None) => Some((certificate, key)),
            (None, Some(_)) => Some((key, certificate)),
            (Some(_), Some(_)) => (!has_ca).then_some((certificate, "device_ca")),
            (None, None) => {
                let file = self.passphrase_file.as_ref();
                file.map(|_| ("device_issuer_passphrase_file", key))
            }
        }
    }
}

pub(super) const CERTIFICATE: Setting = Setting {
    name: "device_issuer_certificate",
    variable: "MAINSTAY_DEVICE_ISSUER_CERTIFICATE",
    older: None,
    flag: "device-issuer-certificate",
    form: "FILE",
    need: Need::Optional,
    is_secret_file: false,
    what: "The certificate, in PEM, of the authority with which the server itself gives certificates to devices that ask, and behind it those above it. Its \
           own must be among device_ca. It takes device_issuer_key.",
    take: |settings, given| {
        put(
            &mut settings.device_issuer.certificate,
            values::path(given).map(Some),
        )
    },
};

pub(super) const KEY: Setting = Setting {
    name: "device_issuer_key",
    variable: "MAINSTAY_DEVICE_ISSUER_KEY",
    older: None,
    flag: "device-issuer-key",
    form: "FILE",
    need: Need::Optional,
    is_secret_file: true,
    what: "That authority's key: a file that `mainstay key new` made, encrypted, or one that `mainstay key link` made for a key in a PKCS#11 token.",
    take: |settings, given| {
        put(
            &mut settings.device_issuer.key,
            values::path(given).map(Some),
        )
    },
};

pub(super) const PASSPHRASE_FILE: Setting = Setting {
    name: "device_issuer_passphrase_file",
    variable: "MAINSTAY_DEVICE_ISSUER_PASSPHRASE_FILE",
    older: None,
    flag: "device-issuer-passphrase-file",
    form: "FILE",
    need: Need::Optional,
    is_secret_file: true,
    what: "A file with nothing but the passphrase of device_issuer_key, or the PIN of its token. Without it, what opens the server's own key opens this \
           one, too.",
    take: |settings, given| {
        put(
            &mut settings.device_issuer.passphrase_file,
            values::path(given).map(Some),
        )
    },
};

pub(super) const DAYS: Setting = Setting {
    name: "device_certificate_days",
    variable: "MAINSTAY_DEVICE_CERTIFICATE_DAYS",
    older: None,
    flag: "device-certificate-days",
    form: "DAYS",
    need: Need::Default("90"),
    is_secret_file: false,
    what: "For how many days a certificate is good that the server gives: 825 at most, and never longer than the issuer's own.",
    take: |settings, given| put(&mut settings.device_issuer.days, days(given)),
};

fn days(given: Given<'_>) -> Result<u32, Wrong> {
    let days = given.text.parse::<u32>().ok();
    let days = days.filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| {
        let what = format!(
            "is {}, and no number of days from 1 to {DAYS_MAX}",
            quoted(given.text)
        );
        Wrong::new(
            what,
            "write how many days a certificate is good, as 90: longer than devices are switched off",
        )
    })
}
