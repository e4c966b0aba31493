//! Who looks at a page, and who is sent to sign in first.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use mainstay_access::{Permission, SessionStanding};
use mainstay_report::{Live, Viewer};

use super::{and_then, answer, go};
use crate::App;
use crate::app_config::PagesAccess;
use crate::authenticate::{self, Caller};
use crate::sign_in::{SignedIn, session};

/// Somebody who may look at the pages: signed in, a program with a token, or anybody where the configuration lets anybody.
pub(in crate::pages) enum Visitor {
    /// Whoever it is.
    Anybody,
    /// A program.
    Program(Caller),
    /// A person.
    Person(Box<SignedIn>),
}

/// Somebody who is signed in themselves.
pub(super) struct Seated(pub SignedIn);

impl Visitor {
    /// What the page says of them.
    pub fn viewer(&self) -> Option<Viewer> {
        let (caller, is_signed_in) = match self {
            Self::Anybody => return None,
            Self::Program(caller) => (caller.clone(), false),
            Self::Person(signed_in) => (signed_in.caller(), true),
        };
        Some(viewer(&caller, is_signed_in))
    }
}

impl Seated {
    /// What the page says of them.
    pub fn viewer(&self, app: &App) -> Viewer {
        let provider = app.config.provider.as_ref();
        Viewer {
            provider: provider.map(|provider| provider.name()),
            has_proof: self.0.session.is_proof(app.now()),
            ..viewer(&self.0.caller(), true)
        }
    }
}

fn viewer(caller: &Caller, is_signed_in: bool) -> Viewer {
    Viewer {
        email: caller.email.to_string(),
        role: caller.role.to_string(),
        is_signed_in,
        sees_people: is_signed_in && Permission::VouchForPeople.is_for(caller.role),
        provider: None,
        has_proof: false,
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        // Browsers listen again by themselves.
        if parts.uri.path() == Live::PATH {
            session::is_unattended(&mut parts.headers);
        }
        if authenticate::shows_a_token(&parts.headers) {
            let bearing = authenticate::bearing(app, &parts.headers, Permission::Read).await;
            return match bearing {
                Ok(caller) => Ok(Self::Program(caller)),
                Err(refused) => Err(answer(app, Err(refused))),
            };
        }
        match seated(parts, app).await {
            Ok(signed_in) => match signed_in.account.may(Permission::Read) {
                Ok(()) => Ok(Self::Person(Box::new(signed_in))),
                Err(denied) => Err(answer(app, Err(denied.into()))),
            },
            Err(_) if app.config.pages == PagesAccess::Anyone => Ok(Self::Anybody),
            Err(sent_on) => Err(sent_on),
        }
    }
}

impl FromRequestParts<Arc<App>> for Seated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        seated(parts, app).await.map(Self)
    }
}

/// Whoever is signed in; anybody else is sent to sign in, and comes back to what they looked at.
async fn seated(parts: &Parts, app: &App) -> Result<SignedIn, Response> {
    let found = match SignedIn::find(app, &parts.headers).await {
        Ok(found) => found,
        Err(error) => return Err(answer(app, Err(error.into()))),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let next = if parts.method == Method::GET {
        path
    } else {
        "/account"
    };
    match found {
        Some(signed_in) => match signed_in.standing(app.now()) {
            SessionStanding::Whole => Ok(signed_in),
            _ => Err(go(&and_then("/sign-in/code", next))),
        },
        None => Err(go(&and_then("/sign-in", next))),
    }
}
