//! A device's own time zone.

use jiff::tz::TimeZone;

/// An IANA zone name that the bundled database knows, such as `America/Denver`.
///
/// Fixed offsets and abbreviations are refused: they don't know about daylight saving, so a window at
/// "01:00" would be an hour off for half of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// Why a text is no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} isn't an IANA time zone with a region and a place")]
pub struct ZoneError(String);

impl ZoneError {
    /// Stable id of this error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        "fleet.zone"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        "name the zone like America/Chicago; offsets and abbreviations don't know daylight saving"
    }
}

impl Zone {
    /// The zone of this name.
    ///
    /// # Errors
    /// If the name has no region and place, is an offset, or isn't in the database.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        let refused = || ZoneError(name.chars().take(64).collect());
        let (region, _) = name.split_once('/').ok_or_else(refused)?;
        if region == "Etc" {
            return Err(refused());
        }
        let zone = TimeZone::get(name).map_err(|_| refused())?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_are_zones() {
        for (name, good) in [
            ("America/Denver", true),
            ("Pacific/Honolulu", true),
            ("EST", false),
            ("MST7MDT", false),
            ("UTC", false),
            ("Etc/GMT+7", false),
            ("+03:00", false),
            ("America/Atlantis", false),
            ("", false),
        ] {
            assert_eq!(Zone::parse(name).is_ok(), good, "{name:?}");
        }
    }
}
