//! By which means a device shows who it is: its token, or the certificate that it showed when its connection began.
//!
//! Either leads to what the store keeps of the device's token, under which all else is found and remembered: so a device that uses both is one, and no
//! certificate acts for a device that it doesn't name. Which device a certificate names, and whether it is revoked, is read at
//! each request: what was revoked counts at once, at every server and on connections that are open. Headers by which a proxy says whom it
//! let in are read nowhere. Read [`Peer`].

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use mainstay_fleet::DeviceId;
use mainstay_store::{Certified, Devices, Fingerprint};

use crate::App;
use crate::newcomers::{self, AsksAs};
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::settings::DeviceCertificates;
use crate::tls::PeerCertificate;

/// What the other end of a request's connection showed in the handshake.
#[derive(Debug, Clone)]
pub(crate) struct Peer(Option<PeerCertificate>);

impl Peer {
    /// Where the head of a request came from.
    pub fn of(parts: &Parts) -> Self {
        Self(parts.extensions.get::<PeerCertificate>().cloned())
    }

    /// What is kept of the token of the device that asks, which `bears` the one with this hash, or none. A token goes before a certificate,
    /// unless certificates are required here. Whether the token is a device's isn't looked at. One that nobody registered is registered, if that is switched on
    /// and its certificate makes it welcome.
    ///
    /// # Errors
    /// `auth.certificate` if a certificate is required, and there is none that lets a device in; `welcome.*` if it would have to be welcome, and isn't; and if
    /// the store fails.
    pub async fn token(
        &self,
        app: &App,
        bears: Option<TokenHash>,
        asks_as: AsksAs<'_>,
    ) -> Result<Option<TokenHash>, Refused> {
        match app.config.device_certificates {
            DeviceCertificates::Optional if bears.is_some() => Ok(bears),
            DeviceCertificates::Optional => self.certified_or_new(app, asks_as).await,
            DeviceCertificates::Required => {
                let found = self.certified_or_new(app, asks_as).await?;
                found.map(Some).ok_or_else(no_certificate)
            }
        }
    }

    /// The same of a device that is registered; none of any other, which has yet to be looked at.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn known(
        &self,
        app: &App,
        bears: Option<TokenHash>,
    ) -> Result<Option<TokenHash>, Refused> {
        match app.config.device_certificates {
            DeviceCertificates::Optional if bears.is_some() => Ok(bears),
            _ => {
                let found = self.certified(app).await?;
                Ok(found.map(|(found, _)| found.token_hash))
            }
        }
    }

    /// Whether it still is `device` that asks, which `bore` the token with that hash, or none: by the token as long as it is that device's, by a certificate as
    /// long as that counts.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn still_is(
        &self,
        app: &App,
        device: &DeviceId,
        bore: Option<TokenHash>,
    ) -> Result<bool, Refused> {
        if let Some(token) = at_once(app, bore) {
            let found = Devices::by_token_hash(&*app.store, &token).await?;
            return Ok(found.is_some_and(|found| found.id == *device));
        }
        let found = self.certified(app).await?;
        Ok(found.is_some_and(|(found, _)| found.device == *device))
    }

    /// Whether a device may join as `id` from here: where certificates are required, it shows one that names it and would let it in.
    ///
    /// # Errors
    /// `auth.certificate` if it shows none, and if the store fails.
    pub async fn may_join(&self, app: &App, id: &DeviceId) -> Result<(), Refused> {
        if app.config.device_certificates == DeviceCertificates::Optional {
            return Ok(());
        }
        let (certificate, tls) = self
            .0
            .as_ref()
            .zip(app.config.tls.as_ref())
            .ok_or_else(no_certificate)?;
        let counts = certificate.name() == Some(id.as_str())
            && tls.takes(certificate, app.now())
            && !app.store.is_revoked(certificate.fingerprint()).await?;
        counts.then_some(()).ok_or_else(no_certificate)
    }

    /// The same of the certificate alone; none if it lets nobody in. A device that nobody registered may be registered now.
    async fn certified_or_new(
        &self,
        app: &App,
        asks_as: AsksAs<'_>,
    ) -> Result<Option<TokenHash>, Refused> {
        let mut found = self.certified(app).await?;
        if found.is_none()
            && let Some((certificate, name)) = self.naming(app)
            && newcomers::look(app, certificate, name, asks_as).await?
        {
            found = self.certified(app).await?;
        }
        Ok(found.map(|(found, _)| found.token_hash))
    }

    /// The certificate and the name in it, as long as its authority vouches for it.
    fn naming(&self, app: &App) -> Option<(&PeerCertificate, &str)> {
        let (certificate, tls) = self.0.as_ref().zip(app.config.tls.as_ref())?;
        let name = certificate.name()?;
        tls.takes(certificate, app.now())
            .then_some((certificate, name))
    }

    /// The device that the certificate names which was shown, and that one's fingerprint, whatever the device bears; none if it lets nobody in. Nobody is
    /// registered by it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn certified(&self, app: &App) -> Result<Option<(Certified, Fingerprint)>, Refused> {
        let Some((certificate, name)) = self.naming(app) else {
            return Ok(None);
        };
        let fingerprint = *certificate.fingerprint();
        let found = app.store.certified(name, &fingerprint).await?;
        match &found {
            // Nobody guesses a certificate: whoever shows wrong tokens from the same address keeps this device from nothing.
            Some(found) => app.limiter.was_right(&found.token_hash),
            None => {
                let fingerprint = hex::encode(fingerprint);
                tracing::debug!(name, fingerprint, "a certificate lets nobody in");
            }
        }
        Ok(found.map(|found| (found, fingerprint)))
    }
}

/// The same of whoever `bears` a token, for answers from memory; none if the store has to be asked first, as of everybody where certificates are
/// required: no memory tells whether one is revoked.
pub(crate) fn at_once(app: &App, bears: Option<TokenHash>) -> Option<TokenHash> {
    match app.config.device_certificates {
        DeviceCertificates::Optional => bears,
        DeviceCertificates::Required => None,
    }
}

impl FromRequestParts<Arc<App>> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// That what a device shows doesn't let it in, whatever may here.
pub(crate) fn shows_nothing(app: &App) -> Refused {
    match app.config.device_certificates {
        DeviceCertificates::Optional => Refused::unauthenticated(),
        DeviceCertificates::Required => no_certificate(),
    }
}

/// That devices come by certificates alone, and this one shows none that lets it in.
pub(crate) fn no_certificate() -> Refused {
    Refused::new(
        StatusCode::UNAUTHORIZED,
        "auth.certificate",
        "Devices come to this server by certificates alone, and this connection shows none that lets a device in.",
        "Show a certificate of this server's device authority that names the device, is good today and isn't revoked.",
    )
}
