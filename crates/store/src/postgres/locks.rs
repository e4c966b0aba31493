//! What transactions lock, and in which order, so that no two wait for each other.
//!
//! | | locked | by | so that |
//! |---|---|---|---|
//! | 1 | [`Lock::Registrations`] | registering, importing, joining | keys rise in the order in which others see the devices |
//! | | then a join code's row | joining | of two that want its last use, one gets it |
//! | 2 | [`Lock::Class`] | starting a rollout, and letting it begin | a class has one under way |
//! | 3 | [`Lock::Standing`], shared | a promise; a change that rests on the plan in force | none is made on an older state |
//! | | the same, alone | holds, plans, roots, revocations | who holds, and is answered, has stopped every later promise |
//! | 4 | [`Lock::Rollout`], shared | a promise | none is made on an older generation |
//! | | the same, alone | saving a step, keeping who is drawn, enrolling a part of them, beginning | one of two that save the same step does, and each part is enrolled once |
//! | 5 | rows of devices, by rising key | reports, promises, steps, words about orders, declarations, other tokens, issuing certificates, revoking all of a device's | of two that concern a device, the second sees what the first did: its progress, its order, its reports' number, its certificates |
//! | 6 | rows of contacts, by rising key | whoever notes when devices were last heard of | none is moved back |
//! | 7 | [`Lock::Places`] | a promise that takes a place | all promises by then are counted, whichever server made them |
//! | 8 | the row of order numbers | a numbered promise | no number comes twice |
//! | 9 | [`Lock::Incidents`], then an incident's row | opening, saving | numbers have no gaps |
//! | 10 | a release's row | starting, saving a step | it moves from the expected stage once |
//! | 11 | the row of event numbers | whoever changes what is [told outwards](crate::Events), as the last thing but one before the commit | numbers rise in the order of the commits |
//! | 12 | the pulse's row | whoever [could give a device something](crate::Pulse), as the last thing before the commit | no count is lost |
//!
//! Who comes in is a matter of its own, and locks nothing of the above:
//!
//! | | locked | by | so that |
//! |---|---|---|---|
//! | 1 | [`Lock::Links`] | making a link, vouching for one, using one, another password or second factor, shutting somebody out | one of two uses a link; what somebody gave away is taken back whole |
//! | 2 | [`Lock::Person`], of an address | the same, and all that rests on a session or an account: signing in, a code, a token | a step of codes is good once and each wrong code counted; nothing begins by what was taken back meanwhile; one address has one role |
//!
//! Who does which job is a matter of its own, too: taking one locks the lease's row and nothing else. So is who has which share of the line:
//! giving out one takes [`Lock::Line`], then the share's row.
//!
//! Who has locked the links may lock several addresses, in any order: nobody else who holds one waits for another.
//!
//! So is who is told by HTTP: adding a subscription locks [`Lock::Webhooks`], so that all are counted; what else is done about one locks its row before its
//! deliveries.
//!
//! So are keys of requests: taking one, keeping its answer and forgetting it are transactions of their own, before and after all others, that lock nothing
//! but rows of keys.
//!
//! Who has locked a device may change all that is kept of it: its enrolments, orders and client's name have no locks of their own.
//!
//! What has a name is locked by it (PostgreSQL documentation, "Advisory Locks"), not by a row: rows that many share have no line, and who
//! wants one for itself waits for as long as new ones come to share it. A hold or a halt must not wait for a storm of promises. Rows
//! are locked `FOR NO KEY UPDATE`, which doesn't keep out those that only refer to them.

use mainstay_access::Email;
use mainstay_fleet::DeviceId;
use mainstay_rollout::RolloutId;
use sha2::{Digest as _, Sha256};

use super::Write;
use crate::StoreError;

/// What is locked by name, until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock<'a> {
    Registrations,
    Class(&'a str),
    Standing,
    Rollout(RolloutId),
    Places,
    Incidents,
    Links,
    Person(&'a Email),
    Line,
    Webhooks,
}

impl Lock<'_> {
    /// The two numbers that PostgreSQL knows it by. Two classes, rollouts or addresses that share one wait for each other, and that is all.
    fn numbers(self) -> (i32, i32) {
        match self {
            Self::Registrations => (1, 0),
            Self::Class(class) => (2, digested(class.as_bytes())),
            Self::Standing => (3, 0),
            Self::Rollout(RolloutId(id)) => (4, digested(&id.to_be_bytes())),
            Self::Places => (5, 0),
            Self::Incidents => (6, 0),
            Self::Links => (7, 0),
            Self::Person(who) => (8, digested(who.as_str().as_bytes())),
            Self::Line => (9, 0),
            Self::Webhooks => (10, 0),
        }
    }
}

fn digested(bytes: &[u8]) -> i32 {
    let digest = Sha256::digest(bytes);
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Locks it for this transaction alone.
pub(super) async fn alone(tx: &mut Write, lock: Lock<'_>) -> Result<(), StoreError> {
    let (kind, which) = lock.numbers();
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(kind)
        .bind(which)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Locks it together with others that share it.
pub(super) async fn shared(tx: &mut Write, lock: Lock<'_>) -> Result<(), StoreError> {
    let (kind, which) = lock.numbers();
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1, $2)")
        .bind(kind)
        .bind(which)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A device's key, once nobody else can change what is kept of it; none if it is unknown.
pub(super) async fn device(tx: &mut Write, id: &DeviceId) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM devices WHERE id = $1 FOR NO KEY UPDATE")
            .bind(id.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.map(|(key,)| key))
}

/// The keys of these devices, once nobody else can change what is kept of them. Unknown ones have none.
pub(super) async fn devices(tx: &mut Write, ids: &[&str]) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT key FROM devices WHERE id = ANY ($1) ORDER BY key FOR NO KEY UPDATE",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}
