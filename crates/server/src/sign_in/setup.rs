//! Setup links: making one, and what it opens.
//!
//! Whoever makes a link sees its secret once; the store has its hash. Read [`open`].

use axum::http::StatusCode;
use jiff::Timestamp;
use mainstay_access::setup_link::SETUP_LINK_AGE_MAX;
use mainstay_access::{
    Account, Email, Means, Password, PasswordFlaw, Permission, Role, SecondFactor, Secret,
    SecretKind, SetupLink, TotpSecret,
};
use mainstay_store::{Store, StoreError};

use super::attempt::Proven;
use super::session::{SignedIn, draw};
use crate::App;
use crate::entropy::Entropy;
use crate::operator::plan::check_newcomer;
use crate::problem::Refused;

/// Where a link leads, from the server's root; its secret follows.
pub const SETUP_PATH: &str = "/setup/";

/// Where a link leads: `base` is how people reach the server, without a slash at the end.
pub fn url(base: &str, secret: &Secret) -> String {
    let base = base.trim_end_matches('/');
    format!("{base}{SETUP_PATH}{}", *secret.reveal())
}

/// A link that works, and the account that its address has so far.
#[derive(Debug)]
pub(crate) struct Opening {
    /// Its secret.
    pub secret: Secret,
    /// The link.
    pub link: SetupLink,
    /// The account, which gets new credentials then.
    pub before: Option<Account>,
}

/// What somebody typed who opens a link.
pub(crate) struct Chosen {
    /// Their address, where the link names none.
    pub email: String,
    /// The password.
    pub password: String,
    /// The same once more.
    pub again: String,
    /// The secret that the page offered to their app.
    pub totp: String,
    /// What the app shows; empty without one.
    pub code: String,
}

impl Opening {
    /// The link with this secret.
    ///
    /// # Errors
    /// `sign-in.no-link` if none works, `access.setup-link-second-missing` if it opens nothing before somebody vouches for it.
    pub async fn find(app: &App, text: &str) -> Result<Self, Refused> {
        let secret = Secret::parse(SecretKind::SetupLink, text).ok_or_else(no_link)?;
        let found = app.store.setup_link(&secret.hash(), app.now()).await?;
        let link = found.ok_or_else(no_link)?;
        let before = match &link.who {
            Some(who) => app.store.account(who).await?,
            None => None,
        };
        if link.lacks_a_second(before.as_ref()) {
            return Err(mainstay_access::SetupLinkRefusal::SecondMissing.into());
        }
        Ok(Self {
            secret,
            link,
            before,
        })
    }

    /// Whether its owner may set up the codes of an app: one person's word changes none that are there.
    pub fn offers_a_factor(&self) -> bool {
        let has_one = |account: &Account| account.second_factor.is_some();
        self.link.is_backed() || !self.before.as_ref().is_some_and(has_one)
    }
}

fn no_link() -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "sign-in.no-link",
        "This setup link doesn't work: it was used, taken back, or is older than an hour.",
        "Ask somebody of operations for a new one.",
    )
}

/// Makes the account as `chosen`, or gives it new credentials, and signs its owner in.
///
/// # Errors
/// If what was chosen can't be taken, in which case the link still works; or if the link was used meanwhile.
pub(crate) async fn open(
    app: &App,
    opening: &Opening,
    chosen: Chosen,
) -> Result<SignedIn, Refused> {
    let Opening { link, .. } = opening;
    let (email, now) = (address(link, &chosen.email)?, app.now());
    let password = password(chosen.password, &chosen.again, &email)?;
    check_newcomer(
        &app.active_plan().await?.plan,
        &*app.store,
        &email,
        link.role,
    )
    .await?;
    let second_factor = match opening.offers_a_factor() && !chosen.code.is_empty() {
        true => Some(enrolled(app, &chosen.totp, &chosen.code)?),
        false => None,
    };
    let code = second_factor.as_ref().map(|_| now);
    // Whoever has a link is nobody who guesses.
    let place = app.door.hashing.place(true)?;
    let password = app.door.hashing.of(place, password, &*app.entropy).await?;
    let account = Account {
        email: email.clone(),
        role: link.role,
        password,
        second_factor,
        since: now,
        closed: None,
    };
    let used = app.store.use_setup_link(&link.hash, &account, now).await;
    used.map_err(|error| match error {
        StoreError::NotFound { .. } => no_link(),
        error => error.into(),
    })?;
    tracing::info!(who = %email, role = %link.role, "account set up by a link");
    // It has the second factor of before, perhaps; and another password, if another link was used meanwhile: that one's owner comes in.
    let kept = app.store.account(&email).await?.ok_or_else(no_link)?;
    let account = Account {
        second_factor: kept.second_factor,
        ..account
    };
    Ok(SignedIn::begin(app, account, Means::SetupLink, code).await?)
}

fn address(link: &SetupLink, typed: &str) -> Result<Email, Refused> {
    match &link.who {
        Some(who) => Ok(who.clone()),
        None => {
            Email::new(typed).map_err(|error| Refused::new(UNFIT, error.id(), &error, error.cure()))
        }
    }
}

/// What was typed can't be taken.
const UNFIT: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// The password that somebody chose, typed twice.
///
/// # Errors
/// `sign-in.passwords-differ`, or the first of what is wrong with it, with all of it in the cause.
pub(crate) fn password(text: String, again: &str, who: &Email) -> Result<Password, Refused> {
    if text != again {
        let cause = "The two passwords differ.";
        let cure = "Type the same one twice.";
        return Err(Refused::new(UNFIT, "sign-in.passwords-differ", cause, cure));
    }
    Password::choose(text, who).map_err(|flaws| unfit(&flaws))
}

fn unfit(flaws: &[PasswordFlaw]) -> Refused {
    let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
    let (id, cure) = match flaws.first() {
        Some(flaw) => (flaw.id(), flaw.cure()),
        None => ("access.password", "choose another one"),
    };
    let cause = format_args!("This password can't be taken: {}.", told.join("; "));
    Refused::new(UNFIT, id, cause, format_args!("Better {cure}."))
}

/// The second factor whose secret the page offered, once a code shows that the app has it.
///
/// # Errors
/// Why the code isn't taken.
pub(crate) fn enrolled(app: &App, totp: &str, code: &str) -> Result<SecondFactor, Refused> {
    let secret = TotpSecret::parse(totp).ok_or_else(|| {
        Refused::malformed("the app's secret isn't the one that the page offered")
    })?;
    Ok(SecondFactor::enrol(secret, code, app.now())?)
}

/// A link for `who`, made by somebody who is signed in and typed their password just now: its secret, and the link.
///
/// # Errors
/// If they mayn't, or the address has another role or duty.
pub(crate) async fn invite(
    app: &App,
    maker: Proven<'_>,
    who: Email,
    role: Role,
) -> Result<(Secret, SetupLink), Refused> {
    maker.account().may(Permission::ManagePeople)?;
    check_newcomer(&app.active_plan().await?.plan, &*app.store, &who, role).await?;
    let secret = draw(&*app.entropy, SecretKind::SetupLink);
    let link = SetupLink::invitation(secret.hash(), who, role, maker.account(), app.now())?;
    let session = Some(maker.session());
    app.store.add_setup_link(&link, session).await?;
    let whom = link.who.as_ref().map(Email::as_str);
    tracing::info!(by = %maker.account().email, whom, role = %role, "setup link made");
    Ok((secret, link))
}

/// How the first people come in.
#[derive(Debug)]
pub enum FirstLink {
    /// People are here already.
    NotNeeded,
    /// By the link that was shown before.
    Shown {
        /// When it stops to work.
        until: Timestamp,
    },
    /// By a new one, whose secret is shown this once.
    New(Secret),
}

/// A server's first link, which makes an account of operations for whoever opens it. It is made anew only when the one before works no more:
/// of a server that starts again and again a log would keep many.
///
/// # Errors
/// If the store fails.
pub async fn first_link(app: &App) -> Result<FirstLink, StoreError> {
    let (store, now) = (app.store(), app.now());
    if !store.accounts().await?.is_empty() || !store.people().await?.is_empty() {
        return Ok(FirstLink::NotNeeded);
    }
    if let Some(shown) = store.first_setup_link(now).await? {
        let until = shown.made + SETUP_LINK_AGE_MAX;
        return Ok(FirstLink::Shown { until });
    }
    let secret = draw(&*app.entropy, SecretKind::SetupLink);
    let link = SetupLink::first(secret.hash(), now);
    store.add_setup_link(&link, None).await?;
    Ok(FirstLink::New(secret))
}

/// A link that is made on the server's own machine, by whoever could also write into its database: its secret.
///
/// # Errors
/// If the address has another role or duty, or the store fails.
pub async fn on_the_machine(
    store: &dyn Store,
    entropy: &dyn Entropy,
    who: Email,
    role: Role,
    now: Timestamp,
) -> Result<Secret, Refused> {
    let plan = crate::admin::plan_of(store).await?;
    check_newcomer(&plan, store, &who, role).await?;
    let secret = draw(entropy, SecretKind::SetupLink);
    let link = SetupLink::on_the_machine(secret.hash(), who, role, now);
    store.add_setup_link(&link, None).await?;
    Ok(secret)
}
