//! Who can sign in, whom somebody invites, and who vouches for that: by people who are signed in themselves.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::setup_link::SETUP_LINK_AGE_MAX;
use mainstay_access::{Account, Email, Permission, SecretHash, SetupLink};
use mainstay_api::{AccountView, MadeSetupLink, NewSetupLink, OnceMore, SetupLinkView};

use crate::ddi::reached;
use crate::named::Named;
use crate::problem::Refused;
use crate::sign_in::attempt::{Proven, once_more};
use crate::sign_in::origin::Whence;
use crate::sign_in::{SignedIn, setup};
use crate::{App, authenticate, body};

/// `GET /people`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<AccountView>>, Refused> {
    authenticate::in_person(&app, &headers, Permission::VouchForPeople).await?;
    let accounts = app.store.accounts().await?;
    Ok(Json(accounts.iter().map(account_view).collect()))
}

/// `POST /people/{email}/close`.
pub(super) async fn close(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    Named(email): Named,
    request: Body,
) -> Result<StatusCode, Refused> {
    let by = authenticate::in_person(&app, &headers, Permission::ManagePeople).await?;
    let OnceMore { password } = body::json(&headers, request).await?;
    let origin = from.origin(&app, &headers)?;
    let by = once_more(&app, &by, password.0, origin).await?;
    close_account(&app, by, &email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /people/{email}/shut-out`.
pub(super) async fn shut_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(email): Named,
) -> Result<StatusCode, Refused> {
    let by = authenticate::in_person(&app, &headers, Permission::ManagePeople).await?;
    end_all(&app, &by, &email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /setup-links`.
pub(super) async fn links(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<SetupLinkView>>, Refused> {
    authenticate::in_person(&app, &headers, Permission::VouchForPeople).await?;
    let links = app.store.setup_links(app.now()).await?;
    let accounts = app.store.accounts().await?;
    let view = |link| link_view(link, account_for(link, &accounts));
    Ok(Json(links.iter().map(view).collect()))
}

/// `POST /setup-links`.
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<MadeSetupLink>), Refused> {
    let by = authenticate::in_person(&app, &headers, Permission::ManagePeople).await?;
    let wish: NewSetupLink = body::json(&headers, request).await?;
    let (base, origin) = (base(&app, &headers)?, from.origin(&app, &headers)?);
    let by = once_more(&app, &by, wish.password.0, origin).await?;
    let (secret, link) = setup::invite(&app, by, wish.email.clone(), wish.role).await?;
    let before = app.store.account(&wish.email).await?;
    let made = MadeSetupLink {
        view: link_view(&link, before.as_ref()),
        url: setup::url(&base, &secret),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// `DELETE /setup-links/{id}`.
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<StatusCode, Refused> {
    let by = authenticate::in_person(&app, &headers, Permission::ManagePeople).await?;
    forget_link(&app, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /setup-links/{id}/vouch`.
pub(super) async fn vouch(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<StatusCode, Refused> {
    let by = authenticate::in_person(&app, &headers, Permission::VouchForPeople).await?;
    let OnceMore { password } = body::json(&headers, request).await?;
    let origin = from.origin(&app, &headers)?;
    let by = once_more(&app, &by, password.0, origin).await?;
    vouch_for(&app, by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an account for good.
///
/// # Errors
/// If there is none that is open, or it is the last one of operations.
pub(crate) async fn close_account(app: &App, by: Proven<'_>, email: &str) -> Result<(), Refused> {
    let who = Email::new(email).map_err(|_| Refused::not_found("open account", email))?;
    app.store.close_account(&who, app.now()).await?;
    tracing::warn!(%who, by = %by.account().email, "account closed");
    Ok(())
}

/// Ends somebody's sessions, tokens and links, as when a laptop was stolen; they sign in again.
///
/// # Errors
/// If there is no open account of this address.
pub(crate) async fn end_all(app: &App, by: &SignedIn, email: &str) -> Result<(), Refused> {
    let who = Email::new(email).map_err(|_| Refused::not_found("open account", email))?;
    app.store.shut_out(&who, app.now()).await?;
    tracing::warn!(%who, by = %by.account.email, "somebody was shut out");
    Ok(())
}

/// Takes a link back.
///
/// # Errors
/// If there is none.
pub(crate) async fn forget_link(app: &App, by: &SignedIn, id: &str) -> Result<(), Refused> {
    app.store.forget_setup_link(&hash(id)?).await?;
    tracing::info!(by = %by.account.email, "setup link taken back");
    Ok(())
}

/// Puts somebody behind a link as its second person.
///
/// # Errors
/// If it doesn't work any more, or they can't be.
pub(crate) async fn vouch_for(app: &App, by: Proven<'_>, id: &str) -> Result<(), Refused> {
    let (link, now) = (hash(id)?, app.now());
    let session = by.session();
    app.store.vouch_for_setup_link(&link, session, now).await?;
    tracing::info!(by = %by.account().email, "setup link vouched for");
    Ok(())
}

fn hash(id: &str) -> Result<SecretHash, Refused> {
    let mut hash = [0; 32];
    let read = hex::decode_to_slice(id, &mut hash);
    read.map_err(|_| Refused::not_found("setup link", "of this id"))?;
    Ok(SecretHash(hash))
}

/// What a link begins with: the public address, or how its maker reached the server.
///
/// # Errors
/// `request.host` if neither is known.
pub(crate) fn base(app: &App, headers: &HeaderMap) -> Result<String, Refused> {
    reached::by(&app.config, headers)
}

fn account_view(account: &Account) -> AccountView {
    AccountView {
        email: account.email.clone(),
        role: account.role,
        since: account.since,
        has_second_factor: account.second_factor.is_some(),
        closed: account.closed,
    }
}

/// The account that a link's address has so far.
pub(crate) fn account_for<'a>(link: &SetupLink, accounts: &'a [Account]) -> Option<&'a Account> {
    let who = link.who.as_ref()?;
    accounts.iter().find(|account| account.email == *who)
}

/// A link as others see it: without its secret.
pub(crate) fn link_view(link: &SetupLink, before: Option<&Account>) -> SetupLinkView {
    SetupLinkView {
        id: hex::encode(link.hash.0),
        email: link.who.clone(),
        role: link.role,
        made: link.made,
        expires: link.made + SETUP_LINK_AGE_MAX,
        maker: link.maker.as_ref().map(|maker| maker.who.clone()),
        vouched_by: link.vouched_by.clone(),
        effect: link.effect(before),
        waits_for_second_person: link.lacks_a_second(before),
    }
}
