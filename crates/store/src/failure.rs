//! What databases say, in the store's own words (SQLite documentation, "Result and Error Codes"; PostgreSQL documentation,
//! appendix A "PostgreSQL Error Codes").

use sqlx::postgres::PgDatabaseError;

use crate::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable(Box::new(error)),
            _ if sqlstate(&error).is_some() => postgres(error),
            _ => sqlite(error),
        }
    }
}

fn sqlite(error: sqlx::Error) -> StoreError {
    match primary_code(&error) {
        Some(5 | 6) => StoreError::Busy,
        Some(8) => StoreError::ReadOnly,
        // The disk fails, the file can't be opened, or its locks go wrong.
        Some(10 | 14 | 15) => StoreError::Unreachable(Box::new(error)),
        Some(11 | 26) => StoreError::damaged("database", error),
        Some(13) => StoreError::Full,
        _ => StoreError::Failed(Box::new(error)),
    }
}

/// The low byte of an extended result code.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn postgres(error: sqlx::Error) -> StoreError {
    match sqlstate(&error).unwrap_or_default() {
        // Too many connections, too little memory, a limit that was set; a lock that took too long, a transaction that did, and a
        // statement that was stopped for that.
        "53300" | "53200" | "53400" | "55P03" | "25P03" | "25P04" | "57014" => StoreError::Busy,
        "53100" => StoreError::Full,
        "XX001" | "XX002" => StoreError::damaged("database", error),
        // It only reads: a standby that has taken an address over, for one.
        "25006" => StoreError::Unreachable(Box::new(error)),
        // The disk below it fails; there is no such database.
        "58030" | "3D000" => StoreError::Unreachable(Box::new(error)),
        code if code.starts_with("08") || code.starts_with("28") || code.starts_with("57P") => {
            StoreError::Unreachable(Box::new(error))
        }
        _ => StoreError::Failed(Box::new(error)),
    }
}

/// PostgreSQL's code, if it is that which speaks.
fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    let error = error.try_downcast_ref::<PgDatabaseError>()?;
    Some(error.code())
}

/// Whether PostgreSQL undid a transaction for the sake of another one, so that the same may succeed at once: a deadlock, or an order
/// of two that nobody can tell.
pub(crate) fn was_undone(error: &StoreError) -> bool {
    let StoreError::Failed(source) = error else {
        return false;
    };
    let said = source.downcast_ref::<sqlx::Error>().and_then(sqlstate);
    matches!(said, Some("40001" | "40P01"))
}

/// `error`, or that `what` of this name is there already, if that is what it says.
pub(crate) fn taken(error: sqlx::Error, what: &'static str, name: impl ToString) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::already_exists(what, name),
        _ => error.into(),
    }
}
