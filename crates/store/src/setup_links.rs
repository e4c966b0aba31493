//! The links that make accounts. Read [`SetupLinks`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Duty, Email, Role, SecretHash, SetupLink};

use crate::StoreError;
use crate::door_rows::{self, LinkRow};

/// The setup links that weren't used. Of their secrets only hashes are kept.
#[async_trait]
pub trait SetupLinks: Send + Sync {
    /// Adds a link that is made in a session of its maker, or in none on the server's own machine, and forgets those that are too
    /// old by then.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if it is for an address that has another role, by its account or as a person.
    /// [`StoreError::Conflict`] if the session isn't its maker's, or isn't whole (any more).
    async fn add_setup_link(
        &self,
        link: &SetupLink,
        session: Option<&SecretHash>,
    ) -> Result<(), StoreError>;

    /// Puts the owner of a session behind a link as its second person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the link doesn't work any more, [`StoreError::Conflict`] if the session isn't whole, or its owner
    /// can't be the second person.
    async fn vouch_for_setup_link(
        &self,
        link: &SecretHash,
        session: &SecretHash,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The links that work at `now` and name somebody, the newest first, at most [`LIST_MAX`](crate::LIST_MAX).
    async fn setup_links(&self, now: Timestamp) -> Result<Vec<SetupLink>, StoreError>;

    /// The link of this secret, if it works at `now`; it may lack a second person still. A server's first link works as long as
    /// there is no account.
    async fn setup_link(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SetupLink>, StoreError>;

    /// The newest of a server's first links, if it works at `now`.
    async fn first_setup_link(&self, now: Timestamp) -> Result<Option<SetupLink>, StoreError>;

    /// Takes a link back that names somebody.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    async fn forget_setup_link(&self, hash: &SecretHash) -> Result<(), StoreError>;

    /// Uses a link up: makes the account, or, if its address has one of the same role that is open, replaces its password, and its
    /// second factor as far as the link may ([`SetupLink::opens`]), ends its sessions, and takes back what it gave away: its
    /// API tokens are revoked, and the links that it made or vouched for are forgotten. A bearer token
    /// that the address has as a person stays good. Which subject of a provider opens it is forgotten ([`Subjects`](crate::Subjects)).
    /// All links of the address are used up with it. Of several uses at once, whatever servers they are asked of, one succeeds.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the link doesn't work at `now` any more, [`StoreError::Conflict`] if it isn't for this account or takes a
    /// second person,
    /// [`StoreError::AlreadyExists`] if the address has another role, by its account or as a person, or its account is closed. The
    /// link still works then.
    async fn use_setup_link(
        &self,
        hash: &SecretHash,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// A link that somebody made is made in their session, whose owner this is, and one of the server's own machine in none.
pub(crate) fn check_maker(link: &SetupLink, owner: Option<&Account>) -> Result<(), StoreError> {
    let is_theirs = match (&link.maker, owner) {
        (None, None) => true,
        (Some(maker), Some(owner)) => owner.email == maker.who && owner.role == maker.role,
        _ => false,
    };
    if is_theirs {
        return Ok(());
    }
    let because = "it isn't made in its maker's session";
    Err(conflict(link.who.as_ref(), because))
}

/// One address has one role, whether by this account or as a person with this duty; a closed account is nobody's any more.
pub(crate) fn check_role(
    who: &Email,
    role: Role,
    account: Option<&Account>,
    duty: Option<Duty>,
) -> Result<(), StoreError> {
    let is_closed = account.is_some_and(|account| account.closed.is_some());
    let by_account = account.map(|account| account.role);
    let mut roles = by_account.into_iter().chain(duty.map(Role::from));
    if is_closed || roles.any(|has| has != role) {
        return Err(StoreError::already_exists("account", who));
    }
    Ok(())
}

/// What `row` is worth at `now`.
pub(crate) fn working(
    row: Option<LinkRow>,
    now: Timestamp,
) -> Result<Option<SetupLink>, StoreError> {
    let found = row.map(door_rows::link).transpose()?;
    Ok(found.filter(|link| link.works(now)))
}

/// Whether a link was there to be forgotten.
pub(crate) fn expect_forgotten(rows: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(StoreError::not_found("setup link", "of this id")),
        _ => Ok(()),
    }
}

pub(crate) fn conflict(who: Option<&Email>, because: impl ToString) -> StoreError {
    StoreError::Conflict {
        what: "setup link for",
        name: who.map_or("whoever opens it", Email::as_str).to_owned(),
        because: because.to_string(),
    }
}
