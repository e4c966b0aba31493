//! Handing in revocations, and looking at the newest.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{Permission, Person};
use mainstay_api::{MinimumView, RevocationsView, WithdrawnView};
use mainstay_artifact::document_file;
use mainstay_fleet::ReleaseDigest;
use mainstay_keys::HostPrimitives;
use mainstay_release::{Release, Stage};
use mainstay_store::StoredRevocations;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{Digest, Revocations, verify};

use super::releases;
use crate::jobs;
use crate::problem::Refused;
use crate::standing::{Standing, moment};
use crate::{App, authenticate, body};

/// `POST /revocations`: the body is a signed document that follows the newest one. The same one
/// again is no error: its answer may have been lost.
///
/// Releases and rollouts follow before the answer, which lists the devices that run what is
/// withdrawn.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<RevocationsView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::PublishTrust).await?;
    let signed = body::read(&headers, request, SIGNED_BYTES_MAX).await?;
    let standing = app.standing().await?;
    let document = checked(&app, &standing, &signed, &person).await?;
    let known = standing.stored_revocations();
    let status = match known.is_some_and(|known| known.digest == document.digest) {
        true => StatusCode::OK,
        false => {
            app.store.add_revocations(&document).await?;
            let (epoch, seq) = (document.epoch, document.seq);
            tracing::warn!(epoch, seq, by = %person.email, "revocations published");
            StatusCode::CREATED
        }
    };
    jobs::turn(&app).await;
    Ok((status, Json(newest_view(&app).await?)))
}

/// The document as it is stored, if devices at the newest root will take it. It must follow the
/// newest one of its epoch even if that was signed by keys which the root has dropped since: a device
/// may have come across both.
async fn checked(
    app: &App,
    standing: &Standing,
    signed: &[u8],
    person: &Person,
) -> Result<StoredRevocations, Refused> {
    let document = {
        let root = standing.root()?;
        let verified = verify::revocations(signed, &root, &HostPrimitives)?;
        *verified.get()
    };
    let newest = app.store.newest_revocations(document.epoch).await?;
    if let Some(newest) = newest {
        let known = Revocations {
            digest: Digest(newest.digest),
            ..document_file::read(&newest.signed)?
        };
        document.check_follows(Some(&known))?;
    }
    Ok(StoredRevocations {
        epoch: document.epoch,
        seq: document.seq,
        digest: document.digest.0,
        signed: signed.to_vec(),
        at: app.now(),
        by: person.email.clone(),
    })
}

/// `GET /revocations`.
pub(super) async fn newest(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<RevocationsView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    Ok(Json(newest_view(&app).await?))
}

async fn newest_view(app: &App) -> Result<RevocationsView, Refused> {
    let standing = app.standing().await?;
    let stored = standing.stored_revocations();
    let stored = stored.ok_or_else(|| Refused::not_found("revocations of", "the newest root"))?;
    let document: Revocations<'_> = document_file::read(&stored.signed)?;
    let minimums = document.minimums.iter().map(|minimum| MinimumView {
        class: hex::encode(minimum.class),
        sequence: minimum.sequence,
    });
    Ok(RevocationsView {
        epoch: stored.epoch,
        seq: stored.seq,
        digest: hex::encode(stored.digest),
        issued: moment(document.issued),
        next_update: moment(document.next_update),
        keys: document.keys.iter().map(|key| key.to_string()).collect(),
        releases: document
            .releases
            .iter()
            .map(|digest| digest.to_string())
            .collect(),
        minimums: minimums.collect(),
        withdrawn: withdrawn(app, &document).await?,
        by: stored.by.to_string(),
        at: stored.at,
    })
}

/// What is withdrawn: the revoked releases of this server, and those it never had.
async fn withdrawn(app: &App, document: &Revocations<'_>) -> Result<Vec<WithdrawnView>, Refused> {
    let mut views = Vec::new();
    for manifest in app.store.revoked_releases().await? {
        let found = app.store.release_by_manifest(&manifest).await?;
        let revoked = found.and_then(|release| Some((revoked_because(&release)?, release)));
        if let Some((because, release)) = revoked {
            views.push(WithdrawnView {
                release: release.id.to_string(),
                because,
                running: releases::running(app, &manifest).await?,
            });
        }
    }
    for digest in document.releases.iter() {
        let manifest = ReleaseDigest(digest.0);
        if app.store.release_by_manifest(&manifest).await?.is_none() {
            views.push(WithdrawnView {
                release: digest.to_string(),
                because: "the revocations name it".to_owned(),
                running: releases::running(app, &manifest).await?,
            });
        }
    }
    Ok(views)
}

fn revoked_because(release: &Release) -> Option<String> {
    match &release.stage {
        Stage::Revoked(revoked) => Some(revoked.because.clone()),
        _ => None,
    }
}
