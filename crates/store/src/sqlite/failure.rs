//! What SQLite says, in the store's own words (SQLite documentation, "Result and Error Codes").

use crate::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => return Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                return Self::Unreachable(Box::new(error));
            }
            _ => {}
        }
        match primary_code(&error) {
            Some(5 | 6) => Self::Busy,
            Some(8) => Self::ReadOnly,
            // The disk fails, the file can't be opened, or its locks go wrong.
            Some(10 | 14 | 15) => Self::Unreachable(Box::new(error)),
            Some(11 | 26) => Self::damaged("database", error),
            Some(13) => Self::Full,
            _ => Self::Failed(Box::new(error)),
        }
    }
}

/// The low byte of an extended result code.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// `error`, or that `what` of this name is there already, if that is what it says.
pub(super) fn taken(error: sqlx::Error, what: &'static str, name: impl ToString) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::already_exists(what, name),
        _ => error.into(),
    }
}
