//! Welcomes, by which devices come in that nobody registered: made, listed, taken back. How one comes in: `newcomers.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{AuthorityDigest, Declares, Permission, Welcome, WelcomeId, WelcomeTerms};
use mainstay_api::{NewWelcome, Page, WelcomeView};

use super::declared;
use super::list_pages::{ListAsked, ListWords, no_page};
use crate::named::Named;
use crate::problem::Refused;
use crate::settings::UnregisteredDevices;
use crate::{App, authenticate, body};

/// `GET /welcomes?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<WelcomeView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = match asked.after(WelcomeId::parse)? {
        Some(id) => Some(app.store.welcome(id).await?.ok_or_else(no_page)?),
        None => None,
    };
    let found = app.store.welcomes_after(after.as_ref(), asked.most());
    let (found, next) = asked.cut(found.await?, |welcome| welcome.id.to_string());
    let items = found.iter().map(WelcomeView::of).collect();
    Ok(Json(Page { items, next }))
}

/// `POST /welcomes`.
pub(super) async fn make(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<WelcomeView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wish: NewWelcome = body::json(&headers, request).await?;
    if app.config.unregistered_devices == UnregisteredDevices::Refused {
        return Err(switched_off());
    }
    let plan = app.active_plan().await?;
    declared::check_welcome(&wish, &plan.plan).map_err(|unfit| unfit.of_a_welcome())?;
    let mut id = WelcomeId([0; 8]);
    app.entropy.fill(&mut id.0);
    let (often, now) = ((wish.uses, wish.days), app.now());
    let welcome = Welcome::new(id, terms(wish)?, often, person.email, now)?;
    let working = app.store.working_welcomes(now).await?;
    welcome.expect_clear_of(&working, |one, another| share(&app, one, another), now)?;
    app.store.add_welcome(&welcome).await?;
    let class = &welcome.terms.declares.class;
    tracing::info!(welcome = %id, by = %welcome.maker, class, uses = welcome.uses, "welcome made");
    Ok((StatusCode::CREATED, Json(WelcomeView::of(&welcome))))
}

/// `POST /welcomes/{id}/revoke`.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<WelcomeView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let id = WelcomeId::parse(&id).ok_or_else(no_welcome)?;
    app.store.revoke_welcome(id, app.now()).await?;
    let welcome = app.store.welcome(id).await?.ok_or_else(no_welcome)?;
    tracing::warn!(welcome = %id, by = %person.email, "welcome revoked");
    Ok(Json(WelcomeView::of(&welcome)))
}

/// Whether a device could come for which both of these authorities vouch, by what `device_ca` holds.
fn share(app: &App, one: AuthorityDigest, another: AuthorityDigest) -> bool {
    let tls = app.config.tls.as_ref();
    tls.is_some_and(|tls| tls.share(&one.0, &another.0))
}

fn terms(wish: NewWelcome) -> Result<WelcomeTerms, Refused> {
    let authority = wish.authority.map(AuthorityDigest::try_from).transpose();
    Ok(WelcomeTerms {
        declares: Declares {
            class: wish.class,
            hardware: wish.hardware,
            zone: wish.zone,
            bootloader: wish.bootloader,
            site: wish.site.map(|site| site.to_string()),
        },
        prefix: wish.prefix,
        authority: authority.map_err(|_| no_authority())?,
    })
}

/// One that is made in vain would be taken for one that works.
fn switched_off() -> Refused {
    Refused::conflict(
        "welcome.switched-off",
        "This server refuses devices that nobody registered, whatever welcomes there are.",
        "Start it with `unregistered_devices = \"welcomed\"`, or register the devices.",
    )
}

fn no_authority() -> Refused {
    Refused::bad(
        "welcome.authority",
        "An authority is named by the 64 hexadecimal digits of its certificate's SHA-256.",
        "Send what `openssl x509 -noout -fingerprint -sha256` says of it, without the colons.",
    )
}

fn no_welcome() -> Refused {
    Refused::not_found("welcome", "of this id")
}
