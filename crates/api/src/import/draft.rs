//! One device as somebody wrote it down: a text for each field that is said. Read [`Draft`].

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use mainstay_fleet::AttributeName;
use serde::{Serialize, Serializer};

/// How much of a name an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 64;

/// What can be said of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Its name.
    Id,
    /// What its update client calls it.
    Controller,
    /// Its class, one of the plan's.
    Class,
    /// Its hardware revision.
    Hardware,
    /// Its IANA time zone.
    Zone,
    /// Its boot loader's version.
    Bootloader,
    /// Where it stands.
    Site,
    /// The gateway that it stands behind.
    Gateway,
    /// Which update client it runs.
    Client,
    /// The token that it has.
    Token,
    /// Whatever else is to be known of it.
    Attribute(AttributeName),
}

/// A word that names no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that is said of a device")]
pub struct FieldError(String);

impl FieldError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "import.field"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "name one of id, controller, class, hardware, zone, bootloader, site, gateway, client, token, or attribute.NAME"
    }
}

impl Field {
    /// The fields without a name of their own.
    const PLAIN: [Self; 10] = [
        Self::Id,
        Self::Controller,
        Self::Class,
        Self::Hardware,
        Self::Zone,
        Self::Bootloader,
        Self::Site,
        Self::Gateway,
        Self::Client,
        Self::Token,
    ];
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match self {
            Self::Id => "id",
            Self::Controller => "controller",
            Self::Class => "class",
            Self::Hardware => "hardware",
            Self::Zone => "zone",
            Self::Bootloader => "bootloader",
            Self::Site => "site",
            Self::Gateway => "gateway",
            Self::Client => "client",
            Self::Token => "token",
            Self::Attribute(name) => return write!(f, "attribute.{name}"),
        };
        f.pad(plain)
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let unknown = || FieldError(text.chars().take(SHOWN_CHARS_MAX).collect());
        if let Some(name) = text.strip_prefix("attribute.") {
            let name = AttributeName::new(name).map_err(|_| unknown())?;
            return Ok(Self::Attribute(name));
        }
        let named = |field: &Self| field.to_string() == text;
        Self::PLAIN.into_iter().find(named).ok_or_else(unknown)
    }
}

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In this line of a table; the first is 1.
    Line(u64),
    /// Of this target, by another server.
    Target(String),
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Target(name) => {
                let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
                write!(f, "target {shown:?}")
            }
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why something can't be imported as it was written down. It never repeats a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Of what: a field, or a table's column.
    pub field: String,
    /// Stable id.
    pub id: String,
    /// What is wrong.
    pub because: String,
    /// What to do about it.
    pub cure: String,
}

/// A device as somebody wrote it down.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where it was.
    pub place: Place,
    said: BTreeMap<Field, String>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.said.iter().map(|(field, text)| match field {
            Field::Token => (field, "***"),
            _ => (field, text.as_str()),
        });
        write!(f, "{}: ", self.place)?;
        f.debug_map().entries(told).finish()
    }
}

impl Draft {
    /// One of which nothing is said yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        let said = BTreeMap::new();
        Self { place, said }
    }

    /// Says one thing of it. An empty text says nothing.
    pub fn say(&mut self, field: Field, text: &str) {
        if !text.is_empty() {
            self.said.insert(field, text.to_owned());
        }
    }

    /// Everything that was said of it.
    pub fn all_said(&self) -> impl Iterator<Item = (&Field, &str)> {
        self.said.iter().map(|(field, text)| (field, text.as_str()))
    }

    /// What was said of it.
    #[must_use]
    pub fn said(&self, field: &Field) -> Option<&str> {
        self.said.get(field).map(String::as_str)
    }
}

/// A text with a dash for each sign that no device's name has.
#[must_use]
pub fn dashed(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let signs = text.chars();
    signs.map(|c| if plain(c) { c } else { '-' }).collect()
}
