//! Where a PostgreSQL database is, as a person writes it: without the password, which comes apart. Read [`PostgresPlace`].

use std::fmt::{self, Display};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

/// What sqlx reads behind the question mark. The password is refused elsewhere where it mustn't be.
const KNOWN: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Most of an unknown name that is told.
const KEY_CHARS_MAX: usize = 40;

/// An address such as `postgres://mainstay@db.northwind.example/mainstay`. It holds no password, so it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress(String);

/// Why a text isn't such an address. The text itself isn't told: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// PostgreSQL doesn't understand it.
    #[error("isn't an address that PostgreSQL understands")]
    NotOne,
    /// There is a password in it, or what may be one.
    #[error("has a password in it, or an @ where none belongs")]
    HasPassword,
    /// It says something of which nothing would come. What asks for safety mustn't be passed over, and what it says may be a secret.
    #[error("says {0}, of which nothing is known here")]
    Unknown(String),
}

impl AddressError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NotOne => {
                "write postgres://user@host/database, and percent signs for what isn't plain in it"
            }
            Self::HasPassword => {
                "write postgres://user@host/database, and keep the password in a file of its own or in PGPASSWORD"
            }
            Self::Unknown(_) => {
                "take it out; host, hostaddr, port, dbname, user, options, sslmode, sslrootcert, sslcert and sslkey are known"
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
        options(text)?;
        Ok(Self(text.to_owned()))
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

/// What sqlx makes of the address, password and all.
///
/// # Errors
/// [`AddressError`]. What is wrong with it isn't told: that may quote the password.
pub(super) fn options(text: &str) -> Result<PgConnectOptions, AddressError> {
    if !PostgresAddress::is_meant_by(text) {
        return Err(AddressError::NotOne);
    }
    // sqlx would only warn of what it doesn't know, and show what it says.
    let stray = keys(text).find(|key| !KNOWN.contains(key) && !key.starts_with("options["));
    if let Some(stray) = stray {
        let name = stray.chars().filter(char::is_ascii_graphic);
        return Err(AddressError::Unknown(name.take(KEY_CHARS_MAX).collect()));
    }
    PgConnectOptions::from_str(text).map_err(|_| AddressError::NotOne)
}

/// The names of what an address says behind its question mark.
pub(super) fn keys(text: &str) -> impl Iterator<Item = &str> {
    let (_, query) = text.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split('=').next().unwrap_or_default())
}

/// Whether what follows the question mark has a password in it. A name that is written in percent signs may be that one.
fn says_password(text: &str) -> bool {
    keys(text).any(|key| key.contains('%') || key.to_ascii_lowercase().contains("pass"))
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
                "postgres://kim@db/mainstay?pass=hunter2",
                AddressError::HasPassword,
            ),
            (
                "postgres://kim@db/mainstay?target_session_attrs=read-write",
                AddressError::Unknown("target_session_attrs".to_owned()),
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
