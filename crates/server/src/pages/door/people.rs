//! Who can sign in, and whom somebody has invited.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_access::{Account, Email, LinkEffect, Permission, Role, SetupLink};
use mainstay_report::{AccountRow, PeoplePage, SetupLinkRow};

use super::form::{Form, Sent};
use super::visitor::Seated;
use super::{answer, go, html, notice};
use crate::App;
use crate::operator::people::{
    account_for, base, close_account, end_all, forget_link, link_view, vouch_for,
};
use crate::pages;
use crate::problem::Refused;
use crate::sign_in::attempt::{Proven, once_more};
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
        frame: pages::frame(app, Some(seated.viewer(app))).await?,
        notice: refused.map(notice),
        new_link,
        accounts: accounts.iter().map(account_row).collect(),
        links: links
            .iter()
            .map(|link| link_row(link, account_for(link, &accounts), account, app.now()))
            .collect(),
        roles: Role::ALL.map(|role| role.id().to_owned()).into(),
        may_invite: account.may(Permission::ManagePeople).is_ok(),
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

/// A link as `viewer` sees it; `before` is the account that its address has so far.
fn link_row(
    link: &SetupLink,
    before: Option<&Account>,
    viewer: &Account,
    now: Timestamp,
) -> SetupLinkRow {
    let view = link_view(link, before);
    let text = |email: Email| email.to_string();
    let may_vouch = !link.is_backed() && link.clone().vouched(viewer, now).is_ok();
    SetupLinkRow {
        id: view.id,
        email: view.email.map(text).unwrap_or_default(),
        role: view.role.to_string(),
        maker: view.maker.map(text),
        vouched_by: view.vouched_by.map(text),
        does: view.effect.phrase().to_owned(),
        waits: view.waits_for_second_person,
        factor_goes: view.effect == LinkEffect::NewPasswordFactorStays,
        may_vouch,
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

/// Whoever sent `form`, once they typed their password into it as well.
async fn proven<'a>(app: &App, seated: &'a Seated, form: &mut Form) -> Result<Proven<'a>, Refused> {
    let origin = form.origin(app)?;
    once_more(app, &seated.0, form.take("current"), origin).await
}

/// The form of somebody who may do what is `wanted`.
async fn form(app: &App, seated: &Seated, sent: Sent, wanted: Permission) -> Result<Form, Refused> {
    let form = Form::of(&seated.0, app, sent).await?;
    seated.0.account.may(wanted)?;
    Ok(form)
}

/// `POST /people/links`. The page that follows shows the link.
pub(super) async fn invite(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = match invited(&app, &seated, sent).await {
        Ok(link) => shown(&app, &seated, None, Some(link)).await,
        Err(refused) => Err(refused),
    };
    told(&app, &seated, done).await
}

async fn invited(app: &App, seated: &Seated, sent: Sent) -> Result<String, Refused> {
    let mut form = form(app, seated, sent, Permission::ManagePeople).await?;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let who = Email::new(form.get("email").trim());
    let who = who.map_err(|error| Refused::new(unfit, error.id(), &error, error.cure()))?;
    let role = Role::from_id(form.get("role"));
    let role = role.ok_or_else(|| Refused::malformed("it names no role"))?;
    let base = base(app, &form.headers)?;
    let by = proven(app, seated, &mut form).await?;
    let (secret, _) = setup::invite(app, by, who, role).await?;
    Ok(setup::url(&base, &secret))
}

/// `POST /people/links/forget`.
pub(super) async fn forget(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = async {
        let form = form(&app, &seated, sent, Permission::ManagePeople).await?;
        forget_link(&app, &seated.0, form.get("link")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}

/// `POST /people/links/vouch`.
pub(super) async fn vouch(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = async {
        let mut form = form(&app, &seated, sent, Permission::VouchForPeople).await?;
        let by = proven(&app, &seated, &mut form).await?;
        vouch_for(&app, by, form.get("link")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}

/// `POST /people/shut-out`.
pub(super) async fn shut_out(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = async {
        let form = form(&app, &seated, sent, Permission::ManagePeople).await?;
        end_all(&app, &seated.0, form.get("email")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}

/// `POST /people/close`.
pub(super) async fn close(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = async {
        let mut form = form(&app, &seated, sent, Permission::ManagePeople).await?;
        let by = proven(&app, &seated, &mut form).await?;
        close_account(&app, by, form.get("email")).await?;
        Ok(go(PEOPLE))
    };
    told(&app, &seated, done.await).await
}
