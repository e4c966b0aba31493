//! Rows of accounts, sessions, API tokens, setup links, join codes, welcomes and certificates, which every back end has alike, in the domain's words.

use jiff::Timestamp;
use mainstay_access::{
    Account, ApiToken, CodeTries, Email, JoinCode, Maker, PasswordHash, Role, SecondFactor,
    SecretHash, Session, SetupLink, TotpSecret, Welcome, WelcomeId,
};
use mainstay_fleet::DeviceId;
use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::values::{bytes32, from_json, instant};
use crate::{IssuedCertificate, RevokedCertificate, StoreError};

/// A value that a column may hold in the database of such a row.
pub(crate) trait Column<'r, R: Row>: Decode<'r, R::Database> + Type<R::Database> {}

impl<'r, R: Row, T: Decode<'r, R::Database> + Type<R::Database>> Column<'r, R> for T {}

/// An account in a row, joined to others by its address or alone.
pub(crate) struct AccountRow {
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) password: String,
    pub(crate) totp_secret: Option<Vec<u8>>,
    pub(crate) totp_step: Option<i64>,
    pub(crate) account_since: i64,
    pub(crate) closed: Option<i64>,
}

/// A session in a row, with its owner's account and the codes that were wrong.
pub(crate) struct SessionRow {
    hash: Vec<u8>,
    email: String,
    since: i64,
    seen: i64,
    means: String,
    second_factor: Option<i64>,
    in_session: i64,
    in_a_row: i64,
    wrong_last: Option<i64>,
    account: AccountRow,
}

/// An API token in a row.
pub(crate) struct TokenRow {
    pub(crate) hash: Vec<u8>,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) scope: String,
    pub(crate) made: i64,
    pub(crate) expires: i64,
    pub(crate) revoked: Option<i64>,
}

/// An API token in a row, with its owner's account.
pub(crate) struct OwnedTokenRow {
    token: TokenRow,
    account: AccountRow,
}

/// A setup link's columns: its hash, whom it is for, role, made at, maker, the maker's role, second person.
pub(crate) type LinkRow = (
    Vec<u8>,
    Option<String>,
    String,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// The columns of what lets devices in, a join code or a welcome: its hash or id, terms, how many may and did come in by it, made at, by whom, until
/// when, revoked at.
pub(crate) type InvitationRow = (Vec<u8>, String, i64, i64, i64, String, i64, Option<i64>);

/// What a join code and a welcome have alike.
struct Invitation<T> {
    terms: T,
    uses: u32,
    used: u32,
    made: Timestamp,
    maker: Email,
    expires: Timestamp,
    revoked: Option<Timestamp>,
}

/// A revoked certificate's columns: its fingerprint, at, by whom, why.
pub(crate) type RevokedRow = (Vec<u8>, i64, String, String);

/// An issued certificate's columns: its fingerprint, serial number, issued at, until when it is good, the fingerprint of the one that it was asked for
/// with; and, if it is revoked, at, by whom, why.
pub(crate) type IssuedRow = (
    Vec<u8>,
    Vec<u8>,
    i64,
    i64,
    Option<Vec<u8>>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

impl<'r, R: Row> FromRow<'r, R> for AccountRow
where
    &'static str: ColumnIndex<R>,
    i64: Column<'r, R>,
    String: Column<'r, R>,
    Vec<u8>: Column<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            email: row.try_get("account")?,
            role: row.try_get("role")?,
            password: row.try_get("password")?,
            totp_secret: row.try_get("totp_secret")?,
            totp_step: row.try_get("totp_step")?,
            account_since: row.try_get("account_since")?,
            closed: row.try_get("closed")?,
        })
    }
}

impl<'r, R: Row> FromRow<'r, R> for SessionRow
where
    &'static str: ColumnIndex<R>,
    i64: Column<'r, R>,
    String: Column<'r, R>,
    Vec<u8>: Column<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            hash: row.try_get("hash")?,
            email: row.try_get("email")?,
            since: row.try_get("since")?,
            seen: row.try_get("seen")?,
            means: row.try_get("means")?,
            second_factor: row.try_get("second_factor")?,
            in_session: row.try_get("in_session")?,
            in_a_row: row.try_get("in_a_row")?,
            wrong_last: row.try_get("wrong_last")?,
            account: AccountRow::from_row(row)?,
        })
    }
}

impl<'r, R: Row> FromRow<'r, R> for TokenRow
where
    &'static str: ColumnIndex<R>,
    i64: Column<'r, R>,
    String: Column<'r, R>,
    Vec<u8>: Column<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            hash: row.try_get("hash")?,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            scope: row.try_get("scope")?,
            made: row.try_get("made")?,
            expires: row.try_get("expires")?,
            revoked: row.try_get("revoked")?,
        })
    }
}

impl<'r, R: Row> FromRow<'r, R> for OwnedTokenRow
where
    &'static str: ColumnIndex<R>,
    i64: Column<'r, R>,
    String: Column<'r, R>,
    Vec<u8>: Column<'r, R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            token: TokenRow::from_row(row)?,
            account: AccountRow::from_row(row)?,
        })
    }
}

impl SessionRow {
    /// Whether no code was shown in it.
    pub(crate) fn has_no_code(&self) -> bool {
        self.second_factor.is_none()
    }
}

/// The account in a row.
pub(crate) fn account(row: AccountRow) -> Result<Account, StoreError> {
    let damaged = |because: &str| StoreError::damaged("account", because);
    let password = PasswordHash::new(row.password);
    let second_factor = match (row.totp_secret, row.totp_step) {
        (Some(secret), Some(step)) => {
            let bytes = secret
                .try_into()
                .map_err(|_| damaged("a secret isn't 20 bytes long"))?;
            Some(SecondFactor::kept(TotpSecret::new(bytes), step))
        }
        (None, None) => None,
        _ => return Err(damaged("it has half a second factor")),
    };
    Ok(Account {
        email: email(&row.email)?,
        role: role(&row.role)?,
        password: password.ok_or_else(|| damaged("its password isn't hashed by Argon2id"))?,
        second_factor,
        since: instant("account", row.account_since)?,
        closed: row.closed.map(|at| instant("account", at)).transpose()?,
    })
}

/// The session in a row, its owner's account, and the codes that were wrong.
pub(crate) fn session(row: SessionRow) -> Result<(Session, Account, CodeTries), StoreError> {
    let at = |micros| instant("session", micros);
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    let session = Session {
        hash: SecretHash(bytes32("session", &row.hash)?),
        who: email(&row.email)?,
        since: at(row.since)?,
        seen: at(row.seen)?,
        means: from_json("session", &row.means)?,
        second_factor: row.second_factor.map(at).transpose()?,
    };
    let tries = CodeTries {
        in_session: count(row.in_session),
        in_a_row: count(row.in_a_row),
        last: row.wrong_last.map(at).transpose()?,
    };
    Ok((session, account(row.account)?, tries))
}

/// The API token in a row.
pub(crate) fn token(row: TokenRow) -> Result<ApiToken, StoreError> {
    let at = |micros| instant("API token", micros);
    Ok(ApiToken {
        hash: SecretHash(bytes32("API token", &row.hash)?),
        who: email(&row.email)?,
        name: row.name,
        scope: from_json("API token", &row.scope)?,
        made: at(row.made)?,
        expires: at(row.expires)?,
        revoked: row.revoked.map(at).transpose()?,
    })
}

/// The API token in a row, and its owner's account.
pub(crate) fn owned_token(row: OwnedTokenRow) -> Result<(ApiToken, Account), StoreError> {
    Ok((token(row.token)?, account(row.account)?))
}

/// The setup link in a row.
pub(crate) fn link(
    (hash, who, of_role, made, maker, maker_role, vouched_by): LinkRow,
) -> Result<SetupLink, StoreError> {
    let address = |text: Option<String>| text.as_deref().map(email).transpose();
    let maker = match (maker, maker_role) {
        (Some(who), Some(its_role)) => Some(Maker {
            who: email(&who)?,
            role: role(&its_role)?,
        }),
        (None, None) => None,
        _ => return Err(StoreError::damaged("setup link", "it has half a maker")),
    };
    Ok(SetupLink {
        hash: SecretHash(bytes32("setup link", &hash)?),
        who: address(who)?,
        role: role(&of_role)?,
        made: instant("setup link", made)?,
        maker,
        vouched_by: address(vouched_by)?,
    })
}

/// The join code in a row.
pub(crate) fn join_code(row: InvitationRow) -> Result<JoinCode, StoreError> {
    let noun = "join code";
    let hash = SecretHash(bytes32(noun, &row.0)?);
    let its = invitation(noun, row)?;
    Ok(JoinCode {
        hash,
        terms: its.terms,
        uses: its.uses,
        used: its.used,
        made: its.made,
        maker: its.maker,
        expires: its.expires,
        revoked: its.revoked,
    })
}

/// The welcome in a row.
pub(crate) fn welcome(row: InvitationRow) -> Result<Welcome, StoreError> {
    let noun = "welcome";
    let id = <[u8; 8]>::try_from(row.0.as_slice());
    let id = id.map_err(|_| StoreError::damaged(noun, "its id isn't 8 bytes long"))?;
    let its = invitation(noun, row)?;
    Ok(Welcome {
        id: WelcomeId(id),
        terms: its.terms,
        uses: its.uses,
        used: its.used,
        made: its.made,
        maker: its.maker,
        expires: its.expires,
        revoked: its.revoked,
    })
}

fn invitation<T: DeserializeOwned>(
    noun: &'static str,
    (_, terms, uses, used, made, maker, expires, revoked): InvitationRow,
) -> Result<Invitation<T>, StoreError> {
    let at = |micros| instant(noun, micros);
    let count = |number| u32::try_from(number).map_err(|error| StoreError::damaged(noun, error));
    Ok(Invitation {
        terms: from_json(noun, &terms)?,
        uses: count(uses)?,
        used: count(used)?,
        made: at(made)?,
        maker: email(&maker)?,
        expires: at(expires)?,
        revoked: revoked.map(at).transpose()?,
    })
}

/// The revoked certificate in a row.
pub(crate) fn revoked(
    (fingerprint, at, by, why): RevokedRow,
) -> Result<RevokedCertificate, StoreError> {
    Ok(RevokedCertificate {
        fingerprint: bytes32("revoked certificate", &fingerprint)?,
        at: instant("revoked certificate", at)?,
        by: email(&by)?,
        why,
    })
}

/// The certificate in a row that was issued to this device, and its revocation.
pub(crate) fn issued(
    device: &DeviceId,
    (fingerprint, serial, at, ends, asked_with, revoked_at, by, why): IssuedRow,
) -> Result<(IssuedCertificate, Option<RevokedCertificate>), StoreError> {
    let noun = "issued certificate";
    let asked_with = asked_with.map(|with| bytes32(noun, &with)).transpose()?;
    let certificate = IssuedCertificate {
        fingerprint: bytes32(noun, &fingerprint)?,
        device: device.clone(),
        serial,
        at: instant(noun, at)?,
        ends: instant(noun, ends)?,
        asked_with,
    };
    let revocation = match (revoked_at, by, why) {
        (Some(at), Some(by), Some(why)) => Some(revoked((fingerprint, at, by, why))?),
        _ => None,
    };
    Ok((certificate, revocation))
}

/// An address of a row.
pub(crate) fn email(text: &str) -> Result<Email, StoreError> {
    Email::new(text).map_err(|error| StoreError::damaged("account", error))
}

fn role(id: &str) -> Result<Role, StoreError> {
    let unknown = || StoreError::damaged("account", format_args!("{id:?} is no role"));
    Role::from_id(id).ok_or_else(unknown)
}
