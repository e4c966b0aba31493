//! The list of rollouts, a page at a time: the devices of each one on it are counted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::{Page, RolloutView};
use mainstay_rollout::RolloutId;

use super::list_pages::{ListAsked, ListWords};
use super::rollouts;
use crate::problem::Refused;
use crate::{App, authenticate};

/// `GET /rollouts?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<RolloutView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = asked.after(|id| id.parse().ok().map(RolloutId))?;
    let found = app.store.rollouts_after(after, asked.most()).await?;
    let (found, next) = asked.cut(found, |rollout| rollout.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for rollout in &found {
        items.push(rollouts::shown(&app, rollout).await?);
    }
    Ok(Json(Page { items, next }))
}
