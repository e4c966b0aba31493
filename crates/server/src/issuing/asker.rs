//! Which device asks for a certificate, by what it shows. Read [`Asker`].

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_access::Origin;
use mainstay_fleet::DeviceId;
use mainstay_store::Fingerprint;
use zeroize::Zeroizing;

use crate::identity::{Peer, no_certificate};
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::settings::DeviceCertificates;
use crate::token::{Token, target_token_hash};
use crate::{App, authenticate};

/// A device that asks for a certificate.
#[derive(Debug)]
pub(super) struct Asker {
    /// Which one.
    pub device: DeviceId,
    /// The certificate that it showed; none if it showed its token.
    pub asked_with: Option<Fingerprint>,
    /// The name that its update client asks as, if it has another one.
    controller: Option<String>,
}

/// What a request bears in `Authorization`.
struct Borne {
    token: TokenHash,
    /// Whom it says that the token is of.
    user: Option<String>,
}

impl Asker {
    /// Who asks, by a token or else by a certificate; where certificates are required, by that alone, as everywhere.
    ///
    /// # Errors
    /// `auth.token` or `auth.certificate` if it shows nothing that lets a device in; `flow.device` and `flow.address` if it asks too often; and if the store
    /// fails.
    pub async fn of(
        app: &App,
        peer: &Peer,
        headers: &HeaderMap,
        from: Option<Origin>,
    ) -> Result<Self, Refused> {
        if app.config.device_certificates == DeviceCertificates::Required {
            return Self::certified(app, peer, no_certificate).await;
        }
        match headers.get(AUTHORIZATION) {
            None => Self::certified(app, peer, Refused::unauthenticated).await,
            Some(value) => {
                let borne = value.to_str().ok().and_then(Borne::read);
                let borne = borne.ok_or_else(Refused::unauthenticated)?;
                Self::bearing(app, &borne, from).await
            }
        }
    }

    /// Who renews: whoever shows a certificate that lets it in, whatever it bears besides.
    ///
    /// # Errors
    /// As [`Asker::of`].
    pub async fn that_renews(app: &App, peer: &Peer) -> Result<Self, Refused> {
        let none = match app.config.device_certificates {
            DeviceCertificates::Required => no_certificate,
            DeviceCertificates::Optional => nothing_to_renew,
        };
        Self::certified(app, peer, none).await
    }

    /// Every name that is this device's.
    pub fn names(&self) -> Vec<&str> {
        let own = std::iter::once(self.device.as_str());
        own.chain(self.controller.as_deref()).collect()
    }

    async fn certified(
        app: &App,
        peer: &Peer,
        none: impl FnOnce() -> Refused,
    ) -> Result<Self, Refused> {
        let (certified, fingerprint) = peer.certified(app).await?.ok_or_else(none)?;
        app.limiter.expect_seldom(&certified.token_hash)?;
        Ok(Self {
            controller: controller(app, &certified.device).await?,
            device: certified.device,
            asked_with: Some(fingerprint),
        })
    }

    async fn bearing(app: &App, borne: &Borne, from: Option<Origin>) -> Result<Self, Refused> {
        let device = authenticate::device(app, &borne.token, from).await?;
        let asker = Self {
            controller: controller(app, &device.id).await?,
            device: device.id,
            asked_with: None,
        };
        match &borne.user {
            Some(user) if !asker.names().contains(&user.as_str()) => {
                app.limiter.was_wrong(from);
                Err(Refused::unauthenticated())
            }
            _ => Ok(asker),
        }
    }
}

async fn controller(app: &App, device: &DeviceId) -> Result<Option<String>, Refused> {
    let found = app.store.controller(device).await?;
    Ok(found.map(|found| found.id.as_str().to_owned()))
}

impl Borne {
    /// A token as our own clients show it, or a name and a token as others do (RFC 7617). Schemes ignore case (RFC 9110, section 11.1).
    fn read(value: &str) -> Option<Self> {
        let (scheme, credentials) = value.split_once(' ')?;
        let credentials = credentials.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = Token::parse(credentials)?.hash();
            return Some(Self { token, user: None });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let both = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        let both = Zeroizing::new(both);
        // Controllers' names may have colons, and tokens have none.
        let (user, token) = both.rsplit_once(':')?;
        Some(Self {
            token: target_token_hash(token)?,
            user: Some(user.to_owned()),
        })
    }
}

/// That what is renewed must be shown.
pub(crate) fn nothing_to_renew() -> Refused {
    Refused::new(
        StatusCode::UNAUTHORIZED,
        "auth.certificate",
        "This connection shows no certificate that lets a device in, and only such a one is renewed.",
        "Show the certificate that is to be renewed; a device that has none any more shows its token at /.well-known/est/simpleenroll.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_borne_in_one_of_two_ways() {
        let token = "ab".repeat(32);
        let basic = |both: &str| format!("Basic {}", STANDARD.encode(both));
        let hash = Token::parse(&token).unwrap().hash();
        for (value, user) in [
            (format!("Bearer {token}"), None),
            (format!("bearer  {token}"), None),
            (basic(&format!("th-1:{token}")), Some("th-1")),
            (
                basic(&format!("02:00:5e:10:00:01:{token}")),
                Some("02:00:5e:10:00:01"),
            ),
            (basic(&format!(":{token}")), Some("")),
        ] {
            let read = Borne::read(&value).unwrap();
            assert_eq!((read.token, read.user.as_deref()), (hash, user), "{value}");
        }
        for value in [
            token.clone(),
            format!("Basic {token}"),
            basic(&token),
            basic("th-1:short"),
            format!("Digest {token}"),
            "Bearer ".to_owned(),
        ] {
            assert!(Borne::read(&value).is_none(), "{value}");
        }
    }
}
