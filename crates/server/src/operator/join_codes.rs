//! The codes by which devices join that have no token yet: made, listed, taken back. How one joins: `device_protocol/join.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{JoinCode, JoinTerms, Permission, SecretHash, SecretKind};
use mainstay_api::{JoinCodeView, MadeJoinCode, NewJoinCode, Page};
use mainstay_fleet::{DeviceId, GatewayRefusal};
use mainstay_store::StoreError;

use super::declared;
use super::list_pages::{ListAsked, ListWords, no_page};
use crate::named::Named;
use crate::problem::Refused;
use crate::sign_in::session::draw;
use crate::{App, authenticate, body};

/// `GET /join-codes?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<JoinCodeView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = match asked.after(|id| hash(id).ok())? {
        Some(hash) => Some(app.store.join_code(&hash).await?.ok_or_else(no_page)?),
        None => None,
    };
    let found = app.store.join_codes_after(after.as_ref(), asked.most());
    let (found, next) = asked.cut(found.await?, |code| hex::encode(code.hash.0));
    let items = found.iter().map(JoinCodeView::of).collect();
    Ok(Json(Page { items, next }))
}

/// `POST /join-codes`: the code is shown this once.
pub(super) async fn make(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<MadeJoinCode>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wish: NewJoinCode = body::json(&headers, request).await?;
    let plan = app.active_plan().await?;
    declared::check_terms(&wish, &plan.plan).map_err(|unfit| unfit.of_a_code())?;
    if let Some(id) = &wish.device
        && app.store.device(id).await?.is_some()
    {
        return Err(taken(id));
    }
    if let Some(gateway) = &wish.gateway {
        expect_gateway(&app, gateway).await?;
    }
    let secret = draw(&*app.entropy, SecretKind::JoinCode);
    let (often, terms) = ((wish.uses, wish.days), terms(wish));
    let code = JoinCode::new(secret.hash(), terms, often, person.email, app.now())?;
    app.store.add_join_code(&code).await?;
    tracing::info!(code = code.name(), by = %code.maker, class = code.terms.class, uses = code.uses, "join code made");
    let made = MadeJoinCode {
        view: JoinCodeView::of(&code),
        code: secret.reveal().to_string(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// `POST /join-codes/{id}/revoke`.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<JoinCodeView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let hash = hash(&id)?;
    app.store.revoke_join_code(&hash, app.now()).await?;
    let code = app.store.join_code(&hash).await?.ok_or_else(no_code)?;
    tracing::warn!(code = code.name(), by = %person.email, "join code revoked");
    Ok(Json(JoinCodeView::of(&code)))
}

/// That devices could stand behind this one. What is so when one joins is asked then.
///
/// # Errors
/// Why not.
async fn expect_gateway(app: &App, gateway: &DeviceId) -> Result<(), Refused> {
    if app.store.device(gateway).await?.is_none() {
        return Err(GatewayRefusal::Unknown(gateway.clone()).into());
    }
    match app.store.gateway_of(gateway).await? {
        Some(_) => Err(GatewayRefusal::IsBehindAnother(gateway.clone()).into()),
        None => Ok(()),
    }
}

fn terms(wish: NewJoinCode) -> JoinTerms {
    JoinTerms {
        class: wish.class,
        device: wish.device.map(|id| id.to_string()),
        hardware: wish.hardware,
        zone: wish.zone,
        bootloader: wish.bootloader,
        site: wish.site.map(|site| site.to_string()),
        gateway: wish.gateway.map(|gateway| gateway.to_string()),
    }
}

/// Whoever has lost its token is given another name, or the one that it lost: a code never takes a device from whoever has it.
fn taken(id: &DeviceId) -> Refused {
    StoreError::AlreadyExists {
        what: "device",
        name: id.to_string(),
    }
    .into()
}

fn hash(id: &str) -> Result<SecretHash, Refused> {
    let mut hash = [0; 32];
    hex::decode_to_slice(id, &mut hash).map_err(|_| no_code())?;
    Ok(SecretHash(hash))
}

fn no_code() -> Refused {
    Refused::not_found("join code", "of this id")
}
