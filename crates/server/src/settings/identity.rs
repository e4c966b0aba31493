//! Whether devices may come without a certificate, what becomes of those that nobody registered, and what that and TLS take. Read
//! [`DeviceCertificates`] and [`UnregisteredDevices`].

use super::Settings;
use super::finding::Wrong;
use super::table::{Need, Setting, put};
use super::values::{self, Given, quoted};

/// What devices show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceCertificates {
    /// A token, or a certificate.
    #[default]
    Optional,
    /// A certificate, whatever token they bear.
    Required,
}

/// What becomes of a device that nobody registered. One that shows no certificate of a device authority is refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnregisteredDevices {
    /// It is refused.
    #[default]
    Refused,
    /// It is registered if it is welcome.
    Welcomed,
}

pub(super) const DEVICE_CA: Setting = Setting {
    name: "device_ca",
    variable: "MAINSTAY_DEVICE_CA",
    older: None,
    flag: "device-ca",
    form: "FILE",
    need: Need::Optional,
    is_secret_file: false,
    what: "The certificates, in PEM, of those who give certificates to devices: whoever has one of theirs needs no token. It \
           takes tls_certificate or acme.directory.",
    take: |settings, given| put(&mut settings.device_ca, values::path(given).map(Some)),
};

pub(super) const DEVICE_CERTIFICATES: Setting = Setting {
    name: "device_certificates",
    variable: "MAINSTAY_DEVICE_CERTIFICATES",
    older: None,
    flag: "device-certificates",
    form: "WORD",
    need: Need::Default("optional"),
    is_secret_file: false,
    what: "optional if devices may show a token or a certificate, required if a token lets no device in.",
    take: |settings, given| {
        put(
            &mut settings.device_certificates,
            DeviceCertificates::parse(given),
        )
    },
};

pub(super) const UNREGISTERED_DEVICES: Setting = Setting {
    name: "unregistered_devices",
    variable: "MAINSTAY_UNREGISTERED_DEVICES",
    older: None,
    flag: "unregistered-devices",
    form: "WORD",
    need: Need::Default("refused"),
    is_secret_file: false,
    what: "refused if a device comes in only once somebody has registered it, welcomed if one with a certificate is registered when it first asks, by \
           a welcome that operations made. It takes device_ca.",
    take: |settings, given| {
        put(
            &mut settings.unregistered_devices,
            UnregisteredDevices::parse(given),
        )
    },
};

impl DeviceCertificates {
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        match given.text {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            other => Err(neither(other, "write optional or required")),
        }
    }
}

impl UnregisteredDevices {
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        match given.text {
            "refused" => Ok(Self::Refused),
            "welcomed" => Ok(Self::Welcomed),
            other => Err(neither(other, "write refused or welcomed")),
        }
    }
}

fn neither(text: &str, cure: &str) -> Wrong {
    let what = format!("is {}, and neither of two words", quoted(text));
    Wrong::new(what, cure)
}

/// What is said of devices' certificates, of who issues them, or of tickets in vain, and the setting that it lacks.
pub(super) fn lacking(settings: &Settings) -> Option<(&'static str, &'static str)> {
    let has_ca = settings.device_ca.is_some();
    if has_ca && !settings.speaks_tls() {
        return Some(("device_ca", "tls_certificate"));
    }
    // Half of a pair is told of elsewhere.
    let has_half = settings.tls_certificate.is_some() || settings.tls_key.is_some();
    if settings.tls_ticket_key_file.is_some() && !has_half && !settings.speaks_tls() {
        return Some(("tls_ticket_key_file", "tls_certificate"));
    }
    if let Some(lacking) = settings.device_issuer.lacking(has_ca) {
        return Some(lacking);
    }
    let requires = settings.device_certificates == DeviceCertificates::Required;
    let welcomes = settings.unregistered_devices == UnregisteredDevices::Welcomed;
    match (has_ca, requires, welcomes) {
        (false, true, _) => Some(("device_certificates", "device_ca")),
        (false, false, true) => Some(("unregistered_devices", "device_ca")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_certificates_takes_those_that_give_them() {
        let required = Settings {
            device_certificates: DeviceCertificates::Required,
            ..Settings::blank()
        };
        let welcomed = Settings {
            unregistered_devices: UnregisteredDevices::Welcomed,
            ..Settings::blank()
        };
        let with_ca = Settings {
            device_ca: Some("devices.pem".into()),
            ..welcomed.clone()
        };
        let whole = Settings {
            tls_certificate: Some("tls.pem".into()),
            tls_key: Some("tls.key".into()),
            ..with_ca.clone()
        };
        for (settings, expected) in [
            (&Settings::blank(), None),
            (&required, Some(("device_certificates", "device_ca"))),
            (&welcomed, Some(("unregistered_devices", "device_ca"))),
            (&with_ca, Some(("device_ca", "tls_certificate"))),
            (&whole, None),
        ] {
            assert_eq!(lacking(settings), expected, "{settings:?}");
        }
    }
}
