//! Where a PostgreSQL database is, as a person writes it: without the password, which comes apart. Read [`PostgresPlace`].

use std::fmt::{self, Display};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

/// An address such as `postgres://mainstay@db.northwind.example/mainstay`. It holds no password, so it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress(String);

/// Why a text isn't such an address. The text itself isn't told: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// PostgreSQL doesn't understand it.
    #[error("isn't an address that PostgreSQL understands")]
    NotOne,
    /// There is a password in it, or what may be one.
    #[error("has a password in it, or an @ where none belongs")]
    HasPassword,
}

impl AddressError {
    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::NotOne => {
                "write postgres://user@host/database, and percent signs for what isn't plain in it"
            }
            Self::HasPassword => {
                "write postgres://user@host/database, and keep the password in a file of its own or in PGPASSWORD"
            }
        }
    }
}

impl PostgresAddress {
    /// Whether a text begins as the address of a PostgreSQL database does.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
    }

    /// The address in `text`.
    ///
    /// # Errors
    /// [`AddressError`], if it isn't one or may hold a password.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (_, rest) = text.split_once("://").ok_or(AddressError::NotOne)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        // A password with a slash in it makes all that follows look like a path: so no other place bears an @.
        let strays = rest.matches('@').count() > usize::from(user.is_some());
        let in_user = user.is_some_and(|user| user.contains(':') || user.contains('@'));
        if in_user || strays || says_password(rest) {
            return Err(AddressError::HasPassword);
        }
        let is_read = PgConnectOptions::from_str(text).is_ok();
        match Self::is_meant_by(text) && is_read {
            true => Ok(Self(text.to_owned())),
            false => Err(AddressError::NotOne),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for PostgresAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Whether what follows the question mark has a password in it. A name that is written in percent signs may be that one.
fn says_password(rest: &str) -> bool {
    let (_, query) = rest.split_once('?').unwrap_or_default();
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        name.contains('%') || name.to_ascii_lowercase().contains("password")
    })
}

/// A database, and what lets us in.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    /// Where it is.
    pub address: PostgresAddress,
    /// The password. Without one, that of `PGPASSWORD` or of the file that PostgreSQL's own programs read (`~/.pgpass`), or none.
    pub password: Option<String>,
}

/// The password is stars.
impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map_or("none", |_| "***");
        write!(f, "PostgresPlace({}, {password})", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_password() {
        for good in [
            "postgres://db.northwind.example/mainstay",
            "postgresql://mainstay@10.0.0.7:5433/mainstay?sslrootcert=%2Fetc%2Fca.pem",
            "postgres://mainstay@%2Frun%2Fpostgresql/mainstay",
            "postgres:///mainstay?host=/run/postgresql",
        ] {
            let address = PostgresAddress::parse(good).expect(good);
            assert_eq!(address.as_str(), good);
        }
        for (bad, expected) in [
            ("hunter2", AddressError::NotOne),
            ("mysql://db/mainstay", AddressError::NotOne),
            ("postgres://db:port/mainstay", AddressError::NotOne),
            (
                "postgres://kim:hunter2@db/mainstay",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim:hun/ter2@db/mainstay",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim:12/34@db/mainstay",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim:hun@ter2@db/mainstay",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim@db/mainstay?password=hunter2",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim@db/mainstay?p%61ssword=hunter2",
                AddressError::HasPassword,
            ),
        ] {
            assert_eq!(PostgresAddress::parse(bad), Err(expected), "{bad}");
        }
    }

    #[test]
    fn a_place_shows_no_password() {
        let place = PostgresPlace {
            address: PostgresAddress::parse("postgres://kim@db/mainstay").expect("an address"),
            password: Some("hunter2".to_owned()),
        };
        assert!(!format!("{place:?}").contains("hunter2"));
    }
}
