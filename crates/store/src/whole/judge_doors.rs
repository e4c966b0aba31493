//! Rows of those who may come in, through the domain's types. No finding shows what is kept of a secret.

use mainstay_access::{Duty, Means, Role, Scope};

use super::cells::{Cell, Row};
use super::judge::agrees;
use crate::StoreError;
use crate::door_rows::{self, AccountRow, InvitationRow, TokenRow};
use crate::values::{bytes32, from_json, instant};

type Judged = Result<Vec<Cell>, StoreError>;

fn maybe_instant(noun: &'static str, row: &Row, name: &str) -> Result<(), StoreError> {
    let at = row.maybe_number(name)?;
    at.map(|at| instant(noun, at)).transpose().map(drop)
}

pub(super) fn person(row: &Row) -> Judged {
    door_rows::email(row.text("email")?)?;
    bytes32("person", row.bytes("token_hash")?)?;
    let duty = row.text("duty")?;
    let unknown = || StoreError::damaged("person", format_args!("{duty:?} is no duty"));
    Duty::from_id(duty).ok_or_else(unknown)?;
    Ok(Vec::new())
}

pub(super) fn account(row: &Row) -> Judged {
    door_rows::account(AccountRow {
        email: row.text("email")?.to_owned(),
        role: row.text("role")?.to_owned(),
        password: row.text("password")?.to_owned(),
        totp_secret: row.maybe_bytes("totp_secret")?.map(<[u8]>::to_vec),
        totp_step: row.maybe_number("totp_step")?,
        account_since: row.number("since")?,
        closed: row.maybe_number("closed")?,
    })?;
    maybe_instant("account", row, "wrong_last")?;
    Ok(Vec::new())
}

pub(super) fn session(row: &Row) -> Judged {
    bytes32("session", row.bytes("hash")?)?;
    door_rows::email(row.text("email")?)?;
    for name in ["since", "seen", "second_factor"] {
        maybe_instant("session", row, name)?;
    }
    from_json::<Means>("session", row.text("means")?)?;
    Ok(Vec::new())
}

pub(super) fn api_token(row: &Row) -> Judged {
    door_rows::token(TokenRow {
        hash: row.bytes("hash")?.to_vec(),
        email: row.text("email")?.to_owned(),
        name: row.text("name")?.to_owned(),
        scope: row.text("scope")?.to_owned(),
        made: row.number("made")?,
        expires: row.number("expires")?,
        revoked: row.maybe_number("revoked")?,
    })?;
    from_json::<Scope>("API token", row.text("scope")?)?;
    Ok(Vec::new())
}

pub(super) fn setup_link(row: &Row) -> Judged {
    let own = |name| Ok::<_, StoreError>(row.maybe_text(name)?.map(str::to_owned));
    door_rows::link((
        row.bytes("hash")?.to_vec(),
        own("email")?,
        row.text("role")?.to_owned(),
        row.number("made")?,
        own("maker")?,
        own("maker_role")?,
        own("vouched_by")?,
    ))?;
    let role = row.text("role")?;
    let unknown = || StoreError::damaged("setup link", format_args!("{role:?} is no role"));
    Role::from_id(role).ok_or_else(unknown)?;
    Ok(Vec::new())
}

pub(super) fn subject(row: &Row) -> Judged {
    door_rows::email(row.text("email")?)?;
    instant("subject", row.number("since")?)?;
    let names = [row.text("issuer")?, row.text("name")?];
    match names.iter().any(|name| name.is_empty()) {
        true => Err(StoreError::damaged("subject", "it has no name")),
        false => Ok(Vec::new()),
    }
}

pub(super) fn join_code(row: &Row) -> Judged {
    let code = door_rows::join_code(invitation(row, "hash")?)?;
    match row.maybe_text("device")? == code.terms.device.as_deref() {
        true => Ok(Vec::new()),
        false => Err(StoreError::damaged(
            "join code",
            "its device isn't the one in its terms",
        )),
    }
}

pub(super) fn welcome(row: &Row) -> Judged {
    door_rows::welcome(invitation(row, "id")?)?;
    Ok(Vec::new())
}

/// What lets devices in, known by this column.
fn invitation(row: &Row, known_by: &str) -> Result<InvitationRow, StoreError> {
    Ok((
        row.bytes(known_by)?.to_vec(),
        row.text("terms")?.to_owned(),
        row.number("uses")?,
        row.number("used")?,
        row.number("made")?,
        row.text("maker")?.to_owned(),
        row.number("expires")?,
        row.maybe_number("revoked")?,
    ))
}

pub(super) fn revoked_certificate(row: &Row) -> Judged {
    door_rows::revoked((
        row.bytes("fingerprint")?.to_vec(),
        row.number("at")?,
        row.text("by_email")?.to_owned(),
        row.text("why")?.to_owned(),
    ))?;
    Ok(Vec::new())
}

/// That both are devices the database itself keeps.
pub(super) fn child(row: &Row) -> Judged {
    let is_its_own = row.number("device")? == row.number("gateway")?;
    agrees("child", "gateway", !is_its_own)?;
    Ok(Vec::new())
}

pub(super) fn issued_certificate(row: &Row) -> Judged {
    let noun = "issued certificate";
    bytes32(noun, row.bytes("fingerprint")?)?;
    row.number("device")?;
    row.bytes("serial")?;
    instant(noun, row.number("at")?)?;
    instant(noun, row.number("ends")?)?;
    let asked_with = row.maybe_bytes("asked_with")?;
    asked_with.map(|with| bytes32(noun, with)).transpose()?;
    Ok(Vec::new())
}
