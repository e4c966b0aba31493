//! Certificates of devices: those that were issued here, and those that let nobody in any more, whoever issued them. Who comes in by one: `identity.rs`;
//! who is given one: `issuing/`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::{
    IssuedCertificateView, Page, RevokeCertificate, RevokeCertificates, RevokedCertificateView,
};
use mainstay_store::{IssuedCertificate, Revocation, RevokedCertificate};

use super::devices;
use super::list_pages::{ListAsked, ListWords, no_page};
use super::rollouts::reason;
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body};

/// `GET /revoked-certificates?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<RevokedCertificateView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = match asked.after(|text| fingerprint(text).ok())? {
        Some(of) => Some(
            app.store
                .revoked_certificate(&of)
                .await?
                .ok_or_else(no_page)?,
        ),
        None => None,
    };
    let found = app
        .store
        .revoked_certificates_after(after.as_ref(), asked.most());
    let (found, next) = asked.cut(found.await?, |revoked| hex::encode(revoked.fingerprint));
    let items = found.into_iter().map(view).collect();
    Ok(Json(Page { items, next }))
}

/// `POST /revoked-certificates`: for good, and from the next request on, also on connections that are open, at every server.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<RevokedCertificateView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wish: RevokeCertificate = body::json(&headers, request).await?;
    let fingerprint = fingerprint(&wish.fingerprint)?;
    let cure = "Say in a sentence, as `why`, what happened to its key.";
    let why = reason(&wish.why, "Revoking a certificate", cure)?;
    let revoked = RevokedCertificate {
        fingerprint,
        at: app.now(),
        by: person.email,
        why: why.to_owned(),
    };
    app.store.revoke_certificate(&revoked).await?;
    let named = hex::encode(fingerprint);
    tracing::warn!(certificate = named, by = %revoked.by, why, "device certificate revoked");
    Ok((StatusCode::CREATED, Json(view(revoked))))
}

/// `GET /devices/{id}/certificates`.
pub(super) async fn issued(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Vec<IssuedCertificateView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let device = devices::named(&app, &id).await?.id;
    let issued = app.store.issued_to(&device).await?;
    Ok(Json(issued.into_iter().map(issued_view).collect()))
}

/// `POST /devices/{id}/certificates/revoke`: all that were issued to it here, for good, as [`revoke`] does.
pub(super) async fn revoke_issued(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<Vec<RevokedCertificateView>>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wish: RevokeCertificates = body::json(&headers, request).await?;
    let cure = "Say in a sentence, as `why`, what happened to the device.";
    let why = reason(&wish.why, "Revoking certificates", cure)?;
    let device = devices::named(&app, &id).await?.id;
    let revocation = Revocation {
        at: app.now(),
        by: person.email,
        why: why.to_owned(),
    };
    let revoked = app.store.revoke_issued_to(&device, &revocation).await?;
    let (by, count) = (&revocation.by, revoked.len());
    tracing::warn!(%device, count, %by, why, "all certificates of a device revoked");
    Ok(Json(revoked.into_iter().map(view).collect()))
}

fn issued_view(
    (issued, revoked): (IssuedCertificate, Option<RevokedCertificate>),
) -> IssuedCertificateView {
    IssuedCertificateView {
        fingerprint: hex::encode(issued.fingerprint),
        serial: hex::encode(issued.serial),
        at: issued.at,
        ends: issued.ends,
        asked_with: issued.asked_with.map(hex::encode),
        revoked: revoked.map(view),
    }
}

fn fingerprint(text: &str) -> Result<[u8; 32], Refused> {
    let mut bytes = [0; 32];
    let read = hex::decode_to_slice(text, &mut bytes);
    read.map_err(|_| {
        Refused::bad(
            "certificates.fingerprint",
            "A fingerprint is 64 hexadecimal digits.",
            "Send the SHA-256 of the certificate in DER: `openssl x509 -noout -fingerprint -sha256`, without the colons.",
        )
    })?;
    Ok(bytes)
}

fn view(revoked: RevokedCertificate) -> RevokedCertificateView {
    let RevokedCertificate {
        fingerprint,
        at,
        by,
        why,
    } = revoked;
    RevokedCertificateView {
        fingerprint: hex::encode(fingerprint),
        at,
        by,
        why,
    }
}
