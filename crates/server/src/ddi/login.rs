//! Who asks: a device by its controller's name and its own token, or its certificate.
//!
//! The name is in the path, the token in `Authorization: TargetToken ...`; both must be of one device, as must the name and the certificate that the
//! device showed when its connection began. Tokens that stand for a whole fleet
//! (`GatewayToken`), and headers by which a proxy says whom it let in, are no login here: whoever has one could be any device. Read [`Client`].

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use jiff::Timestamp;
use mainstay_access::Origin;
use mainstay_api::ddi::Links;
use mainstay_fleet::{ClientProfile, ControllerId, Device, DeviceClient, DeviceId};
use mainstay_plan::ClientRules;
use mainstay_rollout::order::OrderNumber;
use mainstay_store::{Controlled, Controller, StoreError};
use subtle::ConstantTimeEq as _;

use super::answer::DdiRefused;
use super::reached;
use crate::App;
use crate::asker;
use crate::identity::{self, Peer};
use crate::newcomers::AsksAs;
use crate::problem::Refused;
use crate::quiet::{Speaking, TokenHash};
use crate::readings::{self, Heard};
use crate::sign_in::Whence;
use crate::token::target_token_hash;

/// A device that has logged in, with the client that it asks with.
#[derive(Debug)]
pub(super) struct Client {
    /// The device, as it was known before this request.
    pub device: Device,
    /// What is known of it under its client's name.
    pub controller: Controller,
    /// Which client it is.
    pub profile: ClientProfile,
    /// What the plan says of the clients of its class.
    pub rules: ClientRules,
    /// Writes its links.
    pub links: Links,
    /// When it asked.
    pub now: Timestamp,
    /// By which means it showed who it is.
    pub login: Login,
    /// The parts of the path by their names, decoded.
    path: BTreeMap<String, String>,
    /// That it says something new: until this is dropped, nothing is remembered of it.
    speaking: Option<Speaking>,
}

/// By which means a device showed who it is.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// What is kept of its token, whatever it showed.
    token: TokenHash,
    peer: Peer,
    bore: Option<TokenHash>,
}

impl Login {
    /// Whether that still counts for this device.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn still_is(&self, app: &App, device: &DeviceId) -> Result<bool, Refused> {
        self.peer.still_is(app, device, self.bore).await
    }
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = DdiRefused;

    /// Logs a device in that is about to say something new, and notes that it was heard of.
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, DdiRefused> {
        let mut client = Self::that_asks(parts, app).await?;
        client.speaking = Some(Speaking::of(app, client.login.token));
        Ok(client)
    }
}

impl Client {
    /// Logs a device in that only asks what there is to do, and notes that it was heard of.
    ///
    /// # Errors
    /// `auth.token` if it isn't one of ours, `gateway.not-here` if it asks for another device, and if the store fails.
    pub async fn that_asks(parts: &mut Parts, app: &Arc<App>) -> Result<Self, DdiRefused> {
        asker::expect_itself(&parts.headers)?;
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, app).await;
        let Path(path) = path.map_err(|_| Refused::unauthenticated())?;
        let from = Whence::of(parts).suspects(app, &parts.headers);
        let controlled = controlled(app, &path, parts, from).await?;
        let login = Login {
            token: controlled.token_hash,
            peer: Peer::of(parts),
            bore: borne(&parts.headers),
        };
        Ok(heard(app, controlled, login, &parts.headers, path).await?)
    }

    /// The order that the path names.
    ///
    /// # Errors
    /// `request.not-found` if it names none.
    pub fn number(&self) -> Result<OrderNumber, Refused> {
        let text = self.path.get("number").map_or("", String::as_str);
        OrderNumber::parse(text).ok_or_else(|| no_order(text))
    }

    /// The file that the path names.
    pub fn file(&self) -> &str {
        self.path.get("file").map_or("", String::as_str)
    }
}

/// That this device has no such order, whoever else may have one.
pub(super) fn no_order(number: impl std::fmt::Display) -> Refused {
    Refused::not_found("action for this device", number)
}

/// What the store keeps of the token of the device that asks, by whichever means it shows who it is; none if it shows nothing, or nobody has registered it yet.
///
/// # Errors
/// If the store fails.
pub(super) async fn token(app: &App, parts: &Parts) -> Result<Option<TokenHash>, Refused> {
    Peer::of(parts).known(app, borne(&parts.headers)).await
}

/// The same without asking the store, for answers from memory; none if that has to be asked.
pub(super) fn token_at_once(app: &App, headers: &HeaderMap) -> Option<TokenHash> {
    identity::at_once(app, borne(headers))
}

/// What is kept of the token that the request bears; none if it bears none that a device could have.
fn borne(headers: &HeaderMap) -> Option<TokenHash> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    target_token_hash(value.strip_prefix("TargetToken ")?)
}

async fn controlled(
    app: &App,
    path: &BTreeMap<String, String>,
    parts: &Parts,
    from: Option<Origin>,
) -> Result<Controlled, Refused> {
    let part = |name: &str| path.get(name).map_or("", String::as_str);
    // Letters of either case will do, as with hawkBit.
    if !part("tenant").eq_ignore_ascii_case(app.config.tenant.as_str()) {
        return Err(Refused::no_such_place());
    }
    let asks_as = AsksAs::Controller(part("controller"));
    let peer = Peer::of(parts);
    let bears = borne(&parts.headers);
    let hash = peer.token(app, bears, asks_as).await?;
    let hash = hash.ok_or_else(|| identity::shows_nothing(app))?;
    let id = ControllerId::parse(part("controller")).map_err(|_| Refused::unauthenticated())?;
    app.limiter.expect_few_wrong(from, &hash)?;
    let found = app.store.by_controller(&id).await?;
    // A name that nobody has is compared, too: how long an answer takes doesn't tell which names there are.
    let kept = found.as_ref().map_or([0; 32], |found| found.token_hash);
    let is_it = bool::from(kept.ct_eq(&hash));
    let Some(found) = found.filter(|_| is_it) else {
        app.limiter.was_wrong(from);
        return Err(Refused::unauthenticated());
    };
    // Files come in as many pieces as the client likes.
    match path.contains_key("file") {
        true => app.limiter.was_right(&hash),
        false => app.limiter.expect_seldom(&hash)?,
    }
    Ok(found)
}

async fn heard(
    app: &App,
    controlled: Controlled,
    login: Login,
    headers: &HeaderMap,
    path: BTreeMap<String, String>,
) -> Result<Client, Refused> {
    let Controlled {
        device, controller, ..
    } = controlled;
    let now = app.now();
    readings::count(app, &Heard::of(app, &device, now)).await?;
    let contact = app.contacts.with(&device.id);
    app.contacts.hear(&contact, now);
    let rules = rules(app, &device).await?;
    let detected = detected(headers);
    let client = DeviceClient::after(controller.client, detected);
    if controller.client != Some(client) {
        app.store.note_profile(&device.id, detected).await?;
    }
    let beginning = reached::by(&app.config, headers)?;
    let links = Links::of(
        &beginning,
        app.config.tenant.as_str(),
        controller.id.as_str(),
    );
    Ok(Client {
        device,
        controller,
        profile: spoken_to(Some(client), &rules).profile,
        rules,
        links,
        now,
        login,
        path,
        speaking: None,
    })
}

/// What the plan in force says of the clients of the device's class.
///
/// # Errors
/// If the store fails.
pub(crate) async fn rules(app: &App, device: &Device) -> Result<ClientRules, StoreError> {
    let active = app.plan().await?;
    let rules = active.map(|active| active.plan.client_rules(&device.class));
    Ok(rules.unwrap_or_default())
}

/// What the request shows of its client.
fn detected(headers: &HeaderMap) -> ClientProfile {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    ClientProfile::detect(user_agent.unwrap_or(""))
}

/// The client to speak to, by what was noted of it: where its requests show nothing, the one that the plan names for the class.
pub(crate) fn spoken_to(noted: Option<DeviceClient>, rules: &ClientRules) -> DeviceClient {
    let seen = noted.unwrap_or_default();
    let named = rules.client.filter(|_| seen == DeviceClient::default());
    let named = named.and_then(|name| name.id().parse().ok());
    DeviceClient {
        profile: named.unwrap_or(seen.profile),
        ..seen
    }
}
