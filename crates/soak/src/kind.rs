//! The classes of devices that worlds have. Read [`Kind`].

use serde::Deserialize;

/// Of which class a device is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What the stories are about.
    #[default]
    Thermostat,
    /// What thermostats speak through, in some worlds: their releases wait for its own.
    Gateway,
}

impl Kind {
    /// In the order in which a plan names them.
    pub const ALL: [Self; 2] = [Self::Thermostat, Self::Gateway];

    /// How the names of its devices begin.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Thermostat => "th",
            Self::Gateway => "gw",
        }
    }

    /// The class's name.
    pub fn class(self) -> &'static str {
        match self {
            Self::Thermostat => "thermo-v2",
            Self::Gateway => "gateway-v1",
        }
    }
}
