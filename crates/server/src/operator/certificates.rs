//! Certificates of devices that let nobody in any more: listed, and added to. Who comes in by one: `identity.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::{RevokeCertificate, RevokedCertificateView};
use mainstay_store::RevokedCertificate;

use super::rollouts::reason;
use crate::problem::Refused;
use crate::{App, authenticate, body};

/// `GET /revoked-certificates`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<RevokedCertificateView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let revoked = app.store.revoked_certificates().await?;
    Ok(Json(revoked.into_iter().map(view).collect()))
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
