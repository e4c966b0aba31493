//! Handing in the next root, and looking at the roots.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::RootView;
use mainstay_keys::HostPrimitives;
use mainstay_store::StoredRoot;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::verify;

use super::views;
use crate::jobs;
use crate::problem::Refused;
use crate::{App, authenticate, body, root_chain};

/// `POST /roots`: the body is the signed root that follows the newest one. The same one again is no
/// error: its answer may have been lost.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<RootView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::PublishTrust).await?;
    let signed = body::read(&headers, request, SIGNED_BYTES_MAX).await?;
    let standing = app.standing().await?;
    if signed == standing.stored_root().signed {
        return Ok((StatusCode::OK, Json(views::root(standing.stored_root())?)));
    }
    let version = {
        let newest = standing.root()?;
        let next = verify::next_root(&signed, &newest, &HostPrimitives)?;
        root_chain::check_status_key(&next, &*app.status_signer)?;
        next.get().version
    };
    let root = StoredRoot {
        version,
        signed: signed.to_vec(),
        at: app.now(),
        by: Some(person.email.clone()),
    };
    app.store.add_root(&root).await?;
    tracing::warn!(version, by = %person.email, "root published");
    jobs::turn(&app).await;
    Ok((StatusCode::CREATED, Json(views::root(&root)?)))
}

/// `GET /roots`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<RootView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let roots = app.store.roots().await?;
    let views = roots.iter().map(views::root).collect::<Result<_, _>>()?;
    Ok(Json(views))
}
