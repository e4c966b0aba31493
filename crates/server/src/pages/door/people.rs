//! Who can sign in, and whom somebody has invited.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mainstay_access::{Account, Email, Permission, Role, SetupLink};
use mainstay_report::{AccountRow, PeoplePage, SetupLinkRow};

use super::form::Form;
use super::visitor::Seated;
use super::{answer, go, html, notice};
use crate::App;
use crate::operator::people::{base, close_account, forget_link, link_view, vouch_for};
use crate::pages;
use crate::problem::Refused;
use crate::sign_in::setup;

const PEOPLE: &str = "/people";

/// `GET /people`.
pub(super) async fn page(State(app): State<Arc<App>>, seated: Seated) -> Response {
    let done = shown(&app, &seated, None, None).await;
    answer(&app, done)
}

async fn shown(
    app: &App,
    seated: &Seated,
    refused: Option<&Refused>,
    new_link: Option<String>,
) -> Result<Response, Refused> {
    let account = &seated.0.account;
    account.may(Permission::VouchForPeople)?;
    let accounts = app.store.accounts().await?;
    let links = app.store.setup_links(app.now()).await?;
    let page = PeoplePage {
        frame: pages::frame(app, Some(seated.viewer())).await?,
        notice: refused.map(notice),
        new_link,
        accounts: accounts.iter().map(account_row).collect(),
        links: links.iter().map(link_row).collect(),
        roles: Role::ALL.map(|role| role.id().to_owned()).into(),
        may_invite: account.may(Permission::ManagePeople).is_ok(),
        may_vouch: true,
        form_token: seated.0.secret.form_token(),
    };
    let status = refused.map_or(StatusCode::OK, Refused::status);
    Ok(html(status, page.to_html()?))
}

fn account_row(account: &Account) -> AccountRow {
    AccountRow {
        email: account.email.to_string(),
        role: account.role.to_string(),
        since: account.since,
        has_second_factor: account.second_factor.is_some(),
        closed: account.closed,
    }
}

fn link_row(link: &SetupLink) -> SetupLinkRow {
    let view = link_view(link);
    let text = |email: Email| email.to_string();
    SetupLinkRow {
        id: view.id,
        email: view.email.map(text).unwrap_or_default(),
        role: view.role.to_string(),
        maker: view.maker.map(text),
        vouched_by: view.vouched_by.map(text),
        waits: view.waits_for_second_person,
        expires: view.expires,
    }
}

/// What came of a form of this page; what was refused stands above it, for those who may see the page.
async fn told(app: &App, seated: &Seated, done: Result<Response, Refused>) -> Response {
    let done = match done {
        Err(refused) if refused.id() != "access.denied" => {
            shown(app, seated, Some(&refused), None).await
        }
        done => done,
    };
    answer(app, done)
}

/// The form of somebody who may do what is `wanted`.
async fn form(
    app: &App,
    seated: &Seated,
    headers: &HeaderMap,
    body: Body,
    wanted: Permission,
) -> Result<Form, Refused> {
    let form = Form::of(&seated.0, app, headers, body).await?;
    seated.0.account.may(wanted)?;
    Ok(form)
}

/// `POST /people/links`. The page that follows shows the link.
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    seated: Seated,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = match invited(&app, &seated, &headers, body).await {
        Ok(link) => shown(&app, &seated, None, Some(link)).await,
        Err(refused) => Err(refused),
    };
    told(&app, &seated, done).await
}

async fn invited(
    app: &App,
    seated: &Seated,
    headers: &HeaderMap,
    body: Body,
) -> Result<String, Refused> {
    let form = form(app, seated, headers, body, Permission::ManagePeople).await?;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let who = Email::new(form.get("email").trim());
    let who = who.map_err(|error| Refused::new(unfit, error.id(), &error, error.cure()))?;
    let role = Role::from_id(form.get("role"));
    let role = role.ok_or_else(|| Refused::malformed("it names no role"))?;
    let base = base(app, headers)?;
    let (secret, _) = setup::invite(app, &seated.0, who, role).await?;
    Ok(setup::url(&base, &secret))
}

/// `POST /people/links/forget`.
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    seated: Seated,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = async {
        let form = form(&app, &seated, &headers, body, Permission::ManagePeople).await?;
        forget_link(&app, &seated.0, form.get("link")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}

/// `POST /people/links/vouch`.
pub(super) async fn vouch(
    State(app): State<Arc<App>>,
    seated: Seated,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = async {
        let form = form(&app, &seated, &headers, body, Permission::VouchForPeople).await?;
        vouch_for(&app, &seated.0, form.get("link")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}

/// `POST /people/close`.
pub(super) async fn close(
    State(app): State<Arc<App>>,
    seated: Seated,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = async {
        let form = form(&app, &seated, &headers, body, Permission::ManagePeople).await?;
        close_account(&app, &seated.0, form.get("email")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}
